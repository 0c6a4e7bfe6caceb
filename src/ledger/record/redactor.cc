// What a policy does to an execution; recording_policy.cc reads it.
#include "ledger/record/recording_policy.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "ledger/record/input_summary.h"
#include "ledger/record/recording_rule.h"
#include "ledger/record/redacted_values.h"
#include "ledger/record/runner_message.h"
#include "model/execution_json.h"
#include "model/recorded_fields.h"

namespace trawl {
namespace {

// A search of RE2 cannot be ended, and takes up to ten nanoseconds for each instruction of
// the pattern and byte of the text. One that might take longer than some tenths of a second
// is not begun, and all searches of a text together end after a while.
constexpr std::size_t kSearchStepsMax = 40'000'000;
constexpr std::int64_t kSearchUsMax = 200'000;
constexpr std::string_view kMaskedValue = "***";
constexpr std::string_view kMaskedInputs = "\"***\"";
constexpr std::string_view kHashPrefix = "sha256:";
constexpr std::size_t kHashDigits = 16;
// A message or a summary quotes at most the first 200 characters of a value.
constexpr std::size_t kQuotedBytesMax = 1024;
// Stands for what a stage said of values that may not be recorded.
constexpr std::string_view kWithheld =
    "not recorded, as it may quote inputs that are not recorded either";

// What a rule has left behind: a later rule leaves it alone, and so does the policy when an
// export is imported again.
bool is_replacement(const json::value& value) {
  if (!value.is_string()) return false;
  const std::string_view text = view(value.get_string());
  if (text == kMaskedValue) return true;
  return text.size() == kHashPrefix.size() + kHashDigits && text.starts_with(kHashPrefix) &&
         text.find_first_not_of("0123456789abcdef", kHashPrefix.size()) ==
             std::string_view::npos;
}

// The text by which a scalar can be quoted; nothing for null and booleans.
std::optional<std::string> scalar_text(const json::value& value) {
  if (value.is_string()) return std::string(view(value.get_string()));
  if (is_number(value)) return to_json_text(value);
  return std::nullopt;
}

// Whether a text or a {"type": "dynamic"} object in it may be filled in.
bool has_template(const json::value& value) {
  if (const auto* text = value.if_string()) {
    return view(*text).find("{{") != std::string_view::npos;
  }
  if (const auto* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), has_template);
  }
  const auto* object = value.if_object();
  if (object == nullptr) return false;
  const auto* type = object->if_contains("type");
  if (type != nullptr && *type == "dynamic") return true;
  return std::any_of(object->begin(), object->end(),
                     [](const auto& field) { return has_template(field.value()); });
}

