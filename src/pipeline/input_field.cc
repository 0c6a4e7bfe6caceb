#include "pipeline/input_field.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/near_name.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::array<std::pair<std::string_view, InputType>, 16> kTypes{{
    {"string", InputType::text},
    {"number", InputType::number},
    {"integer", InputType::integer},
    {"float", InputType::number},
    {"boolean", InputType::boolean},
    {"object", InputType::object},
    {"array", InputType::array},
    {"date", InputType::time},
    {"datetime", InputType::time},
    {"text", InputType::text},
    {"image", InputType::file},
    {"audio", InputType::file},
    {"video", InputType::file},
    {"pdf", InputType::file},
    {"excel", InputType::file},
    {"document_reference", InputType::reference},
}};

Error refuse(const std::string& location, std::string_view message) {
  return invalid_at(location, fmt::format("{} {}", location, message));
}

Error refuse_type(const std::string& location, const json::value& found,
                  std::string_view wanted) {
  return refuse(location, fmt::format("is {}; use {}", type_name(found), wanted));
}

// The member, or nothing when it is absent or null.
const json::value* member(const json::object& source, std::string_view name) {
  const auto* value = source.if_contains(json::string_view(name.data(), name.size()));
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::vector<std::string_view>> read_names(const json::value& value,
                                                 const std::string& location) {
  const auto* list = value.if_array();
  if (list == nullptr) return refuse_type(location, value, "a list of names");
  std::vector<std::string_view> names;
  for (const auto& name : *list) {
    if (!name.is_string()) {
      return refuse(location,
                    fmt::format("holds {}; use a list of names", type_name(name)));
    }
    names.push_back(view(name.get_string()));
  }
  return names;
}

Result<InputField> read_field(const json::value& source, std::string location);

Result<InputFields> read_fields(const json::value& source, const std::string& location) {
  const auto* object = source.if_object();
  if (object == nullptr) return refuse_type(location, source, "an object of name: field");
  InputFields out;
  out.fields.reserve(object->size());
  for (const auto& entry : *object) {
    TRAWL_ASSIGN(auto field,
                 read_field(entry.value(), fmt::format("{}.{}", location, key_of(entry))));
    field.name = key_of(entry);
    out.fields.push_back(std::move(field));
  }
  return out;
}

Result<void> read_type(const json::object& source, InputField& out) {
  const auto* type = member(source, "type");
  if (type == nullptr) {
    return refuse(out.location, R"(has no type; add one, such as "type": "string")");
  }
  if (!type->is_string()) {
    return refuse_type(out.location + ".type", *type, "the name of a type");
  }
  const std::string_view word = view(type->get_string());
  const auto* known = std::find_if(kTypes.begin(), kTypes.end(),
                                   [word](const auto& pair) { return pair.first == word; });
  if (known == kTypes.end()) {
    std::vector<std::string_view> names;
    for (const auto& pair : kTypes) names.push_back(pair.first);
    return refuse(out.location + ".type",
                  fmt::format("is '{}'; use one of {}{}", truncate_text(word, 64),
                              fmt::join(names, ", "), did_you_mean(word, names)));
  }
  out.type_word = known->first;
  out.type = known->second;
  return {};
}

// Further keys are allowed, as descriptions and examples are, but a required that is
// misspelt requires nothing.
Result<void> refuse_slips(const json::object& source, const std::string& location) {
  static constexpr std::array<std::string_view, 6> kKnown = {
      "type", "required", "default", "enum", "items", "properties"};
  for (const auto& entry : source) {
    const auto key = key_of(entry);
    if (std::find(kKnown.begin(), kKnown.end(), key) != kKnown.end()) continue;
    const auto near = near_name(key, kKnown);
    if (near.empty()) continue;
    const std::string place = fmt::format("{}.{}", location, truncate_text(key, 64));
    return invalid_at(place,
                      fmt::format("unknown member '{}'; did you mean '{}'?", place, near));
  }
  return {};
}

Result<InputField> read_field(const json::value& source, std::string location) {
  InputField out;
  out.location = std::move(location);
  const auto* object = source.if_object();
  if (object == nullptr) {
    return refuse_type(out.location, source, R"(an object such as {"type": "string"})");
  }
  TRAWL_TRY(refuse_slips(*object, out.location));
  TRAWL_TRY(read_type(*object, out));
  if (out.type == InputType::object) {
    if (const auto* properties = member(*object, "properties")) {
      TRAWL_ASSIGN(out.properties, read_fields(*properties, out.location + ".properties"));
    }
  }
  if (const auto* items = member(*object, "items"); items && out.type == InputType::array) {
    TRAWL_ASSIGN(auto field, read_field(*items, out.location + ".items"));
    out.items = std::make_unique<const InputField>(std::move(field));
  }
  if (const auto* required = member(*object, "required")) {
    // A boolean; or, as JSON Schema has it on an object, the names it must have.
    if (required->is_bool()) {
      out.required = required->get_bool();
    } else if (out.type == InputType::object) {
      TRAWL_ASSIGN(out.properties.required,
                   read_names(*required, out.location + ".required"));
    } else {
      return refuse_type(out.location + ".required", *required, "true or false");
    }
  }
  if (const auto* choices = member(*object, "enum")) {
    out.choices = choices->if_array();
    if (out.choices == nullptr) {
      return refuse_type(out.location + ".enum", *choices, "a list of values");
    }
    out.choice_set = std::make_shared<const ValueSet>(
        std::vector<json::value>(out.choices->begin(), out.choices->end()),
        CaseMode::sensitive);
  }
  out.fallback = member(*object, "default");
  if (out.fallback != nullptr) out.fallback_size = to_json_text(*out.fallback).size();
  return out;
}

// {"properties": {name: field, …}} around the fields, as JSON Schema has it. An input may
// itself be called properties; its field then has a type, which is not an object.
bool is_wrapped(const json::object& schema) {
  const auto* properties = member(schema, "properties");
  const auto* fields = properties == nullptr ? nullptr : properties->if_object();
  return fields != nullptr &&
         std::all_of(fields->begin(), fields->end(),
                     [](const auto& field) { return field.value().is_object(); });
}

}  // namespace

Result<InputFields> read_input_fields(const json::value& schema) {
  const auto* object = schema.if_object();
  if (object == nullptr || !is_wrapped(*object)) return read_fields(schema, "input_schema");
  TRAWL_ASSIGN(auto out, read_fields(object->at("properties"), "input_schema.properties"));
  if (const auto* required = member(*object, "required")) {
    TRAWL_ASSIGN(out.required, read_names(*required, "input_schema.required"));
  }
  return out;
}

}  // namespace trawl
