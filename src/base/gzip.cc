#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>

namespace trawl {
namespace {

constexpr int kWindowBits = 15 + 16;  // The largest window, and the gzip format.
constexpr int kMemoryLevel = 8;
constexpr std::size_t kOutputStep = 64 * 1024;

void start(z_stream& stream, int level) {
  if (deflateInit2(&stream, level, Z_DEFLATED, kWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

// A stream that is used again and again.
struct Kept {
  Kept() { start(stream, kGzipFastLevel); }
  ~Kept() { deflateEnd(&stream); }
  z_stream stream{};
};

}  // namespace

struct GzipWriter::State {
  z_stream stream{};
};

GzipWriter::GzipWriter(int level) : state_(std::make_unique<State>()) {
  start(state_->stream, level);
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

struct GzipReader::State {
  z_stream stream{};
};

GzipReader::GzipReader() : state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kWindowBits) != Z_OK) throw std::bad_alloc();
}

GzipReader::~GzipReader() {
  inflateEnd(&state_->stream);
}

bool GzipReader::read(std::string_view& bytes, std::string& out, std::size_t room) {
  constexpr std::size_t kInputMax = std::numeric_limits<uInt>::max();
  z_stream& stream = state_->stream;
  const std::size_t before = out.size();
  out.resize(before + room);
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
  stream.avail_out = static_cast<uInt>(std::min(room, kInputMax));
  int state = Z_OK;
  while (state == Z_OK && stream.avail_out > 0) {
    if (at_end_) {
      if (bytes.empty()) break;
      inflateReset(&stream);
      at_end_ = false;
    }
    const auto given = static_cast<uInt>(std::min(bytes.size(), kInputMax));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = given;
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.remove_prefix(given - stream.avail_in);
    if (state == Z_STREAM_END) {
      at_end_ = true;
      state = Z_OK;
    }
  }
  out.resize(
      static_cast<std::size_t>(reinterpret_cast<char*>(stream.next_out) - out.data()));
  if (state == Z_MEM_ERROR) throw std::bad_alloc();
  // Z_BUF_ERROR: it wants more bytes.
  return state == Z_OK || state == Z_BUF_ERROR;
}

std::string gzip_compress(std::string_view bytes) {
  // Kept for the next one: the quarter of a megabyte that a stream works in takes longer to
  // get than a page takes to compress.
  thread_local Kept kept;
  z_stream& stream = kept.stream;
  deflateReset(&stream);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  std::size_t left = bytes.size();
  std::size_t room = out.size();
  constexpr std::size_t kStepMax = std::numeric_limits<uInt>::max();
  int state = Z_OK;
  while (state == Z_OK) {
    const auto in = static_cast<uInt>(std::min(left, kStepMax));
    const auto space = static_cast<uInt>(std::min(room, kStepMax));
    stream.avail_in = in;
    stream.avail_out = space;
    state = deflate(&stream, left == in ? Z_FINISH : Z_NO_FLUSH);
    left -= in - stream.avail_in;
    room -= space - stream.avail_out;
  }
  out.resize(out.size() - room);
  return out;
}

}  // namespace trawl
