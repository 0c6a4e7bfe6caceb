#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "pipeline/stage.h"
#include "runtime/single_flight.h"

namespace trawl {

// What a stage returned, without the snapshots: a version must not be held because somebody
// may ask the same again.
struct RememberedStage {
  StageOutput output;  // Its candidates are detached.
  std::vector<std::string> collections;
  // What it rests on; who is given the result records that too.
  std::vector<ExternalCall> external_calls = {};

  static RememberedStage of(const StageOutput& output);
};

// Remembers what deterministic stages returned, least recently used first out. The key
// covers the stage with its rendered parameters, everything before it and the versions of
// the collections, so an entry can never be stale. Thread-safe.
class StageCache {
 public:
  // An output of more than a quarter of `bytes_max` is not remembered.
  explicit StageCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::shared_ptr<const RememberedStage> find(const std::string& key);

  using Flights = SingleFlight<RememberedStage>;
  // Where nothing is remembered, waits for another run that is about to find it out, or
  // gives the lead, with which the output is to be inserted, and published. A cache of no
  // bytes gives neither.
  //   as SingleFlight::join()
  Result<Flights::Joined> find_or_lead(const std::string& key, const Checkpoint& check);

  // Does nothing where there is one already.
  void insert(const std::string& key, std::shared_ptr<const RememberedStage> stage);

  struct Metrics {
    std::uint64_t hits = 0;  // With those for which another run was waited for.
    std::uint64_t misses = 0;
    std::size_t bytes = 0;
    std::size_t entries = 0;
  };
  Metrics metrics() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const RememberedStage> stage;
    std::size_t bytes = 0;
  };

  // Counts a hit, and a miss where that is asked for.
  std::shared_ptr<const RememberedStage> look_up(const std::string& key, bool count_miss);

  const std::size_t bytes_max_;
  Flights flights_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ TRAWL_GUARDED_BY(mutex_);  // Most recent first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_
      TRAWL_GUARDED_BY(mutex_);
  Metrics metrics_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
