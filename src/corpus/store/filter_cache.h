#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bitmap.h"
#include "base/mutex.h"
#include "corpus/store/version_history.h"

namespace trawl::store {

// Remembers which rows of a collection, numbered in one way, match a filter, least recently
// used out first. A row never changes, so what was found at one version serves every later
// one: only the rows that came since are still to be looked at. Thread-safe.
class FilterCache {
 public:
  explicit FilterCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  struct Entry {
    std::uint64_t version = 0;
    std::uint32_t row_end = 0;              // Rows before it were looked at.
    std::shared_ptr<const Bitmap> matches;  // Of the rows that `version` sees.
  };

  // What was found at this version or an earlier one.
  std::optional<Entry> find(std::int64_t collection, std::string_view fingerprint,
                            std::uint64_t version);
  // Keeps the entry unless one of a later version is there already.
  void store(std::int64_t collection, std::string_view fingerprint, Entry entry);

  std::size_t bytes() const;

 private:
  struct Item {
    std::string key;
    Entry entry;
    std::size_t bytes = 0;
  };

  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  std::list<Item> items_ TRAWL_GUARDED_BY(mutex_);  // Most recently used first.
  std::unordered_map<std::string_view, std::list<Item>::iterator> by_key_
      TRAWL_GUARDED_BY(mutex_);
  std::size_t bytes_ TRAWL_GUARDED_BY(mutex_) = 0;
};

}  // namespace trawl::store
