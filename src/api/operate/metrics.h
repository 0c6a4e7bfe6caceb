#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "corpus/corpus.h"
#include "embedding/embedding_queue.h"
#include "http/server/server.h"
#include "ledger/record/recorder.h"
#include "pipeline/stage_cache.h"
#include "runtime/worker_pool.h"

namespace trawl::api {

// Prometheus metrics of the server. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void request_served(std::string_view route, std::string_view method, int status,
                      std::int64_t duration_us);
  void execution_ended(std::string_view status, std::int64_t duration_us);
  void documents_written(std::uint64_t count);
  void executions_imported(std::uint64_t count);
  // What the last vacuum left.
  void versions_kept(std::span<const KeptVersions> kept, TimeUs now);

  // The text exposition format, with what other parts report of themselves. Times in it are
  // seconds.
  std::string render(const Recorder::Metrics& recorder, const StageCache::Metrics& cache,
                     const http::ServerMetrics& server, const WorkerPool::Metrics& workers,
                     const EmbeddingQueue& embedding) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trawl::api
