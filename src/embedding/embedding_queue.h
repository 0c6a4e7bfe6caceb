#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "providers/embedders.h"
#include "runtime/deadline.h"
#include "runtime/stop.h"
#include "runtime/thread.h"

namespace trawl {

// How the vectors of a feature come along.
struct EmbeddingState {
  VectorProgress progress;
  bool is_paused = false;  // kPausedFeatures
  // Why nothing comes now, where something went wrong; it is tried again.
  std::optional<std::string> error;
};

// Makes the vectors that documents await. What is to be done is what the corpus says is
// awaited, so nothing is forgotten when the server ends, and nothing is queued twice. One
// thread of its own does it, which gives way to all others; the collections take turns.
// Thread-safe.
class EmbeddingQueue {
 public:
  struct Options {
    std::size_t batch = 128;                // Documents of one turn, and so of one version.
    std::chrono::milliseconds idle{1'000};  // Between two looks, where nobody calls.
    std::chrono::milliseconds retry_first{1'000};  // After a failure; doubled each time,
    std::chrono::milliseconds retry_most{60'000};  // up to this.
    // Whether the documents of a namespace may be sent to who embeds them.
    std::function<Result<void>(const NamespaceId&, const Embedder&)> may_receive = {};
  };
  struct Totals {
    std::uint64_t documents = 0;  // That were given their vectors.
    std::uint64_t reused = 0;     // Of these, those whose text was embedded before.
    std::uint64_t tokens = 0;
    std::uint64_t failures = 0;
    std::int64_t busy_us = 0;  // Spent embedding.
  };

  // They must outlive it. Nothing begins before start().
  EmbeddingQueue(Catalog& catalog, Corpus& corpus, const Embedders& embedders,
                 Options options);
  // Ends the thread; what it is embedding is lost, and awaited again.
  ~EmbeddingQueue();
  void start();
  // As the destructor does; not to be started again.
  void stop();

  // Something may be awaited; cheap.
  void wake();

  //   not_found  there is no such collection or feature, or it has no model
  Result<EmbeddingState> state(const Collection& collection,
                               const std::string& feature_uri) const;
  // Waits until no document that the collection has now awaits vectors; those that are
  // written meanwhile may.
  //   timeout, cancelled
  //   unavailable  they do not come: the feature is paused, its model fails, or the server
  //                stops
  //   not_found    the collection was deleted meanwhile
  Result<void> wait_for(const Collection& collection, const StopToken& stop,
                        const Deadline& deadline);

  Totals totals() const;
  // Documents that await vectors, of all collections, as last counted: at most a second ago
  // (Options::idle), or before the batch that is being embedded. Cheap.
  std::uint64_t awaited() const { return awaited_; }

 private:
  // A feature whose vectors are made here.
  struct Work {
    Collection collection;
    Feature feature;
  };
  using Key = std::pair<std::string, std::string>;  // Collection id, feature URI.
  struct Failure {
    std::string message;
    std::chrono::milliseconds delay{0};
    std::chrono::steady_clock::time_point retry_at;
  };

  void run();
  // Each feature once; whether any gave something to do.
  bool turn();
  std::vector<Work> all_work() const;
  Result<bool> embed_some(const Work& work);
  std::uint64_t count_awaited() const;
  void note_failure(const Key& key, const Error& error);
  bool is_stopping() const { return stop_.token().stop_requested(); }

  Catalog& catalog_;
  Corpus& corpus_;
  const Embedders& embedders_;
  const Options options_;
  StopSource stop_;
  mutable Mutex mutex_;
  CondVar woken_;
  bool is_awake_ TRAWL_GUARDED_BY(mutex_) = true;
  std::map<Key, Failure> failures_ TRAWL_GUARDED_BY(mutex_);
  Totals totals_ TRAWL_GUARDED_BY(mutex_);
  CondVar progressed_;
  std::atomic<std::uint64_t> awaited_ = 0;
  Thread thread_;
};

}  // namespace trawl
