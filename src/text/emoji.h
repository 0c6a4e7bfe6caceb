#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trawl {

// Bytes of the emoji that `text` begins with, or 0: one that a person sees as one sign,
// with its skin tone, its variation selector and what is joined to it; a flag of two
// letters or of a region; a keycap such as that of 1. Signs that are text unless a
// selector says otherwise, such as that of a trademark, are emoji only with one.
std::size_t emoji_size(std::string_view text);

// The enclosing keycap, perhaps behind a selector: what makes a digit before it an emoji.
bool is_keycap(std::string_view text);

// The term of an emoji (what emoji_size() found), the same with and without selectors; with
// or without skin tones.
std::string emoji_term(std::string_view emoji, bool with_tones);

}  // namespace trawl
