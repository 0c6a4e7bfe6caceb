#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "ledger/record/recording_policy.h"
#include "ledger/record/recording_rule.h"
#include "ledger/record/redacted_values.h"
#include "ledger/record/secret_stages.h"
#include "model/execution.h"

namespace trawl {

// One application of a policy to one execution.
class Redactor {
 public:
  using Rule = RecordingPolicy::Rule;

  explicit Redactor(const RecordingPolicy& policy);

  // Takes out what the rules name, and whatever may quote it.
  void redact(Execution& execution);

  // Leaves out what quotes any of the inputs.
  static void mask_inputs(Execution& execution, const InputsRead& inputs_read);

 private:
  std::string hash_of(std::string_view bytes) const;
  std::string replacement_of(RedactAction action, std::string_view text) const;

  // What of the inputs the rules for fields take; redactor_fields.cc.
  void redact_fields(json::value& inputs);
  void walk(json::value& value, const Rule& rule, Rule::Places places);

  // Redacts the value to which a step has led, or what is inside it; `passed` are places
  // that hold as well where no step was made. True when the value has to be dropped.
  bool take(json::value& value, const Rule& rule, Rule::Places next,
            Rule::Places passed = 0);

  // What is redacted whole may be quoted in parts.
  void learn(const json::value& value, RedactAction action);

  // The defaults of the input schema are inputs that the request did not have to send.
  void redact_defaults(json::value& pipeline);

  // A step into the inputs: under a name, or into the items of an array where it is empty.
  using Step = std::optional<std::string>;

  // {name: {"type", "default", "properties", "items"}}; JSON Schema has {"properties":
  // {…}} around it.
  void redact_defaults_of_fields(json::value& fields, std::vector<Step>& path);

  // The default of one value, and those of what is inside it.
  void redact_default(json::value& about, std::vector<Step>& path);

  // Where what may not be recorded stands in texts; redactor_texts.cc.
  void find_matches(std::string_view text, std::vector<TextCut>& cuts) const;

  // A match that a message cuts short is not a match any more, so what matches is looked
  // for as a value too. What stands beyond the reach of every quote is not.
  void learn_matches(const json::value& value);
  void learn_matches_in(std::string_view text);
  bool scrub(std::string& text) const;

  // Whether a text is, as a whole, a value that is too short to be looked for in others.
  bool is_short_value(std::string_view text) const;

  // Of what the client sent beside the value: a short one is replaced as well.
  void scrub_short_values(json::value& value) const;
  bool scrub(json::value& value) const;

  // What is recorded instead; redactor.cc.
  void write_inputs(Execution& execution, std::optional<json::value>& inputs) const;
  void write_pipeline(Execution& execution, std::optional<json::value>& pipeline) const;

  // Which members of the inputs are recorded otherwise than the run had them.
  void note_changes(SecretStages& secret, const json::value& sent,
                    const std::optional<json::value>& inputs, bool has_inputs,
                    const json::value& written, const json::value& recorded) const;
  static void note_members(SecretStages& secret, const json::value& before,
                           const json::value& after);

  // A summary that was made before may hold any part of the inputs, in any form.
  static void summarize_again(Execution& execution, const json::value& sent,
                              const std::optional<json::value>& inputs,
                              const json::value& written, const json::value& recorded);
  void scrub_texts(Execution& execution) const;

  const RecordingPolicy& policy_;
  bool has_fields_ = false;
  RedactedValues values_;
  std::unordered_set<std::string> numbers_;       // The numbers among them.
  std::unordered_set<std::string> short_values_;  // Those it passes over, in lower case.
};

}  // namespace trawl
