#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace trawl {

// Compresses a stream of any length into one zstd frame (RFC 8878), in constant memory; at
// level 1, the one that packs JSON best for its time. Not thread-safe. Throws
// std::bad_alloc where there is no memory.
class ZstdWriter {
 public:
  ZstdWriter();
  ~ZstdWriter();
  ZstdWriter(const ZstdWriter&) = delete;
  ZstdWriter& operator=(const ZstdWriter&) = delete;

  // Appends to `out` what is ready; the rest stays inside until more comes.
  void add(std::string_view bytes, std::string& out);
  // Appends what is left and the end of the frame. Called once, last.
  void finish(std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Unpacks a stream of any length, of one frame or several, in constant memory: windows of
// more than 8 MiB are refused, as browsers do. Not thread-safe. Throws std::bad_alloc where
// there is no memory.
class ZstdReader {
 public:
  ZstdReader();
  ~ZstdReader();
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

  // As GzipReader::read().
  bool read(std::string_view& bytes, std::string& out, std::size_t room);
  bool at_end() const { return at_end_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool at_end_ = true;
};

// The whole of it at once, likewise.
std::string zstd_compress(std::string_view bytes);

}  // namespace trawl
