// POST /v1/retrievers/execute: runs a pipeline that nobody saved, and records it.
#include "api/retrievers/execute.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "api/operate/metrics.h"
#include "api/retrievers/pinned_versions.h"
#include "api/retrievers/result_reply.h"
#include "api/wire/endpoint.h"
#include "api/wire/labels.h"
#include "api/wire/query_reader.h"
#include "api/wire/request_time.h"
#include "api/wire/result_page.h"
#include "base/ids.h"
#include "base/text.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

// Of a W3C traceparent header: 00-<32 hex digits>-<16>-<2>. Empty where it is malformed.
TraceContext trace_of(const http::Request& request) {
  const auto header = request.header("traceparent");
  if (!header || header->size() < 55 || (*header)[2] != '-' || (*header)[35] != '-' ||
      (*header)[52] != '-') {
    return {};
  }
  const auto is_id = [](std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
           text.find_first_not_of('0') != std::string_view::npos;
  };
  const std::string_view trace_id = header->substr(3, 32);
  const std::string_view parent_id = header->substr(36, 16);
  if (!is_id(trace_id) || !is_id(parent_id)) return {};
  return {std::string(trace_id), std::string(parent_id)};
}

// What one request asks for, beyond the pipeline itself.
struct ExecuteRequest {
  BoundPipeline bound;
  std::vector<PinnedVersion> pinned;
  ResultPage page;
  Labels labels;
  RecordingMode recording = RecordingMode::full;
  bool return_vectors = false;
  std::vector<std::string> warnings;
};

// Clients send them in the query or in the body.
Result<bool> read_flag(const http::Request& request, ObjectReader& body,
                       std::string_view name) {
  TRAWL_ASSIGN(const bool in_query, QueryReader(request).boolean(name, false));
  return body.boolean({name}, false) || in_query;
}

// Each page is a run of its own.
void warn_of_chance(const BoundPipeline& bound, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < bound.stage_facts.size(); ++i) {
    if (bound.stage_facts[i].traits.deterministic) continue;
    warnings.push_back(fmt::format(
        "{}: it draws anew for each page, so pages repeat and miss documents; give it a "
        "seed",
        bound.pipeline.stages[i].stage_name));
  }
}

Result<ExecuteRequest> parse_request(const Services& services, const http::Request& request,
                                     json::object sent, const Call& call) {
  ObjectReader body(sent, {});
  if (body.boolean({"stream"}, false)) {
    Error error = make_error(ErrorCode::not_enabled,
                             "stream is true, but this server does not offer streaming; "
                             "leave stream out");
    error.location = "stream";
    return error;
  }
  TRAWL_ASSIGN(Pipeline pipeline, parse_pipeline(body, services.stages));
  const json::object* named_inputs = body.object({"inputs"});
  std::vector<std::string> warnings;
  TRAWL_ASSIGN(const bool return_urls, read_flag(request, body, "return_presigned_urls"));
  if (return_urls) {
    warnings.emplace_back(
        "'return_presigned_urls' has no effect: this server keeps no files");
  }
  TRAWL_ASSIGN(const bool return_vectors, read_flag(request, body, "return_vectors"));
  const bool skip_cache = body.boolean({"skip_cache"}, false);
  const auto recording = body.one_of<RecordingMode>(
      {"recording"}, RecordingMode::full,
      {{"full", RecordingMode::full}, {"summary", RecordingMode::summary}});
  TRAWL_ASSIGN(Labels labels, read_labels(request, body));
  TRAWL_ASSIGN(const ResultPage page, parse_result_page(body));
  ExecuteRequest out;
  TRAWL_ASSIGN(out.pinned, read_pinned_versions(services, call.ns.id, body));
  TRAWL_TRY(body.status());

  out.page = page;
  out.labels = std::move(labels);
  out.recording = recording;
  out.return_vectors = return_vectors;
  json::object inputs;
  if (named_inputs != nullptr) inputs = std::move(sent["inputs"].get_object());
  TRAWL_ASSIGN(out.bound, bind_pinned(services, out.pinned, std::move(pipeline),
                                      std::move(inputs), call.ns.id));
  out.bound.use_cache = !skip_cache;
  for (const std::vector<std::string>* said : {&std::as_const(out.bound.pipeline.warnings),
                                               &std::as_const(warnings), &call.warnings}) {
    out.warnings.insert(out.warnings.end(), said->begin(), said->end());
  }
  if (out.page.begin > 0) warn_of_chance(out.bound, out.warnings);
  return out;
}

