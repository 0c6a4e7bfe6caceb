#include "base/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <cstddef>
#include <new>

namespace trawl {
namespace {

// Its window is 512 KiB; browsers refuse frames whose window is more than 8 MiB.
constexpr int kLevel = 1;
constexpr std::size_t kZstdOutputStep = 64 * 1024;
// Of frames that are read: 8 MiB (RFC 9659).
constexpr int kWindowLogMax = 23;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, FreeContext>;

Context make_context() {
  Context context(ZSTD_createCCtx());
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  return context;
}

// Nothing but memory can be missing: every other parameter is a constant of ours.
std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result)) throw std::bad_alloc();
  return result;
}

}  // namespace

struct ZstdWriter::State {
  Context context = make_context();

  void run(std::string_view bytes, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    std::size_t left = 0;
    do {
      const std::size_t size = out.size();
      out.resize(size + kZstdOutputStep);
      ZSTD_outBuffer output{out.data() + size, kZstdOutputStep, 0};
      left = ZSTD_compressStream2(context.get(), &output, &input, directive);
      out.resize(size + output.pos);
      checked(left);
    } while (directive == ZSTD_e_end ? left != 0 : input.pos < input.size);
  }
};

ZstdWriter::ZstdWriter() : state_(std::make_unique<State>()) {}
ZstdWriter::~ZstdWriter() = default;

void ZstdWriter::add(std::string_view bytes, std::string& out) {
  state_->run(bytes, ZSTD_e_continue, out);
}

void ZstdWriter::finish(std::string& out) {
  state_->run({}, ZSTD_e_end, out);
}

struct ZstdReader::State {
  State() : context(ZSTD_createDCtx()) {
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  ~State() { ZSTD_freeDCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ZSTD_DCtx* context;
};

ZstdReader::ZstdReader() : state_(std::make_unique<State>()) {}
ZstdReader::~ZstdReader() = default;

bool ZstdReader::read(std::string_view& bytes, std::string& out, std::size_t room) {
  const std::size_t before = out.size();
  out.resize(before + room);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer output{out.data() + before, room, 0};
  std::size_t left = 0;
  while (output.pos < output.size) {
    // Behind the end of a frame it would wait for another one.
    if (at_end_ && input.pos == input.size) break;
    const std::size_t made = output.pos;
    const std::size_t taken = input.pos;
    left = ZSTD_decompressStream(state_->context, &output, &input);
    if (ZSTD_isError(left)) break;
    at_end_ = left == 0;
    if (output.pos == made && input.pos == taken) break;
  }
  bytes.remove_prefix(input.pos);
  out.resize(before + output.pos);
  if (!ZSTD_isError(left)) return true;
  if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) throw std::bad_alloc();
  return false;
}

std::string zstd_compress(std::string_view bytes) {
  // Kept for the next one: making it takes longer than compressing a page.
  thread_local const Context context = make_context();
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(checked(
      ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size())));
  return out;
}

}  // namespace trawl
