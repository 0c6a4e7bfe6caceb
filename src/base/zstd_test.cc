#include "base/zstd.h"

#include <gtest/gtest.h>

#include <random>

#include "base/unpack_test_support.h"

namespace trawl::zstd_test {
namespace {

std::string some_bytes() {
  std::mt19937 random(7);
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes.push_back(static_cast<char>(random() % 50));
  return bytes;
}

TEST(ZstdWriter, GivesBackWhatWentIn) {
  const std::string bytes = some_bytes();
  for (const std::size_t step : {std::size_t{1000}, std::size_t{70'001}, bytes.size()}) {
    ZstdWriter zstd;
    std::string packed;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      zstd.add(std::string_view(bytes).substr(at, step), packed);
    }
    zstd.finish(packed);
    EXPECT_LT(packed.size(), bytes.size());
    EXPECT_EQ(expand_zstd(packed), bytes);
  }
}

TEST(ZstdWriter, NothingIsAFrameToo) {
  ZstdWriter zstd;
  std::string packed;
  zstd.finish(packed);
  EXPECT_EQ(expand_zstd(packed), "");
}

TEST(ZstdCompress, IsTheSameAtOnce) {
  const std::string bytes = some_bytes();
  // The context is used again, and keeps nothing of the one before.
  for (const std::size_t size : {bytes.size(), std::size_t{0}, std::size_t{5000}}) {
    const std::string piece = bytes.substr(0, size);
    const std::string packed = zstd_compress(piece);
    EXPECT_EQ(expand_zstd(packed), piece);
    EXPECT_EQ(zstd_compress(piece), packed);
  }
}

}  // namespace
}  // namespace trawl::zstd_test
