#include "base/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

namespace trawl {
namespace {

// The bytes of one gzip member, which must be all there is.
std::string expand(const std::string& packed) {
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

TEST(GzipWriter, GivesBackWhatWentIn) {
  std::mt19937 random(7);
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes.push_back(static_cast<char>(random() % 50));
  for (const std::size_t step : {std::size_t{1000}, std::size_t{70'001}, bytes.size()}) {
    GzipWriter gzip;
    std::string packed;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      gzip.add(std::string_view(bytes).substr(at, step), packed);
    }
    gzip.finish(packed);
    EXPECT_LT(packed.size(), bytes.size());
    EXPECT_EQ(expand(packed), bytes);
  }
}

TEST(GzipWriter, NothingIsAMemberToo) {
  GzipWriter gzip;
  std::string packed;
  gzip.finish(packed);
  EXPECT_EQ(expand(packed), "");
}

}  // namespace
}  // namespace trawl
