#include "base/zstd.h"

#include <zstd.h>

#include <cstddef>
#include <new>

namespace trawl {
namespace {

// Its window is 512 KiB; browsers refuse frames whose window is more than 8 MiB.
constexpr int kLevel = 1;
constexpr std::size_t kOutputStep = 64 * 1024;

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
      out.resize(size + kOutputStep);
      ZSTD_outBuffer output{out.data() + size, kOutputStep, 0};
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

std::string zstd_compress(std::string_view bytes) {
  // Kept for the next one: making it takes longer than compressing a page.
  thread_local const Context context = make_context();
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(checked(
      ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size())));
  return out;
}

}  // namespace trawl
