#include "api/operate/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace trawl::api {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};

// A client may invent methods, but not time series.
std::string method_label(std::string_view method) {
  for (const std::string_view known :
       {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}) {
    if (method == known) return std::string(known);
  }
  return "other";
}

// A total that another part counts. A counter of the library's own can only be added to.
prometheus::MetricFamily total(const char* name, const char* help, double count) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Counter;
  family.metric.emplace_back().counter.value = count;
  return family;
}

prometheus::MetricFamily total(const char* name, const char* help, std::uint64_t count) {
  return total(name, help, static_cast<double>(count));
}

// Seconds from microseconds.
double seconds(std::int64_t us) {
  return static_cast<double>(us) / 1e6;
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("trawl_http_requests_total")
          .Help("HTTP requests served, by route, method and status")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& request_seconds =
      prometheus::BuildHistogram()
          .Name("trawl_http_request_seconds")
          .Help("Time from the whole request to its reply, by route")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& executions =
      prometheus::BuildCounter()
          .Name("trawl_executions_total")
          .Help("Executions ended, by status")
          .Register(registry);
  prometheus::Histogram& execution_seconds = prometheus::BuildHistogram()
                                                 .Name("trawl_execution_seconds")
                                                 .Help("Duration of executions")
                                                 .Register(registry)
                                                 .Add({}, kSeconds);
  prometheus::Counter& documents =
      prometheus::BuildCounter()
          .Name("trawl_documents_written_total")
          .Help("Documents created, replaced, changed or deleted")
          .Register(registry)
          .Add({});
  prometheus::Counter& imported = prometheus::BuildCounter()
                                      .Name("trawl_executions_imported_total")
                                      .Help("Executions imported")
                                      .Register(registry)
                                      .Add({});
  prometheus::Registry gauges;
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(gauges).Add({});
  }
  prometheus::Gauge& queue =
      gauge("trawl_recorder_queue", "Executions waiting for a commit");
  prometheus::Gauge& cache_bytes =
      gauge("trawl_stage_cache_bytes", "Memory of the stage cache");
  prometheus::Gauge& connections = gauge("trawl_http_connections", "Open connections");
  prometheus::Gauge& streams =
      gauge("trawl_http_streams", "Replies being streamed: exports, tails");
  prometheus::Gauge& uploads =
      gauge("trawl_http_uploads", "Requests whose bodies are being streamed: imports");
  prometheus::Gauge& bodies =
      gauge("trawl_http_body_bytes", "Memory held by request bodies, except short ones");
  prometheus::Gauge& kept_bytes =
      gauge("trawl_superseded_bytes",
            "About what replaced and deleted documents take that are kept for older "
            "versions, as of the last vacuum");
  prometheus::Gauge& kept_states =
      gauge("trawl_superseded_documents", "How many of them there are");
  prometheus::Gauge& kept_seconds =
      gauge("trawl_oldest_version_seconds", "Age of the oldest version that can be read");
  prometheus::Gauge& cut_time =
      gauge("trawl_versions_cut_timestamp_seconds",
            "When versions last went for want of room, though executions may be run again "
            "over them; 0: never");
  prometheus::Gauge& worker_queue =
      gauge("trawl_worker_queue", "Requests waiting for a worker");
  prometheus::Gauge& worker_slots =
      gauge("trawl_workers", "Requests that workers can run at the same time");
  prometheus::Gauge& worker_running =
      gauge("trawl_workers_running", "Requests that workers run now");
  prometheus::Gauge& worker_waiting =
      gauge("trawl_workers_waiting",
            "Requests that wait for a disk, a client or a network, and hold no worker up");
  prometheus::Gauge& worker_set_aside =
      gauge("trawl_workers_set_aside", "Long requests whose turn has not come again");
  prometheus::Gauge& embedding_awaited =
      gauge("trawl_embedding_awaited", "Documents that await the vectors of a model");
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request_served(std::string_view route, std::string_view method, int status,
                             std::int64_t duration_us) {
  const std::string name = route.empty() ? "(none)" : std::string(route);
  state_->requests
      .Add({{"route", name},
            {"method", method_label(method)},
            {"status", std::to_string(status)}})
      .Increment();
  state_->request_seconds.Add({{"route", name}}, kSeconds).Observe(seconds(duration_us));
}

