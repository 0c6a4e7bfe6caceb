#include "cli/commands/value.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace trawl::cli {
namespace {

bool is_text_type(std::string_view type) {
  return type == "string" || type == "text" || type == "date" || type == "datetime" ||
         type == "image" || type == "audio" || type == "video" || type == "pdf" ||
         type == "excel";
}

bool schema_says_text(const json::object& schema, std::string_view name) {
  const auto* field = schema.if_contains(name);
  const auto* object = field ? field->if_object() : nullptr;
  const auto* type = object ? object->if_contains("type") : nullptr;
  return type && type->is_string() && is_text_type(view(type->get_string()));
}

}  // namespace

Outcome<Input> parse_input(std::string_view text, const json::object& schema) {
  const auto at = text.find('=');
  if (at == std::string_view::npos || at == 0)
    return usage_failure(fmt::format("the input '{}' is not of the form name=value", text));
  Input input{std::string(text.substr(0, at)), nullptr};
  const std::string_view value = text.substr(at + 1);
  if (!schema_says_text(schema, input.name)) {
    if (auto parsed = parse_json(value)) {
      input.value = std::move(*parsed);
      return input;
    }
  }
  if (!is_valid_utf8(value))
    return usage_failure(fmt::format("the input '{}' is not valid UTF-8", input.name));
  input.value = json::string(value);
  return input;
}

Outcome<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const auto at = text.find('=');
  if (at == std::string_view::npos || at == 0) {
    return usage_failure(
        fmt::format("--label is '{}'; use name=value, as in team=search", text));
  }
  if (!is_valid_utf8(text)) return usage_failure("--label is not valid UTF-8");
  // Nobody who writes a=1,b=2 means one label whose value is "1,b=2".
  const auto comma = text.find(',', at);
  if (comma != std::string_view::npos) {
    const auto rest = text.substr(comma + 1);
    const auto equals = rest.find('=');
    if (equals != std::string_view::npos && equals > 0 &&
        rest.substr(0, equals).find_first_of(" ,") == std::string_view::npos) {
      return usage_failure(
          fmt::format("--label is '{}', which is several; give each its own: --label {} "
                      "--label {}",
                      text, text.substr(0, comma), rest));
    }
  }
  return std::pair(std::string(text.substr(0, at)), std::string(text.substr(at + 1)));
}

Outcome<json::object> parse_field(std::string_view text) {
  json::object field;
  std::string_view name = text;
  const auto at = text.rfind(':');
  if (at != std::string_view::npos) {
    std::int64_t weight = 0;
    if (!parse_integer(text.substr(at + 1), weight) || weight < 1 || weight > 10)
      return usage_failure(fmt::format(
          "the field '{}' has no weight from 1 to 10 after the colon, as in name:3", text));
    name = text.substr(0, at);
    field["path"] = name;
    field["weight"] = weight;
  } else {
    field["path"] = name;
  }
  if (name.empty()) return usage_failure(fmt::format("the field '{}' has no name", text));
  return field;
}

Outcome<json::array> parse_fields(const std::vector<std::string>& texts) {
  json::array fields;
  for (const std::string_view text : texts) {
    for (std::size_t start = 0; start <= text.size();) {
      auto end = text.find(',', start);
      if (end == std::string_view::npos) end = text.size();
      TRAWL_ASSIGN(auto field, parse_field(trim(text.substr(start, end - start))));
      fields.push_back(std::move(field));
      start = end + 1;
    }
  }
  return fields;
}

}  // namespace trawl::cli
