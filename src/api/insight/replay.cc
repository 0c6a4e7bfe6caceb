// POST /v1/retrievers/executions/{execution_id}/replay: runs an execution again, and says
// whether the same came out.
#include "api/insight/replay.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "api/insight/descendant.h"
#include "api/insight/found_execution.h"
#include "api/insight/replay_request.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_time.h"
#include "base/text.h"
#include "insight/comparison.h"
#include "insight/replay.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

constexpr std::string_view kReplayPath = "/v1/retrievers/executions/{execution_id}/replay";

struct ReplayBody {
  ReplayRequest request;
  bool record = true;
};

Result<ReplayBody> read_replay_body(const json::object& sent, TimeUs now) {
  ObjectReader in(sent, {});
  ReplayBody out;
  TRAWL_ASSIGN(out.request, read_replay_request(in, now));
  if (const json::object* inputs = in.object({"inputs"})) out.request.inputs = *inputs;
  out.record = in.boolean({"record"}, true);
  TRAWL_TRY(in.status());
  return out;
}

json::value optional_json(const std::optional<std::size_t>& number) {
  return number ? json::value(*number) : json::value();
}

json::object difference_json(const FirstDifference& found, const DifferenceCause& cause) {
  return {{"stage_name",
           found.stage_name.empty() ? json::value() : json::value(found.stage_name)},
          {"stage_index", found.stage_index},
          {"what", found.what},
          {"rank", optional_json(found.rank)},
          {"sentence", found.sentence},
          {"before", found.before},
          {"after", found.after},
          {"cause", cause.cause},
          {"cause_sentence", cause.sentence}};
}

std::string sentence_of(const Execution& original, const PreparedReplay& prepared,
                        const ReplayBody& body, const std::optional<FirstDifference>& found,
                        const DifferenceCause& cause) {
  const std::string what = fmt::format(
      "{}{}",
      body.request.as_of == ReplayRequest::AsOf::then ? "Over the documents of then"
                                                      : "Over the documents of now",
      prepared.pipeline_changed && prepared.inputs_changed
          ? ", with another pipeline and other inputs,"
      : prepared.pipeline_changed ? ", with the changed pipeline,"
      : prepared.inputs_changed   ? ", with other inputs,"
                                  : "");
  if (!found) {
    return original.summary.status == status::kCompleted
               ? fmt::format("{} it gave the same documents at every stage.", what)
               : fmt::format(
                     "{} it ended in the same way, after the same documents at "
                     "every stage.",
                     what);
  }
  const std::string where =
      found->stage_name.empty()
          ? "in the results"
          : fmt::format("at the stage '{}'", truncate_text(found->stage_name, 100));
  return fmt::format("{} it went another way {}: {}; {}.", what, where, found->sentence,
                     cause.sentence);
}

// What the two records do not say.
std::vector<std::string> unknown_parts(const Execution& original) {
  std::vector<std::string> out;
  for (const StageRecord& stage : original.stages) {
    if (!stage.candidates_truncated) continue;
    out.push_back(fmt::format(
        "{}: {} of {} documents were recorded, and only these could be compared",
        stage.stage_name, stage.candidates.size(), stage.output_count));
  }
  return out;
}

std::string replay_json(const Execution& original, const Execution& replay,
                        const PreparedReplay& prepared, const ReplayBody& body,
                        const std::vector<std::string>& run_warnings) {
  const auto found = first_difference(original, replay);
  const DifferenceCause cause =
      found ? cause_of_difference(original, replay) : DifferenceCause();
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("sentence").string(sentence_of(original, prepared, body, found, cause));
  out.key("identical").boolean(!found);
  out.key("difference");
  found ? out.value(difference_json(*found, cause)) : out.null();
  out.key("original_execution_id").string(original.summary.execution_id.str());
  out.key("execution_id");
  body.record ? out.string(replay.summary.execution_id.str()) : out.null();
  out.key("as_of").string(as_of_text(body.request));
  out.key("externals").string(name_of(body.request.externals));
  out.key("pipeline_changed").boolean(prepared.pipeline_changed);
  out.key("inputs_changed").boolean(prepared.inputs_changed);
  // What is not recorded cannot be fetched later.
  out.key("execution")
      .raw(body.record ? execution_row_json(replay.summary)
                       : execution_detail_json(replay));
  out.key("warnings").begin_array();
  for (const auto& warning : unknown_parts(original)) out.string(warning);
  for (const auto& warning : run_warnings) out.string(warning);
  out.end_array();
  out.end_object();
  return text;
}

// Runs on a worker. The reply leaves when the record is on disk, where there is one.
Result<void> replay(const Services& services, const std::shared_ptr<http::Request>& request,
                    Call& call, const http::Reply& reply) {
  const std::int64_t begun_us = monotonic_us();
  const RequestTime time(services, *request);
  ReplayBody body;
  Execution original;
  PreparedReplay prepared;
  TRAWL_TRY(bounded(time, [&]() -> Result<void> {
    TRAWL_ASSIGN(const json::object sent, read_body(call));
    TRAWL_ASSIGN(body, read_replay_body(sent, services.clock.now()));
    TRAWL_ASSIGN(original, found_execution(services, call.ns,
                                           call.request.path_parameter("execution_id")));
    const Replayer replayer(services.catalog, services.corpus, services.ledger,
                            services.runner, services.stages);
    TRAWL_ASSIGN(prepared, replayer.prepare(original, body.request));
    return {};
  }));
  return run_descendant(
      services, request, call, reply, {original, kReplayMode, kReplayRelation, body.record},
      prepared.bound, prepared.replay ? &*prepared.replay : nullptr, nullptr, begun_us,
      [&](const Execution& again, const std::vector<std::string>& warnings) {
        return replay_json(original, again, prepared, body, warnings);
      });
}

RequestShape replay_shape() {
  return {Query(),
          ObjectShape{{{"as_of"}, {"set"}, {"inputs"}, {"externals"}, {"record"}}}};
}

}  // namespace

void add_replay_routes(http::Router& router, const Services& services) {
  router.add(
      {"POST", std::string(kReplayPath), http::RunOn::worker, http::Body::buffered,
       async_endpoint(services, Permission::read, Scope::in_namespace, replay_shape(),
                      [&services](const std::shared_ptr<http::Request>& request, Call& call,
                                  const http::Reply& reply) {
                        return replay(services, request, call, reply);
                      })});
}

}  // namespace trawl::api
