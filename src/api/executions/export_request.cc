#include "api/executions/export_request.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "api/executions/collection_condition.h"
#include "api/wire/query_reader.h"
#include "base/text.h"
#include "ledger/cursor.h"

namespace trawl::api {
namespace {

constexpr std::string_view kFormats[] = {"ndjson", "csv"};

Error at_query(Error error, std::string_view name) {
  error.location = fmt::format("query.{}", name);
  return error;
}

// Where an export that broke off continues: behind an execution that the client has.
Result<ExecutionKey> key_of(const Services& services, const Call& call,
                            std::string_view id) {
  TRAWL_ASSIGN(const auto found,
               services.ledger.find(call.ns.id, ExecutionId(std::string(id))));
  if (found) return ExecutionKey{found->summary.timestamp, found->summary.execution_id};
  return at_query(
      make_error(
          ErrorCode::not_found,
          fmt::format("after is '{}', an execution that the namespace '{}' does not have, "
                      "or no longer has; name the one before it, or start again",
                      truncate_text(id, 100), call.ns.name)),
      "after");
}

}  // namespace

Result<ExportRequest> parse_export_request(const Services& services, Call& call) {
  const QueryReader query(call.request);
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  ExportRequest out;
  out.namespace_id = call.ns.id;
  TRAWL_TRY(refuse_page_keys(sent, "an export", FieldsKey::taken));
  TRAWL_ASSIGN(out.body, parse_execution_list_body(
                             sent, call.ns.id, services.clock.now(),
                             find_collection_id_in(services.catalog, call.ns.id)));
  TRAWL_TRY(refuse_unknown_collections(services, out.body));
  TRAWL_ASSIGN(const std::string_view format, query.choice("format", kFormats));
  out.csv = format == "csv";
  TRAWL_ASSIGN(out.detail, query.boolean("detail", false));
  if (out.csv && out.detail) {
    return invalid_at("query.detail",
                      "detail is true, but a CSV holds only the fields of a row; "
                      "use format=ndjson");
  }
  out.fields = ChosenFields(out.body.fields);
  if (!out.fields.empty() && (out.csv || out.detail)) {
    return invalid_at(
        "fields",
        out.csv ? "a CSV has columns of its own; leave fields out, or use "
                  "format=ndjson"
                : "detail is true, which exports all fields; leave one of the two out");
  }
  TRAWL_ASSIGN(out.raw, query.boolean("raw", false));
  if (out.raw && !out.csv) {
    return invalid_at("query.raw",
                      "raw is true, but only a CSV has its texts changed; "
                      "leave it out, or use format=csv");
  }
  TRAWL_ASSIGN(out.trailer, query.boolean("trailer", !out.csv));
  if (query.text("gzip")) {
    TRAWL_ASSIGN(out.gzip, query.boolean("gzip", false));
  }
  TRAWL_ASSIGN(out.limit, query.count("limit", 1, std::int64_t{1} << 53));
  if (const auto text = query.text("cursor")) {
    auto cursor = decode_cursor(call.ns.id, out.body.canonical, *text);
    if (!cursor) return at_query(std::move(cursor).error(), "cursor");
    // A relative range means what it meant at first.
    out.body.filter.start_time = cursor->start_time;
    out.body.filter.end_time = cursor->end_time;
    out.after = std::move(cursor->after);
  }
  if (const auto id = query.text("after")) {
    TRAWL_ASSIGN(out.after, key_of(services, call, *id));
  }
  return out;
}

RequestShape export_shape() {
  return {Query{{"format"},
                {"detail"},
                {"gzip"},
                {"cursor", Described::yes, true},
                {"after", Described::yes, true},
                {"limit"},
                {"trailer"},
                {"raw"}},
          execution_conditions_shape().with({{"fields"}})};
}

}  // namespace trawl::api
