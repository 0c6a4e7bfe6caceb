#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/wire/reserved_names.h"
#include "auth/key_store.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "embedding/embedding_queue.h"
#include "http/message/message.h"
#include "http/server/server.h"
#include "insight/replay_jobs.h"
#include "ledger/ledger.h"
#include "ledger/record/recorder.h"
#include "ledger/retention/pruner.h"
#include "pipeline/pipeline_run.h"
#include "pipeline/stage_registry.h"
#include "providers/embedders.h"
#include "providers/policy.h"

namespace trawl::api {

class Metrics;
class RecordingPolicies;

// Limits on what one request may bring.
struct Limits {
  std::size_t document_bytes_max = 4 * 1024 * 1024;     // One document as JSON.
  std::size_t import_line_bytes_max = 8 * 1024 * 1024;  // One NDJSON line.
  std::size_t import_batch_documents = 1000;            // In one commit.
  std::size_t import_batch_bytes = 8 * 1024 * 1024;     // The same, as JSON.
  std::int64_t tail_heartbeat_ms = 15'000;  // A silent tail says so often that it lives.
  std::size_t tail_backfill_max = 10'000;   // Executions that a tail can go back.
  // The body of a request that only reads: parsing and recording one is not interrupted.
  std::size_t query_bytes_max = 512 * 1024;
  // The most that one request may compute, also where it names more or nothing; 0: no
  // limit.
  std::int64_t request_ms_max = 60'000;
};

// The parts of the server that handlers use. Built and owned by app; everything here is
// thread-safe and outlives the HTTP server.
struct Services {
  Catalog& catalog;
  Corpus& corpus;
  Ledger& ledger;
  Recorder& recorder;
  KeyStore& keys;
  const StageRegistry& stages;
  const PipelineRunner& runner;
  StageCache& stage_cache;
  Clock& clock;
  Metrics& metrics;
  WorkerPool& workers;
  Pruner& pruner;
  Limits limits;
  std::atomic<bool>& ready;  // False while starting and while draining.
  std::function<http::ServerMetrics()> server_metrics;
  ReservedNames& reserved_names;  // Filled by add_routes().
  std::function<Result<VacuumReport>()> vacuum;
  ReplayJobs& replay_jobs;
  const RecordingPolicies& recording_policies;
  const Embedders& embedders;
  EmbeddingQueue& embedding;
  const ProviderPolicies& provider_policies;
};

// Every route of the server. The services must outlive the router. Throws std::logic_error
// where the routes and their description differ (describe/openapi.h).
void add_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
