#include "ledger/sqlite/sqlite_ledger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "base/work_limit.h"
#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/writer.h"
#include "sqlite/connection.h"

// What only a ledger on disk promises; ledger_contract_test_support.h names the rest.
namespace trawl::sqlite_ledger_test {
namespace {

using test::filter_of;
using test::finished;
using test::imported;
using test::make_execution;
using test::page_of;
using test::put;
using test::started;
using test::total_of;

const NamespaceId kNs("ns_a");

// Text that does not compress well.
std::string noise(std::size_t size, int seed) {
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  std::string out(size, ' ');
  for (char& c : out) c = static_cast<char>('!' + random() % 90);
  return out;
}

class SqliteLedgerTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteLedger> open() { return open_sqlite_ledger(path_).value(); }
  std::unique_ptr<sqlite::Connection> connect() {
    return sqlite::Connection::open(path_).value();
  }
  std::int64_t integer(std::string_view sql) { return connect()->integer(sql).value(); }
  std::uint64_t seed() const {
    return static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  }

  test::ScratchDirectory directory_;
  std::string path_ = directory_.file("ledger.db");
};

TEST_F(SqliteLedgerTest, ReopeningKeepsEverything) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  std::vector<Execution> all;
  std::string rows;
  {
    const auto ledger = open();
    for (int i = 0; i < 60; ++i) {
      all.push_back(test::random_execution(random));
      all.back().namespace_id = kNs;
      EXPECT_TRUE(put(*ledger, finished(all.back())));
    }
    rows = list_json(*ledger, filter_of(kNs), page_of(100)).value().rows;
  }
  const auto ledger = open();
  const auto page = list_json(*ledger, filter_of(kNs), page_of(100)).value();
  EXPECT_EQ(page.rows, rows);
  EXPECT_EQ(page.total, all.size());
  for (const auto& execution : all) {
    EXPECT_EQ(ledger->find(kNs, execution.summary.execution_id).value(), execution);
    EXPECT_FALSE(put(*ledger, finished(execution)));
  }
}

TEST_F(SqliteLedgerTest, RecoversWhatAnEarlierProcessLeft) {
  put(*open(), started(make_execution(kNs, "e", 7)));
  const auto ledger = open();
  EXPECT_EQ(ledger->recover().value(), 1u);
  EXPECT_EQ(ledger->find(kNs, ExecutionId("e")).value()->summary.status, status::kFailed);
}

// Goal: after any history the counts say what the rows say, no more and no less.
TEST_F(SqliteLedgerTest, RollupsAndUsesAgreeWithTheRows) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  const auto ledger = open();
  for (int round = 0; round < 60; ++round) {
    std::vector<LedgerWrite> writes;
    for (auto n = random() % 8; n > 0; --n) {
      LedgerWrite write;
      write.kind = static_cast<LedgerWrite::Kind>(random() % 3);
      write.execution = test::random_execution(random);
      write.execution.namespace_id = NamespaceId("ns_" + std::to_string(random() % 2));
      write.execution.summary.execution_id =
          ExecutionId("e" + std::to_string(random() % 100));
      writes.push_back(std::move(write));
    }
    ASSERT_TRUE(test::append(*ledger, writes));
    if (random() % 20 == 0) {
      ASSERT_TRUE(ledger->recover());
    }
  }

  const auto connection = connect();
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  std::map<Key, std::int64_t> wanted;
  {
    auto rows = connection->prepare("SELECT ns, status, ts FROM executions").value();
    while (rows.step().value()) {
      for (int unit = 0; unit <= 4; ++unit) {
        const auto bucket =
            sqlite::rollup_bucket(static_cast<sqlite::RollupUnit>(unit), rows.integer(2));
        ++wanted[{rows.integer(0), rows.integer(1), unit, bucket}];
        ++wanted[{rows.integer(0), sqlite::kAnyStatus, unit, bucket}];
      }
    }
  }
  std::map<Key, std::int64_t> found;
  {
    auto rows =
        connection->prepare("SELECT ns, status, unit, bucket, count FROM rollups").value();
    while (rows.step().value()) {
      found[{rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3)}] =
          rows.integer(4);
    }
  }
  EXPECT_GT(wanted.size(), 100u);
  EXPECT_EQ(found, wanted);

  EXPECT_EQ(connection->integer("SELECT count(*) FROM executions").value(),
            connection->integer("SELECT count(*) FROM records JOIN executions USING (seq)")
                .value());
  auto uses = connection
                  ->prepare(
                      "SELECT uses, (SELECT count(*) FROM executions e "
                      "WHERE e.definition = d.definition) FROM definitions d")
                  .value();
  while (uses.step().value()) EXPECT_EQ(uses.integer(0), uses.integer(1));
  auto check = connection->prepare("PRAGMA integrity_check").value();
  ASSERT_TRUE(check.step().value());
  EXPECT_EQ(check.text(0), "ok");
}

