#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace trawl {

// Where bytes go one after the other. Errors are kept and given by finish(). Not
// thread-safe.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual Result<void> finish() = 0;
};

class StringSink final : public ByteSink {
 public:
  void write(std::string_view bytes) override { bytes_.append(bytes); }
  Result<void> finish() override { return {}; }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Writes a file that appears under its name complete and durable, or not at all.
class FileSink final : public ByteSink {
 public:
  FileSink(std::string directory, const std::string& name);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  void write(std::string_view bytes) override;
  // Syncs the file, renames it, syncs the directory.
  //   storage  the file could not be written; nothing of it is left
  Result<void> finish() override;

  static constexpr std::string_view kTemporarySuffix = ".tmp";

 private:
  void write_buffer();
  void write_now(std::string_view bytes);
  void fail(const char* what);

  std::string directory_;
  std::string path_;
  std::string temporary_;
  std::string buffer_;
  int fd_ = -1;
  bool failed_ = false;
  Error error_;
};

}  // namespace trawl
