#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace trawl::sqlite {

// What was seen lately, by its hash: about the last 100,000 sights, of this process. It may
// take something for seen that was not, once in thousands of millions, and forgets what
// others take the place of. 512 KiB. Thread-safe.
class Sights {
 public:
  bool has(std::uint64_t hash) const {
    return tags_[hash % kSlots].load(std::memory_order_relaxed) == tag_of(hash);
  }
  void add(std::uint64_t hash) {
    tags_[hash % kSlots].store(tag_of(hash), std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kSlots = std::size_t{1} << 17;
  // An empty slot has the tag 0.
  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32) | 1;
  }

  std::unique_ptr<std::atomic<std::uint32_t>[]> tags_ =
      std::make_unique<std::atomic<std::uint32_t>[]>(kSlots);
};

}  // namespace trawl::sqlite
