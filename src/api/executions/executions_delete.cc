// DELETE /v1/retrievers/executions/{id} and POST /v1/retrievers/executions/delete.
#include "api/executions/executions_delete.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/executions/collection_condition.h"
#include "api/executions/executions.h"
#include "api/wire/counted.h"
#include "api/wire/endpoint.h"
#include "api/wire/query_reader.h"
#include "api/wire/request_time.h"
#include "base/counted.h"
#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::int64_t kCountBudgetMs = 60'000;

Result<http::Response> delete_execution(const Services& services, Call& call) {
  const ExecutionId id(call.request.path_parameter("execution_id"));
  const std::string name = truncate_text(id.str(), 100);
  ExecutionFilter filter;
  filter.namespace_id = call.ns.id;
  filter.execution_ids = std::vector<ExecutionId>{id};
  TRAWL_ASSIGN(const std::uint64_t removed, services.ledger.remove(filter, 1));
  if (removed > 0)
    return deleted_response(fmt::format("the execution '{}' was deleted", name));
  // What is there all the same is running.
  TRAWL_ASSIGN(const auto found, services.ledger.find(call.ns.id, id));
  if (found) {
    return make_error(ErrorCode::already_exists,
                      fmt::format("the execution '{}' is still running and cannot be "
                                  "deleted; try again when it has ended",
                                  name));
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("the execution '{}' does not exist in the namespace '{}'",
                                name, call.ns.name));
}

// Also {"query": "*"} and {"filters": {}} are not conditions.
bool matches_everything(const ExecutionFilter& filter) {
  return filter.is_basic() && filter.modes == ModeKinds::all() && !filter.status &&
         !filter.start_time && !filter.end_time;
}

Error one_stays(ErrorCode code, const ExecutionId& id, std::string_view why) {
  Error error = make_error(code, fmt::format("the execution '{}' {}, so none was deleted",
                                             truncate_text(id.str(), 100), why));
  error.location = "execution_ids";
  return error;
}

// Who names executions one by one means all of them.
//   not_found       one does not exist
//   already_exists  one is still running, and would stay
Result<void> check_all_there(const Services& services, const ExecutionFilter& filter) {
  if (!filter.execution_ids) {
    return invalid_at("query.require_all",
                      "require_all is true, but no execution_ids are named; name them, or "
                      "leave it out");
  }
  ExecutionFilter named;
  named.namespace_id = filter.namespace_id;
  named.execution_ids = filter.execution_ids;
  ExecutionPageRequest all;
  all.limit = kExecutionLimitMax;
  TRAWL_ASSIGN(const ExecutionPage page, services.ledger.list(named, all));
  std::unordered_map<std::string, bool> running;
  for (const Execution& execution : page.executions) {
    running.emplace(execution.summary.execution_id.str(),
                    execution.summary.status == status::kProcessing);
  }
  for (const ExecutionId& id : *filter.execution_ids) {
    const auto found = running.find(id.str());
    if (found == running.end()) {
      return one_stays(ErrorCode::not_found, id, "does not exist in the namespace");
    }
    if (!found->second) continue;
    TRAWL_ASSIGN(const auto keys, services.ledger.running(filter.namespace_id));
    const bool runs = std::any_of(
        keys.begin(), keys.end(),
        [&](const RunningExecution& one) { return one.key.execution_id == id; });
    if (runs) {
      return one_stays(ErrorCode::already_exists, id,
                       "is still running and cannot be deleted");
    }
  }
  return {};
}

Result<http::Response> delete_matching(const Services& services, Call& call) {
  const QueryReader query(call.request);
  TRAWL_ASSIGN(const bool require_all, query.boolean("require_all", false));
  TRAWL_ASSIGN(const bool all, query.boolean("all", false));
  TRAWL_ASSIGN(const bool dry_run, query.boolean("dry_run", false));
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  const TimeUs now = services.clock.now();
  TRAWL_TRY(refuse_page_keys(sent, "deleting", FieldsKey::refused));
  TRAWL_ASSIGN(
      ExecutionListBody body,
      parse_execution_list_body(sent, call.ns.id, now,
                                find_collection_id_in(services.catalog, call.ns.id)));
  // A replay has the inputs of what it replays: whoever deletes these means both.
  if (!body.has_modes) body.filter.modes = ModeKinds::all();
  if (!all && matches_everything(body.filter)) {
    return invalid_at("body",
                      "the body names no condition, which would delete the whole history; "
                      "add one, or send ?all=true");
  }
  // Neither is this what anybody means who deletes: "?!" would find nothing, and its
  // negation everything.
  if (!body.warnings.empty()) return invalid_at("body", body.warnings.front());
  for (const Filter& condition : body.filter.where) {
    if (auto vague = condition.vague_condition()) {
      return invalid_at("filters", std::move(*vague));
    }
  }
  if (require_all) {
    const RequestTime time(services, call.request);
    TRAWL_TRY(bounded(time, [&] { return check_all_there(services, body.filter); }));
  }
  // What begins from now on is not meant, however long this takes.
  body.filter.end_time = std::min(body.filter.end_time.value_or(now), now);
  if (dry_run) {
    ExecutionPageRequest first;
    first.limit = 1;
    first.budget_us = 1'000 * capped_ms(services, kCountBudgetMs);
    const RequestTime time(services, call.request);
    TRAWL_TRY(bounded(time, [&] { return refuse_unknown_collections(services, body); }));
    TRAWL_ASSIGN(const ExecutionPage page,
                 bounded(time, [&] { return services.ledger.list(body.filter, first); }));
    return json_response(json::object{
        {"success", true},
        {"dry_run", true},
        {"deleted_count", 0},
        {"matching_count", page.total},
        {"exact", page.total_exact},
        {"message",
         fmt::format("{}{} {}; running ones would stay",
                     page.total_exact ? "" : "at least ", counted(page.total, "execution"),
                     page.total == 1 ? "matches" : "match")}});
  }
  const RequestTime time(services, call.request);
  TRAWL_TRY(bounded(time, [&] { return refuse_unknown_collections(services, body); }));
  const auto stop = [&time] { return !time.check(); };
  TRAWL_ASSIGN(const Pruner::Removal removal,
               bounded(time, [&] { return services.pruner.remove(body.filter, stop); }));
  return json_response(json::object{
      {"success", true},
      {"dry_run", false},
      {"deleted_count", removal.count},
      {"complete", !removal.more},
      {"message",
       fmt::format("{} deleted{}", counted_were(removal.count, "execution"),
                   removal.more ? "; more remain, as time ran out: send it again" : "")}});
}

}  // namespace

void add_execution_delete_routes(http::Router& router, const Services& services) {
  router.add(
      {"DELETE", "/v1/retrievers/executions/{execution_id}", http::RunOn::worker,
       http::Body::buffered,
       endpoint(services, Permission::remove, Scope::in_namespace, {},
                [&services](Call& call) { return delete_execution(services, call); })});
  router.add(
      {"POST", "/v1/retrievers/executions/delete", http::RunOn::worker,
       http::Body::buffered,
       endpoint(services, Permission::remove, Scope::in_namespace,
                RequestShape(Query{{"dry_run"}, {"all"}, {"require_all"}},
                             execution_conditions_shape()),
                [&services](Call& call) { return delete_matching(services, call); })});
}

}  // namespace trawl::api
