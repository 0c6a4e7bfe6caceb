#include "api/describe/recorded_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/executions/execution_list_body.h"
#include "model/recorded_fields.h"

namespace trawl::api {
namespace {

constexpr std::string_view kRecordedMark = "x-recorded-fields";

json::string_view text_of(std::string_view text) {
  return {text.data(), text.size()};
}

json::value description_of(const RecordedField& field) {
  if (field.unit.empty() || field.kind == FieldKind::count) {
    return text_value(field.description);
  }
  return text_value(fmt::format("{}, in {}", field.description, field.unit));
}

json::object type_of(FieldKind kind) {
  const auto nullable = [](const char* type) { return json::array{type, "null"}; };
  switch (kind) {
    case FieldKind::word:
      return {{"type", "string"}};
    case FieldKind::id:
    case FieldKind::text:
      return {{"type", nullable("string")}};
    case FieldKind::instant:
      return {{"type", "string"}, {"format", "date-time"}};
    case FieldKind::amount:
      return {{"type", "number"}, {"minimum", 0}};
    case FieldKind::count:
      return {{"type", "integer"}, {"minimum", 0}};
    case FieldKind::rate:
      return {{"type", nullable("number")}, {"minimum", 0}, {"maximum", 1}};
    case FieldKind::flag:
      return {{"type", "boolean"}};
    case FieldKind::words:
      return {{"type", nullable("array")}, {"items", {{"type", "string"}}}};
    case FieldKind::labels:
      return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
    case FieldKind::json:
      return {{"type", nullable("object")}};
    case FieldKind::objects:
      return {{"type", "array"}};
  }
  return {};
}

json::object property_of(const RecordedField& field) {
  json::object out = type_of(field.kind);
  out["description"] = description_of(field);
  return out;
}

// Puts the members of an object over those of another.
void put_over(const json::object& from, json::object& into) {
  for (const auto& member : from) into[member.key()] = member.value();
}

template <class Means>
std::vector<RecordedField> fields_that(const Means& means) {
  std::vector<RecordedField> out;
  std::copy_if(kRecordedFields.begin(), kRecordedFields.end(), std::back_inserter(out),
               means);
  return out;
}

json::array names_of(const std::vector<std::string_view>& names) {
  json::array out;
  for (const std::string_view name : names) out.push_back(text_value(name));
  return out;
}

// In the order of the table; what the file adds to one stands in it.
void add_properties(json::object& schema, const std::vector<RecordedField>& fields) {
  json::object properties;
  for (const RecordedField& field : fields) {
    properties[text_of(field.name)] = property_of(field);
  }
  if (const auto* own = schema.if_contains("properties")) {
    for (const auto& one : own->as_object()) {
      json::value& property = properties[one.key()];
      if (property.is_null()) {
        property = one.value();
      } else {
        put_over(one.value().as_object(), property.as_object());
      }
    }
  }
  schema["properties"] = std::move(properties);
}

void add_conditions(json::object& schema) {
  json::object& properties = schema["properties"].as_object();
  for (const RecordedField& field : kRecordedFields) {
    if (!field.is(kCondition) || properties.contains(text_of(field.filter_name))) continue;
    properties[text_of(field.filter_name)] = json::object{
        {"type", json::array{"string", "null"}}, {"description", description_of(field)}};
  }
}

// Those that the list does not have yet.
void add_parameters(json::array& list) {
  for (const RecordedField& field : kRecordedFields) {
    if (!field.is(kCondition)) continue;
    const json::value name = text_value(field.filter_name);
    const bool is_there =
        std::any_of(list.begin(), list.end(), [&](const json::value& one) {
          const auto* other = one.as_object().if_contains("name");
          return other != nullptr && *other == name;
        });
    if (is_there) continue;
    list.push_back(json::object{{"name", name},
                                {"in", "query"},
                                {"description", description_of(field)},
                                {"schema", {{"type", "string"}}}});
  }
}

void complete(json::object& object, std::string_view wanted) {
  if (wanted == "row") {
    add_properties(object, {kRowFields.begin(), kRowFields.end()});
    json::array required;
    for (const RecordedField& field : kRowFields)
      required.push_back(text_value(field.name));
    object["required"] = std::move(required);
  } else if (wanted == "record") {
    add_properties(object, fields_that([](const RecordedField& field) {
                     return field.kept != Kept::derived;
                   }));
  } else if (wanted == "conditions") {
    add_conditions(object);
  } else if (wanted == "names") {
    object["enum"] = names_of(field_choices());
  } else if (wanted == "sorts") {
    object["enum"] = names_of(filter_names(kSort));
  } else if (wanted == "order") {
    object["type"] = "string";
    object["pattern"] =
        text_value(fmt::format("^[+-]?({})$", fmt::join(filter_names(kSort), "|")));
  } else {
    throw std::logic_error(fmt::format(
        "src/api/openapi: x-recorded-fields is '{}', which means nothing", wanted));
  }
}

}  // namespace

void describe_recorded_fields(json::value& part) {
  if (auto* list = part.if_array()) {
    bool has_parameters = false;
    for (auto item = list->begin(); item != list->end();) {
      const auto* object = item->if_object();
      const auto* wanted =
          object == nullptr ? nullptr : object->if_contains(text_of(kRecordedMark));
      if (wanted != nullptr && *wanted == "parameters") {
        has_parameters = true;
        item = list->erase(item);
      } else {
        describe_recorded_fields(*item++);
      }
    }
    if (has_parameters) add_parameters(*list);
    return;
  }
  auto* object = part.if_object();
  if (object == nullptr) return;
  for (auto& member : *object) describe_recorded_fields(member.value());
  if (const auto* wanted = object->if_contains(text_of(kRecordedMark))) {
    const std::string what(view(wanted->as_string()));
    object->erase(text_of(kRecordedMark));
    complete(*object, what);
  }
}

}  // namespace trawl::api