const json::value* member(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

// What may not be recorded of the values that the stages of one execution worked with, and
// so the stages whose words may quote it.
class SecretStages {
 public:
  // `written` is the pipeline of the execution as it was sent, null where it is not known;
  // `recorded` as it is recorded.
  SecretStages(const InputsRead& inputs_read, const json::value& written,
               const json::value& recorded)
      : inputs_read_(inputs_read), written_(written), recorded_(recorded) {}

  // A member of the inputs that is not recorded as it was sent.
  void add_input(std::string_view name) { inputs_.emplace(name); }
  // Any input may be.
  void add_all_inputs() { all_inputs_ = true; }

  // Takes out what the stages said, where it may quote any of that.
  void withhold(Execution& execution) const {
    const bool any = all_inputs_ || !inputs_.empty() || written_ != recorded_;
    if (!any) return;
    bool failed_stage_is_open = false;
    for (std::size_t i = 0; i < execution.stages.size(); ++i) {
      StageRecord& stage = execution.stages[i];
      if (!is_secret(stage, i)) {
        failed_stage_is_open |= execution.failed_stage == stage.stage_name;
        continue;
      }
      if (stage.error && !is_runner_message(*stage.error)) stage.error = kWithheld;
      if (!stage.warnings.empty()) {
        stage.warnings = {fmt::format("{} warning{} {}", stage.warnings.size(),
                                      stage.warnings.size() == 1 ? " is" : "s are",
                                      kWithheld)};
      }
      stage.metadata.clear();
    }
    if (execution.error && !failed_stage_is_open && !is_runner_message(*execution.error)) {
      execution.error = execution.failed_stage
                            ? fmt::format("stage '{}' failed; its message is {}",
                                          *execution.failed_stage, kWithheld)
                            : fmt::format("the message is {}", kWithheld);
    }
  }

 private:
  bool is_secret(const StageRecord& stage, std::size_t place) const {
    const json::value* written = stage_at(written_, place);
    const json::value* recorded = stage_at(recorded_, place);
    if (written == nullptr || recorded == nullptr) return true;
    const json::value* name = member(*written, "stage_name");
    if (name == nullptr || *name != json::string_view(stage.stage_name)) return true;
    if (*written != *recorded) return true;
    // Of the config, with the filters beside the parameters.
    const json::value* config = member(*written, "config");
    if (config == nullptr) return true;
    if (!all_inputs_ && inputs_.empty()) return false;
    if (!inputs_read_) return has_template(*config);
    const auto names = inputs_read_(*config);
    if (!names) return true;
    if (all_inputs_) return !names->empty();
    return std::any_of(names->begin(), names->end(),
                       [this](const auto& read) { return inputs_.count(read) != 0; });
  }

  static const json::value* stage_at(const json::value& pipeline, std::size_t place) {
    const json::value* stages = member(pipeline, "stages");
    const json::array* list = stages == nullptr ? nullptr : stages->if_array();
    return list == nullptr ? nullptr : list->if_contains(place);
  }

  const InputsRead& inputs_read_;
  const json::value& written_;
  const json::value& recorded_;
  std::unordered_set<std::string> inputs_;
  bool all_inputs_ = false;
};

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
    stage.metadata.clear();
  }
  execution.labels.clear();
}

}  // namespace

// One application of a policy to one execution.
class Redactor {
 public:
  using Rule = RecordingPolicy::Rule;

  explicit Redactor(const RecordingPolicy& policy) : policy_(policy) {
    for (const auto& rule : policy.rules_) has_fields_ |= rule->pattern == nullptr;
  }

