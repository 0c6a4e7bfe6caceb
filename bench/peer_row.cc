#include <cmath>
#include <utility>

#include "model/execution_json.h"
#include "peer.h"

namespace trawl::bench {

PeerRow make_peer_row(const ExecutionGenerator& generator, const History& history,
                      std::uint64_t number) {
  Execution execution = generator.make(number);
  const ExecutionSummary& summary = execution.summary;
  PeerRow out;
  out.ns = generator.namespace_of(number);
  out.status = summary.status == status::kCompleted ? kPeerCompleted
               : summary.status == status::kFailed  ? kPeerFailed
                                                    : kPeerCancelled;
  out.ts = summary.timestamp;
  out.id = summary.execution_id.str();
  out.duration_us = std::llround(summary.duration_ms * 1000);
  out.total_processed = summary.total_processed;
  out.total_returned = summary.total_returned;
  out.credits_used = summary.credits_used;
  out.cache_hit_rate = summary.cache_hit_rate;
  out.row = execution_row_json(summary);
  out.query_summary = summary.query_summary.value_or("");
  // The peers keep the parts of the detail as they are served.
  const json::object detail =
      parse_json(execution_detail_json(execution)).value().get_object();
  const bool with_stages = number % history.peer_details_every == 0;
  out.stages = with_stages ? to_json_text(detail.at("stages")) : "[]";
  out.results = with_stages ? to_json_text(detail.at("results")) : "[]";
  out.versions = to_json_text(detail.at("collection_versions"));
  out.labels = to_json_text(detail.at("labels"));
  out.caller_key_id = std::move(execution.caller_key_id);
  out.client = std::move(execution.client);
  out.request_id = std::move(execution.request_id);
  out.trace_id = std::move(execution.trace_id);
  out.inputs = std::move(execution.inputs).value_or("");
  out.inputs_hash = std::move(execution.inputs_hash).value_or("");
  out.fingerprint = std::move(execution.fingerprint);
  out.failed_stage = std::move(execution.failed_stage);
  out.error = std::move(execution.error);
  return out;
}

}  // namespace trawl::bench
