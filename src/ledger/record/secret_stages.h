#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/json.h"
#include "ledger/record/recording_policy.h"
#include "model/execution.h"

namespace trawl {

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
  void withhold(Execution& execution) const;

 private:
  bool is_secret(const StageRecord& stage, std::size_t place) const;
  static const json::value* stage_at(const json::value& pipeline, std::size_t place);

  const InputsRead& inputs_read_;
  const json::value& written_;
  const json::value& recorded_;
  std::unordered_set<std::string> inputs_;
  bool all_inputs_ = false;
};

}  // namespace trawl
