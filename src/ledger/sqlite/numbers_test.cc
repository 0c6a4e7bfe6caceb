#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/fresh_terms.h"
#include "ledger/sqlite/repair.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "ledger/text_query.h"
#include "sqlite/connection.h"

// The number of an execution is its key in everything that is kept beside its row. A number
// that came back after a deletion made one execution pass for another.
namespace trawl::sqlite::numbers_test {
namespace {

using test::filter_of;
using test::finished;
using test::make_execution;
using test::put;
using test::started;
using test::total_of;

const NamespaceId kNs("ns_a");
const NamespaceId kOther("ns_b");

class LedgerNumbers : public testing::Test {
 protected:
  void reopen() {
    ledger_.reset();
    ledger_ = open_sqlite_ledger(path_).value();
  }
  void settle() {
    while (ledger_->maintain()) {
    }
  }
  std::unique_ptr<Connection> connect() { return Connection::open(path_).value(); }
  std::int64_t integer(std::string_view sql) { return connect()->integer(sql).value(); }

  void remove(const std::string& id) {
    auto filter = filter_of(kNs);
    filter.execution_ids = std::vector<ExecutionId>{ExecutionId(id)};
    ASSERT_EQ(ledger_->remove(filter, 1).value(), 1u);
  }
  static ExecutionFilter with_text(const NamespaceId& ns, const std::string& text) {
    auto filter = filter_of(ns);
    filter.query = TextQuery::parse(text);
    return filter;
  }
  // How many there are by a condition that is answered from columns.
  std::uint64_t by_columns() {
    auto filter = filter_of(kNs);
    const json::value where =
        json::object{{"field", "duration_ms"}, {"operator", "gte"}, {"value", 0}};
    filter.where.push_back(Filter::compile(where, "filters").value());
    return total_of(*ledger_, filter);
  }
  void expect_well() {
    const auto connection = connect();
    CheckOptions options;
    options.samples = 400;
    for (const auto& problem : check_ledger(*connection, options, nullptr).problems) {
      ADD_FAILURE() << problem.part << ": " << problem.message;
    }
    EXPECT_TRUE(check_terms_index(*connection));
  }

