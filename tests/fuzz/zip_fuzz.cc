#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/zip.h"

// Any bytes are an archive or an error, and no entry is longer than was allowed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kBytesMax = 1 << 16;
  const auto zip =
      trawl::ZipReader::open(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!zip) return 0;
  for (const auto& entry : zip->entries()) {
    const auto content = zip->read(entry.name, kBytesMax);
    if (content && (content->size() > kBytesMax || content->size() != entry.bytes)) {
      std::abort();
    }
  }
  return 0;
}
