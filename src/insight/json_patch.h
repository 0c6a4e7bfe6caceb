#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// The most operations of one patch.
inline constexpr std::size_t kPatchOperationsMax = 1'000;

// Whether it is a JSON patch, as far as that can be said without a document.
//   invalid  not a list of operations, or a pointer that is none
Result<void> check_json_patch(const json::value& patch, const std::string& location);

// Applies a JSON patch (RFC 6902: add, remove, replace, move, copy, test) to a document.
// All operations or none: on an error the document is as it was. `location` is that of the
// patch in the request, for messages.
//   invalid  not a patch, a pointer (RFC 6901) that leads nowhere, or a test that fails
Result<void> apply_json_patch(json::value& document, const json::value& patch,
                              const std::string& location);

}  // namespace trawl
