// Packed bodies of requests: whatever the bytes, they unpack to the same whole, in pieces
// or at once, or are refused in the same way; and never to more than they may.
#include "http/message/content_decoder.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using trawl::http::ContentCoding;
using trawl::http::ContentDecoder;

constexpr std::size_t kBytesMax = 3 * 1024 * 1024;

void require(bool holds) {
  if (!holds) std::abort();
}

class Pieces : public trawl::http::BodyReader {
 public:
  Pieces(std::string_view bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  trawl::Result<std::string> read() override {
    const std::string piece(bytes_.substr(0, step_));
    bytes_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view bytes_;
  const std::size_t step_;
};

void check(ContentCoding coding, std::string_view body, std::size_t step) {
  std::size_t grown = 0;
  const auto whole =
      trawl::http::decode_content(coding, body, {kBytesMax}, [&](std::size_t n) {
        grown = n;
        return trawl::Result<void>();
      });
  require(grown <= 3 * kBytesMax);
  if (whole) {
    require(whole->size() <= kBytesMax);
    require(whole->size() <= ContentDecoder::kFreeBytes ||
            whole->size() / ContentDecoder::kRatioMax <= body.size());
  } else {
    require(!whole.error().message.empty());
  }
  trawl::http::DecodingReader reader(coding, std::make_shared<Pieces>(body, step));
  std::string all;
  while (true) {
    const auto piece = reader.read();
    if (!piece) {
      // How much was read when the ratio is looked at depends on the pieces.
      require(!whole || piece.error().code == trawl::ErrorCode::too_large);
      return;
    }
    if (piece->empty()) break;
    all += *piece;
    // Without a limit of its own, it may go on where the whole was too much.
    if (all.size() > kBytesMax) return;
  }
  require(whole ? *whole == all : whole.error().code == trawl::ErrorCode::too_large);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = std::max<std::size_t>(1, data[0] >> 1);
  check((data[0] & 1) != 0 ? ContentCoding::gzip : ContentCoding::zstd, body, step);
  (void)trawl::http::content_coding({{"Content-Encoding", std::string(body)}});
  return 0;
}
