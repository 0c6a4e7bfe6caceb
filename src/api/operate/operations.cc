// What operators and clients ask of the server itself: health, metrics, the stages. None of
// it needs a key, and all but /metrics tells nothing about the data.
#include "api/operate/operations.h"

#include <fmt/format.h>

#include "api/operate/metrics.h"
#include "api/wire/endpoint.h"
#include "base/write_health.h"

namespace trawl::api {
namespace {

Result<http::Response> health(const Services& services) {
  const auto store = services.corpus.ping();
  const bool recording = services.ready.load() && services.recorder.admit().has_value();
  const auto write_failure = write_health::failure();
  const bool good = store.has_value() && recording && !write_failure;
  json::object out{{"status", good ? "OK" : "DEGRADED"},
                   {"data", json::object{{"cache", true},
                                         {"metadata", store.has_value()},
                                         {"vector_store", store.has_value()},
                                         {"object_storage", store.has_value()},
                                         {"task_queue", recording},
                                         // No model runs here, and none is needed.
                                         {"inference", false}}}};
  if (!good) {
    json::object errors;
    if (!store) errors["metadata"] = store.error().message;
    if (!recording) errors["task_queue"] = "executions are not being recorded";
    if (write_failure) errors["storage"] = *write_failure;
    out["errors"] = std::move(errors);
  }
  out["meta"] = json::object{{"server", "trawl"}, {"version", TRAWL_VERSION}};
  return json_response(std::move(out));
}

Result<http::Response> ready(const Services& services) {
  if (!services.ready.load()) {
    return make_error(ErrorCode::unavailable, "the server is starting or stopping");
  }
  TRAWL_TRY(services.corpus.ping());
  if (const auto failure = write_health::failure()) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("{}; stored data can still be read", *failure));
  }
  return json_response(json::object{{"status", "ready"}});
}

Result<http::Response> list_stages(const Services& services, http::Request& request) {
  const auto category = request.query_value("category");
  json::array out;
  for (const auto& stage : services.stages.definitions()) {
    if (category && !category->empty() && *category != stage.category) continue;
    const auto text = [](std::string_view value) {
      return json::string(value.data(), value.size());
    };
    TRAWL_ASSIGN(json::value schema, parse_json(stage.parameter_schema));
    out.push_back(json::object{{"stage_id", text(stage.stage_id)},
                               {"description", text(stage.description)},
                               {"category", text(stage.category)},
                               {"icon", text(stage.icon)},
                               {"parameter_schema", std::move(schema)}});
  }
  return json_response(json::value(std::move(out)));
}

Result<http::Response> metrics(const Services& services) {
  const http::ServerMetrics server = services.server_metrics();
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body =
      services.metrics.render(services.recorder.metrics(), services.stage_cache.metrics(),
                              server, services.workers.metrics(), services.embedding);
  return response;
}

}  // namespace

void add_operation_routes(http::Router& router, const Services& services) {
  const auto open = [&](std::string path, RequestShape shape,
                        std::function<Result<http::Response>(http::Request&)> handle,
                        http::RunOn run_on = http::RunOn::io) {
    // They are asked most when everything else waits: no worker has a part in the answer.
    const auto at_once = [handle = std::move(handle)](http::Request& request) {
      auto response = handle(request);
      if (response) response->stays_off_workers = true;
      return response;
    };
    router.add({"GET", std::move(path), run_on, http::Body::buffered,
                open_endpoint(std::move(shape), at_once)});
  };
  // A store that is asked over a network is asked by a worker: no I/O thread waits.
  const auto asks_store =
      services.corpus.traits().local ? http::RunOn::io : http::RunOn::worker;
  // Newer clients ask for the parts under /deep; here they always are in the answer.
  for (const auto* path : {"/v1/health", "/v1/health/deep"}) {
    open(
        path, Query{{"deep", Described::no}, {"metrics", Described::no}},
        [&services](http::Request&) { return health(services); }, asks_store);
  }
  const auto alive = [](http::Request&) -> Result<http::Response> {
    return json_response(json::object{{"status", "alive"}});
  };
  open("/v1/health/liveness", {}, alive);
  open("/livez", {}, alive);
  open(
      "/readyz", {}, [&services](http::Request&) { return ready(services); }, asks_store);
  open("/v1/retrievers/stages", Query{{"category"}},
       [&services](http::Request& request) { return list_stages(services, request); });
  open("/metrics", {}, [&services](http::Request&) { return metrics(services); });
}

}  // namespace trawl::api
