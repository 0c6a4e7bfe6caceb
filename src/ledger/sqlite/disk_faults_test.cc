#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/disk_faults_test_support.h"
#include "ledger/sqlite/faulty_disk_test_support.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "sqlite/connection.h"

namespace trawl::disk_faults_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using test::commit;
using test::difference;
using test::DiskFaults;
using test::Executions;
using test::FaultyDisk;
using test::finished;
using test::History;
using test::imported;
using test::judge;
using test::kBig;
using test::kMain;
using test::kNow;
using test::patience;
using test::prune;
using test::recover;
using test::remove_failed;
using test::remove_namespace;
using test::started;
using test::Step;
using test::write_old_ledger;

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// A short life of a ledger; a null step is a pause for maintenance.
std::vector<Step> short_life(Executions& make) {
  const Execution a = make.next();
  const Execution b = make.next();
  const Execution left = make.next();
  const Step pause = {"maintain", nullptr};
  return {recover(),
          commit({started(a), started(b)}),
          commit({finished(a), imported(make.next()), imported(make.next())}),
          pause,
          commit({finished(b), finished(a), started(left)}),
          remove_failed(2),
          commit({finished(make.next()), finished(make.next())}),
          prune(5, 3),
          remove_namespace(kBig),
          pause,
          commit({finished(make.next())})};
}

struct Outcome {
  std::uint64_t operations = 0;
  std::uint64_t refused = 0;
  std::int64_t closed_groups = 0;  // Of a life without failures, and the file's size.
  std::uint64_t bytes = 0;
};

// Lives through `steps` on a copy of `from`, while the operations first..last fail.
Outcome live(const std::string& from, History history, const std::vector<Step>& steps,
             std::uint64_t first, std::uint64_t last) {
  SCOPED_TRACE(fmt::format("operations {} to {} fail", first, last));
  const bool once = first == last;
  const test::ScratchDirectory directory;
  const std::string data = directory.file("data");
  fs::copy(from, data);
  Outcome outcome;
  {
    FaultyDisk disk;
    disk.fail(first, last);
    const auto clear = [](const Error& error) {
      const bool is_full = error.message.find("the disk is full") == 0;
      EXPECT_EQ(error.code, is_full ? ErrorCode::cannot_store : ErrorCode::storage)
          << error.message << ": " << error.detail;
      EXPECT_TRUE(error.message.find("the disk is full") == 0 ||
                  error.message.find("the disk failed") == 0 ||
                  error.message.find("cannot be opened") != std::string::npos)
          << error.message << ": " << error.detail;
    };
    auto ledger = open_sqlite_ledger(data + "/ledger.db");
    if (!ledger) {
      clear(ledger.error());
      ++outcome.refused;
      // Nobody has to know what was half made: a second attempt gets it right.
      if (once) ledger = open_sqlite_ledger(data + "/ledger.db");
    }
    if (once) {
      EXPECT_TRUE(ledger) << ledger.error().detail;
    }
    const Step* late = nullptr;  // A recovery that the next write does first.
    for (std::size_t i = 0; ledger && i < steps.size(); ++i) {
      if (!steps[i].run) {
        // Bounded, since on a broken disk it may have more to do for ever.
        for (int n = 0; n < 20 && (*ledger)->maintain(); ++n) {
        }
        continue;
      }
      auto before = disk.operations();
      auto result = steps[i].run(**ledger);
      if (!result) {
        clear(result.error());
        ++outcome.refused;
        history.refuse(steps[i]);
        // What was refused is not there, and the same again is as good as new; a start
        // continues without what it could not recover.
        if (steps[i].name == "recover" && result.error().code == ErrorCode::cannot_store) {
          late = &steps[i];
        }
        EXPECT_EQ(difference(**ledger, *history.model()), "") << steps[i].name;
        if (once && steps[i].name != "recover") {
          before = disk.operations();
          result = steps[i].run(**ledger);
          EXPECT_TRUE(result) << steps[i].name << ": " << result.error().detail;
        }
      }
      if (result && late != nullptr) history.acknowledge(*std::exchange(late, nullptr));
      if (result) history.acknowledge(steps[i], disk.operations() > before);
    }
    if (ledger) {
      EXPECT_EQ(difference(**ledger, *history.model()), "");
    }
    outcome.operations = disk.operations();
    // One failure costs one call, or none where nobody waits for what failed.
    if (once) {
      EXPECT_LE(outcome.refused, 1u);
    }
    ledger = make_error(ErrorCode::internal, "closed");
  }
  if (last == 0) {
    const auto connection = sqlite::Connection::open(data + "/ledger.db").value();
    outcome.closed_groups =
        connection->integer("SELECT count(*) FROM row_groups WHERE closed = 1").value();
    outcome.bytes = fs::file_size(data + "/ledger.db");
  }
  EXPECT_EQ(judge(data, history), "");
  return outcome;
}

// Fails every operation of a life in turn, alone and with all that follow, in random order
// so that what the time allows is spread over all of it.
void fail_each(const std::string& from, const History& history,
               const std::vector<Step>& steps, std::mt19937_64& random,
               std::chrono::seconds time) {
  const auto until = steady_clock::now() + time;
  const Outcome calm = live(from, history, steps, 0, 0);
  ASSERT_EQ(calm.refused, 0u);
  ASSERT_GT(calm.operations, 30u);
  std::vector<std::uint64_t> operations(calm.operations);
  std::iota(operations.begin(), operations.end(), 1);
  std::shuffle(operations.begin(), operations.end(), random);
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;
  for (const std::uint64_t n : operations) {
    if (steady_clock::now() > until && failed >= 10) break;
    refused += live(from, history, steps, n, n).refused;
    refused += live(from, history, steps, n, kNever).refused;
    ++failed;
    if (testing::Test::HasFailure()) break;
  }
  std::cout << failed << " of " << calm.operations << " operations failed, one at a time; "
            << refused << " calls were refused\n";
  EXPECT_GT(refused, 0u);
}

TEST_F(DiskFaults, ANewLedgerSurvivesEachFailure) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const test::ScratchDirectory directory;
  fs::create_directory(directory.file("data"));
  Executions make(1);
  fail_each(directory.file("data"), {}, short_life(make), random, patience(40));
}

// The first failed execution of a ledger may be one that recovery ends.
TEST_F(DiskFaults, RecoverySurvivesEachFailure) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const test::ScratchDirectory directory;
  fs::create_directory(directory.file("data"));
  History history;
  const Step start = commit({started(test::make_execution(kMain, "left", kNow))});
  ASSERT_TRUE(start.run(*open_sqlite_ledger(directory.file("data/ledger.db")).value()));
  history.acknowledge(start);
  const Step more =
      commit({finished(test::make_execution(kMain, "e", kNow, status::kFailed))});
  fail_each(directory.file("data"), history, {recover(), more}, random, patience(20));
}

TEST_F(DiskFaults, AnOldLedgerSurvivesFailures) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const test::ScratchDirectory directory;
  fs::create_directory(directory.file("data"));
  Executions make(2);
  History history;
  write_old_ledger(directory.file("data"), history, make);
  const auto steps = short_life(make);
  // What it is there for: a group is closed, and space is given back.
  const Outcome calm = live(directory.file("data"), history, steps, 0, 0);
  EXPECT_EQ(calm.closed_groups, 1);
  EXPECT_LT(calm.bytes, fs::file_size(directory.file("data/ledger.db")));
  fail_each(directory.file("data"), history, steps, random, patience(10));
}

}  // namespace
}  // namespace trawl::disk_faults_test
