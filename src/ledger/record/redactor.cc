// What a policy does to an execution; recording_policy.cc reads it.
#include "ledger/record/redactor.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/hash.h"
#include "ledger/record/input_summary.h"
#include "ledger/record/redacted_json.h"
#include "model/execution_json.h"
#include "model/recorded_fields.h"

namespace trawl {
namespace {

constexpr std::string_view kMaskedInputs = "\"***\"";

template <class Visit>
void for_each_scalar(const json::value& value, const Visit& visit) {
  if (const auto* object = value.if_object()) {
    for (const auto& field : *object) for_each_scalar(field.value(), visit);
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) for_each_scalar(item, visit);
  } else if (const auto text = scalar_text(value)) {
    visit(*text);
  }
}

// Calls `visit` with every field that may quote a client, but those of several texts.
template <class Visit>
void for_each_client_text(Execution& execution, const Visit& visit) {
  for_each_kept([&]<class Member>(const RecordedMember<Member>& field) {
    using Value = std::decay_t<decltype(value_of(field, execution))>;
    if constexpr (std::is_same_v<Value, std::string> ||
                  std::is_same_v<Value, std::optional<std::string>>) {
      if (field.kind == FieldKind::text) visit(value_of(field, execution));
    }
  });
}

// Leaves nothing in the execution that a client wrote but ids.
void withhold_texts(Execution& execution) {
  if (execution.inputs) {
    execution.inputs = kMaskedInputs;
    execution.inputs_hash = hash_inputs(kMaskedInputs);
  } else {
    execution.inputs_hash.reset();
  }
  if (!execution.pipeline.empty()) {
    execution.pipeline.clear();
    execution.fingerprint.clear();
  }
  for_each_client_text(execution, [](auto& text) {
    if constexpr (std::is_same_v<std::decay_t<decltype(text)>, std::string>) {
      text.clear();
    } else if (text) {
      text = kMaskedValue;
    }
  });
  execution.summary.query_summary.reset();
  for (auto& stage : execution.stages) {
    stage.stage_name = stage.stage_id;
    if (stage.error) stage.error = kMaskedValue;
    stage.warnings.clear();
    forget_content(stage);
  }
  execution.labels.clear();
}

void strip_to_summary(Execution& execution) {
  execution.summary.query_summary.reset();
  execution.inputs.reset();
  execution.pipeline.clear();
  execution.results.clear();
  for (auto& stage : execution.stages) {
    forget_content(stage);
    stage.candidates_truncated |= !stage.candidates.empty();
    stage.candidates.clear();
  }
}

}  // namespace

Redactor::Redactor(const RecordingPolicy& policy) : policy_(policy) {
  for (const auto& rule : policy.rules_) has_fields_ |= rule->pattern == nullptr;
}

void Redactor::redact(Execution& execution) {
  std::optional<json::value> inputs;
  if (execution.inputs) {
    if (auto parsed = parse_json(*execution.inputs)) inputs = std::move(*parsed);
  }
  std::optional<json::value> pipeline;
  if (!execution.pipeline.empty()) {
    if (auto parsed = parse_json(execution.pipeline)) pipeline = std::move(*parsed);
  }
  const json::value sent = inputs.value_or(nullptr);
  const json::value written = pipeline.value_or(nullptr);
  // First everything that must not be quoted is known, then the quotes are looked for.
  if (inputs) {
    redact_fields(*inputs);
    learn_matches(*inputs);
  } else if (execution.inputs && has_fields_) {
    // Nobody can tell which part of it is the field, so nothing may quote any part.
    withhold_texts(execution);
    return;
  } else if (execution.inputs) {
    values_.add(*execution.inputs, kMaskedValue);
  }
  if (pipeline) {
    redact_defaults(*pipeline);
    learn_matches(*pipeline);
  }
  values_.seal();
  if (values_.overflowed()) {
    withhold_texts(execution);
    return;
  }
  write_inputs(execution, inputs);
  write_pipeline(execution, pipeline);
  const json::value recorded = pipeline.value_or(nullptr);
  SecretStages secret(policy_.inputs_read_, written, recorded);
  note_changes(secret, sent, inputs, execution.inputs.has_value(), written, recorded);
  secret.withhold(execution);
  summarize_again(execution, sent, inputs, written, recorded);
  scrub_texts(execution);
}

void Redactor::mask_inputs(Execution& execution, const InputsRead& inputs_read) {
  if (!execution.inputs) return;
  RedactedValues values;
  const auto inputs = parse_json(*execution.inputs);
  if (inputs) {
    for_each_scalar(*inputs,
                    [&](const std::string& text) { values.add(text, kMaskedValue); });
  } else {
    values.add(*execution.inputs, kMaskedValue);
  }
  values.seal();
  if (!inputs || !inputs->is_object() || !inputs->get_object().empty()) {
    json::value pipeline;
    if (auto parsed = parse_json(execution.pipeline)) pipeline = std::move(*parsed);
    SecretStages secret(inputs_read, pipeline, pipeline);
    secret.add_all_inputs();
    secret.withhold(execution);
  }
  const auto mask = [&](std::string& text) {
    if (values.overflowed()) {
      text = kMaskedValue;
      return;
    }
    std::vector<TextCut> cuts;
    values.find_in(text, cuts);
    apply_cuts(text, cuts);
  };
  if (execution.error) mask(*execution.error);
  for (auto& stage : execution.stages) {
    if (stage.error) mask(*stage.error);
    for (auto& warning : stage.warnings) mask(warning);
  }
}

