#include "base/object_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/near_name.h"
#include "base/text.h"

namespace trawl {

namespace {

// The name under which a client sent a field that has several: errors name what was sent.
std::string_view sent_name(const json::object& object, ObjectReader::Names names) {
  for (const std::string_view name : names) {
    const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
    if (value != nullptr && !value->is_null()) return name;
  }
  return *names.begin();
}

}  // namespace

ObjectReader::ObjectReader(const json::object& object, std::string location,
                           Templates templates)
    : object_(object), location_(std::move(location)), templates_(templates) {
  asked_.reserve(object.size());  // Most readers ask for what is there.
}

const json::value* ObjectReader::find(Names names) {
  const json::value* found = nullptr;
  for (const std::string_view name : names) {
    asked_.push_back(name);
    const auto* value = object_.if_contains(json::string_view(name.data(), name.size()));
    if (found == nullptr && value != nullptr && !value->is_null()) found = value;
  }
  return found;
}

bool ObjectReader::is_template(const json::value& value) const {
  return templates_ == Templates::allowed && value.is_string() &&
         view(value.get_string()).find("{{") != std::string_view::npos;
}

std::optional<std::string> ObjectReader::optional_string(Names names) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return std::nullopt;
  if (!value->is_string()) {
    fail_type(sent_name(object_, names), "a string", *value);
    return std::nullopt;
  }
  return std::string(view(value->get_string()));
}

std::string ObjectReader::string(Names names, std::string_view fallback) {
  auto text = optional_string(names);
  return text ? std::move(*text) : std::string(fallback);
}

std::string ObjectReader::required_string(Names names) {
  const json::value* value = find(names);
  if (value == nullptr) {
    fail(*names.begin(), "is required" + misspelt(names));
    return {};
  }
  if (is_template(*value)) return std::string(view(value->get_string()));
  auto text = optional_string(names);
  if (text && text->empty())
    fail(sent_name(object_, names), "is empty; give at least one character");
  return text ? std::move(*text) : std::string();
}

// Of a member that is missing: what was sent in its place, most likely.
std::string ObjectReader::misspelt(Names names) const {
  for (const std::string& key : unread()) {
    if (object_.at(key).is_null()) continue;
    if (near_name(key, {names.begin(), names.size()}).empty()) continue;
    return fmt::format("; did you mean it by '{}'?", truncate_text(key, 64));
  }
  return {};
}

std::optional<std::int64_t> ObjectReader::optional_integer(Names names, std::int64_t min,
                                                           std::int64_t max) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return std::nullopt;
  std::int64_t number = 0;
  if (value->is_int64()) {
    number = value->get_int64();
  } else if (value->is_uint64() &&
             value->get_uint64() <=
                 static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    number = static_cast<std::int64_t>(value->get_uint64());
  } else if (value->is_uint64()) {
    fail(sent_name(object_, names),
         fmt::format("is {}; use {} to {}", value->get_uint64(), min, max));
    return std::nullopt;
  } else if (value->is_double() && std::abs(value->get_double()) < 9.0e15 &&
             std::trunc(value->get_double()) == value->get_double()) {
    number = static_cast<std::int64_t>(value->get_double());
  } else {
    fail_type(sent_name(object_, names), "an integer", *value);
    return std::nullopt;
  }
  if (number < min || number > max) {
    fail(sent_name(object_, names),
         max == std::numeric_limits<std::int64_t>::max()
             ? fmt::format("is {}; use {} or more", number, min)
             : fmt::format("is {}; use {} to {}", number, min, max));
    return std::nullopt;
  }
  return number;
}

std::int64_t ObjectReader::integer(Names names, std::int64_t fallback, std::int64_t min,
                                   std::int64_t max) {
  return optional_integer(names, min, max).value_or(fallback);
}