  test::ScratchDirectory directory_;
  std::string path_ = directory_.file("ledger.db");
  std::unique_ptr<SqliteLedger> ledger_ = open_sqlite_ledger(path_).value();
};

Execution run_of(const NamespaceId& ns, const std::string& id, TimeUs time,
                 const std::string& words) {
  Execution execution = make_execution(ns, id, time);
  execution.summary.query_summary = words;
  StageRecord stage;
  stage.stage_name = stage.stage_id = "limit";
  execution.stages.push_back(stage);
  return execution;
}

// Goal: no removal, by whatever road, and no restart brings a number back.
// Method: random lives; a new row must have a greater number than all rows before it.
TEST_F(LedgerNumbers, NoneIsEverGivenTwice) {
  const auto seed =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::int64_t highest = 0;
  int count = 0;
  int spaces = 0;
  NamespaceId ns = kNs;
  for (int round = 0; round < 150; ++round) {
    switch (random() % 8) {
      case 0:
        ASSERT_TRUE(
            ledger_->remove(filter_of(ns), static_cast<std::uint32_t>(random() % 9)));
        break;
      case 1: {
        auto newest = filter_of(ns);
        newest.start_time = count - static_cast<TimeUs>(random() % 5);
        ASSERT_TRUE(ledger_->remove(newest, 100));
        break;
      }
      case 2: {
        RetentionPolicy policy;
        policy.max_count = random() % 3;
        ASSERT_TRUE(ledger_->prune(ns, policy, count, 50));
        break;
      }
      case 3:
        ASSERT_TRUE(ledger_->remove_namespace(ns));
        ns = NamespaceId("ns_" + std::to_string(++spaces));
        break;
      case 4:
        reopen();
        break;
      case 5:
        settle();
        break;
      default: {
        const bool runs = random() % 4 == 0;
        ++count;
        Execution execution = run_of(ns, "e" + std::to_string(count), count, "apple");
        ASSERT_TRUE(put(*ledger_, runs ? started(execution) : finished(execution)));
        auto connection = connect();
        auto row =
            connection->prepare("SELECT max(seq), count(*) FROM executions WHERE seq > ?")
                .value();
        ASSERT_TRUE(row.bind(highest).step().value());
        ASSERT_EQ(row.integer(1), 1) << "round " << round;
        highest = row.integer(0);
      }
    }
  }
  EXPECT_GT(count, 10);
  settle();
  expect_well();
}

// Goal: an execution that follows a deleted one is found by its own words and not by those
// of the deleted one, before maintenance came and after, in the same namespace and another.
TEST_F(LedgerNumbers, WordsGoWithTheirExecution) {
  put(*ledger_, finished(run_of(kNs, "kept", 1, "quince")));
  settle();
  for (const NamespaceId& next : {kNs, kOther}) {
    for (const bool indexed : {false, true}) {
      SCOPED_TRACE(next.str() + (indexed ? ", indexed" : ""));
      LedgerWrite write = finished(run_of(kNs, "gone", 2, "apricot"));
      ledger_->prepare(write);
      ASSERT_TRUE(put(*ledger_, std::move(write)));
      if (indexed) settle();
      remove("gone");
      write = finished(run_of(next, "new", 3, "medlar"));
      ledger_->prepare(write);
      ASSERT_TRUE(put(*ledger_, std::move(write)));
      for (int turn = 0; turn < 2; ++turn) {
        EXPECT_EQ(total_of(*ledger_, with_text(kNs, "apricot")), 0u);
        EXPECT_EQ(total_of(*ledger_, with_text(kOther, "apricot")), 0u);
        EXPECT_EQ(total_of(*ledger_, with_text(next, "medlar")), 1u);
        EXPECT_EQ(total_of(*ledger_, with_text(kNs, "quince")), 1u);
        settle();
      }
      expect_well();
      auto everything = filter_of(next);
      everything.query = TextQuery::parse("medlar");
      ASSERT_EQ(ledger_->remove(everything, 9).value(), 1u);
    }
  }
}

TEST_F(LedgerNumbers, FreshTermsAreForgottenWithTheirExecution) {
  FreshTerms terms;
  terms.add({{1, "a"}, {2, "b"}});
  terms.forget({1, 7});
  EXPECT_FALSE(terms.take(1));
  EXPECT_EQ(terms.take(2), "b");
  // However often, they do not add up to a full memory.
  const std::string long_one(FreshTerms::kBytesMax / 2 + 1, 'x');
  for (int i = 0; i < 3; ++i) {
    terms.add({{3, long_one}});
    terms.forget({3});
  }
  terms.add({{4, long_one}});
  EXPECT_TRUE(terms.take(4));
}

// Goal: what runs while its namespace is deleted was never indexed, and is not taken out of
// the index.
TEST_F(LedgerNumbers, RunningExecutionsOfARemovedNamespaceLeaveTheIndexWhole) {
  put(*ledger_, finished(run_of(kOther, "kept", 1, "quince apple")));
  put(*ledger_, started(run_of(kNs, "runs", 2, "quince apple")));
  settle();
  ASSERT_TRUE(ledger_->remove_namespace(kNs));
  settle();
  EXPECT_EQ(integer("SELECT count(*) FROM executions"), 1);
  EXPECT_EQ(total_of(*ledger_, with_text(kOther, "quince")), 1u);
  // FTS5 counts the rows of its index, and would be told of one too few.
  EXPECT_EQ(integer("SELECT count(*) FROM terms_data WHERE id = 1"), 1);
  expect_well();
}

// A closed row group whose last numbers were deleted before it was closed, and then all
// that came after it: the next number of old was of the closed group.
class ReusedNumbers : public LedgerNumbers {
 protected:
  static constexpr int kRows = static_cast<int>(kRowGroupRows) + 14;

