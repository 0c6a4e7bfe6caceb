#include "pipeline/template/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/field_path.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "pipeline/template/expression.h"
#include "query/absent.h"

namespace trawl {
namespace {

// Where the "}}" stands that ends the expression beginning at `begin`. Quoted text may
// hold braces.
std::size_t find_close(std::string_view text, std::size_t begin) {
  char quote = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '}' && text.substr(i).starts_with("}}")) {
      return i;
    }
  }
  return std::string_view::npos;
}

// About how many bytes the value is as JSON; counting stops soon after `limit`.
std::size_t measure(const json::value& value, std::size_t limit) {
  if (const auto* text = value.if_string()) return text->size();
  std::size_t size = 8;
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) {
      if (size > limit) break;
      size += measure(item, limit - size) + 1;
    }
  } else if (const auto* object = value.if_object()) {
    for (const auto& field : *object) {
      if (size > limit) break;
      size += field.key().size() + 4;
      size += measure(field.value(), limit - std::min(size, limit));
    }
  }
  return size;
}

Error too_large(std::string_view what, std::size_t limit) {
  return make_error(ErrorCode::invalid,
                    fmt::format("{} becomes larger than {} bytes when its templates are "
                                "filled in; insert less",
                                what, limit));
}

// {"type": "dynamic", "field": "inputs.x"}: the path, or nothing.
std::optional<std::string_view> dynamic_field(const json::object& object) {
  if (object.size() != 2) return std::nullopt;
  const auto* type = object.if_contains("type");
  const auto* field = object.if_contains("field");
  if (type == nullptr || !type->is_string() || type->get_string() != "dynamic" ||
      field == nullptr || !field->is_string()) {
    return std::nullopt;
  }
  return view(field->get_string());
}

Result<TemplateNamespace> dynamic_namespace(std::string_view field) {
  auto name = parse_template_namespace(field.substr(0, field.find('.')));
  if (!name) {
    return make_error(ErrorCode::invalid,
                      fmt::format("the dynamic field {}", name.error().message));
  }
  return name;
}

// The location of an error is put together on the way out, where it costs nothing while
// nothing is wrong: "[0]", then "b[0]", then "a.b[0]".
Error at_key(Error error, std::string_view key) {
  error.location = error.location.empty() || error.location.front() == '['
                       ? fmt::format("{}{}", key, error.location)
                       : fmt::format("{}.{}", key, error.location);
  return error;
}

Error at_index(Error error, std::size_t index) {
  const bool joined = error.location.empty() || error.location.front() == '[';
  error.location = fmt::format("[{}]{}{}", index, joined ? "" : ".", error.location);
  return error;
}

// Renders every string inside a value and counts what they become.
class Renderer {
 public:
  Renderer(const TemplateScope& scope, Guarded& guarded)
      : scope_(scope), guarded_(guarded), inside_(guarded.all) {}

  Result<json::value> render(const json::value& value) {
    count_work();
    if (const auto* text = value.if_string()) {
      if (view(*text).find("{{") == std::string_view::npos) return value;
      TRAWL_ASSIGN(const auto parsed, Template::parse(view(*text)));
      std::vector<std::string> absent;
      TRAWL_ASSIGN(auto rendered, parsed.render(scope_, &absent));
      if (inside_ && !absent.empty()) return missing(std::move(absent.front()));
      for (auto& path : absent) note(guarded_.unfilled, std::move(path));
      return count(std::move(rendered));
    }
    if (const auto* array = value.if_array()) return render(*array);
    if (const auto* object = value.if_object()) return render(*object);
    return value;
  }

 private:
  Result<json::value> render(const json::array& array) {
    json::array out;
    out.reserve(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) {
      auto item = render(array[i]);
      if (!item) return at_index(std::move(item).error(), i);
      out.push_back(std::move(*item));
    }
    return json::value(std::move(out));
  }

