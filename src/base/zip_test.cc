#include "base/zip.h"

#include <gtest/gtest.h>

#include <random>

#include "base/file.h"

namespace trawl {
namespace {

std::string archive(const std::string& name) {
  return read_file(TRAWL_SOURCE_DIR "/tests/fuzz/seeds/zip/" + name).value();
}

TEST(ZipReader, ReadsStoredAndDeflatedEntries) {
  const std::string stored = archive("stored");
  const auto one = ZipReader::open(stored);
  ASSERT_TRUE(one) << one.error().message;
  ASSERT_EQ(one->entries().size(), 2u);
  EXPECT_EQ(one->read("a", 3).value(), "one");
  EXPECT_EQ(one->read("b/c", 100).value(), "twotwotwotwotwotwotwotwotwotwo");
  const std::string deflated = archive("deflated");
  const auto other = ZipReader::open(deflated);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->read("a", 150)->size(), 150u);
  EXPECT_EQ(other->read("empty", 0).value(), "");
}

TEST(ZipReader, SaysWhatItDoesNotGive) {
  const std::string bytes = archive("stored");
  const auto zip = ZipReader::open(bytes);
  ASSERT_TRUE(zip);
  EXPECT_EQ(zip->read("none", 9).error().message, "the archive has no none");
  const auto large = zip->read("a", 2);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::too_large);
  EXPECT_EQ(large.error().message, "a has 3 bytes, and at most 2 were expected");
  EXPECT_FALSE(ZipReader::open(""));
  EXPECT_FALSE(ZipReader::open("PK"));
  EXPECT_FALSE(ZipReader::open(std::string(100'000, 'x')));
}

// Goal: a damaged archive gives its content or an error, and no other content.
// Method: each byte of both is changed, to some values; and each end is cut off.
TEST(ZipReader, NeverGivesDamagedContent) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  for (const char* name : {"stored", "deflated"}) {
    const std::string whole = archive(name);
    const std::string content = ZipReader::open(whole)->read("a", 1000).value();
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int round = 0; round < 4; ++round) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(random());
        const auto zip = ZipReader::open(bytes);
        if (!zip) continue;
        const auto found = zip->read("a", 1000);
        if (found) {
          ASSERT_EQ(*found, content) << name << " at " << at;
        }
      }
      const std::string cut = whole.substr(0, at);
      const auto zip = ZipReader::open(cut);
      EXPECT_FALSE(zip) << name << " cut at " << at;
    }
  }
}

}  // namespace
}  // namespace trawl
