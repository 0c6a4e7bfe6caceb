#include "insight/fork.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "insight/recorded_boundary.h"

namespace trawl {
namespace {

constexpr std::size_t kNamesShown = 10;

std::string_view name_at(const json::value& stage) {
  const auto* object = stage.if_object();
  const auto* name = object == nullptr ? nullptr : object->if_contains("stage_name");
  return name != nullptr && name->is_string() ? view(name->get_string())
                                              : std::string_view();
}

// The place of the stage that is meant.
Result<std::size_t> find_stage(const json::array& stages, const ForkRequest& request) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::string_view name = name_at(stages[i]);
    if (request.stage_index ? *request.stage_index == i : request.stage_name == name) {
      return i;
    }
    if (names.size() < kNamesShown) names.push_back(truncate_text(name, 64));
  }
  const std::string wanted =
      request.stage_index ? fmt::format("{}", *request.stage_index)
                          : fmt::format("'{}'", truncate_text(request.stage_name, 100));
  return invalid_at(
      "from_stage",
      fmt::format("from_stage is {}, and the execution has the stages {}; use the name of "
                  "one, or its place from 0",
                  wanted, fmt::join(names, ", ")));
}

// As the record of the fork has a stage that it did not run.
StageRecord as_taken(StageRecord record, const RunReplay::Stage* had) {
  record.cache_hit = true;
  record.start_offset_us = 0;
  record.duration_us = 0;
  record.credits_micro = 0;
  // With the answers, so that they are kept for this execution, too.
  if (had != nullptr) record.external_calls = had->external_calls;
  return record;
}

}  // namespace

Result<PreparedFork> Forker::prepare(const Execution& original,
                                     const ForkRequest& request) const {
  ReplayRequest replay;
  replay.as_of = request.as_of;
  replay.time = request.time;
  if (original.pipeline.empty()) {
    TRAWL_TRY(replayer_.prepare(original, replay));  // Says what is the matter.
  }
  TRAWL_ASSIGN(json::value merged, parse_json(original.pipeline, kJsonDepthMax + 16));
  json::array* stages = nullptr;
  if (auto* object = merged.if_object()) {
    if (auto* list = object->if_contains("stages")) stages = list->if_array();
  }
  if (stages == nullptr) {
    return make_error(ErrorCode::invalid, "the pipeline was not recorded with its stages");
  }
  if (request.stages.empty()) {
    return invalid_at("stages", "stages is missing or empty; give at least one stage");
  }
  PreparedFork out;
  TRAWL_ASSIGN(const std::size_t last, find_stage(*stages, request));
  out.kept = last + 1;
  out.stage_name = name_at((*stages)[last]);
  stages->resize(out.kept);
  for (const json::value& stage : request.stages) stages->push_back(stage);
  ObjectReader body(merged.get_object(), {});
  TRAWL_ASSIGN(Pipeline pipeline, parse_pipeline(body, stages_, out.kept));
  Pipeline stays = pipeline;
  stays.stages.resize(out.kept);
  TRAWL_ASSIGN(PreparedReplay prepared,
               replayer_.prepare(original, replay, std::move(pipeline)));
  out.bound = std::move(prepared.bound);
  if (request.as_of != ReplayRequest::AsOf::then) {
    out.why_replayed = "the documents are those of another time";
    return out;
  }
  TRAWL_ASSIGN(RecordedBoundary boundary,
               rebuild_boundary(catalog_, corpus_, original, out.bound, last));
  if (boundary.candidates) {
    out.start.emplace();
    out.start->candidates = std::move(*boundary.candidates);
    out.start->execution_id = prepared.replay->execution_id;
    for (std::size_t i = 0; i < out.kept; ++i) {
      const StageRecord& record = original.stages[i];
      out.start->stages.push_back(
          as_taken(record, prepared.replay->find(record.stage_name, record.stage_id)));
    }
    return out;
  }
  out.why_replayed = std::move(boundary.reason);
  // The stages that stay must see what they saw.
  TRAWL_ASSIGN(const PreparedReplay part,
               replayer_.prepare(original, replay, std::move(stays)));
  TRAWL_TRY(Replayer::check_versions_known(original, part.bound));
  out.replay = std::move(prepared.replay);
  out.replay->stages.resize(std::min(out.replay->stages.size(), out.kept));
  out.replay->stage_end = out.kept;
  return out;
}

}  // namespace trawl