  Result<json::value> render(const json::object& object) {
    if (const auto field = dynamic_field(object)) {
      TRAWL_ASSIGN(const auto name, dynamic_namespace(*field));
      json::value found = find_dynamic(name, *field);
      if (found.is_null() && find_namespace(scope_, name) != nullptr) {
        std::string path = truncate_text(*field, 200);
        if (inside_) return missing(std::move(path));
        note(guarded_.unfilled, std::move(path));
      }
      return count(std::move(found));
    }
    json::object out;
    out.reserve(object.size());
    for (const auto& field : object) {
      const bool outside = !inside_;
      const auto& members = guarded_.members;
      inside_ = inside_ ||
                std::find(members.begin(), members.end(), key_of(field)) != members.end();
      auto value = render(field.value());
      if (outside) inside_ = false;
      if (!value) return at_key(std::move(value).error(), key_of(field));
      out[field.key()] = std::move(*value);
    }
    return json::value(std::move(out));
  }

  json::value find_dynamic(TemplateNamespace name, std::string_view field) const {
    const json::object* root = find_namespace(scope_, name);
    if (root == nullptr) return nullptr;
    const auto dot = field.find('.');
    if (dot == std::string_view::npos) return *root;
    json::value list;
    const auto* value = find_values(*root, field.substr(dot + 1)).as_one(list);
    return value == nullptr ? json::value() : *value;
  }

  json::value missing(std::string path) {
    note(guarded_.absent, std::move(path));
    return absent_value();
  }

  static void note(std::vector<std::string>& all, std::string path) {
    if (std::find(all.begin(), all.end(), path) == all.end()) {
      all.push_back(std::move(path));
    }
  }

  Result<json::value> count(json::value value) {
    total_ += measure(value, kTemplateOutputTotalMax);
    if (total_ > kTemplateOutputTotalMax) return too_large("this", kTemplateOutputTotalMax);
    return value;
  }

  const TemplateScope& scope_;
  Guarded& guarded_;
  bool inside_;
  std::size_t total_ = 0;
};

bool add_value_inputs(const json::value& value, std::vector<std::string>& names) {
  if (const auto* text = value.if_string()) {
    if (view(*text).find("{{") == std::string_view::npos) return true;
    const auto parsed = Template::parse(view(*text));
    return parsed && parsed->add_inputs_read(names);
  }
  if (const auto* array = value.if_array()) {
    return std::all_of(array->begin(), array->end(), [&names](const json::value& item) {
      return add_value_inputs(item, names);
    });
  }
  const auto* object = value.if_object();
  if (object == nullptr) return true;
  if (const auto field = dynamic_field(*object)) {
    const auto name = dynamic_namespace(*field);
    if (!name) return false;
    if (*name != TemplateNamespace::inputs) return true;
    const auto dot = field->find('.');
    if (dot == std::string_view::npos) return false;
    return add_input_names(field->substr(dot + 1), names);
  }
  return std::all_of(object->begin(), object->end(), [&names](const auto& field) {
    return add_value_inputs(field.value(), names);
  });
}

Result<void> check_value(const json::value& value) {
  if (const auto* text = value.if_string()) return check_template(view(*text));
  if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (auto item = check_value((*array)[i]); !item) {
        return at_index(std::move(item).error(), i);
      }
    }
  } else if (const auto* object = value.if_object()) {
    if (const auto field = dynamic_field(*object)) {
      TRAWL_TRY(dynamic_namespace(*field));
      return {};
    }
    for (const auto& field : *object) {
      if (auto item = check_value(field.value()); !item) {
        return at_key(std::move(item).error(), key_of(field));
      }
    }
  }
  return {};
}

}  // namespace

struct Template::Parts {
  struct Part {
    std::string text;  // Comes before the expression.
    std::optional<Expression> expression;
  };
  std::vector<Part> parts;
};

