#include "runtime/heap_trim.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace trawl {
namespace {

// Memory of the process that is no file: resident less shared (proc(5), statm).
std::size_t anonymous_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen("/proc/self/statm", "r"), std::fclose);
  unsigned long size = 0;
  unsigned long resident = 0;
  unsigned long shared = 0;
  if (!file || std::fscanf(file.get(), "%lu %lu %lu", &size, &resident, &shared) != 3) {
    return 0;
  }
  const long page = ::sysconf(_SC_PAGESIZE);
  return resident > shared ? (resident - shared) * static_cast<std::size_t>(page) : 0;
}

}  // namespace

std::size_t HeapTrim::operator()() {
#ifdef __GLIBC__
  const std::size_t before = anonymous_bytes();
  const struct mallinfo2 heap = ::mallinfo2();
  const std::size_t used = heap.uordblks + heap.hblkhd;
  const std::size_t unused = before > used ? before - used : 0;
  if (unused < unused_after_ + kSlackBytes) {
    if (unused < unused_after_) unused_after_ = unused;
    return 0;
  }
  ::malloc_trim(0);
  const std::size_t after = anonymous_bytes();
  unused_after_ = after > used ? after - used : 0;
  return before > after ? before - after : 0;
#else
  return 0;
#endif
}

}  // namespace trawl
