// What of the inputs, and of their defaults, the rules for fields take.
#include "ledger/record/redactor.h"

#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/record/redacted_json.h"

namespace trawl {

std::string Redactor::hash_of(std::string_view bytes) const {
  return std::string(kHashPrefix) +
         hmac_sha256_hex(policy_.hash_key_, bytes).substr(0, kHashDigits);
}

std::string Redactor::replacement_of(RedactAction action, std::string_view text) const {
  return action == RedactAction::hash ? hash_of(text) : std::string(kMaskedValue);
}

void Redactor::redact_fields(json::value& inputs) {
  for (const auto& rule : policy_.rules_) {
    if (rule->pattern == nullptr) walk(inputs, *rule, rule->begin());
  }
}

void Redactor::walk(json::value& value, const Rule& rule, Rule::Places places) {
  if (auto* object = value.if_object()) {
    std::vector<std::string> dropped;
    for (auto& field : *object) {
      const std::string_view key(field.key().data(), field.key().size());
      if (take(field.value(), rule, rule.step_key(places, key))) {
        dropped.emplace_back(key);
      }
    }
    if (dropped.empty()) return;
    json::object kept;
    std::size_t next = 0;
    for (auto& field : *object) {
      const std::string_view key(field.key().data(), field.key().size());
      if (next < dropped.size() && key == dropped[next]) {
        ++next;
      } else {
        kept.emplace(field.key(), std::move(field.value()));
      }
    }
    *object = std::move(kept);
  } else if (auto* array = value.if_array()) {
    json::array kept;
    for (std::size_t i = 0; i < array->size(); ++i) {
      json::value& item = (*array)[i];
      // A path may name an item of an array, or pass through the array without a word.
      const Rule::Places next = rule.step(places, std::to_string(i));
      if (!take(item, rule, next, places)) kept.push_back(std::move(item));
    }
    *array = std::move(kept);
  }
}

bool Redactor::take(json::value& value, const Rule& rule, Rule::Places next,
                    Rule::Places passed) {
  if (!rule.is_at_end(next)) {
    walk(value, rule, next | passed);
    return false;
  }
  if (is_replacement(value)) return rule.action == RedactAction::drop;
  learn(value, rule.action);
  if (rule.action == RedactAction::drop) return true;
  const std::string text =
      value.is_string() ? std::string(view(value.get_string())) : canonical_json(value);
  value = text_value(replacement_of(rule.action, text));
  return false;
}

void Redactor::learn(const json::value& value, RedactAction action) {
  if (const auto* object = value.if_object()) {
    for (const auto& field : *object) learn(field.value(), RedactAction::mask);
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) learn(item, RedactAction::mask);
  } else if (const auto text = scalar_text(value)) {
    values_.add(*text, replacement_of(action, *text));
    if (is_number(value)) numbers_.insert(*text);
    if (!text->empty() && text->size() < RedactedValues::kValueBytesMin) {
      short_values_.insert(to_lower_ascii(*text));
    }
  }
}

void Redactor::redact_defaults(json::value& pipeline) {
  auto* object = pipeline.if_object();
  auto* schema = object == nullptr ? nullptr : object->if_contains("input_schema");
  if (schema == nullptr || !has_fields_) return;
  std::vector<Step> path;
  redact_defaults_of_fields(*schema, path);
}

void Redactor::redact_defaults_of_fields(json::value& fields, std::vector<Step>& path) {
  auto* object = fields.if_object();
  if (object == nullptr) return;
  for (auto& field : *object) {
    if (field.key() == "properties") redact_defaults_of_fields(field.value(), path);
    path.emplace_back(std::string(field.key().data(), field.key().size()));
    redact_default(field.value(), path);
    path.pop_back();
  }
}

void Redactor::redact_default(json::value& about, std::vector<Step>& path) {
  auto* object = about.if_object();
  if (object == nullptr) return;
  if (auto* value = object->if_contains("default")) {
    json::value inputs = *value;
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
      if (*step) {
        json::object outer;
        outer[**step] = std::move(inputs);
        inputs = std::move(outer);
      } else {
        inputs = json::array{std::move(inputs)};
      }
    }
    redact_fields(inputs);
    const json::value* left = &inputs;
    for (auto step = path.begin(); step != path.end() && left != nullptr; ++step) {
      left = *step ? member_of(*left, **step)
                   : (left->is_array() ? left->get_array().if_contains(0) : nullptr);
    }
    if (left == nullptr) {
      object->erase("default");
    } else {
      *value = json::value(*left);
    }
  }
  if (auto* properties = object->if_contains("properties")) {
    redact_defaults_of_fields(*properties, path);
  }
  if (auto* items = object->if_contains("items")) {
    path.emplace_back();
    redact_default(*items, path);
    path.pop_back();
  }
}

}  // namespace trawl
