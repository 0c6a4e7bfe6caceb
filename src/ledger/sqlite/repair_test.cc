#include "ledger/sqlite/repair.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "ledger/sqlite/terms_check.h"

namespace trawl::sqlite::repair_test {
namespace {

// A history of a closed row group and an open one; each test damages a copy of it.
class LedgerRepair : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<test::ScratchDirectory>();
    const auto ledger = open_sqlite_ledger(directory_->file("whole.db")).value();
    std::mt19937_64 random(7);
    std::vector<LedgerWrite> writes;
    for (int i = 0; i < static_cast<int>(kRowGroupRows) + 50; ++i) {
      Execution execution =
          test::make_execution(NamespaceId(i % 3 == 0 ? "ns_a" : "ns_b"),
                               "e" + std::to_string(i), kTime + i * kMicrosPerMinute / 7,
                               i % 5 == 0 ? status::kFailed : status::kCompleted);
      execution.summary.query_summary = "word" + std::to_string(i % 97);
      execution.pipeline = R"({"stages":[)" + std::to_string(i % 3) + "]}";
      execution.results.assign(i % 10 == 0 ? 40 : 0, {"col", std::to_string(i % 20), 1.0});
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

  // The path of a fresh copy.
  static std::string copy() {
    const std::string path = directory_->file("copy.db");
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
    std::filesystem::copy_file(directory_->file("whole.db"), path,
                               std::filesystem::copy_options::overwrite_existing);
    return path;
  }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
  }
  static void expect_well(const std::string& path) {
    const auto connection = Connection::open(path).value();
    for (const auto& problem : check_ledger(*connection, {}, nullptr).problems) {
      ADD_FAILURE() << problem.part << ": " << problem.message;
    }
    EXPECT_TRUE(check_terms_index(*connection));
    Words words;
    EXPECT_TRUE(find_wrong_terms(*connection, words, nullptr).value().empty());
  }
  // Damages a copy, repairs it, has maintenance finish the work, and expects it to be well,
  // and to need nothing more.
  static void repairs(const std::string& damage, const std::vector<std::string>& says) {
    SCOPED_TRACE(damage);
    const std::string path = copy();
    {
      const auto connection = Connection::open(path).value();
      ASSERT_TRUE(connection->execute("BEGIN;" + damage + ";COMMIT"));
    }
    const auto done = repair_ledger(path, nullptr);
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(done->size(), says.size()) << joined(*done);
    for (const std::string& one : says) {
      EXPECT_NE(joined(*done).find(one), std::string::npos) << one << "\n" << joined(*done);
    }
    {
      const auto ledger = open_sqlite_ledger(path).value();
      while (ledger->maintain()) {
      }
      EXPECT_EQ(test::total_of(*ledger, test::filter_of(NamespaceId("ns_b"))),
                static_cast<std::uint64_t>(kRowGroupRows + 50) * 2 / 3);
    }
    expect_well(path);
    EXPECT_EQ(joined(repair_ledger(path, nullptr).value()), "");
  }

  static constexpr TimeUs kTime = 1'700'000'000'000'000;
  static inline std::unique_ptr<test::ScratchDirectory> directory_;
};

TEST_F(LedgerRepair, DoesNothingWhereAllIsWell) {
  const std::string path = copy();
  EXPECT_EQ(joined(repair_ledger(path, nullptr).value()), "");
  expect_well(path);
}

TEST_F(LedgerRepair, MakesAnewWhatIsKeptBesideTheRows) {
  repairs(
      "UPDATE rollups SET count = count + 1 WHERE unit = 2; DELETE FROM rollups WHERE "
      "unit = 0 AND status = 0; INSERT INTO rollups VALUES (77, 0, 1, 5, 3); "
      "UPDATE definitions SET uses = uses - 1 WHERE definition = 1; INSERT INTO "
      "definitions VALUES (99999, 1, 'x', '', NULL, '{}', 1); INSERT INTO records VALUES "
      "(1000000, x'01'); INSERT INTO terms_pending VALUES (1000001)",
      {"the rollups were recounted", "1 pipelines that no execution has",
       "1 pipelines had their uses", "1 records that belonged to no execution",
       "1 numbers that are no execution"});
}

TEST_F(LedgerRepair, CountsTheUsesOfContentsAnew) {
  repairs(
      "UPDATE contents SET uses = uses + 3 WHERE content = 1; INSERT INTO contents VALUES "
      "(99998, 1, x'01', 1), (99999, 1, x'02', 0); INSERT INTO content_data VALUES (99998, "
      "x'01'), (77777, x'01'); INSERT INTO record_contents VALUES (1000000, 0, 1)",
      {"1 contents no longer name a record", "1 contents had their uses recounted",
       "2 contents that no record has were removed"});
}

TEST_F(LedgerRepair, OpensRowGroupsThatSaySomethingElse) {
  const std::string made = "1 row groups were rebuilt";
  repairs(
      "UPDATE row_groups SET row_count = row_count - 1 WHERE grp = 0; UPDATE row_groups "
      "SET ts_min = ts_min + 1, ts_max = ts_max - 1 WHERE grp = 1; INSERT INTO row_groups "
      "VALUES (9, 1, 5, 0, 0); INSERT INTO chunks VALUES (9 * 32, x'00')",
      {made, "1 row groups were listed where they lie", "1 row groups without executions"});
  repairs(
      "UPDATE chunks SET data = CAST(substr(data, 1, 1) || x'7F' || substr(data, 3) AS "
      "BLOB) WHERE chunk = 3",
      {made});
  repairs(
      "DELETE FROM chunks WHERE chunk = 31; UPDATE row_groups SET closed = 1, row_count "
      "= (SELECT count(*) FROM executions WHERE seq >= 4096) WHERE grp = 1",
      {"2 row groups were rebuilt"});
  repairs("DELETE FROM row_groups",
          {"2 row groups were listed where they lie", "18 columns of row groups"});
}

TEST_F(LedgerRepair, MakesTheIndexOfTermsAnew) {
  const std::string other = " executions were found by words that are not theirs";
  repairs(
      "INSERT INTO terms (rowid, body) VALUES (17, '1wstale'); INSERT INTO terms (rowid, "
      "body) VALUES (999999, '1wstale'); INSERT INTO terms (terms, rowid, body) VALUES "
      "('delete', 19, '1wword18'); INSERT INTO terms_pending VALUES (20)",
      {"4" + other});
  repairs("DELETE FROM terms_data WHERE id = (SELECT max(id) FROM terms_data)",
          {"it was damaged"});
}

// Goal: the next number is still greater than any that there was.
TEST_F(LedgerRepair, KeepsUsedNumbers) {
  const std::string path = copy();
  {
    const auto connection = Connection::open(path).value();
    ASSERT_TRUE(connection->execute("INSERT INTO records VALUES (7000, x'01')"));
  }
  ASSERT_TRUE(repair_ledger(path, nullptr));
  const auto ledger = open_sqlite_ledger(path).value();
  test::put(*ledger, test::finished(test::make_execution(NamespaceId("ns_a"), "n", 1)));
  EXPECT_GT(
      Connection::open(path).value()->integer("SELECT max(seq) FROM executions").value(),
      7000);
}

}  // namespace
}  // namespace trawl::sqlite::repair_test
