#include "ledger/sqlite/contents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/hash.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/sqlite_ledger.h"

namespace trawl::sqlite::contents_test {
namespace {

using test::filter_of;
using test::finished;
using test::page_of;

const NamespaceId kA("ns_a");
const NamespaceId kB("ns_b");

// Candidates that hardly compress, of which equal numbers have equal ones.
std::vector<ScoredId> candidates(int which) {
  std::vector<ScoredId> out;
  for (int i = 0; i < 30; ++i) {
    out.push_back({"col", sha256_hex(fmt::format("{} {}", which, i)), 1.0 / (i + 1)});
  }
  return out;
}

Execution run(const NamespaceId& ns, int number, int which) {
  Execution execution =
      test::make_execution(ns, fmt::format("e{}", number), 1'000'000 + number);
  execution.stages.resize(2);
  execution.stages[0].stage_name = "find";
  execution.stages[0].duration_us = number;
  execution.stages[0].candidates = candidates(which);
  execution.stages[1].candidates = candidates(which + 1);
  execution.results = candidates(which + 1);
  return execution;
}

class ContentsTest : public testing::Test {
 protected:
  void open() {
    ledger_.reset();
    ledger_ = open_sqlite_ledger(path_).value();
  }
  void settle() {
    while (ledger_->maintain()) {
    }
  }
  // Prepared, as the recorder does.
  void put(LedgerWrite write) {
    ledger_->prepare(write);
    ASSERT_TRUE(test::append(*ledger_, {std::move(write)}));
  }
  void put(const Execution& execution) { put(finished(execution)); }
  void expect_stored(const Execution& execution) {
    const auto found =
        ledger_->find(execution.namespace_id, execution.summary.execution_id);
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_TRUE(*found == execution) << execution.summary.execution_id.str();
    EXPECT_EQ(
        find_json(*ledger_, execution.namespace_id, execution.summary.execution_id).value(),
        execution_detail_json(execution));
  }
  std::int64_t integer(std::string_view sql) {
    return Connection::open(path_).value()->integer(sql).value();
  }
  std::int64_t contents() {
    const std::int64_t count = integer("SELECT count(*) FROM contents");
    EXPECT_EQ(count, integer("SELECT count(*) FROM content_data"));
    return count;
  }
  std::int64_t record_bytes() { return integer("SELECT sum(length(record)) FROM records"); }
  void expect_well() {
    const auto connection = Connection::open(path_).value();
    for (const auto& problem : check_ledger(*connection, {}, nullptr).problems) {
      ADD_FAILURE() << problem.part << ": " << problem.message;
    }
  }

