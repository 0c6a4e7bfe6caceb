#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "ledger/ledger.h"
#include "ledger/rendered.h"

namespace trawl::sqlite {

// First pages of rows of lists without a time range, until the history changes: what
// clients that poll a quiet history ask for again and again: 64 pages of up to 100 rows.
// Thread-safe.
class PageCache {
 public:
  using Page = std::shared_ptr<const RenderedPage>;

  // Whether pages of this request are kept.
  static bool keeps(const ExecutionFilter& filter, const ExecutionPageRequest& page);

  // To be read before the transaction that reads a page.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Called after every change of what lists show, before it is acknowledged: a reader that
  // knows of the change then finds no page of before.
  void history_changed() { version_.fetch_add(1, std::memory_order_acq_rel); }

  // Null when there is none of this version.
  Page find(const ExecutionFilter& filter, const ExecutionPageRequest& page,
            std::uint64_t version) const;
  void keep(const ExecutionFilter& filter, const ExecutionPageRequest& page,
            std::uint64_t version, Page found);

 private:
  static std::string key_of(const ExecutionFilter& filter,
                            const ExecutionPageRequest& page);

  std::atomic<std::uint64_t> version_{0};
  mutable Mutex mutex_;
  std::uint64_t pages_version_ TRAWL_GUARDED_BY(mutex_) = 0;  // Of all in pages_.
  std::unordered_map<std::string, Page> pages_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::sqlite
