#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "pipeline/stage.h"

namespace trawl {

// Remembers what deterministic stages returned, least recently used first out. The key
// covers the stage with its rendered parameters, everything before it and the versions of
// the collections, so an entry can never be stale. Thread-safe.
class StageCache {
 public:
  explicit StageCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::shared_ptr<const StageOutput> find(const std::string& key);
  void insert(const std::string& key, std::shared_ptr<const StageOutput> output);

  struct Metrics {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t bytes = 0;
    std::size_t entries = 0;
  };
  Metrics metrics() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const StageOutput> output;
    std::size_t bytes = 0;
  };

  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ TRAWL_GUARDED_BY(mutex_);  // Most recent first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_
      TRAWL_GUARDED_BY(mutex_);
  Metrics metrics_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