void Redactor::write_inputs(Execution& execution,
                            std::optional<json::value>& inputs) const {
  if (!execution.inputs) {
    // What others hashed, or summarised, was not redacted, and we cannot tell what of it
    // would have to be.
    execution.inputs_hash.reset();
    if (has_fields_) execution.summary.query_summary.reset();
    return;
  }
  if (inputs) {
    scrub(*inputs);
    scrub_short_values(*inputs);
    execution.inputs = to_json_text(*inputs);
  } else {
    execution.inputs = kMaskedInputs;
  }
  execution.inputs_hash = hash_inputs(*execution.inputs);
}

void Redactor::write_pipeline(Execution& execution,
                              std::optional<json::value>& pipeline) const {
  if (execution.pipeline.empty()) return;
  std::string text;
  if (pipeline) {
    scrub(*pipeline);
    text = canonical_json(*pipeline);
  }
  if (text == execution.pipeline) return;
  execution.pipeline = std::move(text);
  execution.fingerprint = sha256_hex(execution.pipeline);
}

void Redactor::note_changes(SecretStages& secret, const json::value& sent,
                            const std::optional<json::value>& inputs, bool has_inputs,
                            const json::value& written, const json::value& recorded) const {
  if (inputs) {
    note_members(secret, sent, *inputs);
  } else if (has_inputs || has_fields_) {
    secret.add_all_inputs();
  }
  const json::value* schema = member_of(written, "input_schema");
  const json::value* left = member_of(recorded, "input_schema");
  if (schema == nullptr || (left != nullptr && *schema == *left)) return;
  note_members(secret, *schema, left == nullptr ? json::value() : *left);
  if (const auto* wrapped = member_of(*schema, "properties")) {
    const json::value* kept = left == nullptr ? nullptr : member_of(*left, "properties");
    note_members(secret, *wrapped, kept == nullptr ? json::value() : *kept);
  }
}

void Redactor::note_members(SecretStages& secret, const json::value& before,
                            const json::value& after) {
  const auto* object = before.if_object();
  if (object == nullptr) {
    if (before != after) secret.add_all_inputs();
    return;
  }
  for (const auto& field : *object) {
    const std::string_view key(field.key().data(), field.key().size());
    const json::value* left = member_of(after, key);
    if (left == nullptr || *left != field.value()) secret.add_input(key);
  }
}

void Redactor::summarize_again(Execution& execution, const json::value& sent,
                               const std::optional<json::value>& inputs,
                               const json::value& written, const json::value& recorded) {
  auto& summary = execution.summary.query_summary;
  if (!summary || !execution.inputs) return;
  if (!inputs || !inputs->is_object()) {
    summary = kMaskedValue;
    return;
  }
  const json::value* schema = member_of(recorded, "input_schema");
  const json::value* schema_written = member_of(written, "input_schema");
  const bool same_schema =
      schema == schema_written ||
      (schema != nullptr && schema_written != nullptr && *schema == *schema_written);
  if (sent == *inputs && same_schema) return;
  json::object all = inputs->get_object();
  const auto add_defaults = [&](const json::value* fields) {
    const auto* object = fields == nullptr ? nullptr : fields->if_object();
    if (object == nullptr) return;
    for (const auto& field : *object) {
      const std::string_view key(field.key().data(), field.key().size());
      if (member_of(sent, key) != nullptr) continue;
      if (const auto* value = member_of(field.value(), "default")) {
        all[field.key()] = *value;
      }
    }
  };
  add_defaults(schema);
  if (schema != nullptr) add_defaults(member_of(*schema, "properties"));
  summary = summarize_inputs(all);
}

void Redactor::scrub_texts(Execution& execution) const {
  const auto scrub_optional = [this](std::optional<std::string>& text) {
    if (text) scrub(*text);
  };
  for_each_client_text(execution, [&](auto& text) {
    if constexpr (std::is_same_v<std::decay_t<decltype(text)>, std::string>) {
      scrub(text);
    } else {
      scrub_optional(text);
    }
  });
  for (auto& stage : execution.stages) {
    scrub(stage.stage_name);
    scrub_optional(stage.error);
    for (auto& warning : stage.warnings) scrub(warning);
    json::value metadata(std::move(stage.metadata));
    scrub(metadata);
    stage.metadata = std::move(metadata.get_object());
    const auto scrub_object = [this](std::optional<json::object>& object) {
      if (!object) return;
      json::value value(std::move(*object));
      scrub(value);
      object = std::move(value.get_object());
    };
    scrub_object(stage.parameters);
    for (ScoredId& candidate : stage.candidates) scrub_object(candidate.written);
  }
  for (auto& [name, value] : execution.labels) {
    scrub(name);
    scrub(value);
    if (is_short_value(value)) value = kMaskedValue;
  }
}

void RecordingPolicy::apply(Execution& execution, RecordingMode requested) const {
  if (redacts()) {
    Redactor(*this).redact(execution);
    for (StageRecord& stage : execution.stages) forget_calls(stage);
  }
  if (std::max(mode_, requested) == RecordingMode::summary) {
    Redactor::mask_inputs(execution, inputs_read_);
    strip_to_summary(execution);
  }
}

void record_least(Execution& execution) {
  withhold_texts(execution);
  strip_to_summary(execution);
  execution.inputs_hash.reset();
}

}  // namespace trawl
