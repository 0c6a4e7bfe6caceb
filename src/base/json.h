#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl {

namespace json = boost::json;

inline constexpr std::size_t kJsonDepthMax = 64;

// Parses one JSON text (RFC 8259). Strict: valid UTF-8, exact doubles, nothing after the
// value; of equal keys the last wins. simdjson reads it; Boost.JSON holds it.
//   bad_request  not JSON, or nested deeper than depth_max
Result<json::value> parse_json(std::string_view text,
                               std::size_t depth_max = kJsonDepthMax);

// The same of what a client sends: which of equal keys it means nobody knows.
//   bad_request  as above
//   invalid      an object has two members of one name; with its path
Result<json::value> parse_sent_json(std::string_view text);

// Appends compact JSON. Doubles are the shortest text that reads back the same; NaN and
// infinities become null. Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, const json::value& value);
void append_json(std::string& out, const json::object& object);
void append_json(std::string& out, const json::array& array);
void append_json_string(std::string& out, std::string_view text);
void append_json_number(std::string& out, double number);
// Appends JSON as one line for any reader: U+0085, U+2028 and U+2029, which some take for
// the end of a line, become escapes.
void append_json_line(std::string& out, std::string_view json);
std::string to_json_text(const json::value& value);

inline std::string_view key_of(const json::key_value_pair& field) {
  return {field.key().data(), field.key().size()};
}
inline json::value text_value(std::string_view text) {
  return json::value(json::string(text.data(), text.size()));
}

// Compact JSON with the keys of every object sorted: equal values have equal text.
std::string canonical_json(const json::value& value);
std::string canonical_json(const json::object& object);

// "string", "integer", "number", "boolean", "object", "array" or "null", for messages.
std::string_view type_name(const json::value& value);

inline std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}
inline std::string_view view(json::string_view text) {
  return {text.data(), text.size()};
}

// Numbers of any of the three kinds, and as a double: the nearest one. Other values are 0.
bool is_number(const json::value& value);
double as_double(const json::value& value);

// Writes JSON piece by piece into a string, placing the commas. For rows and pages that
// are built without a tree.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& unsigned_integer(std::uint64_t number);
  JsonWriter& number(double number);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& value(const json::value& value);
  // Text that is JSON already.
  JsonWriter& raw(std::string_view text);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool comma_ = false;
};

}  // namespace trawl
