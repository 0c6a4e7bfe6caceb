#include "ledger/sqlite/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/contents_check.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/sqlite_ledger.h"

namespace trawl::sqlite::check_test {
namespace {

constexpr int kRows = 2 * static_cast<int>(kRowGroupRows) + 100;

// A history of two closed row groups and an open one; each test damages a copy of it.
class LedgerCheckTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<test::ScratchDirectory>();
    const auto ledger = open_sqlite_ledger(directory_->file("whole.db")).value();
    std::mt19937_64 random(7);
    std::vector<LedgerWrite> writes;
    for (int i = 0; i < kRows; ++i) {
      Execution execution = test::random_execution(random);
      execution.namespace_id = NamespaceId(i % 3 == 0 ? "ns_a" : "ns_b");
      execution.summary.execution_id = ExecutionId("e" + std::to_string(i));
      execution.summary.timestamp = kTime + i * kMicrosPerMinute / 7;
      execution.summary.query_summary = "word" + std::to_string(i);
      execution.pipeline = R"({"stages":[)" + std::to_string(i % 3) + "]}";
      // Every tenth has candidates that others have, too.
      if (i % 10 == 0) {
        execution.stages.resize(1);
        execution.stages[0].candidates.clear();
        for (int j = 0; j < 40; ++j) {
          execution.stages[0].candidates.push_back(
              {"col", std::to_string(i % 40 + j), 1.0});
        }
      }
      writes.push_back(test::finished(std::move(execution)));
      ledger->prepare(writes.back());
    }
    ASSERT_TRUE(test::append(*ledger, writes));
    test::put(*ledger,
              test::started(test::make_execution(NamespaceId("ns_a"), "r", kTime)));
    while (ledger->maintain()) {
    }
  }
  static void TearDownTestSuite() { directory_.reset(); }

  void SetUp() override {
    std::filesystem::copy_file(directory_->file("whole.db"), directory_->file("copy.db"),
                               std::filesystem::copy_options::overwrite_existing);
    connection_ = Connection::open(directory_->file("copy.db")).value();
  }
  void TearDown() override {
    connection_.reset();
    std::filesystem::remove(directory_->file("copy.db"));
  }

  CheckReport check(bool thorough = true) {
    CheckOptions options;
    options.thorough = thorough;
    return check_ledger(*connection_, options, nullptr);
  }
  // Damages the history and expects one problem, at least, of that part, and no other part.
  void expect(const std::string& sql, const std::string& part, const std::string& words,
              bool thorough = false) {
    SCOPED_TRACE(sql);
    ASSERT_TRUE(connection_->execute("BEGIN"));
    ASSERT_TRUE(connection_->execute(sql));
    ASSERT_GT(connection_->changes(), 0);
    ASSERT_TRUE(connection_->execute("COMMIT"));
    const CheckReport report = check(thorough);
    EXPECT_GT(report.problem_count, 0u);
    bool found = false;
    for (const auto& problem : report.problems) {
      EXPECT_EQ(problem.part, part) << problem.message;
      found = found || problem.message.find(words) != std::string::npos;
    }
    EXPECT_TRUE(found) << (report.problems.empty() ? "" : report.problems[0].message);
    // As before, for the next damage.
    TearDown();
    SetUp();
  }

