// POST /v1/retrievers/executions/{execution_id}/explain: why a document stands where it
// does.
#include "insight/explain.h"

#include <string>
#include <utility>

#include "api/insight/as_of.h"
#include "api/insight/explain.h"
#include "api/insight/found_execution.h"
#include "api/wire/endpoint.h"

namespace trawl::api {
namespace {

constexpr std::string_view kExplainPath =
    "/v1/retrievers/executions/{execution_id}/explain";

void write_rank(JsonWriter& out, std::string_view name,
                const std::optional<std::size_t>& rank) {
  out.key(name);
  rank ? out.unsigned_integer(*rank) : out.null();
}

void write_score(JsonWriter& out, const std::optional<double>& score) {
  out.key("score");
  score ? out.number(*score) : out.null();
}

std::string explain_json(const ExplainAnswer& answer) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("sentence").string(answer.sentence);
  out.key("document_id").string(answer.question.document_id);
  out.key("collection_id");
  answer.collection_id.empty() ? out.null() : out.string(answer.collection_id);
  out.key("outcome").string(answer.outcome);
  write_rank(out, "rank", answer.rank);
  write_score(out, answer.score);
  out.key("as_recorded");
  answer.as_recorded ? out.boolean(*answer.as_recorded) : out.null();
  out.key("stages").begin_array();
  for (const StageStanding& stage : answer.stages) {
    out.begin_object();
    out.key("stage_name").string(stage.stage_name);
    out.key("stage_id").string(stage.stage_id);
    write_rank(out, "rank_before", stage.rank_before);
    write_rank(out, "rank", stage.rank);
    out.key("count").unsigned_integer(stage.count);
    write_score(out, stage.score);
    out.key("scored").boolean(stage.scored);
    out.key("sentence");
    stage.sentence.empty() ? out.null() : out.string(stage.sentence);
    out.key("evidence").value(json::value(stage.evidence));
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return text;
}

Result<http::Response> explain(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  ObjectReader in(sent, {});
  WhyQuestion question;
  question.document_id = in.required_string({"document_id"});
  question.collection = in.string({"collection_id", "collection"});
  ReplayRequest replay;
  TRAWL_TRY(read_as_of(in, services.clock.now(), replay));
  TRAWL_TRY(in.status());
  TRAWL_ASSIGN(
      const Execution execution,
      found_execution(services, call.ns, call.request.path_parameter("execution_id")));
  const Replayer replayer(services.catalog, services.corpus, services.ledger,
                          services.runner, services.stages);
  const RankExplainer explainer(services.runner, replayer);
  RunRequest run;
  run.stop = call.request.stop;
  TRAWL_ASSIGN(const ExplainAnswer answer,
               explainer.answer(execution, question, replay, run));
  return json_response(explain_json(answer));
}

RequestShape explain_shape() {
  return {Query(), ObjectShape{{{"document_id"},
                                {"collection_id"},
                                {"collection", nullptr, Described::no},
                                {"as_of"}}}};
}

}  // namespace

void add_explain_routes(http::Router& router, const Services& services) {
  router.add({"POST", std::string(kExplainPath), http::RunOn::worker, http::Body::buffered,
              endpoint(services, Permission::read, Scope::in_namespace, explain_shape(),
                       [&services](Call& call) { return explain(services, call); })});
}

}  // namespace trawl::api
