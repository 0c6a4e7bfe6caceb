#include "insight/replay.h"

#include <fmt/format.h>

#include <algorithm>
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
        fmt::format("{} cannot be run again as it was: {}; with other inputs, or as_of "
                    "\"now\", what is there of it can be run",
                    id, obstacle.reason));
  }
  if (obstacle.collection_gone) {
    return make_error(ErrorCode::gone,
                      fmt::format("{} cannot be run again: {}", id, obstacle.reason));
  }
  const std::string since =
      obstacle.since ? fmt::format(", since {}", format_time(*obstacle.since)) : "";
  return make_error(
      ErrorCode::gone,
      fmt::format("{} cannot be run again as of then: {}{}; as_of \"now\" runs it over the "
                  "documents of today, and the settings replay_days and replay_bytes_max "
                  "keep older ones longer",
                  id, obstacle.reason, since));
}

// Whether its templates saw the id of its parent.
bool is_descended(const Execution& execution) {
  return execution.relation == kReplayRelation || execution.relation == kForkRelation;
}

// The first that a run would see and whose version of then is not known, as of imports; to
// take the newest would be another run.
std::optional<Obstacle> unknown_version(const Execution& original,
                                        const BoundPipeline& bound) {
  for (const auto* list : {&bound.snapshots, &bound.extra}) {
    for (const auto& snapshot : *list) {
      const std::string& id = snapshot->collection().id.str();
      const auto& known = original.collection_versions;
      if (std::any_of(known.begin(), known.end(),
                      [&](const auto& one) { return one.collection_id == id; })) {
        continue;
      }
      return Obstacle{
          fmt::format("which version of the collection '{}' it searched was not "
                      "recorded",
                      snapshot->collection().name),
          std::nullopt};
    }
  }
  return std::nullopt;
}

}  // namespace

void describe_replay(const Execution& original, Execution& replay) {
  replay.summary.execution_mode = kReplayMode;
  replay.parent_execution_id = original.summary.execution_id.str();
  replay.relation = kReplayRelation;
  replay.retriever_id = original.retriever_id;
  replay.retriever_revision = original.retriever_revision;
}

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
  std::string parent = is_descended(execution) ? execution.parent_execution_id : "";
  for (int i = 0; i < kGenerationsMax && !parent.empty(); ++i) {
    id = ExecutionId(parent);
    TRAWL_ASSIGN(const auto found, ledger_.find(execution.namespace_id, id));
    if (!found || !is_descended(*found)) break;
    parent = found->parent_execution_id;
  }
  return id;
}

Result<RunReplay> Replayer::what_it_had(const Execution& original,
                                        Externals externals) const {
  RunReplay out;
  TRAWL_ASSIGN(out.execution_id, first_of(original));
  out.externals = externals;
  bool any_kept = false;
  for (const StageRecord& stage : original.stages) {
    out.stages.push_back({stage.stage_name, stage.stage_id, stage.seed, stage.context,
                          stage.cache_hit, stage.external_calls});
    for (const ExternalCall& call : stage.external_calls) any_kept |= call.answer_kept;
  }
  if (!any_kept) return out;
  TRAWL_ASSIGN(const std::vector<Content> answers,
               ledger_.contents(original.namespace_id, original.summary.execution_id));
  for (RunReplay::Stage& stage : out.stages) {
    for (ExternalCall& call : stage.external_calls) {
      const auto found = std::find_if(
          answers.begin(), answers.end(),
          [&](const Content& answer) { return answer.sha256 == call.answer_sha256; });
      if (found != answers.end()) call.answer = found->bytes;
    }
  }
  return out;
}

Result<std::vector<CollectionVersion>> Replayer::versions_at(const Execution& original,
                                                             TimeUs time) const {
  std::vector<CollectionVersion> out;
  for (const CollectionVersion& one : original.collection_versions) {
    const CollectionId id(one.collection_id);
    // History may be imported from elsewhere, and tells nothing of other namespaces.
    if (!catalog_.find_collection(original.namespace_id, one.collection_id)) {
      return make_error(ErrorCode::gone, fmt::format("there is no collection {} in this "
                                                     "namespace any more",
                                                     one.collection_id));
    }
    const auto version = corpus_.version_at(id, time);
    if (!version) {
      return make_error(
          ErrorCode::gone,
          fmt::format("the collection {} cannot be read as of {}: {}", one.collection_id,
                      format_time(time), version.error().message));
    }
    out.push_back({one.collection_id, *version});
  }
  return out;
}

Result<PreparedReplay> Replayer::prepare(const Execution& original,
                                         const ReplayRequest& request) const {
  if (original.pipeline.empty()) {
    if (const auto obstacle = record_obstacle(original)) {
      return cannot_replay(original, *obstacle);
    }
  }
  TRAWL_ASSIGN(Pipeline pipeline, patched_pipeline(original, request));
  TRAWL_ASSIGN(PreparedReplay out, prepare(original, request, std::move(pipeline)));
  if (request.as_of == ReplayRequest::AsOf::then && request.set.is_null()) {
    TRAWL_TRY(check_versions_known(original, out.bound));
  }
  return out;
}

Result<void> Replayer::check_versions_known(const Execution& original,
                                            const BoundPipeline& bound) {
  if (const auto obstacle = unknown_version(original, bound)) {
    return cannot_replay(original, *obstacle);
  }
  return {};
}

Result<PreparedReplay> Replayer::prepare(const Execution& original,
                                         const ReplayRequest& request,
                                         Pipeline pipeline) const {
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
  std::vector<CollectionVersion> versions;
  if (then) at.versions = original.collection_versions;
  if (request.as_of == ReplayRequest::AsOf::time) {
    TRAWL_ASSIGN(versions, versions_at(original, request.time));
    at.versions = versions;
  }
  TRAWL_ASSIGN(out.bound, runner_.bind(std::move(pipeline), std::move(inputs),
                                       original.namespace_id, at));
  if (then) {
    TRAWL_ASSIGN(out.replay, what_it_had(original, request.externals));
  }
  return out;
}

}  // namespace trawl
