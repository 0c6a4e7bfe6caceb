#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "insight/replay.h"
#include "model/execution.h"
#include "pipeline/pipeline_run.h"

namespace trawl {

// From which stage of an execution on, and through which others.
struct ForkRequest {
  // The last stage that stays: the new ones are given what it handed on. By name, or by its
  // place from 0.
  std::string stage_name;
  std::optional<std::size_t> stage_index;
  json::array stages;  // As those of a pipeline.
  ReplayRequest::AsOf as_of = ReplayRequest::AsOf::then;
  TimeUs time = 0;  // Of AsOf::time.
};

// A run that is ready to be made, with `start` or `replay` where they are there.
struct PreparedFork {
  BoundPipeline bound;  // The stages that stay, and the new ones.
  std::size_t kept = 0;
  std::string stage_name;         // Of the last that stays.
  std::optional<RunStart> start;  // What that handed on, where the record has it whole.
  std::optional<RunReplay> replay;
  // Why the stages that stay have to be run again: a clause; empty where they need not.
  std::string why_replayed;
};

// Prepares executions to go on through other stages. Reads, and changes nothing.
// Thread-safe.
class Forker {
 public:
  // All must outlive it.
  Forker(const Catalog& catalog, const Corpus& corpus, const StageRegistry& stages,
         const Replayer& replayer)
      : catalog_(catalog), corpus_(corpus), stages_(stages), replayer_(replayer) {}

  //   invalid    no such stage, or stages that cannot be run, with the place in the request
  //   and what Replayer::prepare() returns
  Result<PreparedFork> prepare(const Execution& original, const ForkRequest& request) const;

 private:
  const Catalog& catalog_;
  const Corpus& corpus_;
  const StageRegistry& stages_;
  const Replayer& replayer_;
};

}  // namespace trawl
