#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "model/execution.h"
#include "pipeline/external_calls.h"

namespace trawl {

// What an earlier run of a pipeline left to chance, saw of the world around it or was told
// from outside: a run that is given it does the same again, over the same versions.
struct RunReplay {
  struct Stage {
    std::string stage_name;
    std::string stage_id;
    std::optional<std::int64_t> seed;
    std::optional<TemplateContext> context;
    // It cost nothing then, since its result was known.
    bool cache_hit = false;
    std::vector<ExternalCall> external_calls;  // With the answers that were kept.
  };

  ExecutionId execution_id;  // As templates saw it.
  std::vector<Stage> stages;
  Externals externals = Externals::recorded;
  // How many of the first stages of the run do as then. Those behind are on their own but
  // for that id: they draw anew, and ask whom they like.
  std::size_t stage_end = std::numeric_limits<std::size_t>::max();

  // The stage of that name and kind; null where there was none.
  const Stage* find(std::string_view stage_name, std::string_view stage_id) const {
    for (const Stage& stage : stages) {
      if (stage.stage_name == stage_name && stage.stage_id == stage_id) return &stage;
    }
    return nullptr;
  }
};

}  // namespace trawl
