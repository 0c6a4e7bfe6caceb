#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"

namespace trawl::ledger_removal_test {
namespace {

using test::filter_of;
using test::finished;
using test::ids_of;
using test::imported;
using test::LedgerContract;
using test::make_execution;
using test::page_of;
using test::put;
using test::started;
using test::total_of;

TEST_P(LedgerContract, NamespacesDoNotLeak) {
  const auto mine = make_execution(kNs, "same", 1, status::kFailed);
  const auto theirs = make_execution(kOther, "same", 2, status::kCompleted);
  EXPECT_TRUE(put(ledger_, finished(mine)));
  EXPECT_TRUE(put(ledger_, finished(theirs)));
  EXPECT_TRUE(put(ledger_, finished(make_execution(kOther, "only", 3))));
  EXPECT_EQ(ids_of(ledger_.list(filter_of(kNs), page_of(9)).value()),
            (std::vector<std::string>{"same"}));
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 1u);
  EXPECT_EQ(total_of(ledger_, filter_of(kOther)), 2u);
  EXPECT_EQ(ledger_.find(kNs, ExecutionId("same")).value(), mine);
  EXPECT_FALSE(ledger_.find(kNs, ExecutionId("only")).value());
  EXPECT_FALSE(ledger_.find(NamespaceId("ns_c"), ExecutionId("same")).value());

  ASSERT_TRUE(ledger_.remove_namespace(kOther));
  ASSERT_TRUE(ledger_.remove_namespace(NamespaceId("ns_never")));
  EXPECT_EQ(total_of(ledger_, filter_of(kOther)), 0u);
  EXPECT_FALSE(ledger_.find(kOther, ExecutionId("same")).value());
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 1u);
  EXPECT_EQ(ledger_.namespaces().value(), (std::vector<NamespaceId>{kNs}));
}

// Goal: what ends after its namespace was deleted is refused, from wherever it comes, and
// nothing of another namespace goes with it.
TEST_P(LedgerContract, CommitsToARemovedNamespaceAreRefused) {
  put(ledger_, started(make_execution(kOther, "runs", 1)));
  ASSERT_TRUE(ledger_.remove_namespace(kOther));
  for (LedgerWrite write : {finished(make_execution(kOther, "runs", 1)),
                            imported(make_execution(kOther, "comes", 2)),
                            started(make_execution(kOther, "starts", 3))}) {
    const std::vector<LedgerWrite> writes = {finished(make_execution(kNs, "mine", 1)),
                                             std::move(write)};
    const auto refused = ledger_.commit(writes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_NE(refused.error().message.find("ns_b was deleted"), std::string::npos);
  }
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 0u);
  EXPECT_EQ(total_of(ledger_, filter_of(kOther)), 0u);
  ledger_.maintain();
  EXPECT_EQ(ledger_.recover().value(), 0u);
  EXPECT_TRUE(ledger_.namespaces().value().empty());
}

TEST_P(LedgerContract, PruningKeepsTheNewestAndWhatRuns) {
  for (int i = 0; i < 10; ++i) {
    auto execution = make_execution(kNs, "e" + std::to_string(i), i);
    put(ledger_, i < 2 ? started(std::move(execution)) : finished(std::move(execution)));
  }
  RetentionPolicy policy;
  policy.max_count = 6;
  const auto report = ledger_.prune(kNs, policy, 100, 1).value();
  EXPECT_EQ(report.total(), 1u);
  EXPECT_TRUE(report.more);
  EXPECT_EQ(ledger_.prune(kNs, policy, 100, 100).value().total(), 1u);
  // The six newest, and two that run though they are older.
  EXPECT_EQ(ids_of(ledger_.list(filter_of(kNs), page_of(20)).value()),
            (std::vector<std::string>{"e9", "e8", "e7", "e6", "e5", "e4", "e1", "e0"}));
  EXPECT_EQ(ledger_.prune(kNs, policy, 100, 100).value().total(), 0u);
}

}  // namespace
}  // namespace trawl::ledger_removal_test
