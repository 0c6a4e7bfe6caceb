#include "base/private_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace trawl::private_files_test {
namespace {

namespace fs = std::filesystem;

class PrivateFilesTest : public testing::TestWithParam<mode_t> {
 protected:
  PrivateFilesTest() : umask_before_(::umask(GetParam())) {
    std::string pattern = (fs::temp_directory_path() / "trawl-private-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~PrivateFilesTest() override {
    ::umask(umask_before_);
    fs::remove_all(directory_);
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static mode_t mode(const std::string& path) {
    struct stat at {};
    return ::stat(path.c_str(), &at) == 0 ? at.st_mode & 07777 : 0;
  }

  const mode_t umask_before_;
  std::string directory_;
};

TEST_P(PrivateFilesTest, MakesWhatOnlyItsOwnerReads) {
  EXPECT_FALSE(make_private_directories(path("a/b/c")));
  EXPECT_FALSE(make_private_directories(path("a/b/c/")));
  EXPECT_FALSE(make_private_file(path("a/file")));
  for (const char* folder : {"a", "a/b", "a/b/c"}) EXPECT_EQ(mode(path(folder)), 0700u);
  EXPECT_EQ(mode(path("a/file")), 0600u);
}

TEST_P(PrivateFilesTest, LeavesAFileThatIsThere) {
  std::ofstream(path("file")) << "content";
  const mode_t before = mode(path("file"));
  EXPECT_FALSE(make_private_file(path("file")));
  EXPECT_EQ(mode(path("file")), before);
  EXPECT_EQ(fs::file_size(path("file")), 7u);
}

TEST_P(PrivateFilesTest, SaysWhatIsInTheWay) {
  std::ofstream(path("file")) << "content";
  EXPECT_TRUE(make_private_directories(path("file/folder")));
  EXPECT_TRUE(make_private_file(path("none/file")));
}

TEST_P(PrivateFilesTest, TightensWhatIsThere) {
  ASSERT_FALSE(make_private_directories(path("a/b")));
  std::ofstream(path("a/b/file")) << "content";
  std::ofstream(path("outside")) << "content";
  fs::create_symlink(path("outside"), path("a/b/link"));
  for (const char* name : {"a/b", "a/b/file", "outside"}) {
    ASSERT_EQ(::chmod(path(name).c_str(), 0755), 0);
  }
  EXPECT_EQ(tighten_all_within(path("a")), 2u);
  EXPECT_EQ(mode(path("a/b")), 0700u);
  EXPECT_EQ(mode(path("a/b/file")), 0700u) << "rights of the owner stay";
  EXPECT_EQ(mode(path("outside")), 0755u) << "reached by a link only";
  EXPECT_EQ(tighten(path("outside")), Tightened::yes);
  EXPECT_EQ(tighten(path("outside")), Tightened::no);
  EXPECT_EQ(tighten(path("missing")), Tightened::no);
}

INSTANTIATE_TEST_SUITE_P(Umasks, PrivateFilesTest, testing::Values(0000, 0022, 0077));

}  // namespace
}  // namespace trawl::private_files_test
