// POST /v1/retrievers/executions/list and GET /v1/retrievers/executions/{id}.
#include "api/executions.h"

#include <fmt/format.h>

#include "api/endpoint.h"
#include "api/time_value.h"
#include "base/text.h"
#include "ledger/cursor.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

constexpr std::string_view kListPath = "/v1/retrievers/executions/list";
constexpr std::string_view kBodyKeys[] = {"status", "start_time", "end_time"};

Result<http::Response> list_executions(const Services& services, Call& call) {
  TRAWL_ASSIGN(const ListQuery query, parse_list_query(call.request));
  TRAWL_ASSIGN(const json::object sent, read_body(call.request));
  TRAWL_ASSIGN(ExecutionListBody body,
               parse_execution_list_body(sent, call.ns.id, services.clock.now()));
  ExecutionPageRequest wanted{query.limit, query.offset, std::nullopt};
  if (query.cursor) {
    auto cursor = decode_cursor(call.ns.id, body.canonical, *query.cursor);
    if (!cursor) {
      Error error = std::move(cursor).error();
      error.location = "query.cursor";
      return error;
    }
    // A relative range means what it meant on the first page.
    body.filter.start_time = cursor->start_time;
    body.filter.end_time = cursor->end_time;
    wanted.after = std::move(cursor->after);
  }
  TRAWL_ASSIGN(const ExecutionPage page, services.ledger.list(body.filter, wanted));

  PageFacts facts;
  facts.path = kListPath;
  facts.total = page.total;
  facts.row_count = page.row_count;
  facts.has_next = page.has_more;
  facts.show_total = query.include_total;
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
  out += pagination_json(query, facts);
  out += '}';
  return json_response(std::move(out));
}

Result<http::Response> show_execution(const Services& services, Call& call) {
  const std::string& id = call.request.path_parameter("execution_id");
  TRAWL_ASSIGN(const auto found, services.ledger.find_json(call.ns.id, ExecutionId(id)));
  if (!found) {
    return make_error(ErrorCode::not_found,
                      fmt::format("the execution '{}' does not exist in the namespace '{}'",
                                  truncate_text(id, 100), call.ns.name));
  }
  return json_response(*found);
}

}  // namespace

Result<ExecutionListBody> parse_execution_list_body(const json::object& body,
                                                    const NamespaceId& namespace_id,
                                                    TimeUs now) {
  ExecutionListBody out;
  out.filter.namespace_id = namespace_id;
  json::object stated;
  for (const auto& field : body) {
    const std::string_view key(field.key().data(), field.key().size());
    if (std::find(std::begin(kBodyKeys), std::end(kBodyKeys), key) == std::end(kBodyKeys)) {
      const std::string name = truncate_text(key, 64);
      return invalid_at(name,
                        fmt::format("'{}' is no filter of this list{}; known are status, "
                                    "start_time and end_time",
                                    name, did_you_mean(key, kBodyKeys)));
    }
    if (!field.value().is_null()) stated[field.key()] = field.value();
  }
  ObjectReader in(stated, {});
  out.filter.status = in.optional_string({"status"});
  TRAWL_TRY(in.status());
  if (const auto* value = in.find({"start_time"})) {
    TRAWL_ASSIGN(out.filter.start_time, parse_time_value(*value, now, "start_time"));
  }
  if (const auto* value = in.find({"end_time"})) {
    TRAWL_ASSIGN(out.filter.end_time, parse_time_value(*value, now, "end_time"));
  }
  if (out.filter.start_time && out.filter.end_time &&
      *out.filter.start_time > *out.filter.end_time) {
    return invalid_at("start_time",
                      fmt::format("start_time ({}) is after end_time ({}); swap them",
                                  format_time(*out.filter.start_time),
                                  format_time(*out.filter.end_time)));
  }
  out.canonical = canonical_json(stated);
  return out;
}

void add_execution_routes(http::Router& router, const Services& services) {
  router.add(
      {"POST", std::string(kListPath), http::RunOn::io, http::Body::buffered,
       endpoint(services, Permission::read, Scope::in_namespace,
                [&services](Call& call) { return list_executions(services, call); })});
  router.add(
      {"GET", "/v1/retrievers/executions/{execution_id}", http::RunOn::io,
       http::Body::buffered,
       endpoint(services, Permission::read, Scope::in_namespace,
                [&services](Call& call) { return show_execution(services, call); })});
}

}  // namespace trawl::api