  test::ScratchDirectory directory_;
  const std::string path_ = directory_.file("ledger.db");
  std::unique_ptr<SqliteLedger> ledger_ = open_sqlite_ledger(path_).value();
};

TEST_F(ContentsTest, WhatRepeatsIsStoredOnce) {
  for (int i = 0; i < 50; ++i) put(run(kA, i, 7));
  // The candidates of both stages; the results are those of the second.
  EXPECT_EQ(contents(), 2);
  EXPECT_EQ(integer("SELECT sum(uses) FROM contents"), 49 * 3);
  const std::int64_t first = integer("SELECT length(record) FROM records WHERE seq = 1");
  EXPECT_LT(integer("SELECT max(length(record)) FROM records WHERE seq > 1"), first / 5);
  for (int i = 0; i < 50; ++i) expect_stored(run(kA, i, 7));
  expect_well();
}

TEST_F(ContentsTest, WhatDoesNotRepeatStaysInItsRecord) {
  for (int i = 0; i < 50; ++i) put(run(kA, i, 2 * i));
  EXPECT_EQ(contents(), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM records WHERE substr(record, 1, 1) != x'02'"), 0);
  for (int i = 0; i < 50; ++i) expect_stored(run(kA, i, 2 * i));
}

TEST_F(ContentsTest, ListsAndScansHaveTheWholeDetail) {
  MemoryLedger memory;
  for (int i = 0; i < 20; ++i) {
    put(run(kA, i, i % 3));
    test::put(memory, finished(run(kA, i, i % 3)));
  }
  ExecutionPageRequest page = page_of(7, 2);
  page.detail = true;
  EXPECT_EQ(list_json(*ledger_, filter_of(kA), page).value().rows,
            list_json(memory, filter_of(kA), page).value().rows);
  ScanRequest request;
  request.detail = true;
  int number = 20;
  ASSERT_TRUE(ledger_->scan(filter_of(kA), request,
                            [&](const ScannedExecution& scanned) -> Result<bool> {
                              --number;
                              EXPECT_TRUE(scanned.execution == run(kA, number, number % 3));
                              return true;
                            }));
  EXPECT_EQ(number, 0);
}

// Goal: nobody's contents depend on what another namespace recorded.
TEST_F(ContentsTest, NamespacesShareNothing) {
  put(run(kA, 0, 7));
  put(run(kB, 0, 7));
  EXPECT_EQ(contents(), 0);
  for (int i = 1; i < 4; ++i) {
    put(run(kA, i, 7));
    put(run(kB, i, 7));
  }
  EXPECT_EQ(contents(), 4);
  EXPECT_EQ(integer("SELECT count(DISTINCT digest) FROM contents"), 2);
  expect_well();
  ASSERT_TRUE(ledger_->remove_namespace(kA));
  settle();
  EXPECT_EQ(contents(), 2);
  for (int i = 0; i < 4; ++i) expect_stored(run(kB, i, 7));
  expect_well();
}

TEST_F(ContentsTest, TheLastRecordTakesItsContentsAlong) {
  for (int i = 0; i < 10; ++i) put(run(kA, i, 7));
  EXPECT_EQ(ledger_->remove(filter_of(kA), 9).value(), 9u);
  EXPECT_EQ(contents(), 2);
  expect_stored(run(kA, 9, 7));
  expect_well();
  RetentionPolicy policy;
  policy.max_count = 0;
  ASSERT_TRUE(ledger_->prune(kA, policy, 0, 10));
  EXPECT_EQ(contents(), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM record_contents"), 0);
  // What comes again is stored again, also under a number that was in use.
  for (int i = 10; i < 13; ++i) put(run(kA, i, 7));
  for (int i = 10; i < 13; ++i) expect_stored(run(kA, i, 7));
  EXPECT_EQ(contents(), 2);
  expect_well();
}

TEST_F(ContentsTest, AStartFindsWhatIsStored) {
  for (int i = 0; i < 3; ++i) put(run(kA, i, 7));
  open();
  for (int i = 3; i < 6; ++i) put(run(kA, i, 7));
  EXPECT_EQ(contents(), 2);
  for (int i = 0; i < 6; ++i) expect_stored(run(kA, i, 7));
  expect_well();
}

TEST_F(ContentsTest, AnEndReplacesWhatTheStartHad) {
  put(run(kA, 0, 7));
  put(test::started(run(kA, 1, 7)));
  put(test::started(run(kA, 2, 7)));
  EXPECT_EQ(integer("SELECT sum(uses) FROM contents"), 6);
  put(run(kA, 1, 50));
  EXPECT_EQ(integer("SELECT sum(uses) FROM contents"), 3);
  expect_stored(run(kA, 1, 50));
  EXPECT_EQ(ledger_->recover().value(), 1u);
  EXPECT_EQ(contents(), 0);
  Execution ended = run(kA, 2, 7);
  ended.summary.status = status::kFailed;
  ended.error = ledger_->find(kA, ExecutionId("e2")).value()->error;
  expect_stored(ended);
  expect_well();
}

// Goal: one that comes and goes within a commit leaves nothing.
TEST_F(ContentsTest, ACommitMayReplaceWhatItStores) {
  put(run(kA, 0, 7));
  std::vector<LedgerWrite> writes = {test::started(run(kA, 1, 7)),
                                     finished(run(kA, 1, 50))};
  for (LedgerWrite& write : writes) ledger_->prepare(write);
  ASSERT_TRUE(test::append(*ledger_, std::move(writes)));
  EXPECT_EQ(contents(), 0);
  expect_stored(run(kA, 1, 50));
  expect_well();
}

// Goal: answers are stored once, too, and are gone from the file with their last execution.
TEST_F(ContentsTest, AnswersAreContents) {
  const auto answered = [](int number, const std::string& answer) {
    Execution execution =
        test::make_execution(kA, fmt::format("e{}", number), 1'000'000 + number);
    execution.stages.resize(1);
    execution.stages[0].external_calls.push_back({.provider = "model",
                                                  .answer_sha256 = sha256_hex(answer),
                                                  .answer_kept = true,
                                                  .answer = answer});
    return execution;
  };
  for (int i = 0; i < 5; ++i) put(answered(i, "they eat voles"));
  put(answered(5, "they eat berries"));
  EXPECT_EQ(contents(), 2);
  EXPECT_EQ(integer("SELECT max(uses) FROM contents"), 5);
  expect_well();
  open();
  EXPECT_EQ(ledger_->contents(kA, ExecutionId("e5")).value().front().bytes,
            "they eat berries");
  ASSERT_TRUE(ledger_->remove(filter_of(kA), 5));
  EXPECT_EQ(contents(), 1);
  expect_well();
  ASSERT_TRUE(
      Connection::open(path_).value()->execute("UPDATE contents SET digest = x'00'"));
  EXPECT_EQ(ledger_->contents(kA, ExecutionId("e5")).error().code, ErrorCode::storage);
  ASSERT_TRUE(Connection::open(path_).value()->execute("DELETE FROM content_data"));
  EXPECT_EQ(ledger_->contents(kA, ExecutionId("e5")).error().code, ErrorCode::storage);
}

// Goal: no history makes a record read as anything but what was recorded.
TEST_F(ContentsTest, AnyHistoryReadsAsInMemory) {
  const auto seed =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  MemoryLedger memory;
  std::int64_t most = 0;
  for (int round = 0; round < 150; ++round) {
    std::vector<LedgerWrite> writes;
    for (auto n = random() % 6; n > 0; --n) {
      const NamespaceId ns = random() % 3 == 0 ? kB : kA;
      LedgerWrite write;
      write.kind = static_cast<LedgerWrite::Kind>(random() % 3);
      write.execution =
          run(ns, static_cast<int>(random() % 300),
              static_cast<int>(random() % 4) * static_cast<int>(random() % 9));
      if (random() % 4 == 0) {
        write.execution.inputs = fmt::format(R"({{"q":"{}"}})", std::string(2'000, 'x'));
      }
      writes.push_back(std::move(write));
    }
    ASSERT_TRUE(test::append(memory, writes));
    for (LedgerWrite& write : writes) {
      if (random() % 8 != 0) ledger_->prepare(write);
    }
    ASSERT_TRUE(test::append(*ledger_, std::move(writes)));
    const auto dice = random() % 12;
    if (dice == 0) {
      const auto limit = static_cast<std::uint32_t>(1 + random() % 40);
      EXPECT_EQ(ledger_->remove(filter_of(kA), limit).value(),
                memory.remove(filter_of(kA), limit).value());
    } else if (dice == 1) {
      open();
      EXPECT_EQ(ledger_->recover().value(), memory.recover().value());
    } else if (dice == 2) {
      settle();
    }
    most = std::max(most, contents());
  }
  ExecutionPageRequest page = page_of(1'000);
  page.detail = true;
  for (const NamespaceId& ns : {kA, kB}) {
    EXPECT_EQ(list_json(*ledger_, filter_of(ns), page).value().rows,
              list_json(memory, filter_of(ns), page).value().rows);
  }
  EXPECT_GT(most, 20);
  expect_well();
}

}  // namespace
}  // namespace trawl::sqlite::contents_test
