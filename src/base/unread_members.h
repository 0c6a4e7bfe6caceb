#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/object_reader.h"

namespace trawl {

// What becomes of members that nothing has asked for, once everything has: one that is near
// a name that was asked for is a slip, and an error of the reader; the others become
// warnings, "a.b is not a parameter of limit and was ignored". `what` ends the sentence:
// "not a parameter of limit". Null members are skipped, and a name that `schema` (a JSON
// schema as text) mentions is not a slip, even if nothing asked for it this time.
void sort_unread(ObjectReader& in, std::string_view what,
                 std::vector<std::string>& warnings, std::string_view schema = {});

// The first slip alone, for a reader that would otherwise tell only what is missing:
// anyone who writes stageId has to learn of that, and not that stage_id is required.
//   invalid  at the member
Result<void> refuse_slips(const ObjectReader& in);

// The same where nobody could be warned: every one is an error.
void refuse_unread(ObjectReader& in, std::string_view what);

}  // namespace trawl
