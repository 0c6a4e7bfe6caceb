#include "api/insight/descendant.h"

#include <optional>
#include <utility>

#include "api/operate/metrics.h"
#include "base/ids.h"
#include "base/text.h"

namespace trawl::api {

Result<void> run_descendant(const Services& services,
                            const std::shared_ptr<http::Request>& request, Call& call,
                            const http::Reply& reply, const Descent& descent,
                            BoundPipeline bound, const RunReplay* replay,
                            const RunStart* start, std::int64_t begun_us,
                            const DescendantReply& text) {
  bound.begun_us = begun_us;
  std::optional<Recorder::Ticket> ticket;
  if (descent.record) {
    TRAWL_ASSIGN(Recorder::Ticket admitted, services.recorder.admit());
    ticket.emplace(std::move(admitted));
  }

  Execution made;
  made.summary.timestamp = services.clock.now();
  made.summary.execution_id = make_execution_id(made.summary.timestamp);
  made.summary.execution_mode = descent.mode;
  made.parent_execution_id = descent.original.summary.execution_id.str();
  made.relation = descent.relation;
  made.retriever_id = descent.original.retriever_id;
  made.retriever_revision = descent.original.retriever_revision;
  made.caller_key_id = call.key.id.str();
  made.client = truncate_text(request->header("User-Agent").value_or(""), 200);
  made.request_id = request->request_id;
  if (request->queued_us > 0) {
    made.queue_wait_ms = static_cast<double>(begun_us - request->queued_us) / 1000.0;
  }
  services.runner.describe(bound, made);
  if (ticket) services.recorder.start(*ticket, made);
  RunRequest run;
  run.stop = request->stop;
  run.replay = replay;
  run.start = start;
  const RunResult result = services.runner.run(bound, made, run);
  services.metrics.execution_ended(made.summary.status, result.time_used_us);
  std::vector<std::string> warnings = call.warnings;
  warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());

  auto response = std::make_shared<http::Response>(json_response(text(made, warnings)));
  if (!ticket) {
    reply(std::move(*response));
    return {};
  }
  response->headers.emplace_back("X-Execution-Id", made.summary.execution_id.str());
  services.recorder.finish(
      std::move(*ticket), std::move(made),
      [response, reply, request_id = request->request_id](const AppendOutcome& recorded) {
        reply(recorded ? std::move(*response)
                       : http::error_response(recorded.error(), request_id));
      });
  return {};
}

}  // namespace trawl::api
