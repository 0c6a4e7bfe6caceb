#include "sqlite/connection.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/write_health.h"
#include "sqlite/copy.h"
#include "sqlite/lock_watch_test_support.h"
#include "sqlite/mark.h"

namespace trawl::sqlite::sqlite_test {
namespace {

namespace fs = std::filesystem;

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    std::string pattern = (fs::temp_directory_path() / "trawl-sqlite-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~SqliteTest() override { fs::remove_all(directory_); }

  std::string path(const std::string& name = "x.db") const {
    return directory_ + "/" + name;
  }
  static std::unique_ptr<Connection> own(const std::string& path) {
    OpenOptions options;
    options.owner = true;
    auto connection = Connection::open(path, options).value();
    EXPECT_TRUE(connection->execute("CREATE TABLE IF NOT EXISTS t (x)"));
    return connection;
  }
  std::uintmax_t log_bytes() const {
    std::error_code missing;
    const auto bytes = fs::file_size(path("x.db-wal"), missing);
    return missing ? 0 : bytes;
  }

  std::string directory_;
};

// Goal: while a state is held, the log grows; once it is let go, it is as short as before.
TEST_F(SqliteTest, ALogThatWasLongIsCutBack) {
  constexpr std::uintmax_t kMiB = 1024 * 1024;
  const auto writer = own(path());
  ASSERT_TRUE(writer->execute("PRAGMA wal_autocheckpoint=0"));
  {
    OpenOptions options;
    options.read_only = true;
    const auto reader = Connection::open(path(), options).value();
    auto transaction = Transaction::begin(*reader, Transaction::Kind::read).value();
    ASSERT_TRUE(reader->integer("SELECT count(*) FROM t"));
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (randomblob(5000000))"));
      writer->checkpoint();
    }
    EXPECT_GT(log_bytes(), 45 * kMiB);
  }
  writer->checkpoint();
  EXPECT_LE(log_bytes(), 32 * kMiB);
  EXPECT_EQ(writer->integer("SELECT count(*) FROM t").value(), 10);
}

TEST_F(SqliteTest, WhatAnOwnerOpensIsPrivate) {
  const mode_t before = ::umask(0);
  const auto writer = own(path());
  ::umask(before);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat file {};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &file), 0) << suffix;
    EXPECT_EQ(file.st_mode & 0777, 0600u) << suffix;
  }
}

// Goal: a file says whether all of it is there.
TEST_F(SqliteTest, AFileWithoutItsLogIsRecognised) {
  auto writer = own(path());
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  EXPECT_FALSE(lacks_its_log(path()));
  fs::copy(path(), path("alone.db"));
  EXPECT_TRUE(lacks_its_log(path("alone.db")));
  fs::copy(path(), path("both.db"));
  fs::copy(path("x.db-wal"), path("both.db-wal"));
  EXPECT_FALSE(lacks_its_log(path("both.db")));
  ASSERT_TRUE(DatabaseCopy::begin(path()).value().write(path("backup.db"), nullptr));
  EXPECT_FALSE(lacks_its_log(path("backup.db")));
  writer.reset();
  EXPECT_FALSE(fs::exists(path("x.db-wal")));
  EXPECT_FALSE(lacks_its_log(path()));
  EXPECT_EQ(mark_of_file(path()), kMarkClosed);
  EXPECT_FALSE(lacks_its_log(path("missing.db")));
  // Anyone who reads a file leaves its mark and its log alone.
  (void)open_for_reading(path("both.db")).value();
  EXPECT_TRUE(fs::exists(path("both.db-wal")));
  EXPECT_FALSE(lacks_its_log(path("both.db")));
  // All of a log may have been moved into the file when the process died.
  fs::resize_file(path("both.db-wal"), 0);
  EXPECT_FALSE(lacks_its_log(path("both.db")));
}

TEST_F(SqliteTest, AFullDiskIsToldAndForgotten) {
  auto writer = own(path());
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (randomblob(100000))"));
  ASSERT_FALSE(write_health::failure());
  const auto pages = writer->integer("PRAGMA page_count").value();
  ASSERT_TRUE(writer->execute("PRAGMA max_page_count=" + std::to_string(pages)));
  const auto refused = writer->execute("INSERT INTO t VALUES (randomblob(100000))");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::cannot_store);
  EXPECT_NE(refused.error().message.find("the disk is full"), std::string::npos);
  ASSERT_TRUE(write_health::failure());
  EXPECT_NE(write_health::failure()->find("x.db cannot be written: the disk is full"),
            std::string::npos);
  ASSERT_TRUE(writer->execute("PRAGMA max_page_count=1000000"));
  EXPECT_TRUE(writer->try_write());
  EXPECT_FALSE(write_health::failure());
}

TEST_F(SqliteTest, AWriteThatSucceedsEndsAFailure) {
  auto writer = own(path());
  write_health::failed(path(), "the disk failed");
  ASSERT_TRUE(writer->integer("SELECT count(*) FROM t"));
  EXPECT_TRUE(write_health::failure()) << "nothing was written";
  {
    auto insert = writer->prepare("INSERT INTO t VALUES (1)").value();
    ASSERT_TRUE(insert.run());
    EXPECT_FALSE(write_health::failure());
    write_health::failed(path(), "the disk failed");
    auto transaction = Transaction::begin(*writer, Transaction::Kind::write).value();
    ASSERT_TRUE(insert.run());
    EXPECT_TRUE(write_health::failure()) << "it may still be rolled back";
    ASSERT_TRUE(transaction.commit());
    EXPECT_FALSE(write_health::failure());
  }
  // Nor is a file that nobody has open one that fails.
  write_health::failed(path(), "the disk failed");
  writer.reset();
  EXPECT_FALSE(write_health::failure());
}

// Goal: many readers at once do not leave as many caches behind.
TEST_F(SqliteTest, ReadersBeyondSoManyAreClosed) {
  const auto writer = own(path());
  ReaderPool pool(path(), {});
  {
    std::vector<ReaderPool::Lease> leases;
    for (std::size_t i = 0; i < 3 * ReaderPool::kIdleMax; ++i) {
      leases.push_back(pool.lease().value());
      ASSERT_EQ(leases.back()->integer("SELECT count(*) FROM t").value(), 0);
    }
    EXPECT_EQ(pool.idle_count(), 0u);
  }
  EXPECT_EQ(pool.idle_count(), ReaderPool::kIdleMax);
  const auto again = pool.lease().value();
  EXPECT_EQ(pool.idle_count(), ReaderPool::kIdleMax - 1);
}

}  // namespace
}  // namespace trawl::sqlite::sqlite_test
