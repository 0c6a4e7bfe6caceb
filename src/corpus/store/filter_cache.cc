#include "corpus/store/filter_cache.h"

#include <fmt/format.h>

namespace trawl::store {
namespace {

// List node, hash table slot and the like.
constexpr std::size_t kItemOverheadBytes = 256;

std::string cache_key(std::int64_t collection, std::string_view fingerprint) {
  return fmt::format("{}:{}", collection, fingerprint);
}

}  // namespace

std::optional<FilterCache::Entry> FilterCache::find(std::int64_t collection,
                                                    std::string_view fingerprint,
                                                    std::uint64_t version) {
  const std::string key = cache_key(collection, fingerprint);
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || found->second->entry.version > version) return std::nullopt;
  items_.splice(items_.begin(), items_, found->second);
  return found->second->entry;
}

void FilterCache::store(std::int64_t collection, std::string_view fingerprint,
                        Entry entry) {
  std::string key = cache_key(collection, fingerprint);
  const std::size_t bytes =
      kItemOverheadBytes + key.size() + (std::size_t{entry.matches->size()} + 7) / 8;
  if (bytes > bytes_max_) return;
  const MutexLock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    if (found->second->entry.version > entry.version) return;
    const auto item = found->second;
    by_key_.erase(found);
    bytes_ -= item->bytes;
    items_.erase(item);
  }
  items_.push_front({std::move(key), std::move(entry), bytes});
  by_key_.emplace(items_.front().key, items_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= items_.back().bytes;
    by_key_.erase(items_.back().key);
    items_.pop_back();
  }
}

std::size_t FilterCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace trawl::store