  void SetUp() override {
    std::vector<LedgerWrite> writes;
    for (int i = 1; i <= kRows; ++i) {
      writes.push_back(
          finished(run_of(kNs, "e" + std::to_string(i), i * kMicrosPerMinute, "apple")));
    }
    ASSERT_TRUE(test::append(*ledger_, writes));
    settle();
    auto some = filter_of(kNs);
    some.start_time = (kRowGroupRows - 25) * kMicrosPerMinute;
    some.end_time = (kRowGroupRows - 1) * kMicrosPerMinute;
    ASSERT_EQ(ledger_->remove(some, 100).value(), 25u);
    settle();
    ASSERT_EQ(integer("SELECT count(*) FROM row_groups WHERE closed = 1"), 1);
    some.start_time = kRowGroupRows * kMicrosPerMinute;
    some.end_time.reset();
    ASSERT_EQ(ledger_->remove(some, 100).value(), 15u);
    settle();
  }
  void add(int count) {
    for (int i = 0; i < count; ++i) {
      put(*ledger_, finished(run_of(kNs, "new" + std::to_string(i),
                                    (kRows + i) * kMicrosPerMinute, "medlar")));
    }
  }
  std::uint64_t kept() const { return static_cast<std::uint64_t>(kRows) - 40; }
};

TEST_F(ReusedNumbers, NewRowsAreInTotalsFiltersAndAggregates) {
  add(10);
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(by_columns(), kept() + 10);
    EXPECT_EQ(ledger_->aggregate(filter_of(kNs), {}).value().total.count, kept() + 10);
    EXPECT_EQ(total_of(*ledger_, filter_of(kNs)), kept() + 10);
    settle();
  }
  expect_well();
}

// Goal: a history in which replays were not counted apart lists them apart.
TEST_F(LedgerNumbers, ReplaysOfAnOldHistoryAreCounted) {
  reopen();
  for (int i = 0; i < 20; ++i) {
    Execution execution = make_execution(kNs, "r" + std::to_string(i), i * 30'000'000LL);
    if (i % 4 == 0) execution.summary.execution_mode = "replay";
    put(*ledger_, finished(execution));
  }
  ledger_.reset();
  ASSERT_TRUE(
      connect()->execute("DROP TABLE mode_rollups; ALTER TABLE namespaces DROP COLUMN "
                         "descended; PRAGMA user_version = 4"));
  EXPECT_EQ(check_ledger(*connect(), {}, nullptr).problem_count, 0u);
  reopen();
  auto filter = filter_of(kNs);
  filter.modes = ModeKinds::own();
  filter.start_time = 15'000'000;
  EXPECT_EQ(total_of(*ledger_, filter), 15u);
  filter.modes = ModeKinds::none();
  filter.modes.add(mode_kind("replay"));
  EXPECT_EQ(total_of(*ledger_, filter), 4u);
  EXPECT_EQ(check_ledger(*connect(), {}, nullptr).problem_count, 0u);
  for (const char* damage :
       {"UPDATE mode_rollups SET count = count + 1 WHERE unit = 3",
        "DELETE FROM mode_rollups WHERE unit = 1", "UPDATE namespaces SET descended = 0"}) {
    ASSERT_TRUE(connect()->execute(damage));
    EXPECT_EQ(check_ledger(*connect(), {}, nullptr).problem_count, 1u) << damage;
    ledger_.reset();
    ASSERT_TRUE(repair_ledger(path_, nullptr)) << damage;
    EXPECT_EQ(check_ledger(*connect(), {}, nullptr).problem_count, 0u) << damage;
    reopen();
  }
}

// Goal: a history of before, with rows in a closed group and another's words, is repaired
// by the migration; one that was killed in the middle is done again.
TEST_F(ReusedNumbers, AnOldHistoryIsMended) {
  ledger_.reset();
  {
    // As the first schema did it: the next number after the greatest.
    const auto connection = connect();
    ASSERT_TRUE(connection->execute("DELETE FROM settings WHERE name = 'last_seq'"));
    ASSERT_TRUE(connection->execute(
        "DROP TABLE version_uses; DROP TABLE contents; DROP TABLE content_data; "
        "DROP TABLE record_contents; DROP TABLE mode_rollups; "
        "ALTER TABLE namespaces DROP COLUMN descended; PRAGMA user_version = 1"));
    ASSERT_TRUE(connection->execute(
        "UPDATE executions SET seq = 4090 WHERE seq = 1; UPDATE records SET seq = 4090 "
        "WHERE seq = 1"));
    // Its words stay those of number 1, and 4090 has those of a deleted one.
    ASSERT_TRUE(
        connection->execute("INSERT INTO terms (rowid, body) VALUES (4090, "
                            "'1wapricot')"));
    ASSERT_TRUE(
        connection->execute("UPDATE row_groups SET row_count = row_count - 1, "
                            "ts_max = ts_max - 60000000 WHERE grp = 0"));
    EXPECT_GT(check_ledger(*connection, {}, nullptr).problem_count, 0u);
    ASSERT_TRUE(connection->execute("BEGIN IMMEDIATE"));
    ASSERT_TRUE(
        prepare_ledger_schema(*connection, path_).has_error());  // In a transaction.
    ASSERT_TRUE(connection->execute("ROLLBACK"));
    EXPECT_EQ(connection->user_version().value(), 1);
  }
  reopen();
  EXPECT_EQ(integer("PRAGMA user_version"), ledger_schema_version());
  EXPECT_EQ(by_columns(), kept());
  EXPECT_EQ(total_of(*ledger_, with_text(kNs, "apricot")), 0u);
  settle();
  expect_well();
  EXPECT_EQ(by_columns(), kept());
  EXPECT_EQ(total_of(*ledger_, with_text(kNs, "apricot")), 0u);
  EXPECT_EQ(total_of(*ledger_, with_text(kNs, "apple")), kept());
  add(3);
  EXPECT_GE(integer("SELECT min(seq) FROM executions WHERE ts >= " +
                    std::to_string(kRows * kMicrosPerMinute)),
            4091);
}

TEST_F(LedgerNumbers, ANewerHistoryIsRefusedByName) {
  ledger_.reset();
  ASSERT_TRUE(connect()->execute("PRAGMA user_version = 77"));
  const auto opened = open_sqlite_ledger(path_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(path_), std::string::npos);
  EXPECT_NE(opened.error().message.find("schema 77"), std::string::npos);
  EXPECT_EQ(integer("PRAGMA user_version"), 77);
}

}  // namespace
}  // namespace trawl::sqlite::numbers_test
