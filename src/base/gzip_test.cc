#include "base/gzip.h"

#include <gtest/gtest.h>

#include <random>

#include "base/unpack_test_support.h"

namespace trawl::gzip_test {
namespace {

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
    EXPECT_EQ(expand_gzip(packed), bytes);
  }
}

TEST(GzipCompress, IsTheSameAtOnce) {
  std::mt19937 random(7);
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes.push_back(static_cast<char>(random()));
  // The stream is used again, and keeps nothing of the one before; bytes without any order
  // become more.
  for (const std::size_t size : {bytes.size(), std::size_t{0}, std::size_t{1}}) {
    const std::string piece = bytes.substr(0, size);
    const std::string packed = gzip_compress(piece);
    EXPECT_EQ(expand_gzip(packed), piece);
    EXPECT_EQ(gzip_compress(piece), packed);
  }
}

TEST(GzipWriter, NothingIsAMemberToo) {
  GzipWriter gzip;
  std::string packed;
  gzip.finish(packed);
  EXPECT_EQ(expand_gzip(packed), "");
}

}  // namespace
}  // namespace trawl::gzip_test
