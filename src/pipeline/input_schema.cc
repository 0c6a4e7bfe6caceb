#include "pipeline/input_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "pipeline/input_field.h"
#include "query/filter_value.h"

namespace trawl {
namespace {

constexpr std::size_t kShownMax = 64;  // characters of a value in a message

Error refuse_input(const std::string& location, std::string_view message) {
  return invalid_at(location, fmt::format("{} {}", location, message));
}

std::string with_article(std::string_view word) {
  return fmt::format("{} {}", word.find_first_of("aeio") == 0 ? "an" : "a", word);
}

std::string_view what_to_use(InputType type) {
  switch (type) {
    case InputType::text:
      return "use a string";
    case InputType::number:
      return "use a number";
    case InputType::integer:
      return "use an integer";
    case InputType::boolean:
      return "use true or false";
    case InputType::object:
      return "use an object";
    case InputType::array:
      return "use an array";
    case InputType::time:
      return "use an RFC 3339 time, such as 2026-01-31T10:00:00Z";
    case InputType::file:
      return "use a URL as a string, or an object";
    case InputType::reference:
      return "use a document id as a string, or an object with collection_id and "
             "document_id";
  }
  return {};
}

std::optional<json::value> only_if(bool fits, const json::value& value) {
  return fits ? std::optional<json::value>(value) : std::nullopt;
}

std::optional<json::value> to_whole_number(const json::value& number) {
  const auto* real = number.if_double();
  if (real == nullptr) return only_if(is_number(number), number);
  constexpr double kExactMax = 9'007'199'254'740'992.0;
  if (std::trunc(*real) != *real || std::abs(*real) > kExactMax) return std::nullopt;
  return json::value(static_cast<std::int64_t>(*real));
}

std::optional<json::value> to_boolean(const json::value& value) {
  if (const auto* text = value.if_string()) {
    const std::string word = to_lower_ascii(view(*text));
    if (word == "true" || word == "false") return json::value(word == "true");
  }
  return only_if(value.is_bool(), value);
}

bool is_reference(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return value.is_string();
  const auto* collection = object->if_contains("collection_id");
  const auto* document = object->if_contains("document_id");
  return collection != nullptr && collection->is_string() && document != nullptr &&
         document->is_string();
}

// A list fits an enum if it is one of the values, or if each of its items is.
bool is_choice(const json::value& value, const ValueSet& choices) {
  if (choices.contains(value)) return true;
  const auto* array = value.if_array();
  return array != nullptr &&
         std::all_of(array->begin(), array->end(),
                     [&](const json::value& item) { return choices.contains(item); });
}

class Binder {
 public:
  Result<json::object> bind(const InputFields& fields, const json::object& values,
                            const std::string& location) {
    json::object out = values;
    for (const auto& field : fields.fields) {
      const json::string_view name(field.name.data(), field.name.size());
      const std::string at = fmt::format("{}.{}", location, field.name);
      const auto* value = values.if_contains(name);
      if (value == nullptr || value->is_null()) {
        value = field.fallback;
        TRAWL_TRY(charge(field, at));
      }
      if (value != nullptr) {
        TRAWL_ASSIGN(out[name], convert(*value, field, at));
      } else if (field.required) {
        return refuse_input(
            at, fmt::format("is required; give {}", with_article(field.type_word)));
      }
    }
    for (const auto name : fields.required) {
      const auto* value = out.if_contains(json::string_view(name.data(), name.size()));
      if (value == nullptr || value->is_null()) {
        return refuse_input(fmt::format("{}.{}", location, name), "is required");
      }
    }
    return out;
  }

  Result<json::value> convert(const json::value& value, const InputField& field,
                              const std::string& location) {
    TRAWL_ASSIGN(auto converted, convert_type(value, field, location));
    if (!converted) {
      return refuse_input(
          location, fmt::format("is {}, which is not {}; {}",
                                truncate_text(to_json_text(value), kShownMax),
                                with_article(field.type_word), what_to_use(field.type)));
    }
    if (field.choices != nullptr && !is_choice(*converted, *field.choice_set)) {
      return refuse_input(
          location,
          fmt::format("is {}; use one of {}", truncate_text(to_json_text(value), kShownMax),
                      truncate_text(to_json_text(*field.choices), 4 * kShownMax)));
    }
    return std::move(*converted);
  }

 private:
  // The value as its type wants it, or nothing when it is of another.
  Result<std::optional<json::value>> convert_type(const json::value& value,
                                                  const InputField& field,
                                                  const std::string& location) {
    switch (field.type) {
      case InputType::text:
        return only_if(value.is_string(), value);
      case InputType::number:
      case InputType::integer: {
        // Forms and query strings know only text.
        const auto* text = value.if_string();
        const auto spelled =
            text == nullptr ? std::nullopt : parse_number(trim(view(*text)));
        const json::value& number = spelled ? *spelled : value;
        if (field.type == InputType::integer) return to_whole_number(number);
        return only_if(is_number(number), number);
      }
      case InputType::boolean:
        return to_boolean(value);
      case InputType::time:
        return only_if(
            value.is_string() && parse_time(view(value.get_string())).has_value(), value);
      case InputType::file:
        return only_if(value.is_string() || value.is_object(), value);
      case InputType::reference:
        return only_if(is_reference(value), value);
      case InputType::array:
        return convert_items(value, field, location);
      case InputType::object: {
        const auto* object = value.if_object();
        if (object == nullptr) return std::optional<json::value>();
        TRAWL_ASSIGN(auto out, bind(field.properties, *object, location));
        return std::optional<json::value>(std::move(out));
      }
    }
    return std::optional<json::value>();
  }

  Result<std::optional<json::value>> convert_items(const json::value& value,
                                                   const InputField& field,
                                                   const std::string& location) {
    const auto* array = value.if_array();
    if (array == nullptr || field.items == nullptr) return only_if(array != nullptr, value);
    json::array out;
    out.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      TRAWL_ASSIGN(auto item,
                   convert((*array)[i], *field.items, fmt::format("{}[{}]", location, i)));
      out.push_back(std::move(item));
    }
    return std::optional<json::value>(std::move(out));
  }

  // A default inside the items of a list is filled in once for every item, so a small
  // request could ask for gigabytes.
  Result<void> charge(const InputField& field, const std::string& location) {
    filled_ += field.fallback_size;
    if (filled_ <= kInputDefaultsMax) return {};
    return refuse_input(location,
                        fmt::format("is left to its default, and the defaults together "
                                    "take more than {} bytes; give the value",
                                    kInputDefaultsMax));
  }

  std::size_t filled_ = 0;
};

// A default must fit its own field. Every one is tried, wherever it stands.
Result<void> check_defaults(const InputFields& fields);

Result<void> check_default(const InputField& field) {
  if (field.items != nullptr) TRAWL_TRY(check_default(*field.items));
  TRAWL_TRY(check_defaults(field.properties));
  if (field.fallback != nullptr) {
    TRAWL_TRY(Binder().convert(*field.fallback, field, field.location + ".default"));
  }
  return {};
}

Result<void> check_defaults(const InputFields& fields) {
  for (const auto& field : fields.fields) TRAWL_TRY(check_default(field));
  return {};
}

}  // namespace

Result<json::object> bind_inputs(const json::value* schema, json::object inputs) {
  if (schema == nullptr || schema->is_null()) return inputs;
  TRAWL_ASSIGN(const auto fields, read_input_fields(*schema));
  TRAWL_TRY(check_defaults(fields));
  return Binder().bind(fields, inputs, "inputs");
}

}  // namespace trawl
