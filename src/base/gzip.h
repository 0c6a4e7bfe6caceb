#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace trawl {

// zlib's levels: for what is kept, and for what is packed while a client waits. The second
// takes a third of the time, for a fifth more bytes of JSON.
inline constexpr int kGzipLevel = 6;
inline constexpr int kGzipFastLevel = 1;

// Compresses a stream of any length into one gzip member (RFC 1952), in constant memory.
// Not thread-safe. Throws std::bad_alloc where zlib has no memory.
class GzipWriter {
 public:
  explicit GzipWriter(int level = kGzipLevel);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  // Appends to `out` what is ready; the rest stays inside until more comes.
  void add(std::string_view bytes, std::string& out);
  // Appends what is left and the end of the member. Called once, last.
  void finish(std::string& out);

 private:
  struct State;
  void run(std::string_view bytes, int flush, std::string& out);

  std::unique_ptr<State> state_;
};

// Unpacks a stream of any length, of one member or several, in constant memory. Not
// thread-safe. Throws std::bad_alloc where zlib has no memory.
class GzipReader {
 public:
  GzipReader();
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Takes bytes off the front of `bytes` and appends to `out` what they unpack to, at most
  // `room`. Where it appends `room`, more may be had without any further bytes. False where
  // this is not gzip, or is damaged; then it is of no more use.
  bool read(std::string_view& bytes, std::string& out, std::size_t room);
  // Whether what was read so far may be the whole: nothing, or members that have ended.
  bool at_end() const { return at_end_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool at_end_ = true;
};

// The whole of it at once, at kGzipFastLevel.
std::string gzip_compress(std::string_view bytes);

}  // namespace trawl