TEST_F(SqliteLedgerTest, APipelineIsStoredOnceAndUnderWhatItIs) {
  const auto ledger = open();
  for (int i = 0; i < 10; ++i) {
    auto execution = make_execution(kNs, "e" + std::to_string(i), i);
    execution.pipeline = R"({"stages":[1]})";
    execution.fingerprint = "f";
    put(*ledger, finished(execution));
  }
  EXPECT_EQ(integer("SELECT count(*) FROM definitions"), 1);
  auto liar = make_execution(kNs, "liar", 1);
  liar.pipeline = R"({"stages":[2]})";
  liar.fingerprint = "f";
  put(*ledger, imported(liar));
  EXPECT_EQ(ledger->find(kNs, ExecutionId("liar")).value(), liar);
  EXPECT_EQ(ledger->find(kNs, ExecutionId("e1")).value()->pipeline, R"({"stages":[1]})");
}

TEST_F(SqliteLedgerTest, RemovedNamespacesAreDeletedBitByBit) {
  const auto ledger = open();
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 1'200; ++i) {
    auto execution = make_execution(kNs, "e" + std::to_string(i), i * kMicrosPerHour);
    execution.pipeline = "{}";
    writes.push_back(finished(std::move(execution)));
  }
  writes.push_back(started(make_execution(kNs, "running", 1)));
  ASSERT_TRUE(test::append(*ledger, writes));
  put(*ledger, finished(make_execution(NamespaceId("ns_b"), "kept", 1)));
  ASSERT_TRUE(ledger->remove_namespace(kNs));
  EXPECT_EQ(ledger->recover().value(), 0u);
  while (ledger->maintain()) {
  }
  for (const char* table : {"executions", "records", "namespaces"}) {
    EXPECT_EQ(integer("SELECT count(*) FROM " + std::string(table)), 1) << table;
  }
  EXPECT_EQ(integer("SELECT count(DISTINCT ns) FROM rollups"), 1);
  EXPECT_EQ(integer("SELECT count(*) FROM definitions"), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM removed"), 0);
  EXPECT_EQ(total_of(*ledger, filter_of(NamespaceId("ns_b"))), 1u);
}

