#pragma once

#include <string>
#include <string_view>

namespace trawl {

// Text that somebody else wrote, made fit to be looked at. Control characters (C0, DEL, C1)
// steer a terminal or begin a new line of a log; marks and overrides of direction show
// other text than is there; characters without width hide a difference. None of them is
// left; neither are bytes that are not UTF-8.

// For a terminal: control characters are spaces, the others U+FFFD.
std::string visible_text(std::string_view text);
// For a log: each is written out, such as \n, \x1b or \u202e.
std::string escaped_text(std::string_view text);
// For JSON that people may look at as well: the same JSON, with \uXXXX in their place.
std::string escaped_json(std::string_view json);

}  // namespace trawl
