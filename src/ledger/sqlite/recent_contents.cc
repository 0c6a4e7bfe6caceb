#include "ledger/sqlite/recent_contents.h"

#include <utility>

#include "base/hash.h"

namespace trawl::sqlite {

std::shared_ptr<const RecentContents::Content> RecentContents::find(
    std::string_view bytes) const {
  if (bytes.size() > kBytesMax) return nullptr;
  std::shared_ptr<const Content> there;
  {
    const MutexLock lock(mutex_);
    there = slots_[slot_of(bytes)];
  }
  // The whole of it: two contents may share a hash, and a record must never show another's.
  return there != nullptr && there->bytes == bytes ? there : nullptr;
}

void RecentContents::add(Content content) {
  if (content.bytes.size() > kBytesMax) return;
  auto kept = std::make_shared<const Content>(std::move(content));
  const std::size_t slot = slot_of(kept->bytes);
  const MutexLock lock(mutex_);
  slots_[slot].swap(kept);
}

std::size_t RecentContents::slot_of(std::string_view bytes) {
  return content_hash(bytes) % kSlots;
}

}  // namespace trawl::sqlite
