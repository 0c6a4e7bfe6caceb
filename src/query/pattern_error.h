#pragma once

#include <string>

namespace re2 {
class RE2;
}

namespace trawl {

// Why RE2 does not take a pattern, in words for whoever wrote it; parts of the pattern
// stand in quotes. Only where ok() is false.
std::string pattern_error(const re2::RE2& regex);

}  // namespace trawl