Result<Template> Template::parse(std::string_view text) {
  count_work(text.size() / kBytesPerStep + 1);
  auto out = std::make_shared<Parts>();
  std::size_t at = 0;
  while (true) {
    const auto open = text.find("{{", at);
    if (open == std::string_view::npos) break;
    const auto close = find_close(text, open + 2);
    if (close == std::string_view::npos) {
      return make_error(
          ErrorCode::invalid,
          fmt::format("the template has '{{{{' without '}}}}' (at offset {}); "
                      "close it, or write {{{{ \"{{{{\" }}}} for the braces "
                      "themselves",
                      open));
    }
    if (out->parts.size() == kTemplateExpressionCountMax) {
      return make_error(ErrorCode::invalid,
                        fmt::format("the template has more than {} expressions",
                                    kTemplateExpressionCountMax));
    }
    TRAWL_ASSIGN(auto expression,
                 Expression::parse(text.substr(open + 2, close - open - 2), open + 2));
    out->parts.push_back({std::string(text.substr(at, open - at)), std::move(expression)});
    at = close + 2;
  }
  if (at < text.size() || out->parts.empty()) {
    out->parts.push_back({std::string(text.substr(at)), std::nullopt});
  }
  return Template(std::move(out));
}

bool Template::is_plain() const {
  return !parts_->parts.front().expression;
}

Result<json::value> Template::render(const TemplateScope& scope,
                                     std::vector<std::string>* absent) const {
  const auto& parts = parts_->parts;
  const auto evaluate = [&](const Expression& expression) {
    std::string path;
    auto value = expression.evaluate(scope, &path);
    if (absent != nullptr && !path.empty()) absent->push_back(std::move(path));
    return value;
  };
  if (parts.size() == 1 && parts.front().text.empty() && parts.front().expression) {
    TRAWL_ASSIGN(auto value, evaluate(*parts.front().expression));
    if (measure(value, kTemplateOutputMax) > kTemplateOutputMax) {
      return too_large("the text", kTemplateOutputMax);
    }
    return value;
  }
  std::string out;
  for (const auto& part : parts) {
    out += part.text;
    if (part.expression) {
      TRAWL_ASSIGN(const auto value, evaluate(*part.expression));
      append_template_text(out, value);
    }
    if (out.size() > kTemplateOutputMax) return too_large("the text", kTemplateOutputMax);
  }
  return text_value(out);
}

bool Template::add_inputs_read(std::vector<std::string>& names) const {
  return std::all_of(parts_->parts.begin(), parts_->parts.end(),
                     [&names](const auto& part) {
                       return !part.expression || part.expression->add_inputs_read(names);
                     });
}

std::optional<std::vector<std::string>> inputs_read(const json::value& value) {
  std::vector<std::string> names;
  if (!add_value_inputs(value, names)) return std::nullopt;
  return names;
}

Result<void> check_template(std::string_view text) {
  TRAWL_TRY(Template::parse(text));
  return {};
}

Result<json::value> render_template(std::string_view text, const TemplateScope& scope) {
  TRAWL_ASSIGN(const auto parsed, Template::parse(text));
  return parsed.render(scope);
}

Result<json::value> render_templates(const json::value& value, const TemplateScope& scope) {
  Guarded nothing;
  return Renderer(scope, nothing).render(value);
}

Result<json::value> render_templates(const json::value& value, const TemplateScope& scope,
                                     Guarded& guarded) {
  return Renderer(scope, guarded).render(value);
}

std::optional<std::string> find_statement(const json::value& value) {
  if (const auto* text = value.if_string()) {
    const auto begin = view(*text).find("{%");
    if (begin == std::string_view::npos) return std::nullopt;
    const bool closes = view(*text).find("%}", begin) != std::string_view::npos;
    return closes ? std::optional<std::string>("") : std::nullopt;
  }
  // As at_key() and at_index() join them.
  const auto within = [](const std::string& key, const std::string& inner) {
    return inner.empty() || inner.front() == '[' ? key + inner : key + "." + inner;
  };
  if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (const auto found = find_statement((*array)[i])) {
        return within(fmt::format("[{}]", i), *found);
      }
    }
  } else if (const auto* object = value.if_object()) {
    for (const auto& field : *object) {
      if (const auto found = find_statement(field.value())) {
        return within(std::string(key_of(field)), *found);
      }
    }
  }
  return std::nullopt;
}

Result<void> check_templates(const json::value& value, const std::string& location) {
  auto checked = check_value(value);
  if (checked) return {};
  Error error = std::move(checked).error();
  if (!location.empty()) error = at_key(std::move(error), location);
  return error;
}

}  // namespace trawl
