#include "ledger/sqlite/page_cache.h"

#include <utility>

namespace trawl::sqlite {
namespace {

constexpr std::size_t kPagesMax = 64;
constexpr std::uint32_t kLimitMax = 100;  // Rows of a page; each takes about 420 bytes.

}  // namespace

bool PageCache::keeps(const ExecutionFilter& filter, const ExecutionPageRequest& page) {
  return filter.is_basic() && !filter.start_time && !filter.end_time && !page.after &&
         page.offset == 0 && page.limit <= kLimitMax && !page.ascending &&
         page.sort == ExecutionSort::timestamp && !page.detail;
}

std::string PageCache::key_of(const ExecutionFilter& filter,
                              const ExecutionPageRequest& page) {
  std::string key = filter.namespace_id.str();
  key.push_back('\0');
  key += static_cast<char>(page.limit);
  key += static_cast<char>(filter.modes.bits());
  if (filter.status) {
    key.push_back('\0');
    key += *filter.status;
  }
  return key;
}

PageCache::Page PageCache::find(const ExecutionFilter& filter,
                                const ExecutionPageRequest& page,
                                std::uint64_t version) const {
  const std::string key = key_of(filter, page);
  const MutexLock lock(mutex_);
  if (pages_version_ != version) return nullptr;
  const auto found = pages_.find(key);
  return found == pages_.end() ? nullptr : found->second;
}

void PageCache::keep(const ExecutionFilter& filter, const ExecutionPageRequest& page,
                     std::uint64_t version, Page found) {
  std::string key = key_of(filter, page);
  const MutexLock lock(mutex_);
  if (version < pages_version_) return;
  if (version > pages_version_ || pages_.size() >= kPagesMax) pages_.clear();
  pages_version_ = version;
  pages_.insert_or_assign(std::move(key), std::move(found));
}

}  // namespace trawl::sqlite
