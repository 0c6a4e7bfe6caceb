#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace trawl::sqlite {

// The terms of executions that were just recorded, until they are in the index: working
// them out again takes reading the record. What finds no room is read. Thread-safe.
class FreshTerms {
 public:
  // About as many bytes of terms as are kept.
  static constexpr std::size_t kBytesMax = std::size_t{32} * 1024 * 1024;

  using Terms = std::vector<std::pair<std::int64_t, std::string>>;  // By seq.

  // After the commit of their rows, so that what was rolled back never comes here.
  void add(Terms&& terms) {
    const MutexLock lock(mutex_);
    for (auto& [seq, text] : terms) {
      if (bytes_ + text.size() > kBytesMax) return;
      const std::size_t bytes = text.size();
      if (terms_.emplace(seq, std::move(text)).second) bytes_ += bytes;
    }
  }

  std::optional<std::string> take(std::int64_t seq) {
    const MutexLock lock(mutex_);
    std::optional<std::string> text;
    if (const auto found = terms_.find(seq); found != terms_.end()) {
      text = std::move(found->second);
      bytes_ -= text->size();
      terms_.erase(found);
    }
    return text;
  }

  // Of executions that were deleted.
  void forget(const std::vector<std::int64_t>& seqs) {
    for (const std::int64_t seq : seqs) (void)take(seq);
  }

  // For when nothing waits.
  void clear() {
    const MutexLock lock(mutex_);
    terms_.clear();
    bytes_ = 0;
  }

 private:
  Mutex mutex_;
  std::unordered_map<std::int64_t, std::string> terms_ TRAWL_GUARDED_BY(mutex_);
  std::size_t bytes_ TRAWL_GUARDED_BY(mutex_) = 0;
};

}  // namespace trawl::sqlite
