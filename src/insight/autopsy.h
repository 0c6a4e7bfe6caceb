#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "model/execution.h"

namespace trawl {

inline constexpr std::uint32_t kAutopsyPeersMax = 200;
inline constexpr TimeUs kAutopsySpan = TimeUs{7} * 24 * 3'600 * kMicrosPerSecond;
// Fewer than these say nothing of what is usual.
inline constexpr std::size_t kAutopsyPeersMin = 5;

// A figure of a stage beside those of the same stage in other runs.
struct Vital {
  double value = 0;
  // Of at least kAutopsyPeersMin others; none where there are fewer.
  std::optional<double> p50;
  std::optional<double> p99;
};

struct StageVitals {
  std::string stage_name;
  std::string stage_id;
  std::size_t peers = 0;  // Runs in which the stage ran to its end.
  Vital duration_ms;
  Vital input_count;
  Vital output_count;
};

// How the stages of an execution compare with those of others of its shape.
struct Autopsy {
  std::size_t peers = 0;
  Vital duration_ms;  // Of the whole run.
  std::vector<StageVitals> stages;
  std::optional<std::size_t> unlike;  // The stage that is most unlike itself.
  std::string sentence;
};

// Of others, those that completed and have the same shape.
Autopsy compare_with_peers(const Execution& execution, std::span<const Execution> peers);

// The last kAutopsyPeersMax of its shape that completed within kAutopsySpan before it.
//   errors of Ledger::list()
Result<std::vector<Execution>> find_peers(const Ledger& ledger, const Execution& execution);

}  // namespace trawl
