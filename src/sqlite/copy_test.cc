#include "sqlite/copy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace trawl::sqlite::sqlite_copy_test {
namespace {

class SqliteCopyTest : public testing::Test {
 protected:
  SqliteCopyTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "trawl-copy-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    writer_ = Connection::open(path("source.db")).value();
    EXPECT_TRUE(writer_->execute(
        "CREATE TABLE pairs (a INTEGER, b INTEGER, filler BLOB); "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) "
        "INSERT INTO pairs SELECT i, -i, randomblob(7000) FROM n;"));
  }
  ~SqliteCopyTest() override {
    writer_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
  std::unique_ptr<Connection> writer_;
};

// Goal: a copy in many steps is the state in which it began, and does not begin anew,
// however much is committed between its steps.
TEST_F(SqliteCopyTest, IsOneStateWhileOthersWrite) {
  auto copy = DatabaseCopy::begin(path("source.db")).value();
  EXPECT_EQ(copy.source().integer("SELECT count(*) FROM pairs").value(), 4000);
  std::vector<std::uint64_t> told;
  int commits = 0;
  const auto progress = [&](std::uint64_t bytes) {
    told.push_back(bytes);
    if (commits == 20) return;  // Lets a copy that starts over come to an end.
    // Changes pages that are copied already and some that are not, and adds new ones.
    ASSERT_TRUE(writer_->execute(
        "BEGIN IMMEDIATE; UPDATE pairs SET a = a + 1, b = b - 1 WHERE rowid % 500 = 1; "
        "INSERT INTO pairs VALUES (1, 1, randomblob(7000)); COMMIT"));
    writer_->checkpoint();
    ++commits;
  };
  ASSERT_TRUE(copy.write(path("copy.db"), progress));
  EXPECT_GE(commits, 4);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.size(), copy.bytes() / (1024 * 8192) + 1) << "it began anew";

  const auto read = Connection::open(path("copy.db")).value();
  EXPECT_EQ(read->integer("SELECT count(*) FROM pairs").value(), 4000);
  EXPECT_EQ(read->integer("SELECT count(*) FROM pairs WHERE a + b != 0").value(), 0);
  EXPECT_EQ(read->integer("SELECT sum(a) FROM pairs").value(), 4000 * 4001 / 2);
  auto check = read->prepare("PRAGMA integrity_check").value();
  ASSERT_TRUE(check.step().value());
  EXPECT_EQ(check.text(0), "ok");
  EXPECT_EQ(writer_->integer("SELECT count(*) FROM pairs").value(), 4000 + commits);
}

TEST_F(SqliteCopyTest, FindsWritersNotWaiting) {
  auto copy = DatabaseCopy::begin(path("source.db")).value();
  std::atomic<bool> done = false;
  std::atomic<int> failed = 0;
  std::thread thread([&] {
    const auto other = Connection::open(path("source.db")).value();
    EXPECT_TRUE(other->execute("PRAGMA busy_timeout=0"));
    while (!done) {
      if (!other->execute("INSERT INTO pairs VALUES (0, 0, NULL)")) ++failed;
    }
  });
  EXPECT_TRUE(copy.write(path("copy.db"), nullptr));
  done = true;
  thread.join();
  EXPECT_EQ(failed, 0);
  const auto read = Connection::open(path("copy.db")).value();
  EXPECT_EQ(read->integer("SELECT count(*) FROM pairs").value(), 4000);
}

TEST_F(SqliteCopyTest, IsReadableByItsOwnerAlone) {
  ASSERT_EQ(::chmod(path("source.db").c_str(), 0644), 0);
  ASSERT_TRUE(
      DatabaseCopy::begin(path("source.db")).value().write(path("copy.db"), nullptr));
  struct stat file {};
  ASSERT_EQ(::stat(path("copy.db").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(SqliteCopyTest, RefusesWhatItCannotDo) {
  const auto missing = DatabaseCopy::begin(path("missing.db"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(path("missing.db")));

  auto copy = DatabaseCopy::begin(path("source.db")).value();
  EXPECT_EQ(copy.write(path("source.db"), nullptr).error().code, ErrorCode::already_exists);
  const auto nowhere = copy.write(path("no/copy.db"), nullptr);
  EXPECT_EQ(nowhere.error().code, ErrorCode::storage);
  EXPECT_NE(nowhere.error().message.find("no/copy.db"), std::string::npos);
}

// Goal: a copy that would let the log grow without end is given up.
TEST_F(SqliteCopyTest, GivesUpWhenTheLogGrowsTooLong) {
  auto copy = DatabaseCopy::begin(path("source.db")).value();
  const auto progress = [&](std::uint64_t) {
    ASSERT_TRUE(writer_->execute("INSERT INTO pairs VALUES (1, 1, randomblob(20000000))"));
  };
  const auto given_up = copy.write(path("copy.db"), progress, 1024 * 1024);
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, ErrorCode::unavailable);
  EXPECT_NE(given_up.error().message.find("1 MiB"), std::string::npos);
  EXPECT_TRUE(DatabaseCopy::begin(path("source.db")).value().write(path("b.db"), nullptr));
}

// Goal: looking at what a dead process left changes no byte of it.
TEST_F(SqliteCopyTest, ReadingLeavesALogWhereItIs) {
  std::filesystem::copy(path("source.db"), path("left.db"));
  std::filesystem::copy(path("source.db-wal"), path("left.db-wal"));
  const auto size = std::filesystem::file_size(path("left.db-wal"));
  ASSERT_GT(size, 0u);
  EXPECT_EQ(open_for_reading(path("left.db"))
                .value()
                ->integer("SELECT count(*) FROM pairs")
                .value(),
            4000);
  EXPECT_EQ(std::filesystem::file_size(path("left.db-wal")), size);
}

}  // namespace
}  // namespace trawl::sqlite::sqlite_copy_test
