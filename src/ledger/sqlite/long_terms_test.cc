#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "ledger/sqlite/terms.h"
#include "ledger/sqlite/terms_check.h"
#include "sqlite/connection.h"

// An execution with very many words is indexed by parts, so that commits come between them.
namespace trawl::sqlite::long_terms_test {
namespace {

using test::filter_of;
using test::finished;
using test::page_of;
using test::put;

const NamespaceId kNs("ns_a");
constexpr int kWords = 12'000;

class LongTerms : public testing::Test {
 protected:
  void SetUp() override {
    execution_.inputs = R"({"q":")";
    for (int i = 0; i < kWords; ++i) *execution_.inputs += "long" + std::to_string(i) + " ";
    *execution_.inputs += R"("})";
    LedgerWrite write = finished(execution_);
    ledger_->prepare(write);
    ASSERT_TRUE(put(*ledger_, std::move(write)));
  }
  void settle() {
    while (ledger_->maintain()) continue;
  }
  std::uint64_t count(const std::string& query) const {
    auto filter = filter_of(kNs);
    filter.query = TextQuery::parse(query);
    return list_json(*ledger_, filter, page_of(1)).value().total;
  }
  void expect_found(std::uint64_t times) const {
    for (const char* query : {"long0", "long17", "long7000", "long11999", "long1199*"}) {
      EXPECT_EQ(count(query), times) << query;
    }
  }
  void expect_well() const {
    const auto connection = Connection::open(path_).value();
    Words words;
    EXPECT_TRUE(find_wrong_terms(*connection, words, nullptr).value().empty());
    for (const auto& problem :
         check_ledger(*connection, {.samples = 2}, nullptr).problems) {
      ADD_FAILURE() << problem.part << ": " << problem.message;
    }
  }
  // As a server leaves it that ended when some of the terms were in.
  void index_some(const std::string& which = "min") {
    const auto connection = Connection::open(path_).value();
    const std::int64_t seq =
        connection->integer("SELECT " + which + "(seq) FROM executions").value();
    std::string terms = text_terms(
        connection->integer("SELECT max(ns) FROM executions").value(), execution_);
    terms.resize(terms.find(' ', 100'000));
    auto transaction = Transaction::begin(*connection, Transaction::Kind::write).value();
    ASSERT_TRUE(index_terms(*connection, seq, terms));
    ASSERT_TRUE(add_to_setting(*connection, kPartlyIndexed, seq));
    ASSERT_TRUE(add_to_setting(*connection, kIndexedBytes,
                               static_cast<std::int64_t>(terms.size())));
    ASSERT_TRUE(transaction.commit());
  }
  std::int64_t partly() const {
    const auto connection = Connection::open(path_).value();
    return read_setting(*connection, kPartlyIndexed).value();
  }

  test::ScratchDirectory directory_;
  std::string path_ = directory_.file("ledger.db");
  std::unique_ptr<SqliteLedger> ledger_ = open_sqlite_ledger(path_).value();
  Execution execution_ = test::make_execution(kNs, "long", 1);
};

TEST_F(LongTerms, AreFoundAndForgotten) {
  expect_found(1);  // Not indexed yet.
  settle();
  EXPECT_EQ(partly(), 0);
  expect_found(1);
  expect_well();
  put(*ledger_, finished(test::make_execution(kNs, "other", 2)));
  EXPECT_EQ(ledger_->remove(filter_of(kNs), 1).value(), 1u);
  settle();
  expect_found(0);
  expect_well();
}

TEST_F(LongTerms, AreFinishedAfterAnInterruption) {
  index_some();
  expect_found(1);
  expect_well();
  settle();
  EXPECT_EQ(partly(), 0);
  expect_found(1);
  expect_well();
}

TEST_F(LongTerms, AreForgottenInTheMiddle) {
  put(*ledger_, finished(test::make_execution(kNs, "other", 2)));
  index_some();
  auto filter = filter_of(kNs);
  filter.query = TextQuery::parse("long17");
  EXPECT_EQ(ledger_->remove(filter, 1).value(), 1u);
  EXPECT_EQ(partly(), 0);
  expect_found(0);
  settle();
  expect_found(0);
  expect_well();
}

// Goal: another one that waits, and that came before, does not take its place.
TEST_F(LongTerms, AreFinishedBeforeOthersBegin) {
  Execution second = execution_;
  second.summary.execution_id = ExecutionId("second");
  second.summary.timestamp = 2;
  put(*ledger_, finished(second));
  index_some("max");
  ledger_->maintain();
  EXPECT_EQ(partly(), 0);
  auto filter = filter_of(kNs);
  filter.start_time = 2;
  EXPECT_EQ(ledger_->remove(filter, 1).value(), 1u);
  expect_found(1);
  settle();
  expect_found(1);
  expect_well();
}

}  // namespace
}  // namespace trawl::sqlite::long_terms_test
