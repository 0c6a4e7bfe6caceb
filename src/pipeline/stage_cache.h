#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

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
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // Most recent first. Guarded by mutex_, as all below.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  Metrics metrics_;
};

}  // namespace trawl
