#include "ledger/sqlite/upkeep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/sqlite_ledger.h"

namespace trawl::upkeep_test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

TEST(Upkeep, ComesAgainAlsoAfterAStepThatThrew) {
  std::atomic<int> steps = 0;
  const sqlite::Upkeep upkeep(microseconds(500), [&]() -> bool {
    if (++steps == 2) throw 7;
    return false;
  });
  while (steps < 4) std::this_thread::yield();
}

// Method: nobody waits for the second hour.
TEST(Upkeep, GoesOnAtOnceWhileThereIsMoreToDo) {
  std::atomic<int> steps = 0;
  const auto begin = std::chrono::steady_clock::now();
  const sqlite::Upkeep upkeep(std::chrono::milliseconds(200), [&] { return ++steps < 50; });
  while (steps < 50) std::this_thread::yield();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
}

TEST(Upkeep, EndsInTheMiddleOfAWait) {
  const sqlite::Upkeep upkeep(hours(1), [] { return false; });
}

// Goal: an open ledger looks after itself, and closes while it does.
TEST(Upkeep, IsTheLedgersOwn) {
  const test::ScratchDirectory directory;
  const std::string path = directory.file("ledger.db");
  const NamespaceId ns("ns_a");
  {
    SqliteLedgerOptions options;
    options.maintain_every_us = 500;
    const auto ledger = open_sqlite_ledger(path, options).value();
    for (int i = 0; i < 50; ++i) {
      test::put(*ledger, test::finished(test::make_execution(ns, std::to_string(i), i)));
    }
    ASSERT_GT(std::filesystem::file_size(path + "-wal"), 0u);
    // What is in the log goes into the main file without anyone's asking.
    const auto whole = [&] {
      std::filesystem::copy_file(path, directory.file("copy.db"),
                                 std::filesystem::copy_options::overwrite_existing);
      const auto copy = open_sqlite_ledger(directory.file("copy.db"));
      return copy && test::total_of(**copy, test::filter_of(ns)) == 50;
    };
    for (int i = 0; i < 2'000 && !whole(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(whole());
  }
  EXPECT_EQ(test::total_of(*open_sqlite_ledger(path).value(), test::filter_of(ns)), 50u);
}

}  // namespace
}  // namespace trawl::upkeep_test
