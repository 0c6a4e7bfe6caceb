#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace trawl {

// Compresses a stream of any length into one gzip member (RFC 1952), in constant memory.
// Not thread-safe. Throws std::bad_alloc where zlib has no memory.
class GzipWriter {
 public:
  GzipWriter();
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

}  // namespace trawl
