#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "ledger/ledger.h"
#include "model/execution.h"
#include "pipeline/pipeline_run.h"
#include "pipeline/stage_registry.h"

namespace trawl {

// How executions of mode "replay" descend, and what they are listed under.
inline constexpr std::string_view kReplayMode = "replay";
inline constexpr std::string_view kReplayRelation = "replay";
// The same of those that go on from a stage through others (insight/fork.h).
inline constexpr std::string_view kForkMode = "fork";
inline constexpr std::string_view kForkRelation = "fork";

// What a replay does as the original did, and what not.
struct ReplayRequest {
  // At a time: the documents of that time, with new seeds.
  enum class AsOf { then, now, time };
  AsOf as_of = AsOf::then;
  TimeUs time = 0;  // Of AsOf::time.
  // A JSON patch over the recorded pipeline; null for none.
  json::value set;
  std::optional<json::object> inputs;  // In place of the recorded ones.
  Externals externals = Externals::recorded;
};

// A run that is ready to be made. `replay` must be given to it where it is to be as then.
struct PreparedReplay {
  BoundPipeline bound;
  std::optional<RunReplay> replay;
  bool pipeline_changed = false;
  bool inputs_changed = false;
};

// Fills in what a replay says of where it descends from.
void describe_replay(const Execution& original, Execution& replay);

// Prepares executions to be run again. Reads, and changes nothing. Thread-safe.
class Replayer {
 public:
  // All must outlive it.
  Replayer(const Catalog& catalog, const Corpus& corpus, const Ledger& ledger,
           const PipelineRunner& runner, const StageRegistry& stages)
      : catalog_(catalog),
        corpus_(corpus),
        ledger_(ledger),
        runner_(runner),
        stages_(stages) {}

  //   invalid    the patch or the pipeline that it makes, with its place in the request;
  //              or an execution that does not say enough to be run again
  //   gone       the documents of then are no longer kept: since when, and which setting
  //              keeps them longer
  //   not_found  a collection
  //   and what PipelineRunner::bind() returns
  Result<PreparedReplay> prepare(const Execution& original,
                                 const ReplayRequest& request) const;
  // The same with a pipeline that was made from the recorded one; `set` is not read. A
  // collection whose version of then is not known is seen as it is now.
  Result<PreparedReplay> prepare(const Execution& original, const ReplayRequest& request,
                                 Pipeline pipeline) const;

  // Whether the version of then is known of each collection that is bound.
  //   invalid  of one it is not, as of imports
  static Result<void> check_versions_known(const Execution& original,
                                           const BoundPipeline& bound);

 private:
  Result<Pipeline> patched_pipeline(const Execution& original,
                                    const ReplayRequest& request) const;
  Result<std::vector<CollectionVersion>> versions_at(const Execution& original,
                                                     TimeUs time) const;
  Result<RunReplay> what_it_had(const Execution& original, Externals externals) const;
  // The execution whose id the templates of this one saw.
  Result<ExecutionId> first_of(const Execution& execution) const;

  const Catalog& catalog_;
  const Corpus& corpus_;
  const Ledger& ledger_;
  const PipelineRunner& runner_;
  const StageRegistry& stages_;
};

}  // namespace trawl
