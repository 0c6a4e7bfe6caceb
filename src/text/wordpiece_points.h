#pragma once

#include <cstdint>

namespace trawl {

// What the tokenizer of BERT models tells code points apart by (wordpiece.h). Thread-safe.

// Control and format characters, and those for private use. Tabs and ends of lines, too.
bool is_other_point(std::int32_t point);
// Marks without a width of their own, such as accents.
bool is_mark_point(std::int32_t point);
// Punctuation, and all of ASCII that is neither letter, digit nor space.
bool is_sign_point(std::int32_t point);
bool is_space_point(std::int32_t point);
// Ideographs, each a word of its own.
bool is_han_point(std::int32_t point);

}  // namespace trawl
