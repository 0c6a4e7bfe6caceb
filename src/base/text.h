#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trawl {

// The name within edit distance of `word`, closest first, or empty when none is near.
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

// Whole text as a decimal integer: false for signs other than '-', spaces, fractions.
bool parse_integer(std::string_view text, std::int64_t& value);

// Appends a field of RFC 4180, quoted where it must be.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace trawl
