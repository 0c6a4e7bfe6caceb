#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace trawl::cli {

// 1234567 -> "1,234,567"
std::string format_count(std::int64_t number);
// "1 document", "2,000 documents": the noun takes an s.
std::string format_things(std::int64_t count, std::string_view noun);
// "1 credit", "0.5 credits"; a number of at most `digits` decimals.
std::string format_credits(double credits, int digits);
// 0.42 -> "0.42 ms", 1234.5 -> "1.23 s", 150000 -> "2m 30s"; "-" for what is negative or
// not finite
std::string format_duration_ms(double milliseconds);
// 1536 -> "1.5 KiB"
std::string format_bytes(double bytes);
// At most `digits` decimals, none that say nothing: 1.50 -> "1.5", 2.0 -> "2".
std::string format_number(double number, int digits);

// Text from a server, a document or a file, for a terminal: it can neither break a line,
// nor steer the terminal, nor show other text than it is (base/visible_text.h). Whatever
// goes to a terminal passes through here; JSON, NDJSON and CSV do not.
std::string printable(std::string_view text);

// JSON for standard output: as it is for a program; for a terminal the same JSON with
// \uXXXX in place of what printable() would take out.
std::string printable_json(std::string_view json, bool is_terminal);

// One line for any value: text as it is, lists with commas, documents by their ids, other
// objects as JSON, null as "".
std::string plain_text(const json::value& value);

// For append_csv_field(): objects and lists are JSON.
std::string csv_text(const json::value& value);

}  // namespace trawl::cli