std::optional<double> ObjectReader::optional_number(Names names, double min, double max) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return std::nullopt;
  if (!is_number(*value)) {
    fail_type(sent_name(object_, names), "a number", *value);
    return std::nullopt;
  }
  const double number = as_double(*value);
  if (!(number >= min && number <= max)) {
    fail(sent_name(object_, names),
         std::isinf(max) ? fmt::format("is {}; use {} or more", number, min)
                         : fmt::format("is {}; use {} to {}", number, min, max));
    return std::nullopt;
  }
  return number;
}

double ObjectReader::number(Names names, double fallback, double min, double max) {
  return optional_number(names, min, max).value_or(fallback);
}

bool ObjectReader::boolean(Names names, bool fallback) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return fallback;
  if (!value->is_bool()) {
    fail_type(sent_name(object_, names), "a boolean", *value);
    return fallback;
  }
  return value->get_bool();
}

std::vector<std::string> ObjectReader::strings(Names names) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return {};
  if (value->is_string()) return {std::string(view(value->get_string()))};
  if (!value->is_array()) {
    fail_type(sent_name(object_, names), "a list of strings", *value);
    return {};
  }
  std::vector<std::string> out;
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) {
      fail(sent_name(object_, names),
           fmt::format("holds {}; every item must be a string", type_name(item)));
      return {};
    }
    out.emplace_back(view(item.get_string()));
  }
  return out;
}

const json::object* ObjectReader::object(Names names) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return nullptr;
  if (!value->is_object()) fail_type(sent_name(object_, names), "an object", *value);
  return value->if_object();
}

const json::array* ObjectReader::array(Names names) {
  const json::value* value = find(names);
  if (value == nullptr || is_template(*value)) return nullptr;
  if (!value->is_array()) fail_type(sent_name(object_, names), "an array", *value);
  return value->if_array();
}

ObjectReader ObjectReader::child(const json::object& object, std::string_view name) const {
  return {object, location_of(name), templates_};
}

ObjectReader ObjectReader::child(const json::object& object, std::string_view name,
                                 std::size_t index) const {
  return {object, fmt::format("{}[{}]", location_of(name), index), templates_};
}

std::string ObjectReader::location_of(std::string_view name) const {
  return location_.empty() ? std::string(name) : fmt::format("{}.{}", location_, name);
}

void ObjectReader::fail(std::string_view name, std::string message) {
  if (error_) return;
  std::string location = location_of(name);
  error_ = invalid_at(location, fmt::format("{} {}", location, message));
}

void ObjectReader::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

void ObjectReader::fail_type(std::string_view name, std::string_view wanted,
                             const json::value& found) {
  fail(name, fmt::format("is {} {}; use {}",
                         type_name(found).find_first_of("aeio") == 0 ? "an" : "a",
                         type_name(found), wanted));
}

void ObjectReader::fail_word(std::string_view name, std::string_view found,
                             const std::vector<std::string_view>& known) {
  // The last that were asked for are this name and its others.
  const auto first = std::find(asked_.rbegin(), asked_.rend(), name).base();
  const auto sent = std::find_if(first, asked_.end(), [&](std::string_view other) {
    const auto* value = object_.if_contains(json::string_view(other.data(), other.size()));
    return value != nullptr && !value->is_null();
  });
  const auto* own = object_.if_contains(json::string_view(name.data(), name.size()));
  if ((own == nullptr || own->is_null()) && sent != asked_.end()) name = *sent;
  fail(name, fmt::format("is '{}'; use one of {}{}", truncate_text(found, 64),
                         fmt::join(known, ", "), did_you_mean(found, known)));
}

Result<void> ObjectReader::status() const {
  if (error_) return *error_;
  return {};
}

std::vector<std::string> ObjectReader::unread() const {
  std::vector<std::string> out;
  for (const auto& field : object_) {
    const std::string_view key(field.key().data(), field.key().size());
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) out.emplace_back(key);
  }
  return out;
}

}  // namespace trawl
