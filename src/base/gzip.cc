#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>

namespace trawl {
namespace {

constexpr int kLevel = 6;
constexpr int kWindowBits = 15 + 16;  // The largest window, and the gzip format.
constexpr int kMemoryLevel = 8;
constexpr std::size_t kOutputStep = 64 * 1024;

}  // namespace

struct GzipWriter::State {
  z_stream stream{};
};

GzipWriter::GzipWriter() : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipWriter::~GzipWriter() {
  deflateEnd(&state_->stream);
}

void GzipWriter::run(std::string_view bytes, int flush, std::string& out) {
  z_stream& stream = state_->stream;
  // zlib reads through a pointer that it does not call const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    const std::size_t size = out.size();
    out.resize(size + kOutputStep);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(kOutputStep);
    deflate(&stream, flush);
    out.resize(out.size() - stream.avail_out);
  } while (stream.avail_out == 0);
}

void GzipWriter::add(std::string_view bytes, std::string& out) {
  constexpr std::size_t kInputMax = std::numeric_limits<uInt>::max();
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, std::min(bytes.size(), kInputMax));
    run(piece, Z_NO_FLUSH, out);
    bytes.remove_prefix(piece.size());
  }
}

void GzipWriter::finish(std::string& out) {
  run({}, Z_FINISH, out);
}

}  // namespace trawl
