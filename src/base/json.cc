#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "base/work_limit.h"

namespace trawl {
namespace {

// Makes a value of what simdjson has read.
class Converter {
 public:
  explicit Converter(bool unique_keys) : unique_keys_(unique_keys) {}

  // False when it is nested deeper than `depth_left`, or has a repeated key. simdjson
  // checks the depth as well, but lets an empty array or object stand one level below its
  // limit.
  bool convert(const simdjson::dom::element& from, json::value& to,
               std::size_t depth_left) {
    using simdjson::dom::element_type;
    count_work(4);
    switch (from.type()) {
      case element_type::ARRAY:
        if (depth_left == 0) return false;
        return convert_array(from.get_array().value_unsafe(), to.emplace_array(),
                             depth_left - 1);
      case element_type::OBJECT:
        if (depth_left == 0) return false;
        return convert_object(from.get_object().value_unsafe(), to.emplace_object(),
                              depth_left - 1);
      case element_type::INT64:
        to = from.get_int64().value_unsafe();
        break;
      case element_type::UINT64:
        to = from.get_uint64().value_unsafe();
        break;
      case element_type::DOUBLE:
        to = from.get_double().value_unsafe();
        break;
      case element_type::STRING: {
        const std::string_view text = from.get_string().value_unsafe();
        count_work(text.size() / kBytesPerStep);
        to.emplace_string().assign(text.data(), text.size());
        break;
      }
      case element_type::BOOL:
        to = from.get_bool().value_unsafe();
        break;
      case element_type::NULL_VALUE:
        to = nullptr;
        break;
    }
    return true;
  }

  // The path of the repeated key; empty where there was none.
  const std::string& repeated() const { return repeated_; }

 private:
  bool convert_array(const simdjson::dom::array& from, json::array& to,
                     std::size_t depth_left) {
    to.reserve(from.size());
    for (const auto item : from) {
      if (convert(item, to.emplace_back(nullptr), depth_left)) continue;
      if (!repeated_.empty()) step_out(fmt::format("[{}]", to.size() - 1));
      return false;
    }
    return true;
  }

  bool convert_object(const simdjson::dom::object& from, json::object& to,
                      std::size_t depth_left) {
    to.reserve(from.size());
    for (const auto field : from) {
      const std::size_t before = to.size();
      json::value& slot = to[json::string_view(field.key.data(), field.key.size())];
      if (unique_keys_ && to.size() == before) {
        repeated_ = shown(field.key);
        return false;
      }
      if (convert(field.value, slot, depth_left)) continue;
      if (!repeated_.empty()) step_out(shown(field.key));
      return false;
    }
    return true;
  }

  static std::string shown(std::string_view key) {
    return key.empty() ? "\"\"" : truncate_text(key, kPathKeyChars);
  }
  void step_out(std::string step) {
    if (repeated_.front() != '[') step += '.';
    repeated_ = std::move(step) + repeated_;
  }

  static constexpr std::size_t kPathKeyChars = 64;

  const bool unique_keys_;
  std::string repeated_;
};

// What is wrong with a text, in words that help whoever wrote it.
std::string_view reason_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::UNCLOSED_STRING:
      return "a text has no closing quote";
    case simdjson::UNESCAPED_CHARS:
      return "a text holds a control character, such as a line break; write it as \\n or "
             "\\u0001";
    case simdjson::STRING_ERROR:
      return "a text holds an escape that JSON does not have";
    case simdjson::UTF8_ERROR:
      return "it is not UTF-8";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "only true, false and null are words; texts stand in double quotes";
    default:
      return "a comma, a colon, a bracket or a quote is missing or too much, or a text "
             "does not stand in double quotes";
  }
}

// Length of the valid UTF-8 sequence at the start of text, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t length = 0;
  std::uint32_t point = 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    point = lead & 0x1F;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3;
    point = lead & 0x0F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    point = lead & 0x07;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = (point << 6) | (byte(i) & 0x3F);
  }
  if (length == 3 && (point < 0x800 || (point >= 0xD800 && point <= 0xDFFF))) return 0;
  if (length == 4 && (point < 0x10000 || point > 0x10FFFF)) return 0;
  return length;
}

template <class Number>
void append_chars(std::string& out, Number number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out.append(buffer, end);
}

template <bool kSorted>
void append(std::string& out, const json::value& value);

