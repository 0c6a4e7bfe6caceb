// POST /v1/retrievers/executions/{execution_id}/fork: goes on from a stage of an execution
// through other stages.
#include "insight/fork.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "api/insight/as_of.h"
#include "api/insight/descendant.h"
#include "api/insight/fork.h"
#include "api/insight/found_execution.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_time.h"
#include "base/counted.h"
#include "base/text.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

constexpr std::string_view kForkPath = "/v1/retrievers/executions/{execution_id}/fork";
// Of the results; the record has them all.
constexpr std::size_t kForkResultsShown = 100;

struct ForkBody {
  ForkRequest request;
  bool record = true;
};

Result<ForkBody> read_fork_body(const json::object& sent, TimeUs now) {
  ObjectReader in(sent, {});
  ForkBody out;
  const json::value* from = in.find({"from_stage"});
  if (from == nullptr) {
    return invalid_at("from_stage",
                      "from_stage is missing; give the name of the last stage that stays, "
                      "or its place from 0");
  }
  if (from->is_string()) {
    out.request.stage_name = view(from->get_string());
  } else if (const double place = is_number(*from) ? as_double(*from) : -1;
             place >= 0 && place < kPipelineStagesMax && place == std::floor(place)) {
    out.request.stage_index = static_cast<std::size_t>(place);
  } else {
    return invalid_at(
        "from_stage",
        fmt::format("from_stage is {}; give the name of the last stage that stays, or its "
                    "place from 0",
                    truncate_text(to_json_text(*from), 100)));
  }
  if (const json::array* stages = in.array({"stages"})) out.request.stages = *stages;
  ReplayRequest as_of;
  TRAWL_TRY(read_as_of(in, now, as_of));
  out.request.as_of = as_of.as_of;
  out.request.time = as_of.time;
  out.record = in.boolean({"record"}, true);
  TRAWL_TRY(in.status());
  return out;
}

// "From the 12 documents of the stage 'find', as they were recorded, 2 stages made 5."
std::string fork_sentence(const Execution& made, const PreparedFork& prepared) {
  const std::size_t added = prepared.bound.pipeline.stages.size() - prepared.kept;
  if (made.stages.size() < prepared.kept ||
      (made.failed_stage && made.stages.size() == prepared.kept && !prepared.start)) {
    return fmt::format(
        "It ended as {} before it came to the new stages, at '{}': {}", made.summary.status,
        truncate_text(made.failed_stage.value_or(""), 100), made.error.value_or(""));
  }
  const std::string from = fmt::format(
      "From the {} of the stage '{}', {}",
      counted(static_cast<std::size_t>(made.stages[prepared.kept - 1].output_count),
              "document"),
      truncate_text(prepared.stage_name, 100),
      prepared.start
          ? std::string("as they were recorded")
          : fmt::format("which had to be run again ({})", prepared.why_replayed));
  if (made.summary.status != status::kCompleted) {
    return fmt::format(
        "{}, it ended as {} at the stage '{}': {}", from, made.summary.status,
        truncate_text(made.failed_stage.value_or(""), 100), made.error.value_or(""));
  }
  return fmt::format("{}, {} made {}.", from, counted(added, "stage"),
                     made.summary.total_returned);
}

std::string fork_json(const Execution& original, const Execution& made,
                      const PreparedFork& prepared, bool record,
                      const std::vector<std::string>& warnings) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("sentence").string(fork_sentence(made, prepared));
  out.key("boundary").string(prepared.start ? "recorded" : "replayed");
  out.key("why_replayed");
  prepared.start ? out.null() : out.string(prepared.why_replayed);
  out.key("from_stage").begin_object();
  out.key("stage_name").string(prepared.stage_name);
  out.key("stage_index").unsigned_integer(prepared.kept - 1);
  out.end_object();
  out.key("original_execution_id").string(original.summary.execution_id.str());
  out.key("execution_id");
  record ? out.string(made.summary.execution_id.str()) : out.null();
  // What is not recorded cannot be fetched later.
  out.key("execution")
      .raw(record ? execution_row_json(made.summary) : execution_detail_json(made));
  out.key("results").begin_array();
  for (std::size_t i = 0; i < std::min(made.results.size(), kForkResultsShown); ++i) {
    const ScoredId& id = made.results[i];
    out.begin_object();
    out.key("document_id").string(id.document_id);
    out.key("collection_id").string(id.collection_id);
    out.key("score");
    id.score ? out.number(*id.score) : out.null();
    out.end_object();
  }
  out.end_array();
  out.key("warnings").begin_array();
  for (const auto& warning : warnings) out.string(warning);
  out.end_array();
  out.end_object();
  return text;
}

Result<void> fork(const Services& services, const std::shared_ptr<http::Request>& request,
                  Call& call, const http::Reply& reply) {
  const std::int64_t begun_us = monotonic_us();
  const RequestTime time(services, *request);
  ForkBody body;
  Execution original;
  PreparedFork prepared;
  TRAWL_TRY(bounded(time, [&]() -> Result<void> {
    TRAWL_ASSIGN(const json::object sent, read_body(call));
    TRAWL_ASSIGN(body, read_fork_body(sent, services.clock.now()));
    TRAWL_ASSIGN(original, found_execution(services, call.ns,
                                           call.request.path_parameter("execution_id")));
    const Replayer replayer(services.catalog, services.corpus, services.ledger,
                            services.runner, services.stages);
    const Forker forker(services.catalog, services.corpus, services.stages, replayer);
    TRAWL_ASSIGN(prepared, forker.prepare(original, body.request));
    return {};
  }));
  return run_descendant(
      services, request, call, reply, {original, kForkMode, kForkRelation, body.record},
      prepared.bound, prepared.replay ? &*prepared.replay : nullptr,
      prepared.start ? &*prepared.start : nullptr, begun_us,
      [&](const Execution& made, const std::vector<std::string>& warnings) {
        return fork_json(original, made, prepared, body.record, warnings);
      });
}

RequestShape fork_shape() {
  return {Query(), ObjectShape{{{"from_stage"}, {"stages"}, {"as_of"}, {"record"}}}};
}

}  // namespace

void add_fork_routes(http::Router& router, const Services& services) {
  router.add({"POST", std::string(kForkPath), http::RunOn::worker, http::Body::buffered,
              async_endpoint(services, Permission::read, Scope::in_namespace, fork_shape(),
                             [&services](const std::shared_ptr<http::Request>& request,
                                         Call& call, const http::Reply& reply) {
                               return fork(services, request, call, reply);
                             })});
}

}  // namespace trawl::api