  static constexpr TimeUs kTime = 1'700'000'000'000'000;
  static inline std::unique_ptr<test::ScratchDirectory> directory_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(LedgerCheckTest, FindsNothingWhereNothingIsWrong) {
  const CheckReport report = check();
  for (const auto& problem : report.problems) ADD_FAILURE() << problem.message;
  EXPECT_EQ(report.problem_count, 0u);
  EXPECT_TRUE(report.notes.empty());
  EXPECT_EQ(report.executions, static_cast<std::uint64_t>(kRows) + 1);
  EXPECT_EQ(report.closed_groups, 2u);
  EXPECT_EQ(report.open_groups, 1u);
  EXPECT_EQ(report.pending_terms, 0u);
  EXPECT_EQ(report.samples, 200u);
  EXPECT_TRUE(check_terms_index(*connection_));
}

TEST_F(LedgerCheckTest, RollupsAreHeldAgainstTheRows) {
  for (int unit = 0; unit <= 4; ++unit) {
    for (const char* status : {"= 0", "!= 0"}) {
      const std::string of =
          "(ns, status, unit, bucket) = (SELECT ns, status, unit, bucket "
          "FROM rollups WHERE unit = " +
          std::to_string(unit) + " AND status " + status + " ORDER BY count DESC LIMIT 1)";
      expect("UPDATE rollups SET count = count + 1 WHERE " + of, "rollups",
             "the rollup says");
      expect("DELETE FROM rollups WHERE " + of, "rollups", "the rollup says 0");
    }
    expect("INSERT INTO rollups VALUES (999, 0, " + std::to_string(unit) + ", 5, 3)",
           "rollups", "says 3, the rows are 0");
    expect("INSERT INTO rollups VALUES (0, 1, " + std::to_string(unit) + ", 5, 3)",
           "rollups", "says 3, the rows are 0");
  }
}

TEST_F(LedgerCheckTest, UsesAreHeldAgainstTheRows) {
  expect("UPDATE definitions SET uses = uses - 1 WHERE definition = 1", "definitions",
         "definition 1");
  expect("INSERT INTO definitions VALUES (99999, 1, 'x', '', NULL, '{}', 1)", "definitions",
         "0 do");
  expect(
      "UPDATE executions SET definition = 88888 WHERE seq = (SELECT max(seq) FROM "
      "executions WHERE definition IS NOT NULL)",
      "definitions", "definition 88888, which is not there");
}

TEST_F(LedgerCheckTest, ContentsAreHeldAgainstTheRecords) {
  expect("UPDATE contents SET uses = uses + 1 WHERE content = 1", "contents",
         "content 1 says that it is in");
  expect(
      "INSERT INTO contents VALUES (99999, 1, x'01', 0); INSERT INTO content_data "
      "VALUES (99999, x'01')",
      "contents", "content 99999 says that it is in 0 places of records; it is in 0");
  expect("INSERT INTO content_data VALUES (99999, x'01')", "contents",
         "content 99999 is not listed");
  expect(
      "UPDATE record_contents SET seq = 1000000 WHERE seq = (SELECT max(seq) FROM "
      "record_contents)",
      "contents", "number 1000000 is of no record");
  expect("DELETE FROM content_data WHERE content = 1", "records", "content 1, of ");
  expect("UPDATE contents SET ns = 77 WHERE content = 1", "records",
         "has content 1, which is of another namespace");
  expect("UPDATE contents SET digest = x'02' WHERE content = 1", "records",
         "content 1 is not what was stored", true);
  expect(
      "UPDATE content_data SET data = substr(data, 1, length(data) - 3) WHERE content = "
      "1",
      "records", "content 1 cannot be read", true);
  expect(
      "DELETE FROM record_contents WHERE seq = (SELECT min(seq) FROM record_contents); "
      "UPDATE contents SET uses = (SELECT count(*) FROM record_contents r WHERE "
      "r.content = contents.content)",
      "records", "a content of it is missing", true);
}

// Goal: a history that no newer program has opened is well without them.
TEST_F(LedgerCheckTest, OlderHistoriesHaveNoContents) {
  for (const char* table : {"contents", "content_data", "record_contents"}) {
    ASSERT_TRUE(connection_->execute(std::string("DROP TABLE ") + table));
  }
  const auto has_problem = [&] {
    const auto problems = check(false).problems;
    return std::any_of(problems.begin(), problems.end(), [](const CheckProblem& problem) {
      return problem.part == "contents";
    });
  };
  EXPECT_TRUE(has_problem());
  ASSERT_TRUE(connection_->execute("PRAGMA user_version = 3"));
  EXPECT_FALSE(has_problem());
}

TEST_F(LedgerCheckTest, RecordsAreReadAndCounted) {
  expect("DELETE FROM records WHERE seq = 17", "records", "has no record");
  expect("INSERT INTO records VALUES (1000000, x'01')", "records",
         "belong to no execution");
  expect("UPDATE records SET record = substr(record, 1, length(record) - 3) WHERE seq = 17",
         "records", "e16 cannot be read", true);
  expect("UPDATE records SET record = x'0100' WHERE seq = 17", "records", "cannot be read",
         true);
}

TEST_F(LedgerCheckTest, RowGroupsAreHeldAgainstTheRows) {
  expect("UPDATE row_groups SET ts_min = ts_min + 1 WHERE grp = 1", "row groups",
         "group 1 says that it lies from");
  expect("UPDATE row_groups SET ts_max = ts_max - 1 WHERE grp = 2", "row groups",
         "group 2");
  expect("UPDATE row_groups SET row_count = row_count + 1 WHERE grp = 1", "row groups",
         "group 1 says that it has 4097");
  expect("DELETE FROM row_groups WHERE grp = 2", "row groups", "group 2");
  expect("INSERT INTO row_groups VALUES (9, 1, 5, 0, 0)", "row groups",
         "group 9 is closed and has no executions");
  expect("INSERT INTO chunks VALUES (2 * 32, x'00')", "row groups",
         "group 2 has columns but is not closed");
  expect(
      "UPDATE row_groups SET closed = 1, row_count = (SELECT count(*) FROM executions "
      "WHERE seq >= 8192) WHERE grp = 2",
      "row groups", "of its executions are running");
}

TEST_F(LedgerCheckTest, EveryColumnIsHeldAgainstTheRows) {
  for (const char* sql :
       {"DELETE FROM chunks WHERE chunk / 32 = 1",
        // Another low value: all numbers differ, and the form is right.
        "UPDATE chunks SET data = CAST(substr(data, 1, 1) || x'7F' || substr(data, 3) AS "
        "BLOB) WHERE chunk / 32 = 1"}) {
    ASSERT_TRUE(connection_->execute(sql));
    const CheckReport report = check();
    std::string all;
    for (const auto& problem : report.problems) {
      EXPECT_EQ(problem.part, "row groups");
      all += problem.message + "\n";
    }
    EXPECT_EQ(report.problem_count, kIntColumns + kRealColumns + 1) << all;
    for (const std::size_t column :
         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18}) {
      EXPECT_NE(all.find("column " + std::to_string(column) + " of group 1 "),
                std::string::npos)
          << column << " in " << all;
    }
    EXPECT_NE(all.find("the summary of group 1 "), std::string::npos) << all;
    TearDown();
    SetUp();
  }
}

