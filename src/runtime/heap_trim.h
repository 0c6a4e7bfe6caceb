#pragma once

#include <cstddef>
#include <cstdint>

namespace trawl {

// Gives back to the system what the allocator holds and nobody uses: a run over many
// documents leaves it scattered over the heap, where the allocator would keep it for ever.
// Call it every few seconds, from one thread; it does nothing while little could be had.
// Does nothing at all where the C library is not GNU's.
class HeapTrim {
 public:
  // Less than this is left for those who allocate next.
  static constexpr std::size_t kSlackBytes = std::size_t{32} << 20;

  // Returns how many bytes of memory the process has less.
  std::size_t operator()();

 private:
  std::size_t unused_after_ = 0;  // What the last call could not give back.
};

}  // namespace trawl
