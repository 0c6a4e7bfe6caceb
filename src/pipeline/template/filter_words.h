#pragma once

#include <string_view>

namespace trawl {

// Whether an unknown member is likely to be meant as a filter. Others are ignored with a
// warning; one that was to narrow the result must not be.
bool reads_like_filter(std::string_view name);

}  // namespace trawl
