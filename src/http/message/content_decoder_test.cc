#include "http/message/content_decoder.h"

#include <gtest/gtest.h>

#include <zstd.h>

#include <algorithm>
#include <deque>

namespace trawl::http::content_decoder_test {
namespace {

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

std::string packed(ContentCoding coding, std::string_view text) {
  return coding == ContentCoding::gzip ? gzip_compress(text) : zstd_compress(text);
}

class Pieces : public BodyReader {
 public:
  Pieces(std::string_view bytes, std::size_t step) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
      pieces_.emplace_back(bytes.substr(0, step));
    }
  }
  Result<std::string> read() override {
    if (pieces_.empty()) return std::string();
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }

 private:
  std::deque<std::string> pieces_;
};

Result<void> any(std::size_t) {
  return {};
}

TEST(ContentDecoder, GivesBackWhatWasPackedHoweverItArrives) {
  const std::string text = text_of(300'000);
  for (const auto coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    const std::string body =
        packed(coding, text) + packed(coding, "") + packed(coding, "end");
    const auto whole = decode_content(coding, body, {1'000'000}, any);
    ASSERT_TRUE(whole);
    EXPECT_EQ(*whole, text + "end");
    for (const std::size_t step : {std::size_t{1}, std::size_t{999}, body.size()}) {
      DecodingReader reader(coding, std::make_shared<Pieces>(body, step));
      std::string all;
      while (true) {
        const auto piece = reader.read();
        ASSERT_TRUE(piece) << piece.error().message;
        if (piece->empty()) break;
        EXPECT_LE(piece->size(), 256U * 1024);
        all += *piece;
      }
      EXPECT_EQ(all, text + "end");
    }
  }
}

TEST(ContentDecoder, EveryCutIsNoticed) {
  const std::string text = text_of(2'000);
  for (const auto coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    const std::string body = packed(coding, text);
    for (std::size_t size = 1; size < body.size(); ++size) {
      const auto cut = decode_content(coding, body.substr(0, size), {1'000'000}, any);
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(cut.error().code, ErrorCode::bad_request);
    }
    EXPECT_EQ(*decode_content(coding, "", {10}, any), "");
  }
}

TEST(ContentDecoder, ABombIsNoticedEarly) {
  for (const auto coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    const std::string bomb = packed(coding, std::string(50'000'000, '\0'));
    std::size_t most = 0;
    const auto refused =
        decode_content(coding, bomb, {100'000'000}, [&](std::size_t bytes) {
          most = std::max(most, bytes);
          return Result<void>();
        });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::too_large);
    EXPECT_LT(most, 25'000'000U);
  }
}

TEST(ContentDecoder, WindowsThatTakeTooMuchMemoryAreRefused) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 25);
  const std::string text = text_of(20'000'000);
  std::string body(ZSTD_compressBound(text.size()), '\0');
  // As a stream: otherwise the size is known, and the window no larger.
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{body.data(), body.size(), 0};
  while (in.pos < in.size) ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  body.resize(out.pos);
  const auto refused = decode_content(ContentCoding::zstd, body, {100'000'000}, any);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::bad_request);
  EXPECT_NE(refused.error().message.find("8 MiB"), std::string::npos);
}

TEST(ContentDecoder, AsksBeforeItGrows) {
  const auto refused =
      decode_content(ContentCoding::gzip, gzip_compress(text_of(900'000)), {1'000'000},
                     [](std::size_t bytes) -> Result<void> {
                       if (bytes <= 300'000) return {};
                       return make_error(ErrorCode::too_many_requests, "no");
                     });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
}

}  // namespace
}  // namespace trawl::http::content_decoder_test
