#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl {

// A file as memory that is only read, as long as this lives. Whoever changes the file
// meanwhile changes what is read, and who shortens it ends the process: for files that
// never change under their name. Thread-safe.
class MappedFile {
 public:
  //   storage  it cannot be opened or mapped, is empty, or is no regular file
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::string_view bytes() const { return {static_cast<const char*>(address_), size_}; }
  // Tells the system that these bytes are read here and there, so that it reads nothing
  // ahead from the disk.
  void expect_scattered_reads(std::size_t offset, std::size_t size) const;

 private:
  MappedFile(void* address, std::size_t size) : address_(address), size_(size) {}

  void* address_;
  std::size_t size_;
};

}  // namespace trawl
