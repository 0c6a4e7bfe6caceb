#include "base/byte_sink.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>

#include "base/file.h"

namespace trawl::byte_sink_test {
namespace {

namespace fs = std::filesystem;

class FileSinkTest : public testing::Test {
 protected:
  FileSinkTest() {
    std::string pattern = (fs::temp_directory_path() / "byte_sink_test_XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~FileSinkTest() override { fs::remove_all(directory_); }

  std::string directory_;
};

// Goal: bytes arrive in their order, in pieces that are buffered and in such that are not.
TEST_F(FileSinkTest, PiecesOfAnySizeArriveInOrder) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  std::string wanted;
  FileSink sink(directory_, "file");
  const std::size_t kLarge = 1 << 20;
  for (const std::size_t size : {std::size_t{5}, kLarge - 5, kLarge - 1, std::size_t{1},
                                 std::size_t{0}, 3 * kLarge + 7, std::size_t{9}, kLarge}) {
    std::string piece(size, '\0');
    for (char& byte : piece) byte = static_cast<char>(rng());
    wanted += piece;
    sink.write(piece);
  }
  EXPECT_FALSE(fs::exists(directory_ + "/file"));
  ASSERT_TRUE(sink.finish());
  EXPECT_TRUE(read_file(directory_ + "/file").value() == wanted);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(FileSinkTest, NothingIsLeftOfWhatWasNotFinished) {
  {
    FileSink sink(directory_, "file");
    sink.write(std::string(3 << 20, 'x'));
  }
  EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(FileSinkTest, AnErrorIsKeptUntilTheEnd) {
  FileSink sink(directory_ + "/missing", "file");
  sink.write("x");
  const auto finished = sink.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::storage);
}

}  // namespace
}  // namespace trawl::byte_sink_test
