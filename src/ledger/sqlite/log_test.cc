#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "sqlite/lock_watch_test_support.h"

// What becomes of the ledger's write-ahead log.
namespace trawl::log_test {
namespace {

namespace fs = std::filesystem;
using test::filter_of;
using test::finished;
using test::make_execution;

const NamespaceId kMain("ns_main");

Execution padded(const std::string& id, TimeUs time, std::size_t bytes) {
  Execution execution = make_execution(kMain, id, time);
  std::string noise;
  for (std::uint32_t x = static_cast<std::uint32_t>(time) * 2654435761U | 1U;
       noise.size() < bytes; x = x * 1664525U + 1013904223U) {
    noise.push_back(static_cast<char>('0' + (x >> 24) % 64));
  }
  std::replace(noise.begin(), noise.end(), '\\', '/');
  // Where no words are looked for in it.
  execution.pipeline = "{\"query\":\"" + noise + "\"}";
  return execution;
}

// Goal: no commit runs while a checkpoint does: SQLite 3.40 can lose pages then.
// Method: both as often as they can, watched where they take their locks.
TEST(LedgerLog, CheckpointsAndCommitsExcludeEachOther) {
  test::ScratchDirectory directory;
  const std::string path = directory.file("ledger.db");
  const test::LockWatch watch;
  {
    const auto ledger = open_sqlite_ledger(path).value();
    std::atomic<bool> done = false;
    std::thread upkeep([&] {
      while (!done) ledger->maintain();
    });
    std::thread trying([&] {
      while (!done) EXPECT_TRUE(ledger->try_write());
    });
    for (int i = 0; i < 20'000 && watch.counts(path).checkpoints < 30; ++i) {
      ASSERT_TRUE(
          test::append(*ledger, {finished(padded("e" + std::to_string(i), i, 100))}));
      if (i % 100 == 99) ASSERT_TRUE(ledger->remove(filter_of(kMain), 10));
    }
    done = true;
    upkeep.join();
    trying.join();
  }
  const auto counts = watch.counts(path);
  EXPECT_GE(counts.checkpoints, 30);
  EXPECT_GE(counts.commits, 60);
  EXPECT_EQ(counts.overlaps, 0);
}

// Goal: the log is as long as what was written lately, however long a reader takes.
// Method: a scan that is stopped in the middle while much is written.
TEST(LedgerLog, ASlowReaderDoesNotKeepItLong) {
  constexpr std::uintmax_t kMiB = 1024 * 1024;
  for (const bool is_basic : {true, false}) {
    test::ScratchDirectory directory;
    const auto ledger = open_sqlite_ledger(directory.file("ledger.db")).value();
    TimeUs time = 1;
    const auto write = [&](int count, std::size_t bytes) {
      std::vector<LedgerWrite> writes;
      for (int i = 0; i < count; ++i, ++time) {
        writes.push_back(finished(padded("e" + std::to_string(time), time, bytes)));
      }
      ASSERT_TRUE(test::append(*ledger, writes));
    };
    for (int i = 0; i < 5; ++i) write(500, 10);
    ExecutionFilter filter = filter_of(kMain);
    if (!is_basic) {
      const auto condition =
          parse_json(R"({"field":"credits_used","operator":"gte","value":0})");
      filter.where.push_back(Filter::compile(condition.value(), "filters").value());
    }
    std::uintmax_t longest = 0;
    std::vector<std::string> seen;
    const auto visit = [&](const RenderedExecution& found) -> Result<bool> {
      seen.push_back(found.key.execution_id.str());
      if (seen.size() != 10) return true;
      // The reader is slow, and 18 MiB are written.
      for (int i = 0; i < 12; ++i) {
        write(20, 80'000);
        while (ledger->maintain()) {
        }
        longest = std::max(longest, fs::file_size(directory.file("ledger.db-wal")));
      }
      return true;
    };
    ScanRequest request;
    request.detail = true;
    ASSERT_TRUE(scan_json(*ledger, filter, request, visit));
    EXPECT_LE(longest, 10 * kMiB) << is_basic;
    // Those that were there when it began, newest first, each once.
    ASSERT_EQ(seen.size(), 2'500u) << is_basic;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i], "e" + std::to_string(2'500 - i)) << is_basic;
    }
  }
}

}  // namespace
}  // namespace trawl::log_test