void Metrics::execution_ended(std::string_view status, std::int64_t duration_us) {
  state_->executions.Add({{"status", std::string(status)}}).Increment();
  state_->execution_seconds.Observe(seconds(duration_us));
}

void Metrics::documents_written(std::uint64_t count) {
  state_->documents.Increment(static_cast<double>(count));
}

void Metrics::versions_kept(std::span<const KeptVersions> kept, TimeUs now) {
  std::uint64_t bytes = 0;
  std::uint64_t states = 0;
  TimeUs oldest = now;
  TimeUs cut = 0;
  for (const KeptVersions& each : kept) {
    bytes += each.bytes;
    states += each.states;
    if (each.states > 0) oldest = std::min(oldest, each.since);
    if (each.last_cut && each.last_cut->for_room) cut = std::max(cut, each.last_cut->at);
  }
  state_->kept_bytes.Set(static_cast<double>(bytes));
  state_->kept_states.Set(static_cast<double>(states));
  state_->kept_seconds.Set(seconds(now - oldest));
  state_->cut_time.Set(seconds(cut));
}

void Metrics::executions_imported(std::uint64_t count) {
  state_->imported.Increment(static_cast<double>(count));
}

std::string Metrics::render(const Recorder::Metrics& recorder,
                            const StageCache::Metrics& cache,
                            const http::ServerMetrics& server,
                            const WorkerPool::Metrics& workers,
                            const EmbeddingQueue& embedding) const {
  State& state = *state_;
  state.queue.Set(static_cast<double>(recorder.queued));
  state.cache_bytes.Set(static_cast<double>(cache.bytes));
  state.connections.Set(static_cast<double>(server.connections_open));
  state.streams.Set(static_cast<double>(server.streams_active));
  state.uploads.Set(static_cast<double>(server.uploads_active));
  state.bodies.Set(static_cast<double>(server.bodies_bytes));
  state.worker_queue.Set(static_cast<double>(workers.queued));
  state.worker_slots.Set(static_cast<double>(workers.slots));
  state.worker_running.Set(static_cast<double>(workers.running));
  state.worker_waiting.Set(static_cast<double>(workers.waiting));
  state.worker_set_aside.Set(static_cast<double>(workers.set_aside));
  state.embedding_awaited.Set(static_cast<double>(embedding.awaited()));
  auto families = state.registry.Collect();
  for (auto& family : state.gauges.Collect()) families.push_back(std::move(family));
  families.push_back(
      total("trawl_recorder_commits_total", "Group commits made", recorder.commits));
  families.push_back(total("trawl_recorder_writes_total",
                           "Records written by group commits", recorder.writes));
  families.push_back(
      total("trawl_recorder_failures_total", "Writes that failed", recorder.failures));
  families.push_back(total("trawl_stage_cache_hits_total",
                           "Stages answered from the stage cache", cache.hits));
  families.push_back(total("trawl_stage_cache_misses_total",
                           "Stages not found in the stage cache", cache.misses));
  families.push_back(total("trawl_http_connections_total", "Connections accepted",
                           server.connections_total));
  const EmbeddingQueue::Totals made = embedding.totals();
  families.push_back(total("trawl_embedding_documents_total",
                           "Documents that were given the vectors of a model",
                           made.documents));
  families.push_back(total("trawl_embedding_reused_total",
                           "Of these, those whose text was embedded before", made.reused));
  families.push_back(
      total("trawl_embedding_tokens_total", "Tokens of the texts embedded", made.tokens));
  families.push_back(total("trawl_embedding_failures_total",
                           "Batches of documents that could not be embedded",
                           made.failures));
  families.push_back(total("trawl_embedding_seconds_total", "Time spent embedding",
                           seconds(made.busy_us)));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace trawl::api
