// POST /v1/retrievers/executions/list and GET /v1/retrievers/executions/{id}.
#include "api/executions/executions.h"
#include "api/executions/candidates.h"
#include "api/executions/chosen_fields.h"
#include "api/executions/collection_condition.h"
#include "api/executions/replayable.h"

#include <fmt/format.h>

#include "api/insight/autopsy.h"
#include "api/wire/endpoint.h"
#include "api/wire/ledger_reads.h"
#include "api/wire/query_reader.h"
#include "api/wire/request_time.h"
#include "base/text.h"
#include "http/server/guarded_reply.h"
#include "http/server/shares.h"
#include "ledger/cursor.h"
#include "ledger/rendered.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

constexpr std::string_view kListPath = "/v1/retrievers/executions/list";

// What a list in another order than that of time may take where it does not say.
constexpr std::int64_t kSortedMs = 60'000;

// Pages of more rows, or from farther on, are read on a worker.
constexpr std::uint32_t kShortPageRows = 200;
constexpr std::uint32_t kShortPageOffset = 1'000;

// The rows of a page with the fields that were asked for.
Result<std::string> project(const Services& services, const NamespaceId& ns,
                            const ChosenFields& fields, const std::string& rows) {
  TRAWL_ASSIGN(json::value parsed, parse_json("[" + rows + "]", kRecordDepthMax + 1));
  std::string out;
  for (json::value& row : parsed.get_array()) {
    TRAWL_ASSIGN(const json::object chosen,
                 fields.of(services, ns, std::move(row.get_object())));
    if (!out.empty()) out += ',';
    append_json(out, chosen);
  }
  return out;
}

struct ListRequest {
  ListQuery query;
  ExecutionListBody body;
  ChosenFields fields;
  ExecutionPageRequest page;
};

Result<ListRequest> read_list_request(const Services& services, Call& call) {
  ListRequest out;
  TRAWL_ASSIGN(out.query, parse_list_query(call.request));
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  TRAWL_ASSIGN(out.body, parse_execution_list_body(
                             sent, call.ns.id, services.clock.now(),
                             find_collection_id_in(services.catalog, call.ns.id)));
  out.page.limit = out.query.limit;
  out.page.offset = out.query.offset;
  out.page.sort = out.body.sort;
  out.page.ascending = out.body.ascending;
  // A list in another order than that of time is of no use when it is cut short, so without
  // a word it may take as long as any request.
  const bool by_time = out.page.sort == ExecutionSort::timestamp;
  const std::int64_t budget_ms = out.body.budget_us / 1'000;
  out.page.budget_us =
      1'000 * capped_ms(services, by_time || out.body.has_budget ? budget_ms : kSortedMs);
  out.fields = ChosenFields(out.body.fields);
  out.page.detail = out.fields.need_record();
  if (out.body.count_only) {
    out.page.limit = 1;
    out.page.offset = 0;
    out.page.detail = false;
  }
  if (out.query.cursor) {
    auto cursor = decode_cursor(call.ns.id, out.body.canonical, *out.query.cursor);
    if (!cursor) {
      Error error = std::move(cursor).error();
      error.location = "query.cursor";
      return error;
    }
    // A relative range means what it meant on the first page.
    out.body.filter.start_time = cursor->start_time;
    out.body.filter.end_time = cursor->end_time;
    out.page.after = std::move(cursor->after);
  }
  return out;
}

Result<http::Response> list_executions(const Services& services, const Call& call,
                                       const ListRequest& request) {
  const ExecutionListBody& body = request.body;
  TRAWL_TRY(refuse_unknown_collections(services, body));
  TRAWL_ASSIGN(RenderedPage page, list_json(services.ledger, body.filter, request.page));
  if (body.count_only) {
    page.rows.clear();
    page.row_count = 0;
    page.has_more = false;
  }
  if (!request.fields.empty()) {
    TRAWL_ASSIGN(page.rows, project(services, call.ns.id, request.fields, page.rows));
  }
  PageFacts facts;
  facts.path = kListPath;
  facts.total = page.total;
  facts.row_count = page.row_count;
  facts.has_next = page.has_more;
  facts.show_total = request.query.include_total;
  if (page.has_more && page.last) {
    facts.next_cursor =
        encode_cursor(call.ns.id, body.canonical,
                      Cursor{body.filter.start_time, body.filter.end_time, *page.last});
  }
  std::string out;
  out.reserve(page.rows.size() + 512);
  out += R"({"results":[)";
  out += page.rows;
  out += fmt::format(R"(],"total":{},"pagination":)", page.total);
  out += pagination_json(request.query, facts);
  out += R"(,"filter":)";
  append_json(out, echo_of(body));
  // Said only where the budget ran out.
  if (!page.total_exact) out += R"(,"total_relation":"at_least")";
  if (page.partial) out += R"(,"partial":true)";
  if (!body.warnings.empty()) {
    out += R"(,"warnings":)";
    append_json(out, json::array(body.warnings.begin(), body.warnings.end()));
  }
  out += '}';
  return json_response(std::move(out));
}