// Goal: what retention and deletion take is given back to the disk, not only to the file.
TEST_F(SqliteLedgerTest, DeletedSpaceIsGivenBack) {
  const auto ledger = open();
  constexpr int kCount = 5'000;
  for (int i = 0; i < kCount; i += 100) {
    std::vector<LedgerWrite> writes;
    for (int j = i; j < i + 100; ++j) {
      auto execution = make_execution(kNs, "e" + std::to_string(j), j);
      execution.inputs = noise(2'000, j);
      writes.push_back(finished(std::move(execution)));
    }
    ASSERT_TRUE(test::append(*ledger, writes));
  }
  const auto settle = [&] {
    while (ledger->maintain()) {
    }
    ledger->maintain();  // Moves what the last step wrote.
    return std::filesystem::file_size(path_);
  };
  const auto full = settle();
  EXPECT_GT(full, kCount * 2'000u);
  RetentionPolicy policy;
  policy.max_count = kCount / 5;
  const auto preview = ledger->preview_prune(kNs, policy, 0).value();
  EXPECT_EQ(preview.by_count, kCount * 4u / 5);
  EXPECT_GT(preview.bytes, full / 2);
  std::uint64_t pruned = 0;
  while (true) {
    const auto step = ledger->prune(kNs, policy, 0, 500).value();
    pruned += step.total();
    if (!step.more) break;
  }
  EXPECT_EQ(pruned, preview.total());
  EXPECT_EQ(total_of(*ledger, filter_of(kNs)), policy.max_count);
  EXPECT_LT(settle(), full / 2);

  // By bytes: what stays fits.
  policy.max_count.reset();
  policy.max_bytes = full / 20;
  while (ledger->prune(kNs, policy, 0, 500).value().more) {
  }
  EXPECT_LT(total_of(*ledger, filter_of(kNs)), kCount / 5u);
  EXPECT_GT(total_of(*ledger, filter_of(kNs)), 0u);

  while (ledger->remove(filter_of(kNs), 500).value() > 0) {
  }
  EXPECT_LT(settle(), full / 5);  // Up to 2 MiB of free pages stay.
  EXPECT_EQ(integer("SELECT count(*) FROM records"), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM chunks"), 0);
}

TEST_F(SqliteLedgerTest, RefusesALedgerOfBeforeTheFirstVersion) {
  ASSERT_TRUE(connect()->execute("CREATE TABLE statuses (x); PRAGMA user_version=1"));
  const auto ledger = open_sqlite_ledger(path_);
  ASSERT_FALSE(ledger);
  EXPECT_NE(ledger.error().message.find("before 0.1"), std::string::npos);
}

TEST_F(SqliteLedgerTest, RefusesANewerSchema) {
  open().reset();
  ASSERT_TRUE(connect()->execute("PRAGMA user_version=99"));
  const auto ledger = open_sqlite_ledger(path_);
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().code, ErrorCode::storage);
  EXPECT_NE(ledger.error().message.find("schema 99"), std::string::npos);
  EXPECT_NE(ledger.error().message.find(path_), std::string::npos);
  EXPECT_EQ(integer("PRAGMA user_version"), 99);
}

TEST_F(SqliteLedgerTest, RefusesWhatIsNoDatabase) {
  std::ofstream(path_) << std::string(10'000, 'x');
  const auto ledger = open_sqlite_ledger(path_);
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().code, ErrorCode::storage);
  EXPECT_FALSE(open_sqlite_ledger(directory_.file("missing/ledger.db")));
}

// Goal: a batch that the disk refuses leaves nothing, neither rows nor numbers that the
// writer remembers, and the next batch goes through.
TEST_F(SqliteLedgerTest, AFullDiskRefusesTheWholeBatch) {
  auto connection = connect();
  ASSERT_TRUE(sqlite::prepare_ledger_schema(*connection, path_));
  auto* const full = connection.get();
  sqlite::Words words;
  sqlite::Writer writer(std::move(connection), words);
  const auto pages = full->integer("PRAGMA page_count").value();
  ASSERT_TRUE(full->execute("PRAGMA max_page_count=" + std::to_string(pages + 20)));
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 50; ++i) {
    auto execution = make_execution(kNs, "e" + std::to_string(i), i);
    execution.inputs = noise(20'000, i);
    execution.pipeline = "{}";
    writes.push_back(finished(std::move(execution)));
  }
  std::vector<AppendOutcome> outcomes(writes.size(), Appended::repeated);
  const auto refused = writer.append(writes, outcomes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::cannot_store);
  for (const char* table : {"executions", "records", "rollups", "definitions", "namespaces",
                            "words", "row_groups"}) {
    EXPECT_EQ(integer("SELECT count(*) FROM " + std::string(table)), 0) << table;
  }
  ASSERT_TRUE(full->execute("PRAGMA max_page_count=1000000"));
  ASSERT_TRUE(writer.append(writes, outcomes));
  for (const AppendOutcome& outcome : outcomes) {
    EXPECT_EQ(outcome.value(), Appended::written);
  }
  const auto ledger = open();
  EXPECT_EQ(total_of(*ledger, filter_of(kNs)), 50u);
  EXPECT_EQ(ledger->find(kNs, ExecutionId("e7")).value(), writes[7].execution);
}

TEST_F(SqliteLedgerTest, TheLogStaysBoundedWithoutMaintenance) {
  auto connection = connect();
  ASSERT_TRUE(sqlite::prepare_ledger_schema(*connection, path_));
  constexpr std::int64_t kPages = 100;
  sqlite::Words words;
  sqlite::Writer writer(std::move(connection), words, kPages);
  for (int i = 0; i < 400; ++i) {
    auto execution = make_execution(kNs, "e" + std::to_string(i), i);
    execution.inputs = noise(8'000, i);
    const std::vector<LedgerWrite> writes = {finished(std::move(execution))};
    std::vector<AppendOutcome> outcomes(1, Appended::repeated);
    ASSERT_TRUE(writer.append(writes, outcomes));
  }
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 3 * kPages * 8'192);
}

TEST_F(SqliteLedgerTest, MaintenanceEmptiesTheLog) {
  const auto ledger = open();
  for (int i = 0; i < 50; ++i) {
    put(*ledger, finished(make_execution(kNs, "e" + std::to_string(i), i)));
  }
  while (ledger->maintain()) {
  }
  // Everything is in the main file: it is whole even without the log.
  std::filesystem::copy_file(path_, directory_.file("copy.db"));
  EXPECT_EQ(
      total_of(*open_sqlite_ledger(directory_.file("copy.db")).value(), filter_of(kNs)),
      50u);
}

// So many executions whose inputs have the word "whale", in one commit.
void put_whales(SqliteLedger& ledger, int count) {
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < count; ++i) {
    Execution execution = make_execution(kNs, "w" + std::to_string(i), 1'000'000 + i);
    execution.inputs = R"({"q":"whale"})";
    execution.summary.query_summary = "whale";
    writes.push_back(finished(std::move(execution)));
  }
  ASSERT_TRUE(test::append(ledger, writes));
  while (ledger.maintain()) continue;
}

ExecutionFilter of_whales() {
  ExecutionFilter filter = filter_of(kNs);
  filter.where.push_back(
      Filter::condition("query_summary", "contains", "hal", true, "filters").value());
  return filter;
}

// Goal: what the index of terms says may be given up, and the pages are the same.
// Method: more matches than lie between two looks at the time, and a budget of nothing.
TEST_F(SqliteLedgerTest, WithoutTimeForTheIndexPagesAreStillRight) {
  const auto ledger = open();
  constexpr int kCount = 2'500;
  put_whales(*ledger, kCount);
  ExecutionFilter filter = filter_of(kNs);
  filter.query = TextQuery::parse("whale");
  std::set<std::string> seen;
  ExecutionPageRequest request = page_of(1'000);
  request.budget_us = 0;
  for (int pages = 1;; ++pages) {
    const auto page = list_json(*ledger, filter, request).value();
    for (const auto& id : test::ids_of(page)) EXPECT_TRUE(seen.insert(id).second) << id;
    if (!page.has_more) break;
    ASSERT_TRUE(page.last);
    request.after = page.last;
    // A page without time moves on by a step; with time the rest is there soon.
    if (pages == 10) request.budget_us = 60'000'000;
    ASSERT_LT(pages, 100);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kCount));
}

// Goal: the budget is looked at between two records, not only between two groups of rows.
TEST_F(SqliteLedgerTest, AListThatReadsRecordsStopsWithinAGroup) {
  const auto ledger = open();
  put_whales(*ledger, 60);
  std::set<std::string> seen;
  ExecutionPageRequest request = page_of(1'000);
  request.budget_us = 0;
  for (int pages = 1;; ++pages) {
    const auto page = list_json(*ledger, of_whales(), request).value();
    EXPECT_LE(page.row_count, 2u);
    for (const auto& id : test::ids_of(page)) EXPECT_TRUE(seen.insert(id).second) << id;
    if (!page.has_more) break;
    EXPECT_TRUE(page.partial);
    ASSERT_TRUE(page.last);
    request.after = page.last;
    ASSERT_LT(pages, 200);
  }
  EXPECT_EQ(seen.size(), 60u);
}

// Goal: nor does one record hold a list, however long comparing it with the filter takes.
// Method: many conditions that each fold a long text, which takes seconds.
TEST_F(SqliteLedgerTest, AListStopsWithinOneRecord) {
  const auto ledger = open();
  put_whales(*ledger, 3);
  Execution large = make_execution(kNs, "large", 1'500'000);
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "\xc3\x89";
  large.inputs = "{\"q\":\"" + text + "\"}";
  put(*ledger, finished(std::move(large)));
  put(*ledger, finished(make_execution(kNs, "newest", 2'000'000)));
  json::array any;
  for (int i = 0; i < 900; ++i) {
    any.push_back(json::object{{"field", "inputs.q"}, {"value", std::to_string(i)}});
  }
  ExecutionFilter filter = filter_of(kNs);
  filter.where.push_back(
      Filter::compile(json::object{{"OR", std::move(any)}}, "filters").value());
  ExecutionPageRequest request = page_of(10);
  request.budget_us = 100'000;
  const auto page = list_json(*ledger, filter, request).value();
  EXPECT_TRUE(page.partial);
  EXPECT_FALSE(page.total_exact);
  ASSERT_TRUE(page.last);
  request.after = page.last;
  const auto next = list_json(*ledger, filter, request);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::timeout);
  EXPECT_NE(next.error().message.find("use fewer or simpler ones"), std::string::npos);
}

// Goal: a scan has no budget, and so is not cut off by a record that takes longer than one
// of its steps.
TEST_F(SqliteLedgerTest, AScanPassesARecordThatTakesLong) {
  const auto ledger = open();
  put(*ledger, finished(make_execution(kNs, "before", 1'000'000)));
  Execution large = make_execution(kNs, "large", 1'500'000);
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "\xc3\x89";
  large.inputs = "{\"q\":\"" + text + "\"}";
  put(*ledger, finished(std::move(large)));
  put(*ledger, finished(make_execution(kNs, "after", 2'000'000)));
  json::array none;
  for (int i = 0; i < 100; ++i) {
    none.push_back(json::object{{"field", "inputs.q"}, {"value", std::to_string(i)}});
  }
  ExecutionFilter filter = filter_of(kNs);
  filter.where.push_back(
      Filter::compile(json::object{{"NOT", std::move(none)}}, "filters").value());
  std::vector<std::string> ids;
  const auto scanned =
      scan_json(*ledger, filter, {}, [&](const RenderedExecution& execution) {
        ids.push_back(execution.key.execution_id.str());
        return Result<bool>(true);
      });
  ASSERT_TRUE(scanned) << scanned.error().message;
  EXPECT_EQ(ids, (std::vector<std::string>{"after", "large", "before"}));
}

TEST_F(SqliteLedgerTest, AListByValueThatRanOutOfTimeIsAnError) {
  const auto ledger = open();
  put_whales(*ledger, 20);
  ExecutionPageRequest request = page_of(5);
  request.sort = ExecutionSort::duration_ms;
  request.budget_us = 0;
  const auto page = list_json(*ledger, of_whales(), request);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::timeout);
  EXPECT_NE(page.error().message.find("raise budget_ms"), std::string::npos);
  request.budget_us = 60'000'000;
  EXPECT_EQ(list_json(*ledger, of_whales(), request).value().row_count, 5u);
}

TEST_F(SqliteLedgerTest, AWorkLimitEndsReadsAndLeavesTheLedgerWhole) {
  const auto ledger = open();
  put_whales(*ledger, 1'500);
  int looks = 0;
  const Checkpoint check = [&looks]() -> Result<void> {
    if (++looks < 2) return {};
    return make_error(ErrorCode::timeout, "enough");
  };
  ExecutionPageRequest request = page_of(1'000);
  request.budget_us = 60'000'000;
  const auto page =
      bounded(check, [&] { return list_json(*ledger, of_whales(), request); });
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().message, "enough");
  looks = 0;
  AggregateRequest figures;
  figures.budget_us = 60'000'000;
  EXPECT_FALSE(bounded(check, [&] { return ledger->aggregate(of_whales(), figures); }));
  looks = 0;
  // A deletion that is given up while it looks has deleted nothing.
  const auto removed = bounded(check, [&] { return ledger->remove(of_whales(), 1'000); });
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().message, "enough");
  EXPECT_EQ(total_of(*ledger, filter_of(kNs)), 1'500u);
  EXPECT_EQ(list_json(*ledger, of_whales(), request).value().row_count, 1'000u);
  EXPECT_EQ(ledger->remove(of_whales(), 1'000).value(), 1'000u);
  EXPECT_EQ(total_of(*ledger, filter_of(kNs)), 500u);
}

}  // namespace
}  // namespace trawl::sqlite_ledger_test
