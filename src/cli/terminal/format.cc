#include "cli/terminal/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/visible_text.h"

namespace trawl::cli {

std::string format_count(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string format_number(double number, int digits) {
  if (!std::isfinite(number)) return "-";
  std::string text = fmt::format("{:.{}f}", number, digits);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string format_things(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::string format_credits(double credits, int digits) {
  const std::string number = format_number(credits, digits);
  return fmt::format("{} credit{}", number, number == "1" ? "" : "s");
}

std::string format_duration_ms(double milliseconds) {
  if (!std::isfinite(milliseconds) || milliseconds < 0) return "-";
  if (milliseconds < 10) return fmt::format("{:.2f} ms", milliseconds);
  if (milliseconds < 1000) return fmt::format("{:.1f} ms", milliseconds);
  const double seconds = milliseconds / 1000;
  if (seconds < 60) return fmt::format("{:.2f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e15));
  if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}h {:02}m", format_count(whole / 3600), whole / 60 % 60);
}

std::string format_bytes(double bytes) {
  static constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB",
                                                             "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string printable(std::string_view text) {
  return visible_text(text);
}

std::string printable_json(std::string_view json, bool is_terminal) {
  if (!is_terminal) return std::string(json);
  // Line ends stand between the rows of NDJSON and belong to none.
  std::string out;
  for (std::size_t begin = 0; begin < json.size();) {
    const auto end = std::min(json.find('\n', begin), json.size());
    out += escaped_json(json.substr(begin, end - begin));
    if (end < json.size()) out.push_back('\n');
    begin = end + 1;
  }
  return out;
}

namespace {

std::string element_text(const json::value& value) {
  if (const auto* object = value.if_object()) {
    const auto* id = object->if_contains("document_id");
    if (id && id->is_string()) return std::string(view(id->get_string()));
  }
  return plain_text(value);
}

}  // namespace

std::string plain_text(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return {};
    case json::kind::string:
      return std::string(view(value.get_string()));
    case json::kind::double_:
      return format_number(value.get_double(), 4);
    case json::kind::array: {
      std::string out;
      for (const auto& element : value.get_array()) {
        if (!out.empty()) out += ", ";
        out += element_text(element);
      }
      return out;
    }
    case json::kind::bool_:
      return value.get_bool() ? "yes" : "no";
    default:
      return to_json_text(value);
  }
}

std::string csv_text(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(view(value.get_string()));
  return to_json_text(value);
}

}  // namespace trawl::cli