  void redact(Execution& execution) {
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

  // Leaves out what quotes any of the inputs.
  static void mask_inputs(Execution& execution, const InputsRead& inputs_read) {
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

 private:
  std::string hash_of(std::string_view bytes) const {
    return std::string(kHashPrefix) +
           hmac_sha256_hex(policy_.hash_key_, bytes).substr(0, kHashDigits);
  }

  std::string replacement_of(RedactAction action, std::string_view text) const {
    return action == RedactAction::hash ? hash_of(text) : std::string(kMaskedValue);
  }

  // --- fields

  void redact_fields(json::value& inputs) {
    for (const auto& rule : policy_.rules_) {
      if (rule->pattern == nullptr) walk(inputs, *rule, rule->begin());
    }
  }

  void walk(json::value& value, const Rule& rule, Rule::Places places) {
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

  // Redacts the value to which a step has led, or what is inside it; `passed` are places
  // that hold as well where no step was made. True when the value has to be dropped.
  bool take(json::value& value, const Rule& rule, Rule::Places next,
            Rule::Places passed = 0) {
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

  // What is redacted whole may be quoted in parts.
  void learn(const json::value& value, RedactAction action) {
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

  // The defaults of the input schema are inputs that the request did not have to send.
  void redact_defaults(json::value& pipeline) {
    auto* object = pipeline.if_object();
    auto* schema = object == nullptr ? nullptr : object->if_contains("input_schema");
    if (schema == nullptr || !has_fields_) return;
    std::vector<Step> path;
    redact_defaults_of_fields(*schema, path);
  }

  // A step into the inputs: under a name, or into the items of an array where it is empty.
  using Step = std::optional<std::string>;

  // {name: {"type", "default", "properties", "items"}}; JSON Schema has {"properties":
  // {…}} around it.
  void redact_defaults_of_fields(json::value& fields, std::vector<Step>& path) {
    auto* object = fields.if_object();
    if (object == nullptr) return;
    for (auto& field : *object) {
      if (field.key() == "properties") redact_defaults_of_fields(field.value(), path);
      path.emplace_back(std::string(field.key().data(), field.key().size()));
      redact_default(field.value(), path);
      path.pop_back();
    }
  }

  // The default of one value, and those of what is inside it.
  void redact_default(json::value& about, std::vector<Step>& path) {
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
        left = *step ? member(*left, **step)
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

  // --- patterns

  void find_matches(std::string_view text, std::vector<TextCut>& cuts) const {
    for (const auto& rule : policy_.rules_) {
      if (rule->pattern == nullptr) continue;
      const auto program = static_cast<std::size_t>(rule->pattern->ProgramSize());
      const std::int64_t end_us = monotonic_us() + kSearchUsMax;
      const re2::StringPiece whole(text.data(), text.size());
      re2::StringPiece found;
      for (std::size_t from = 0; from < text.size();) {
        // What cannot be searched in time may hold anything.
        if (program * (text.size() - from) > kSearchStepsMax || monotonic_us() > end_us) {
          cuts.push_back(
              {from, text.size(), replacement_of(rule->action, text.substr(from))});
          break;
        }
        if (!rule->pattern->Match(whole, from, text.size(), re2::RE2::UNANCHORED, &found,
                                  1)) {
          break;
        }
        const auto begin = static_cast<std::size_t>(found.data() - text.data());
        if (found.empty()) {
          // Only at a border such as \b; the pattern itself does not match the empty text.
          from = begin + 1;
          continue;
        }
        cuts.push_back({begin, begin + found.size(),
                        replacement_of(rule->action, {found.data(), found.size()})});
        from = begin + found.size();
      }
    }
  }

  // A match that a message cuts short is not a match any more, so what matches is looked
  // for as a value too. What stands beyond the reach of every quote is not.
  void learn_matches(const json::value& value) {
    if (const auto* object = value.if_object()) {
      for (const auto& field : *object) {
        learn_matches_in({field.key().data(), field.key().size()});
        learn_matches(field.value());
      }
    } else if (const auto* array = value.if_array()) {
      for (const auto& item : *array) learn_matches(item);
    } else if (const auto text = scalar_text(value)) {
      learn_matches_in(*text);
    }
  }

  void learn_matches_in(std::string_view text) {
    std::vector<TextCut> cuts;
    find_matches(text, cuts);
    for (const TextCut& cut : cuts) {
      if (cut.begin < kQuotedBytesMax) {
        values_.add(text.substr(cut.begin, cut.end - cut.begin), cut.replacement);
      }
    }
  }

  // --- texts

  bool scrub(std::string& text) const {
    std::vector<TextCut> cuts;
    find_matches(text, cuts);
    values_.find_in(text, cuts);
    return apply_cuts(text, cuts);
  }

  // Whether a text is, as a whole, a value that is too short to be looked for in others.
  bool is_short_value(std::string_view text) const {
    return !short_values_.empty() && text.size() < RedactedValues::kValueBytesMin &&
           short_values_.count(to_lower_ascii(text)) != 0;
  }

  // Of what the client sent beside the value: a short one is replaced as well.
  void scrub_short_values(json::value& value) const {
    if (short_values_.empty()) return;
    if (auto* object = value.if_object()) {
      for (auto& field : *object) scrub_short_values(field.value());
    } else if (auto* array = value.if_array()) {
      for (auto& item : *array) scrub_short_values(item);
    } else if (const auto text = scalar_text(value); text && is_short_value(*text)) {
      value = text_value(kMaskedValue);
    }
  }

  bool scrub(json::value& value) const {
    if (auto* object = value.if_object()) {
      bool changed = false;
      bool keys_changed = false;
      std::vector<std::string> keys;
      keys.reserve(object->size());
      for (auto& field : *object) {
        std::string& key = keys.emplace_back(field.key().data(), field.key().size());
        keys_changed |= scrub(key);
        changed |= scrub(field.value());
      }
      if (!keys_changed) return changed;
      json::object renamed;
      std::size_t i = 0;
      for (auto& field : *object) renamed[keys[i++]] = std::move(field.value());
      *object = std::move(renamed);
      return true;
    }
    if (auto* array = value.if_array()) {
      bool changed = false;
      for (auto& item : *array) changed |= scrub(item);
      return changed;
    }
    if (is_number(value)) {
      // A number is redacted where it is one of the values, or where a pattern says so, but
      // not because its digits happen to hold those of another.
      std::string text = to_json_text(value);
      std::vector<TextCut> cuts;
      find_matches(text, cuts);
      if (numbers_.count(text) != 0) {
        cuts.push_back({0, text.size(), std::string(kMaskedValue)});
      }
      if (!apply_cuts(text, cuts)) return false;
      value = text_value(text);
      return true;
    }
    if (!value.is_string() || is_replacement(value)) return false;
    std::string text(view(value.get_string()));
    if (!scrub(text)) return false;
    value = text_value(text);
    return true;
  }

  void write_inputs(Execution& execution, std::optional<json::value>& inputs) const {
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

  void write_pipeline(Execution& execution, std::optional<json::value>& pipeline) const {
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

  // Which members of the inputs are recorded otherwise than the run had them.
  void note_changes(SecretStages& secret, const json::value& sent,
                    const std::optional<json::value>& inputs, bool has_inputs,
                    const json::value& written, const json::value& recorded) const {
    if (inputs) {
      note_members(secret, sent, *inputs);
    } else if (has_inputs || has_fields_) {
      secret.add_all_inputs();
    }
    const json::value* schema = member(written, "input_schema");
    const json::value* left = member(recorded, "input_schema");
    if (schema == nullptr || (left != nullptr && *schema == *left)) return;
    note_members(secret, *schema, left == nullptr ? json::value() : *left);
    if (const auto* wrapped = member(*schema, "properties")) {
      const json::value* kept = left == nullptr ? nullptr : member(*left, "properties");
      note_members(secret, *wrapped, kept == nullptr ? json::value() : *kept);
    }
  }

  static void note_members(SecretStages& secret, const json::value& before,
                           const json::value& after) {
    const auto* object = before.if_object();
    if (object == nullptr) {
      if (before != after) secret.add_all_inputs();
      return;
    }
    for (const auto& field : *object) {
      const std::string_view key(field.key().data(), field.key().size());
      const json::value* left = member(after, key);
      if (left == nullptr || *left != field.value()) secret.add_input(key);
    }
  }

  // A summary that was made before may hold any part of the inputs, in any form.
  static void summarize_again(Execution& execution, const json::value& sent,
                              const std::optional<json::value>& inputs,
                              const json::value& written, const json::value& recorded) {
    auto& summary = execution.summary.query_summary;
    if (!summary || !execution.inputs) return;
    if (!inputs || !inputs->is_object()) {
      summary = kMaskedValue;
      return;
    }
    const json::value* schema = member(recorded, "input_schema");
    const json::value* schema_written = member(written, "input_schema");
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
        if (member(sent, key) != nullptr) continue;
        if (const auto* value = member(field.value(), "default")) all[field.key()] = *value;
      }
    };
    add_defaults(schema);
    if (schema != nullptr) add_defaults(member(*schema, "properties"));
    summary = summarize_inputs(all);
  }

  void scrub_texts(Execution& execution) const {
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
    }
    for (auto& [name, value] : execution.labels) {
      scrub(name);
      scrub(value);
      if (is_short_value(value)) value = kMaskedValue;
    }
  }

  const RecordingPolicy& policy_;
  bool has_fields_ = false;
  RedactedValues values_;
  std::unordered_set<std::string> numbers_;       // The numbers among them.
  std::unordered_set<std::string> short_values_;  // Those it passes over, in lower case.
};

namespace {

void strip_to_summary(Execution& execution) {
  execution.summary.query_summary.reset();
  execution.inputs.reset();
  execution.pipeline.clear();
  execution.results.clear();
  for (auto& stage : execution.stages) {
    stage.metadata.clear();
    stage.candidates_truncated |= !stage.candidates.empty();
    stage.candidates.clear();
  }
}

}  // namespace

void RecordingPolicy::apply(Execution& execution, RecordingMode requested) const {
  if (redacts()) Redactor(*this).redact(execution);
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