TEST_F(LedgerCheckTest, TermsAreLookedUp) {
  expect("INSERT INTO terms_pending VALUES (1000000)", "terms", "is no execution");
  expect("INSERT INTO terms (terms) VALUES ('delete-all')", "terms",
         "is not found by its words");
  ASSERT_TRUE(connection_->execute("UPDATE settings SET value = 0"));
  const CheckReport report = check(false);
  EXPECT_EQ(report.problem_count, 0u);
  EXPECT_EQ(report.notes.size(), 1u);
}

TEST_F(LedgerCheckTest, ADamagedIndexOfTermsIsFound) {
  ASSERT_TRUE(connection_->execute(
      "DELETE FROM terms_data WHERE id = (SELECT max(id) FROM terms_data)"));
  EXPECT_FALSE(check_terms_index(*connection_));
}

// Goal: a table that is gone is told as a problem, and the rest is checked all the same.
TEST_F(LedgerCheckTest, WhatCannotBeReadIsAProblem) {
  ASSERT_TRUE(connection_->execute("DROP TABLE rollups"));
  ASSERT_TRUE(connection_->execute("DELETE FROM records WHERE seq = 17"));
  const CheckReport report = check();
  std::string all;
  for (const auto& problem : report.problems)
    all += problem.part + ": " + problem.message + "\n";
  EXPECT_NE(all.find("rollups: cannot be read"), std::string::npos) << all;
  EXPECT_NE(all.find("has no record"), std::string::npos) << all;
}

TEST_F(LedgerCheckTest, TellsAFewOfManyProblems) {
  ASSERT_TRUE(connection_->execute("DELETE FROM records WHERE seq < 1000"));
  ASSERT_TRUE(repair_contents(*connection_));
  const CheckReport report = check(false);
  EXPECT_EQ(report.problems.size(), CheckOptions().problems_max);
  EXPECT_EQ(report.problem_count, 999u);
}

}  // namespace
}  // namespace trawl::sqlite::check_test
