#pragma once

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

// The whole of it at once, likewise.
std::string zstd_compress(std::string_view bytes);

}  // namespace trawl
