#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace trawl::sqlite {

// Contents that were hashed lately, by their bytes, so that one that comes with every run
// is hashed once. What is longer than kBytesMax is not kept; at most 8 MiB. Thread-safe.
class RecentContents {
 public:
  struct Content {
    std::string bytes;
    std::string digest;  // content_digest(bytes)
  };

  // Null: it was not seen lately.
  std::shared_ptr<const Content> find(std::string_view bytes) const;
  void add(Content content);

 private:
  static constexpr std::size_t kSlots = 512;
  static constexpr std::size_t kBytesMax = 16 << 10;

  static std::size_t slot_of(std::string_view bytes);

  mutable Mutex mutex_;
  std::array<std::shared_ptr<const Content>, kSlots> slots_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::sqlite
