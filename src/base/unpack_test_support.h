#pragma once

// For tests: what was packed, as it was before.

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace trawl {

// The bytes of one gzip member, which must be all there is.
inline std::string expand_gzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    char piece[4096];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  }
  EXPECT_EQ(state, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return out;
}

// The bytes of one zstd frame, which must be all there is.
inline std::string expand_zstd(const std::string& packed) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  std::string out;
  std::size_t left = 1;
  while (left != 0 && !ZSTD_isError(left)) {
    char piece[4096];
    ZSTD_outBuffer output{piece, sizeof piece, 0};
    const std::size_t before = input.pos;
    left = ZSTD_decompressStream(context, &output, &input);
    out.append(piece, output.pos);
    if (left != 0 && output.pos == 0 && input.pos == before) break;  // It is cut short.
  }
  EXPECT_EQ(left, 0U);
  EXPECT_EQ(input.pos, packed.size());
  ZSTD_freeDCtx(context);
  return out;
}

}  // namespace trawl
