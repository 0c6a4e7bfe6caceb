#include "base/json_members.h"

#include <simdjson.h>

#include <algorithm>
#include <memory>

#include "base/field_path.h"

namespace trawl {
namespace {

namespace ondemand = simdjson::ondemand;

// SQLite's text has no room behind it for simdjson to read over, so it is copied.
struct MembersBuffer {
  std::string bytes;
  ondemand::parser parser;
};

constexpr std::size_t kKeptBytesMax = 4 << 20;

Error unreadable_json(std::string_view why) {
  return make_error(ErrorCode::internal, "stored JSON is damaged", std::string(why));
}

}  // namespace

JsonMembers::JsonMembers(const std::vector<std::string>& paths) {
  // A key may be all of a path or its beginning up to any dot.
  constexpr std::ptrdiff_t kDotsMax = 16;
  for (const auto& path : paths) {
    if (std::count(path.begin(), path.end(), '.') > kDotsMax) {
      long_paths_.push_back(path);
      continue;
    }
    for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
      keys_.insert(path.substr(0, dot));
    keys_.insert(path);
  }
}

bool JsonMembers::wants(const std::string& key) const {
  return keys_.count(key) != 0 ||
         std::any_of(long_paths_.begin(), long_paths_.end(),
                     [&](const std::string& path) { return begins_path(key, path); });
}

Result<json::object> JsonMembers::read(std::string_view payload) const {
  json::object fields;
  if (keys_.empty() && long_paths_.empty()) return fields;
  thread_local std::unique_ptr<MembersBuffer> buffer;
  if (!buffer ||
      (buffer->bytes.capacity() > kKeptBytesMax && payload.size() < kKeptBytesMax)) {
    buffer = std::make_unique<MembersBuffer>();
  }
  buffer->bytes.reserve(payload.size() + simdjson::SIMDJSON_PADDING);
  buffer->bytes.assign(payload);
  const auto failed = [](simdjson::error_code error) {
    return unreadable_json(simdjson::error_message(error));
  };
  ondemand::document document;
  if (const auto error =
          buffer->parser
              .iterate(buffer->bytes.data(), payload.size(), buffer->bytes.capacity())
              .get(document)) {
    return failed(error);
  }
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) return failed(error);
  std::string key_text;
  for (auto item : object) {
    std::string_view key;
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return failed(error);
    if (const auto error = field.unescaped_key().get(key)) return failed(error);
    key_text.assign(key);
    if (!wants(key_text)) continue;
    json::value& to = fields[json::string_view(key_text.data(), key_text.size())];
    ondemand::json_type type;
    if (const auto error = field.value().type().get(type)) return failed(error);
    std::string_view raw;
    switch (type) {
      case ondemand::json_type::string: {
        std::string_view text;
        if (const auto error = field.value().get_string().get(text)) return failed(error);
        to.emplace_string().assign(text.data(), text.size());
        continue;
      }
      case ondemand::json_type::object: {
        ondemand::object nested;
        if (const auto error = field.value().get_object().get(nested)) return failed(error);
        if (const auto error = nested.raw_json().get(raw)) return failed(error);
        break;
      }
      case ondemand::json_type::array: {
        ondemand::array nested;
        if (const auto error = field.value().get_array().get(nested)) return failed(error);
        if (const auto error = nested.raw_json().get(raw)) return failed(error);
        break;
      }
      default:
        raw = field.value().raw_json_token();
    }
    auto parsed = parse_json(raw);
    if (!parsed) return unreadable_json(parsed.error().message);
    to = std::move(*parsed);
  }
  return fields;
}

}  // namespace trawl