using Answer = std::function<Result<http::Response>(const Call&)>;

// Answers on a worker; a request with a long body, or for a ledger that is not local, is on
// one already.
Result<void> answer_on_worker(const Services& services,
                              const std::shared_ptr<http::Request>& sent, const Call& call,
                              const http::Reply& reply, std::string_view doing,
                              Answer answer) {
  const auto answer_in_time = [&services, sent, key = call.key, ns = call.ns,
                               answer = std::move(answer)] {
    const Call again{*sent, key, ns};
    const RequestTime time(services, *sent);
    return bounded(time, [&] { return answer(again); });
  };
  if (WorkerPool::is_worker()) {
    TRAWL_ASSIGN(auto response, answer_in_time());
    reply(std::move(response));
    return {};
  }
  const auto submitted =
      http::submit_request(services.workers, *sent, [sent, reply, doing, answer_in_time] {
        http::answer_guarded(*sent, doing, reply, [&] {
          auto response = answer_in_time();
          reply(response ? std::move(*response)
                         : http::error_response(response.error(), sent->request_id));
        });
      });
  if (!submitted) reply(http::refusal(submitted.error(), sent->request_id));
  return {};
}

// A basic list of a local ledger is a few look-ups in an index, done on the connection's
// thread; everything else may take a while.
Result<void> answer_list(const Services& services,
                         const std::shared_ptr<http::Request>& sent, Call& call,
                         const http::Reply& reply) {
  TRAWL_ASSIGN(ListRequest request, read_list_request(services, call));
  const bool is_short =
      request.body.filter.is_basic() && request.body.filter.modes.has(kOwnMode) &&
      request.body.fields.empty() && request.page.sort == ExecutionSort::timestamp &&
      !request.page.ascending && request.page.limit <= kShortPageRows &&
      request.page.offset <= kShortPageOffset;
  if (is_short) {
    const RequestTime time(services, *sent);
    TRAWL_ASSIGN(auto response,
                 bounded(time, [&] { return list_executions(services, call, request); }));
    reply(std::move(response));
    return {};
  }
  return answer_on_worker(services, sent, call, reply, "the list of executions",
                          [&services, request = std::move(request)](const Call& again) {
                            return list_executions(services, again, request);
                          });
}

Result<http::Response> show_execution(const Services& services, const Call& call,
                                      const std::optional<PlaceRange>& candidates) {
  TRAWL_ASSIGN(std::string detail, find_detail(services, call));
  if (candidates) {
    TRAWL_ASSIGN(detail, with_candidates(detail, *candidates));
  }
  add_replayable(services, call.ns.id, detail);
  TRAWL_ASSIGN(const bool autopsy, QueryReader(call.request).boolean("autopsy", false));
  if (autopsy) {
    const ExecutionId id(call.request.path_parameter("execution_id"));
    TRAWL_TRY(add_autopsy(services, call.ns.id, id, detail));
  }
  return detail_response(std::move(detail));
}

// A client that asks for parts expects more than is read on the connection's thread.
Result<void> answer_show(const Services& services,
                         const std::shared_ptr<http::Request>& sent, const Call& call,
                         const http::Reply& reply) {
  TRAWL_ASSIGN(const auto candidates, read_candidates(*sent));
  if (candidates) {
    return answer_on_worker(services, sent, call, reply, "an execution",
                            [&services, candidates](const Call& again) {
                              return show_execution(services, again, candidates);
                            });
  }
  const RequestTime time(services, *sent);
  TRAWL_ASSIGN(auto response,
               bounded(time, [&] { return show_execution(services, call, candidates); }));
  reply(std::move(response));
  return {};
}

}  // namespace

Result<std::string> find_detail(const Services& services, const Call& call) {
  const std::string& id = call.request.path_parameter("execution_id");
  TRAWL_ASSIGN(auto found, find_json(services.ledger, call.ns.id, ExecutionId(id)));
  if (found) return std::move(*found);
  return make_error(ErrorCode::not_found,
                    fmt::format("the execution '{}' does not exist in the namespace '{}'",
                                truncate_text(id, 100), call.ns.name));
}

void add_execution_routes(http::Router& router, const Services& services) {
  const RequestShape list(paging_query(), execution_list_shape());
  router.add({"POST", std::string(kListPath), reads_run_on(services), http::Body::buffered,
              async_endpoint(services, Permission::read, Scope::in_namespace, list,
                             [&services](const std::shared_ptr<http::Request>& request,
                                         Call& call, const http::Reply& reply) {
                               return answer_list(services, request, call, reply);
                             })});
  router.add({"GET", "/v1/retrievers/executions/{execution_id}", reads_run_on(services),
              http::Body::buffered,
              async_endpoint(services, Permission::read, Scope::in_namespace,
                             Query{{"autopsy"}, {"candidates"}},
                             [&services](const std::shared_ptr<http::Request>& request,
                                         Call& call, const http::Reply& reply) {
                               return answer_show(services, request, call, reply);
                             })});
}

}  // namespace trawl::api
