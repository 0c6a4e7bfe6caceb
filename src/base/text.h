#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trawl {

// The name that is closest to `word`, within an edit distance of a third of its length,
// else the first that begins with it or that it begins with; empty when there is none. Case
// is ignored. The result points into `names`.
std::string_view nearest_name(std::string_view word,
                              std::span<const std::string_view> names);
std::string_view nearest_name(std::string_view word, std::span<const std::string> names);

// " (did you mean 'status'?)" or "", to end a message with.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names);

bool is_valid_utf8(std::string_view text);

// At most max_chars code points; cut text ends in an ellipsis. Never splits a code point.
std::string truncate_text(std::string_view text, std::size_t max_chars);

std::string_view trim(std::string_view text);

std::string to_lower_ascii(std::string_view text);

// The whole text as a decimal integer. False for any sign but '-', for spaces, fractions
// and what does not fit; `value` is then unspecified.
bool parse_integer(std::string_view text, std::int64_t& value);

// Appends a field of RFC 4180, quoted where it must be.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace trawl
