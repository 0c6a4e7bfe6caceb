// POST /v1/retrievers/executions/{execution_id}/why: why documents are, or are not, in the
// results of an execution.
#include "insight/why.h"

#include <fmt/format.h>

#include <utility>

#include "api/insight/found_execution.h"
#include "api/insight/why.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_time.h"

namespace trawl::api {
namespace {

constexpr std::string_view kWhyPath = "/v1/retrievers/executions/{execution_id}/why";

WhyQuestion read_question(ObjectReader& in) {
  WhyQuestion out;
  out.document_id = in.required_string({"document_id"});
  out.collection = in.string({"collection_id", "collection"});
  return out;
}

Result<std::vector<WhyQuestion>> read_questions(const json::object& sent, bool& is_list) {
  ObjectReader in(sent, {});
  std::vector<WhyQuestion> out;
  const json::array* list = in.array({"documents"});
  is_list = list != nullptr;
  if (list == nullptr) {
    out.push_back(read_question(in));
    TRAWL_TRY(in.status());
    return out;
  }
  if (in.has({"document_id"})) {
    in.fail("documents", "is given together with document_id; use one of them");
  }
  if (list->empty() || list->size() > kWhyDocumentsMax) {
    in.fail("documents", fmt::format("has {} entries; ask about 1 to {}", list->size(),
                                     kWhyDocumentsMax));
  }
  TRAWL_TRY(in.status());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::object* object = (*list)[i].if_object();
    if (object == nullptr) {
      return invalid_at(fmt::format("documents[{}]", i),
                        fmt::format("documents[{}] is of type {}; use {{\"document_id\"}}",
                                    i, type_name((*list)[i])));
    }
    ObjectReader item = in.child(*object, "documents", i);
    out.push_back(read_question(item));
    TRAWL_TRY(item.status());
  }
  return out;
}

void write_lost_at(JsonWriter& out, const LostAt& lost) {
  out.begin_object();
  out.key("stage_index");
  lost.stage_id.empty() ? out.null() : out.unsigned_integer(lost.stage_index);
  out.key("stage_name");
  lost.stage_name.empty() ? out.null() : out.string(lost.stage_name);
  out.key("stage_id");
  lost.stage_id.empty() ? out.null() : out.string(lost.stage_id);
  out.key("reason").string(lost.reason);
  out.key("sentence").string(lost.sentence);
  out.key("evidence").value(json::value(lost.evidence));
  out.end_object();
}

void write_change(JsonWriter& out, const NearestChange& change) {
  out.begin_object();
  out.key("text").string(change.text);
  out.key("set").value(json::value(change.patch));
  out.key("reaches_results").boolean(change.reaches_results);
  out.key("next");
  if (change.next) {
    write_lost_at(out, *change.next);
  } else {
    out.null();
  }
  out.end_object();
}

void write_answer(JsonWriter& out, const WhyAnswer& answer) {
  out.begin_object();
  out.key("sentence").string(answer.sentence);
  out.key("document_id").string(answer.question.document_id);
  out.key("collection_id");
  answer.collection_id.empty() ? out.null() : out.string(answer.collection_id);
  out.key("outcome").string(answer.outcome);
  out.key("answered_by").string(answer.answered_by);
  out.key("rank");
  answer.rank ? out.unsigned_integer(*answer.rank) : out.null();
  out.key("boundaries").begin_array();
  for (const Boundary& boundary : answer.boundaries) {
    out.begin_object();
    out.key("stage_name").string(boundary.stage_name);
    out.key("stage_id").string(boundary.stage_id);
    out.key("rank");
    boundary.rank ? out.unsigned_integer(*boundary.rank) : out.null();
    out.key("score");
    boundary.score ? out.number(*boundary.score) : out.null();
    out.key("count").unsigned_integer(boundary.count);
    out.end_object();
  }
  out.end_array();
  out.key("lost_at");
  if (answer.lost_at) {
    write_lost_at(out, *answer.lost_at);
  } else {
    out.null();
  }
  out.key("nearest_change");
  if (answer.nearest_change) {
    write_change(out, *answer.nearest_change);
  } else {
    out.null();
  }
  out.end_object();
}

Result<http::Response> why(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  bool is_list = false;
  TRAWL_ASSIGN(const std::vector<WhyQuestion> questions, read_questions(sent, is_list));
  TRAWL_ASSIGN(
      const Execution execution,
      found_execution(services, call.ns, call.request.path_parameter("execution_id")));
  const Replayer replayer(services.catalog, services.corpus, services.ledger,
                          services.runner, services.stages);
  const WhyNot why_not(services.catalog, services.corpus, services.runner, replayer);
  RunRequest run;
  run.stop = call.request.stop;
  TRAWL_ASSIGN(const std::vector<WhyAnswer> answers,
               why_not.answer(execution, questions, run));
  std::string text;
  JsonWriter out(text);
  if (!is_list) {
    write_answer(out, answers.front());
    return json_response(std::move(text));
  }
  out.begin_object();
  out.key("answers").begin_array();
  for (const WhyAnswer& answer : answers) write_answer(out, answer);
  out.end_array();
  out.end_object();
  return json_response(std::move(text));
}

RequestShape why_shape() {
  static const ObjectShape kQuestion{
      {{"document_id"}, {"collection_id"}, {"collection", nullptr, Described::no}}};
  return {Query(), ObjectShape{{{"document_id"},
                                {"collection_id"},
                                {"collection", nullptr, Described::no},
                                {"documents", &kQuestion}}}};
}

}  // namespace

void add_why_routes(http::Router& router, const Services& services) {
  router.add({"POST", std::string(kWhyPath), http::RunOn::worker, http::Body::buffered,
              endpoint(services, Permission::read, Scope::in_namespace, why_shape(),
                       [&services](Call& call) { return why(services, call); })});
}

}  // namespace trawl::api
