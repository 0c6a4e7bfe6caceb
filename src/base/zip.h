#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trawl {

// Reads entries of a zip archive that is in memory, stored or deflated (PKWARE's APPNOTE
// 6.3); not those of ZIP64, encrypted ones, or archives in several parts. The bytes have to
// outlive it. Immutable, and so thread-safe.
class ZipReader {
 public:
  struct Entry {
    std::string name;
    std::uint64_t bytes = 0;  // Unpacked, as the archive says.
    std::uint64_t packed_bytes = 0;
    std::uint32_t crc = 0;
    std::uint16_t method = 0;
    std::uint64_t header_at = 0;
  };

  //   invalid  this is no such archive, or it is damaged
  static Result<ZipReader> open(std::string_view bytes);

  const std::vector<Entry>& entries() const { return entries_; }

  // The content of an entry, which is as long as the archive says, and has its checksum.
  //   not_found  there is none of this name
  //   too_large  it has more than `bytes_max`
  //   invalid    there are two of this name, or it is damaged or packed in another way
  Result<std::string> read(std::string_view name, std::uint64_t bytes_max) const;

 private:
  explicit ZipReader(std::string_view bytes) : bytes_(bytes) {}
  Result<void> read_directory();

  std::string_view bytes_;
  std::vector<Entry> entries_;
};

}  // namespace trawl
