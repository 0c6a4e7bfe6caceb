// /v1/retrievers/executions/replay-jobs: replays of many executions, behind everything
// else.
#include "api/insight/replay_job_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/executions/collection_condition.h"
#include "api/executions/execution_list_body.h"
#include "api/insight/replay_job_events.h"
#include "api/insight/replay_job_json.h"
#include "api/insight/replay_request.h"
#include "api/wire/endpoint.h"
#include "api/wire/query_reader.h"
#include "api/wire/request_time.h"
#include "base/text.h"
#include "insight/replay_jobs.h"

namespace trawl::api {
namespace {

constexpr std::string_view kJobsPath = "/v1/retrievers/executions/replay-jobs";
constexpr std::int64_t kJobsShownMax = 1'000;
constexpr std::int64_t kItemsShownMax = 1'000;
constexpr std::size_t kItemsShown = 100;

struct JobBody {
  ReplayJob job;
  ExecutionListBody executions;
};

Result<JobBody> read_job_body(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  const TimeUs now = services.clock.now();
  ObjectReader in(sent, {});
  JobBody out;
  TRAWL_ASSIGN(out.job.request, read_replay_request(in, now));
  out.job.record = in.boolean({"record"}, false);
  const json::object* executions = in.object({"executions"});
  TRAWL_TRY(in.status());
  if (executions == nullptr) {
    return invalid_at("executions",
                      "executions is missing; name the conditions of a list, such as "
                      "{\"start_time\": \"-24h\"}, or {} for all ad hoc executions");
  }
  auto conditions = [&]() -> Result<ExecutionListBody> {
    TRAWL_TRY(refuse_page_keys(*executions, "a job", FieldsKey::refused));
    return parse_execution_list_body(*executions, call.ns.id, now,
                                     find_collection_id_in(services.catalog, call.ns.id));
  }();
  if (!conditions) {
    Error error = std::move(conditions).error();
    error.location = error.location.empty() ? "executions" : "executions." + error.location;
    return error;
  }
  out.executions = std::move(*conditions);
  out.job.namespace_id = call.ns.id;
  out.job.key_id = call.key.id.str();
  out.job.executions = echo_of(out.executions);
  return out;
}

Result<http::Response> start_job(const Services& services, Call& call) {
  TRAWL_ASSIGN(JobBody body, read_job_body(services, call));
  const RequestTime time(services, call.request);
  auto started = bounded(time, [&]() -> Result<ReplayJob> {
    TRAWL_TRY(refuse_unknown_collections(services, body.executions));
    return services.replay_jobs.start(std::move(body.job), body.executions.filter);
  });
  if (!started) return std::move(started).error();
  json::object reply = replay_job_json(*started);
  call.warnings.insert(call.warnings.end(), body.executions.warnings.begin(),
                       body.executions.warnings.end());
  add_warnings(reply, call);
  return json_response(std::move(reply));
}

Result<http::Response> list_jobs(const Services& services, Call& call) {
  TRAWL_ASSIGN(const auto limit,
               QueryReader(call.request).count("limit", 1, kJobsShownMax));
  TRAWL_ASSIGN(const auto jobs, services.replay_jobs.list(call.ns.id));
  json::array results;
  for (const ReplayJob& job : jobs) {
    if (results.size() >= limit.value_or(kJobsShownMax)) break;
    results.push_back(replay_job_json(job));
  }
  return json_response(
      json::object{{"results", std::move(results)}, {"total", jobs.size()}});
}

// The id of the job that the path names; "latest" is the newest one.
Result<std::string> job_id_of(const Services& services, const Call& call) {
  std::string id = call.request.path_parameter("job_id");
  if (id != "latest") return id;
  TRAWL_ASSIGN(const auto jobs, services.replay_jobs.list(call.ns.id));
  if (!jobs.empty()) return jobs.front().id;
  return make_error(ErrorCode::not_found, "there are no jobs in this namespace");
}

Result<ReplayJob> named_job(const Services& services, const Call& call) {
  TRAWL_ASSIGN(const std::string id, job_id_of(services, call));
  return services.replay_jobs.find(call.ns.id, id);
}

Result<http::Response> show_job(const Services& services, Call& call) {
  TRAWL_ASSIGN(const ReplayJob job, named_job(services, call));
  TRAWL_ASSIGN(const ReplayJobReport report, services.replay_jobs.report(job));
  json::object out = replay_job_json(job);
  out["report"] = replay_job_report_json(report);
  return json_response(std::move(out));
}

Result<http::Response> list_job_items(const Services& services, Call& call) {
  const QueryReader query(call.request);
  ReplayJobStore::ItemRequest request;
  if (const auto outcome = query.text("outcome")) {
    request.outcome = parse_outcome(*outcome);
    if (!request.outcome) {
      return invalid_at("query.outcome",
                        fmt::format("outcome is '{}'; use identical, changed, gone or "
                                    "failed",
                                    truncate_text(std::string(*outcome), 64)));
    }
  }
  TRAWL_ASSIGN(request.results_changed, query.boolean("results_changed", false));
  TRAWL_ASSIGN(const auto from,
               query.count("from", 0, std::numeric_limits<std::int32_t>::max()));
  TRAWL_ASSIGN(const auto limit, query.count("limit", 1, kItemsShownMax));
  request.from_place = from.value_or(0);
  const std::size_t shown = limit.value_or(kItemsShown);
  request.limit = shown + 1;  // One more tells whether there are more.
  TRAWL_ASSIGN(const ReplayJob job, named_job(services, call));
  TRAWL_ASSIGN(const auto items, services.replay_jobs.items(job.id, request));
  json::array results;
  for (std::size_t i = 0; i < std::min(items.size(), shown); ++i) {
    results.push_back(replay_job_item_json(items[i]));
  }
  return json_response(
      json::object{{"results", std::move(results)},
                   {"next_from", items.size() > shown ? json::value(items[shown].place)
                                                      : json::value()}});
}

Result<http::Response> follow_job(const Services& services, Call& call) {
  TRAWL_ASSIGN(const ReplayJob job, named_job(services, call));
  return replay_job_events(services, call.request, job);
}

Result<http::Response> cancel_job(const Services& services, Call& call) {
  TRAWL_ASSIGN(const std::string id, job_id_of(services, call));
  TRAWL_ASSIGN(const ReplayJob job, services.replay_jobs.cancel(call.ns.id, id));
  return json_response(replay_job_json(job));
}

Result<http::Response> remove_job(const Services& services, Call& call) {
  TRAWL_ASSIGN(const std::string id, job_id_of(services, call));
  TRAWL_TRY(services.replay_jobs.remove(call.ns.id, id));
  return deleted_response(fmt::format("the job '{}' was deleted", id));
}

RequestShape job_shape() {
  static const ObjectShape kConditions = execution_conditions_shape();
  return {
      Query(),
      ObjectShape{
          {{"executions", &kConditions}, {"as_of"}, {"set"}, {"externals"}, {"record"}}}};
}

}  // namespace

Result<void> may_go_on(const KeyStore& keys, const ReplayJob& job, TimeUs now) {
  const auto all = keys.list();
  const auto key = std::find_if(all.begin(), all.end(), [&](const ApiKey& one) {
    return one.id.str() == job.key_id;
  });
  const bool is_active = key != all.end() && key->status(now) == "active";
  if (is_active && key->allows(Permission::read) && may_enter(*key, job.namespace_id)) {
    return {};
  }
  return make_error(
      ErrorCode::forbidden,
      fmt::format("the key that started it {}",
                  is_active          ? "may no longer read"
                  : key == all.end() ? "is no longer there"
                                     : fmt::format("is {}", key->status(now))));
}

void add_replay_job_routes(http::Router& router, const Services& services) {
  const auto add = [&](std::string method, std::string_view below, Permission permission,
                       RequestShape shape,
                       Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::string(kJobsPath).append(below), http::RunOn::worker,
         http::Body::buffered,
         endpoint(services, permission, Scope::in_namespace, std::move(shape),
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  add("POST", "", Permission::read, job_shape(), start_job);
  add("GET", "", Permission::read, Query{{"limit"}}, list_jobs);
  add("GET", "/{job_id}", Permission::read, {}, show_job);
  add("DELETE", "/{job_id}", Permission::remove, {}, remove_job);
  add("GET", "/{job_id}/executions", Permission::read,
      Query{{"outcome"}, {"results_changed"}, {"from"}, {"limit"}}, list_job_items);
  add("GET", "/{job_id}/events", Permission::read, {}, follow_job);
  add("POST", "/{job_id}/cancel", Permission::read, {}, cancel_job);
}

}  // namespace trawl::api