template <bool kSorted>
void append(std::string& out, const json::object& object) {
  out.push_back('{');
  bool first = true;
  const auto pair = [&](const json::key_value_pair& field) {
    if (!first) out.push_back(',');
    first = false;
    append_json_string(out, {field.key().data(), field.key().size()});
    out.push_back(':');
    append<kSorted>(out, field.value());
  };
  if constexpr (kSorted) {
    std::vector<const json::key_value_pair*> fields;
    fields.reserve(object.size());
    for (const auto& field : object) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(), [](const auto* a, const auto* b) {
      count_work();
      return a->key() < b->key();
    });
    for (const auto* field : fields) pair(*field);
  } else {
    for (const auto& field : object) pair(field);
  }
  out.push_back('}');
}

template <bool kSorted>
void append(std::string& out, const json::array& array) {
  out.push_back('[');
  bool first = true;
  for (const auto& item : array) {
    if (!first) out.push_back(',');
    first = false;
    append<kSorted>(out, item);
  }
  out.push_back(']');
}

template <bool kSorted>
void append(std::string& out, const json::value& value) {
  count_work(4);
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      append_chars(out, value.get_int64());
      break;
    case json::kind::uint64:
      append_chars(out, value.get_uint64());
      break;
    case json::kind::double_:
      append_json_number(out, value.get_double());
      break;
    case json::kind::string:
      append_json_string(out, view(value.get_string()));
      break;
    case json::kind::array:
      append<kSorted>(out, value.get_array());
      break;
    case json::kind::object:
      append<kSorted>(out, value.get_object());
      break;
  }
}

// Of text in JSON, that stands for itself: ASCII, but no quote, backslash or control.
bool is_plain(char c) {
  return static_cast<unsigned char>(c) < 0x80 && c >= 0x20 && c != '"' && c != '\\';
}

// Eight bytes, of which each that is not plain sets the highest bit of a byte: in none of
// the differences does one that is plain borrow from the next.
bool are_plain(std::uint64_t bytes) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  return ((bytes | (bytes - kEach * 0x20) | ((bytes ^ (kEach * '"')) - kEach) |
           ((bytes ^ (kEach * '\\')) - kEach)) &
          (kEach * 0x80)) == 0;
}

// How many the text begins with.
std::size_t plain_bytes(std::string_view text) {
  std::size_t i = 0;
  while (i + 8 <= text.size() && are_plain(load<std::uint64_t>(text.data() + i))) i += 8;
  // What is left of a longer text is its last eight bytes, or not plain.
  if (i > 0 && i + 8 > text.size() &&
      are_plain(load<std::uint64_t>(text.data() + text.size() - 8))) {
    return text.size();
  }
  while (i < text.size() && is_plain(text[i])) ++i;
  return i;
}

// " (line 3, column 5)" for text that is not JSON, or "" where that cannot be told. The
// parser in use says what is wrong but not where, so another one looks again.
std::string place_of_error(std::string_view text) {
  // It builds what it reads; a large text must not be read twice to be refused.
  constexpr std::size_t kTextBytesMax = 1 << 20;
  if (text.size() > kTextBytesMax) return {};
  json::parse_options options;
  options.max_depth = 1024;
  options.allow_invalid_utf8 = true;
  json::stream_parser parser({}, options);
  json::error_code error;
  const std::size_t at = parser.write_some(text.data(), text.size(), error);
  if (!error && at == text.size()) {
    parser.finish(error);
    return error ? " (it ends too early)" : "";
  }
  const std::string_view before = text.substr(0, at);
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0.
  const auto column =
      1 + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start),
                        before.end(), [](char c) {
                          // A character counts once, whatever bytes it has.
                          return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
                        });
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  // Of a single line its number says nothing.
  return text.find('\n') == std::string_view::npos
             ? fmt::format(" (column {})", column)
             : fmt::format(" (line {}, column {})", line, column);
}

}  // namespace

