#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "sqlite/connection.h"

// What was deleted is in none of the files once maintenance came to rest: not in rows and
// records, not in the words and terms that were made of it, not in free pages or the log.
namespace trawl::sqlite::forgetting_test {
namespace {

using test::filter_of;
using test::finished;
using test::put;

const NamespaceId kNs("ns_a");

// A text for each place where one is kept.
const std::string kSecrets[] = {"zebrafish",  "quagga", "pangolin", "okapi",   "axolotl",
                                "tapirstage", "dugong", "narwhal",  "caracal", "kinkajou"};

Execution execution_of(const NamespaceId& ns, int i, bool secret) {
  const auto word = [&](std::size_t which) {
    return secret ? kSecrets[which] : "plain" + std::to_string(i % 7);
  };
  Execution execution = test::make_execution(ns, word(0) + std::to_string(i), i + 1,
                                             secret ? kSecrets[9] : status::kFailed);
  execution.summary.query_summary = word(1) + " summary";
  execution.inputs = R"({"q":")" + word(2) + R"("})";
  execution.error = word(3) + " failed";
  execution.summary.collection_ids = {"col_" + word(4)};
  execution.failed_stage = word(5);
  execution.caller_key_id = "key_" + word(6);
  execution.labels = {{"team", word(7)}};
  execution.pipeline = R"({"name":")" + word(8) + R"("})";
  execution.fingerprint = "f" + word(8);
  execution.shape = "shape" + word(8);
  StageRecord stage;
  stage.stage_name = word(5);
  stage.stage_id = "id_" + word(5);
  execution.stages.push_back(stage);
  return execution;
}

class LedgerForgets : public testing::Test {
 protected:
  void settle() {
    while (ledger_->maintain()) {
    }
  }
  // The secrets that are somewhere in the files, while the ledger has them open.
  std::string shown() const {
    std::string out;
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream in(path_ + suffix, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      for (const std::string& secret : kSecrets) {
        if (bytes.find(secret) != std::string::npos) out += secret + suffix + " ";
      }
    }
    return out;
  }
  void put_all(bool secret, int from, int count) {
    for (int i = from; i < from + count; ++i) {
      LedgerWrite write = finished(execution_of(kNs, i, secret));
      ledger_->prepare(write);
      ASSERT_TRUE(put(*ledger_, std::move(write)));
    }
  }
  void remove_secrets() {
    auto filter = filter_of(kNs);
    filter.status = kSecrets[9];
    ASSERT_GT(ledger_->remove(filter, 1'000).value(), 0u);
  }
  void expect_well() {
    const auto connection = Connection::open(path_).value();
    for (const auto& problem : check_ledger(*connection, {}, nullptr).problems) {
      ADD_FAILURE() << problem.part << ": " << problem.message;
    }
  }

  test::ScratchDirectory directory_;
  std::string path_ = directory_.file("ledger.db");
  std::unique_ptr<SqliteLedger> ledger_ = open_sqlite_ledger(path_).value();
};

TEST_F(LedgerForgets, WhatWasDeletedOneByOne) {
  for (const bool indexed : {true, false}) {
    SCOPED_TRACE(indexed);
    const int first = indexed ? 0 : 10'000;
    put_all(false, first, 300);
    put_all(true, first + 1'000, 3);
    if (indexed) settle();
    EXPECT_NE(shown(), "");
    remove_secrets();
    put_all(false, first + 2'000, 30);
    // A look for unused words, and a merge, rest after each: not for ever.
    for (int turn = 0; turn < 200 && !shown().empty(); ++turn) {
      settle();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(shown(), "");
    expect_well();
  }
}

TEST_F(LedgerForgets, WhatWasDeletedBeforeARestart) {
  put_all(false, 0, 50);
  put_all(true, 1'000, 3);
  settle();
  remove_secrets();
  ledger_.reset();
  ledger_ = open_sqlite_ledger(path_).value();
  settle();
  EXPECT_EQ(shown(), "");
  expect_well();
}

TEST_F(LedgerForgets, AWholeNamespace) {
  put_all(true, 0, 5);
  LedgerWrite kept = finished(execution_of(NamespaceId("ns_b"), 1, false));
  ASSERT_TRUE(put(*ledger_, std::move(kept)));
  settle();
  ASSERT_TRUE(ledger_->remove_namespace(kNs));
  settle();
  EXPECT_EQ(shown(), "");
  expect_well();
}

// Goal: a word that comes back while unused ones are looked for is not taken from its row.
TEST_F(LedgerForgets, WordsThatAreStillUsedStay) {
  put_all(true, 0, 2);
  settle();
  for (int turn = 0; turn < 20; ++turn) {
    remove_secrets();
    std::thread maintainer([&] { settle(); });
    put_all(true, 100 + turn, 1);
    maintainer.join();
    const auto page = list_json(*ledger_, filter_of(kNs), test::page_of(10)).value();
    ASSERT_EQ(page.row_count, 1u);
    ASSERT_EQ(test::summaries_of(page).front().status, kSecrets[9]);
  }
  settle();
  expect_well();
}

}  // namespace
}  // namespace trawl::sqlite::forgetting_test
