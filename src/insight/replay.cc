#include "insight/replay.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/hash.h"
#include "insight/json_patch.h"
#include "insight/obstacle.h"
#include "model/execution_json.h"

namespace trawl {
namespace {

// Replays of replays; a chain of this length was made by a program.
constexpr int kGenerationsMax = 1'000;

Error cannot_replay(const Execution& execution, const Obstacle& obstacle) {
  const std::string_view id = execution.summary.execution_id.str();
  if (!obstacle.gone) {
    return make_error(
        ErrorCode::invalid,
        fmt::format("{} cannot be run again as it was: {}; give inputs to run its pipeline "
                    "with others",
                    id, obstacle.reason));
  }
  const std::string since =
      obstacle.since ? fmt::format(", since {}", format_time(*obstacle.since)) : "";
  return make_error(
      ErrorCode::gone,
      fmt::format("{} cannot be run again as of then: {}{}; as_of \"now\" runs it over the "
                  "documents of today, and corpus.replay_days and corpus.replay_bytes_max "
                  "keep older ones longer",
                  id, obstacle.reason, since));
}

}  // namespace

Result<Pipeline> Replayer::patched_pipeline(const Execution& original,
                                            const ReplayRequest& request) const {
  TRAWL_ASSIGN(json::value recorded, parse_json(original.pipeline, kJsonDepthMax + 16));
  if (!request.set.is_null()) {
    TRAWL_TRY(apply_json_patch(recorded, request.set, "set"));
    if (!recorded.is_object()) {
      return invalid_at("set", fmt::format("set makes the pipeline a value of type {}; it "
                                           "is an object",
                                           type_name(recorded)));
    }
  }
  ObjectReader body(recorded.get_object(), {});
  return parse_pipeline(body, stages_);
}

Result<ExecutionId> Replayer::first_of(const Execution& execution) const {
  ExecutionId id = execution.summary.execution_id;
  std::string parent =
      execution.relation == kReplayRelation ? execution.parent_execution_id : "";
  for (int i = 0; i < kGenerationsMax && !parent.empty(); ++i) {
    id = ExecutionId(parent);
    TRAWL_ASSIGN(const auto found, ledger_.find(execution.namespace_id, id));
    if (!found || found->relation != kReplayRelation) break;
    parent = found->parent_execution_id;
  }
  return id;
}

Result<RunReplay> Replayer::what_it_had(const Execution& original,
                                        Externals externals) const {
  RunReplay out;
  TRAWL_ASSIGN(out.execution_id, first_of(original));
  out.externals = externals;
  for (const StageRecord& stage : original.stages) {
    out.stages.push_back({stage.stage_name, stage.stage_id, stage.seed, stage.context,
                          stage.cache_hit, stage.external_calls});
  }
  return out;
}

Result<PreparedReplay> Replayer::prepare(const Execution& original,
                                         const ReplayRequest& request) const {
  const bool then = request.as_of == ReplayRequest::AsOf::then;
  if (const auto obstacle = record_obstacle(original)) {
    // Other inputs take the place of what was not recorded; nothing that of a pipeline.
    if (!request.inputs || original.pipeline.empty()) {
      return cannot_replay(original, *obstacle);
    }
  }
  if (then) {
    for (const CollectionVersion& one : original.collection_versions) {
      TRAWL_ASSIGN(const auto obstacle,
                   version_obstacle(catalog_, corpus_, original.namespace_id,
                                    one.collection_id, one.version));
      if (obstacle) return cannot_replay(original, *obstacle);
    }
  }
  PreparedReplay out;
  TRAWL_ASSIGN(Pipeline pipeline, patched_pipeline(original, request));
  json::object inputs;
  if (request.inputs) {
    inputs = *request.inputs;
    out.inputs_changed = hash_inputs(inputs) != original.inputs_hash;
  } else {
    TRAWL_ASSIGN(json::value recorded, parse_json(*original.inputs, kJsonDepthMax));
    inputs = std::move(recorded.get_object());
  }
  out.pipeline_changed =
      sha256_hex(canonical_json(pipeline.to_json())) != original.fingerprint;
  BindAt at;
  if (then) at.versions = original.collection_versions;
  TRAWL_ASSIGN(out.bound, runner_.bind(std::move(pipeline), std::move(inputs),
                                       original.namespace_id, at));
  if (then) {
    TRAWL_ASSIGN(out.replay, what_it_had(original, request.externals));
  }
  return out;
}

}  // namespace trawl
