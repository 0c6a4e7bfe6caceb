#include "api/wire/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::string_view kHeader = "X-Trawl-Labels";
constexpr std::string_view kHeaderLocation = "header.X-Trawl-Labels";

using LabelMap = std::map<std::string, std::string>;

bool is_key_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '_' || c == '.' || c == '-';
}

// C0, DEL and C1 (U+0080 to U+009F), in text that is UTF-8.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) return true;
    if (c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Result<void> add_label(LabelMap& labels, std::string_view key, std::string_view value,
                       const std::string& location) {
  const std::string name = truncate_text(key, kLabelKeyBytesMax);
  if (key.empty() || key.size() > kLabelKeyBytesMax ||
      !std::all_of(key.begin(), key.end(), is_key_byte)) {
    return invalid_at(location,
                      fmt::format("the label key '{}' is not 1 to {} letters, digits, '_', "
                                  "'.' or '-'; rename it",
                                  name, kLabelKeyBytesMax));
  }
  if (!is_valid_utf8(value) || has_control_character(value)) {
    return invalid_at(location,
                      fmt::format("the label '{}' holds a control character or bytes that "
                                  "are not UTF-8; remove them",
                                  name));
  }
  if (const std::size_t chars = count_chars(value); chars > kLabelValueCharsMax) {
    return invalid_at(location,
                      fmt::format("the label '{}' has a value of {} characters; use at "
                                  "most {}",
                                  name, chars, kLabelValueCharsMax));
  }
  labels.insert_or_assign(std::string(key), std::string(value));
  if (labels.size() > kLabelsMax) {
    return invalid_at(
        location,
        fmt::format(
            "the label '{}' exceeds the {} that an execution can have; leave some out",
            name, kLabelsMax));
  }
  return {};
}

// Empty pieces are passed over, as in every list header (RFC 9110, 5.6.1).
Result<void> read_header(LabelMap& labels, std::string_view text) {
  const std::string location(kHeaderLocation);
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view piece = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) {
      return invalid_at(location,
                        fmt::format("'{}' in {} has no '='; use key=value,key=value",
                                    truncate_text(piece, 64), kHeader));
    }
    const std::string_view key = trim(piece.substr(0, equals));
    std::string value;
    if (!http::percent_decode(trim(piece.substr(equals + 1)), false, value)) {
      return invalid_at(location,
                        fmt::format("the label '{}' in {} is not percent-encoded UTF-8; "
                                    "write a percent sign as %25",
                                    truncate_text(key, kLabelKeyBytesMax), kHeader));
    }
    TRAWL_TRY(add_label(labels, key, value, location));
  }
  return {};
}

}  // namespace

Result<Labels> read_labels(const http::Request& request, ObjectReader& body) {
  LabelMap from_header;
  for (const auto& [name, value] : request.headers) {
    if (to_lower_ascii(name) == to_lower_ascii(kHeader)) {
      TRAWL_TRY(read_header(from_header, value));
    }
  }
  LabelMap labels;
  if (const json::object* sent = body.object({"labels"})) {
    for (const auto& field : *sent) {
      const std::string_view key(field.key().data(), field.key().size());
      const std::string location =
          body.location_of("labels." + truncate_text(key, kLabelKeyBytesMax));
      if (!field.value().is_string()) {
        return invalid_at(
            location,
            fmt::format("the label '{}' is of type {}; use a string",
                        truncate_text(key, kLabelKeyBytesMax), type_name(field.value())));
      }
      TRAWL_TRY(add_label(labels, key, view(field.value().get_string()), location));
    }
  }
  TRAWL_TRY(body.status());
  for (auto& [key, value] : from_header) {
    if (labels.count(key) == 0) {
      TRAWL_TRY(add_label(labels, key, value, std::string(kHeaderLocation)));
    }
  }
  return Labels(labels.begin(), labels.end());
}

}  // namespace trawl::api