namespace {

Result<json::value> parse(std::string_view text, std::size_t depth_max, bool unique_keys) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return make_error(ErrorCode::bad_request, "the JSON text is empty");
  }
  // Of the server's state, not of the text: the same request may be answered later.
  const auto no_memory = [] {
    return make_error(
        ErrorCode::unavailable,
        "the server does not have enough memory to read this JSON now; try again "
        "shortly, or send less at once");
  };
  // One parser a thread: its buffers are reused. A single large text must not keep its
  // memory for the life of the thread.
  thread_local std::unique_ptr<simdjson::dom::parser> parser;
  constexpr std::size_t kKeptCapacityMax = 4 << 20;
  if (!parser || parser->max_depth() != depth_max + 1 ||
      (parser->capacity() > kKeptCapacityMax && text.size() <= kKeptCapacityMax)) {
    parser = std::make_unique<simdjson::dom::parser>();
    if (parser->allocate(std::max<std::size_t>(text.size(), 4096), depth_max + 1) !=
        simdjson::SUCCESS) {
      parser.reset();  // Not to be taken for one that has its memory.
      return no_memory();
    }
  }
  const auto too_deep = [depth_max] {
    return make_error(ErrorCode::bad_request,
                      fmt::format("the JSON is nested deeper than {} levels", depth_max));
  };
  simdjson::dom::element root;
  if (const auto error = parser->parse(text.data(), text.size(), true).get(root)) {
    if (error == simdjson::DEPTH_ERROR) return too_deep();
    if (error == simdjson::MEMALLOC) return no_memory();
    if (error == simdjson::NUMBER_ERROR) {
      return make_error(
          ErrorCode::bad_request,
          fmt::format("a number in the JSON is malformed or too large{}: whole numbers "
                      "reach from -2^63 to 2^64 - 1; write larger ones with an exponent, "
                      "or as text",
                      place_of_error(text)));
    }
    return make_error(ErrorCode::bad_request,
                      fmt::format("this is not valid JSON: {}{}", reason_of(error),
                                  place_of_error(text)));
  }
  json::value value;
  Converter converter(unique_keys);
  if (converter.convert(root, value, depth_max)) return value;
  const std::string& repeated = converter.repeated();
  if (repeated.empty()) return too_deep();
  return invalid_at(repeated, fmt::format("{} stands there twice; send it once", repeated));
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t depth_max) {
  return parse(text, depth_max, false);
}

Result<json::value> parse_sent_json(std::string_view text) {
  return parse(text, kJsonDepthMax, true);
}

void append_json(std::string& out, const json::value& value) {
  append<false>(out, value);
}
void append_json(std::string& out, const json::object& object) {
  append<false>(out, object);
}
void append_json(std::string& out, const json::array& array) {
  append<false>(out, array);
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  count_work(text.size() / 4);
  out.push_back('"');
  std::size_t plain = 0;  // Start of the run not copied yet.
  std::size_t i = 0;
  const auto flush = [&](std::size_t end) { out.append(text.substr(plain, end - plain)); };
  while ((i += plain_bytes(text.substr(i))) < text.size()) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      if (const std::size_t length = utf8_length(text.substr(i)); length > 0) {
        i += length;
        continue;
      }
      flush(i);
      out += "\xEF\xBF\xBD";
    } else {
      flush(i);
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          out += "\\u00";
          out.push_back(kHex[c >> 4]);
          out.push_back(kHex[c & 15]);
      }
    }
    plain = ++i;
  }
  flush(text.size());
  out.push_back('"');
}

void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  const std::string_view text(buffer, end - buffer);
  out += text;
  // 3.0 stays a number with a fraction, so it reads back as the same kind.
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

std::string to_json_text(const json::value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

void append_json_line(std::string& out, std::string_view json) {
  static constexpr std::pair<std::string_view, std::string_view> kEnds[] = {
      {"\xc2\x85", "\\u0085"}, {"\xe2\x80\xa8", "\\u2028"}, {"\xe2\x80\xa9", "\\u2029"}};
  const std::size_t begin = out.size();
  out.append(json);
  for (const auto& [end, escape] : kEnds) {
    for (auto at = out.find(end, begin); at != std::string::npos;
         at = out.find(end, at + escape.size())) {
      out.replace(at, end.size(), escape);
    }
  }
}

std::string canonical_json(const json::value& value) {
  std::string out;
  append<true>(out, value);
  return out;
}

std::string canonical_json(const json::object& object) {
  std::string out;
  append<true>(out, object);
  return out;
}

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "value";
}

bool is_number(const json::value& value) {
  return value.is_int64() || value.is_uint64() || value.is_double();
}

double as_double(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return value.is_double() ? value.get_double() : 0.0;
}

void JsonWriter::separate() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
  separate();
  append_chars(out_, number);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t number) {
  separate();
  append_chars(out_, number);
  return *this;
}

JsonWriter& JsonWriter::number(double number) {
  separate();
  append_json_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::value(const json::value& value) {
  separate();
  append_json(out_, value);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  separate();
  out_.append(text);
  return *this;
}

}  // namespace trawl
