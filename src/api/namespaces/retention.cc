// /v1/namespaces/{namespace}/retention: what it is, what it would take, and taking it now.
#include "api/namespaces/retention.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "api/namespaces/namespaces.h"
#include "api/wire/endpoint.h"
#include "base/near_name.h"
#include "base/text.h"
#include "model/execution.h"

namespace trawl::api {
namespace {

json::object report_json(const PruneReport& report) {
  const auto time = [](const std::optional<TimeUs>& at) {
    return at ? json::value(format_time(*at)) : json::value();
  };
  return {{"total", report.total()},
          {"by_rule", json::object{{"age", report.by_age},
                                   {"count", report.by_count},
                                   {"bytes", report.by_bytes}}},
          {"bytes", report.bytes},
          {"oldest", time(report.oldest)},
          {"newest", time(report.newest)}};
}

json::value run_json(const std::optional<Pruner::Run>& run) {
  if (!run) return nullptr;
  json::object out = report_json(run->report);
  out["started_at"] = format_time(run->started_at);
  out["duration_ms"] = static_cast<double>(run->duration_us) / 1000.0;
  out["complete"] = !run->error && !run->report.more;
  out["error"] = run->error ? json::value(run->error->message) : json::value();
  return out;
}

json::object about(const Namespace& ns, const RetentionPolicy& policy) {
  return {{"namespace_id", ns.id.str()},
          {"namespace_name", ns.name},
          {"retention", retention_json(policy)}};
}

Result<http::Response> show_retention(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Namespace ns, namespace_of_path(services, call));
  TRAWL_ASSIGN(const RetentionPolicy policy, retention_of(ns));
  json::object out = about(ns, policy);
  out["last_run"] = run_json(services.pruner.last_run(ns.id));
  return json_response(std::move(out));
}

Result<http::Response> preview(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Namespace ns, namespace_of_path(services, call));
  TRAWL_ASSIGN(const RetentionPolicy policy,
               body.empty() ? retention_of(ns) : parse_retention(body, {}));
  if (!body.empty()) TRAWL_TRY(check_statuses(services, &ns, policy, {}));
  TRAWL_ASSIGN(const PruneReport report,
               services.ledger.preview_prune(ns.id, policy, services.clock.now()));
  json::object out = about(ns, policy);
  out["would_delete"] = report_json(report);
  return json_response(std::move(out));
}

Result<http::Response> run(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Namespace ns, namespace_of_path(services, call));
  TRAWL_ASSIGN(const RetentionPolicy policy, retention_of(ns));
  const auto stop = [&] { return call.request.stop.stop_requested(); };
  const Pruner::Run run = services.pruner.prune(ns.id, policy, services.clock.now(), stop);
  if (run.error) return *run.error;
  json::object out = about(ns, policy);
  out["run"] = run_json(run);
  return json_response(std::move(out));
}

}  // namespace

Result<void> check_statuses(const Services& services, const Namespace* ns,
                            const RetentionPolicy& policy, std::string_view location) {
  static constexpr std::string_view kKnown[] = {status::kCompleted, status::kFailed,
                                                status::kCancelled};
  for (const auto& [name, age_us] : policy.status_max_age_us) {
    if (std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown)) continue;
    bool is_there = false;
    if (ns != nullptr) {  // Imported executions may have any status.
      ExecutionFilter filter;
      filter.namespace_id = ns->id;
      filter.status = name;
      TRAWL_TRY(
          services.ledger.scan(filter, {}, [&](const ScannedExecution&) -> Result<bool> {
            is_there = true;
            return false;
          }));
    }
    if (is_there) continue;
    const std::string shown = truncate_text(name, 64);
    const auto near = near_name(name, kKnown);
    std::string at = location.empty() ? "" : std::string(location) + ".";
    at += "by_status." + shown;
    return invalid_at(
        at,
        near.empty()
            ? fmt::format("{}: no execution of the namespace has the status '{}'; use "
                          "{}, or a status that executions were imported with",
                          at, shown, fmt::join(kKnown, ", "))
            : fmt::format("{}: unknown status '{}'; did you mean '{}'?", at, shown, near));
  }
  return {};
}

Result<RetentionPolicy> retention_of(const Namespace& ns) {
  const auto* value = ns.definition.if_contains(
      json::string_view(kRetentionKey.data(), kRetentionKey.size()));
  if (value == nullptr || !value->is_object()) return RetentionPolicy();
  return parse_retention(value->get_object(), std::string(kRetentionKey));
}

RetentionPolicies compile_retention(const Catalog& catalog) {
  return RetentionPolicies(
      catalog, "retention",
      [](const Namespace& ns) -> Result<std::shared_ptr<const RetentionPolicy>> {
        TRAWL_ASSIGN(RetentionPolicy policy, retention_of(ns));
        return std::make_shared<const RetentionPolicy>(std::move(policy));
      });
}

void prune_all(const Catalog& catalog, const RetentionPolicies& policies, Pruner& pruner,
               TimeUs now, const Pruner::Stop& stop) {
  const auto all = catalog.list_namespaces();
  if (!all) return;
  for (const Namespace& ns : *all) {
    if (stop()) return;
    const auto policy = policies.find(ns.id);
    if (policy == nullptr || policy->empty()) continue;
    const Pruner::Run run = pruner.prune(ns.id, *policy, now, stop);
    if (run.error) {
      spdlog::error("retention of the namespace {}: {} ({})", ns.id.str(),
                    run.error->message, run.error->detail);
    }
    if (run.report.total() > 0) {
      spdlog::info("retention of the namespace {}: {} executions were deleted in {} ms",
                   ns.id.str(), run.report.total(), run.duration_us / 1000);
    }
  }
}

void add_retention_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string path, Permission permission,
                         RequestShape shape,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::move(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, permission, Scope::whole_server, std::move(shape),
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  const std::string path = "/v1/namespaces/{namespace}/retention";
  route("GET", path, Permission::read, {}, show_retention);
  route("POST", path + "/preview", Permission::read,
        RequestShape(Query{}, retention_shape()), preview);
  route("POST", path + "/run", Permission::remove, {}, run);
}

}  // namespace trawl::api
