#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/work_limit.h"
#include "pipeline/candidate_list.h"
#include "pipeline/pipeline.h"
#include "pipeline/rendered_stage.h"
#include "pipeline/stage.h"
#include "pipeline/stage_cache.h"

namespace trawl {

// What one run takes from the cache of stages, and puts there. For each stage: begin(),
// recall(), and then taken(), or keep() once it has run; neither where it failed, so that a
// stage after one that was skipped is known by what came before both.
// For one thread, but for go_on().
class RunMemory {
 public:
  // Without `has_versions` nothing is recalled or kept: what a stage returned may be
  // outdated then, and nothing would tell. All but the memory's own state outlives it.
  RunMemory(StageCache& cache, const BoundPipeline& bound, bool has_versions, bool is_used);

  // No stage is recalled or kept from now on.
  void end() { chain_.clear(); }

  void begin(const PipelineStage& stage, const RenderedStage& rendered);

  struct Known {
    StageOutput output;
    std::vector<ExternalCall> external_calls;
  };
  // What the stage at this index of the pipeline returned before, or nothing. Then, if its
  // result may be remembered, others who need the same wait for this run from now on.
  //   what `check` says while another run is waited for
  Result<std::optional<Known>> recall(std::size_t index, const Checkpoint& check);
  void taken() { chain_ = key_; }

  // The result of this stage is not for others; who waits for it is told so.
  void leave_out();
  void keep(StageOutput output, std::vector<ExternalCall> external_calls);

  // Puts what was kept last into the cache, with `candidates` in place of its own: the same
  // ones, with more of their fields loaded. Does nothing where nothing was kept since.
  void remember(const CandidateList& candidates);

  // Whoever waits for the stage that runs waits no longer.
  void give_up() { lead_.give_up(); }
  // To be called at least every few milliseconds, by any thread of the run.
  void go_on() const;

 private:
  std::string root_key(bool has_versions) const;
  std::string cache_key() const;

  struct Pending {
    std::string key;
    StageOutput output;
    std::vector<ExternalCall> external_calls;
    StageCache::Flights::Lead lead;
  };

  StageCache& cache_;
  const BoundPipeline& bound_;
  const bool is_used_;
  std::string chain_;  // Of all stages that ran; empty where none may be remembered.
  std::string key_;    // Of the stage that runs; empty where it may not be.
  std::string location_;
  StageCache::Flights::Lead lead_;  // Of the stage that runs.
  std::optional<Pending> pending_;  // What the last stage returned.
};

}  // namespace trawl