// Stages are checked by their parser, as what they take depends on what they are; inputs
// are data, and filters have a grammar.
RequestShape request_shape() {
  using Others = ObjectShape::Others;
  static const ObjectShape kConfig{
      {{"stage_id"}, {"parameters"}, {"pre_filters"}, {"post_filters"}}, Others::data};
  static const ObjectShape kStage{{{"stage_name"},
                                   {"stage_type"},
                                   {"config", &kConfig},
                                   {"stage_id"},
                                   {"parameters"},
                                   {"type"},
                                   {"batch_size"},
                                   {"description"},
                                   {"on_error"}},
                                  Others::data};
  static const ObjectShape kBudget{{{"max_credits"}, {"max_time_ms"}}};
  static const ObjectShape kSettings{{{"limit"}}, Others::warned};
  static const ObjectShape kAfter{{{"cursor"}}, Others::warned};
  static const ObjectShape kPagination{{{"method"},
                                        {"limit"},
                                        {"cursor"},
                                        {"page_size"},
                                        {"page_number"},
                                        {"page", nullptr, Described::no},
                                        {"scroll_id"},
                                        {"scroll_ttl"},
                                        {"after", &kAfter}},
                                       Others::warned};
  return {Query{{"return_presigned_urls"},
                {"return_vectors"},
                // Both names of the list are always there.
                {"include_legacy_results", Described::no}},
          ObjectShape{{{"collection_identifiers"},
                       {"collection_ids", nullptr, Described::no},
                       {"collections", nullptr, Described::no},
                       {"input_schema"},
                       {"stages", &kStage},
                       {"inputs"},
                       {"collection_versions"},
                       {"budget_limits", &kBudget},
                       {"filters"},
                       {"pre_filters"},
                       {"limit"},
                       {"page_size"},
                       {"settings", &kSettings},
                       {"pagination", &kPagination},
                       {"skip_cache"},
                       {"labels"},
                       {"recording"},
                       {"stream"},
                       {"return_presigned_urls"},
                       {"return_vectors"},
                       {"expand", nullptr, Described::no}},
                      Others::warned}};
}

// What a library says of its failure may quote the inputs, so it is logged only where they
// are recorded as they are.
void log_failure(const Call& call, const Execution& execution, RecordingMode mode,
                 const std::string& detail) {
  if (detail.empty()) return;
  const bool restricted =
      mode != RecordingMode::full || call.ns.definition.contains("recording");
  spdlog::error("execution {} failed: {}", execution.summary.execution_id.str(),
                restricted ? "its message is withheld, because its namespace or the "
                             "request restricts what is recorded"
                           : detail);
}

// Runs on a worker. The reply leaves when the record is on disk.
Result<void> execute(const Services& services,
                     const std::shared_ptr<http::Request>& request, Call& call,
                     const http::Reply& reply) {
  const std::int64_t begun_us = monotonic_us();
  const RequestTime time(services, *request);
  TRAWL_ASSIGN(ExecuteRequest wanted, bounded(time, [&]() -> Result<ExecuteRequest> {
                 TRAWL_ASSIGN(json::object sent, read_body(call));
                 return parse_request(services, *request, std::move(sent), call);
               }));
  wanted.bound.begun_us = begun_us;
  TRAWL_ASSIGN(Recorder::Ticket ticket, services.recorder.admit(wanted.recording));

  Execution execution;
  execution.summary.timestamp = services.clock.now();
  execution.summary.execution_id = make_execution_id(execution.summary.timestamp);
  execution.caller_key_id = call.key.id.str();
  execution.client = truncate_text(request->header("User-Agent").value_or(""), 200);
  execution.request_id = request->request_id;
  RunRequest run;
  run.trace = trace_of(*request);
  execution.trace_id = run.trace.trace_id;
  execution.labels = std::move(wanted.labels);
  if (request->queued_us > 0) {
    execution.queue_wait_ms = static_cast<double>(begun_us - request->queued_us) / 1000.0;
  }
  services.runner.describe(wanted.bound, execution);
  services.recorder.start(ticket, execution);

  run.shown_begin = wanted.page.begin;
  if (wanted.page.method != ResultPage::Method::all) run.shown_count = wanted.page.count;
  run.stop = request->stop;
  const RunResult result = services.runner.run(wanted.bound, execution, run);
  log_failure(call, execution, wanted.recording, result.error_detail);
  services.metrics.execution_ended(execution.summary.status, result.time_used_us);
  std::vector<std::string> warnings = std::move(wanted.warnings);
  warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());
  for (auto& warning : unused_version_warnings(wanted.pinned, execution)) {
    warnings.push_back(std::move(warning));
  }

  auto response = std::make_shared<http::Response>(
      result_reply(execution, wanted.bound.pipeline.budget, result, wanted.page, warnings,
                   wanted.return_vectors));
  response->headers.emplace_back("X-Execution-Mode", "adhoc");
  response->headers.emplace_back("X-Execution-Id", execution.summary.execution_id.str());
  response->headers.emplace_back(
      "Server-Timing", fmt::format("run;dur={:.3f}", execution.summary.duration_ms));
  services.recorder.finish(
      std::move(ticket), std::move(execution),
      [response, reply, request_id = request->request_id](const AppendOutcome& recorded) {
        reply(recorded ? std::move(*response)
                       : http::error_response(recorded.error(), request_id));
      });
  return {};
}

}  // namespace

void add_execute_routes(http::Router& router, const Services& services) {
  router.add(
      {"POST", "/v1/retrievers/execute", http::RunOn::worker, http::Body::buffered,
       async_endpoint(services, Permission::read, Scope::in_namespace, request_shape(),
                      [&services](const std::shared_ptr<http::Request>& request, Call& call,
                                  const http::Reply& reply) {
                        return execute(services, request, call, reply);
                      })});
}

}  // namespace trawl::api
