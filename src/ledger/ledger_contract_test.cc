#include <gtest/gtest.h>

#include <map>

#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/poor_ledger_test_support.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/sqlite_ledger.h"

// What every ledger promises of an execution's life. A new backend adds one line at the end
// of this file.
namespace trawl::ledger_contract_test {
namespace {

using test::filter_of;
using test::finished;
using test::ids_of;
using test::imported;
using test::LedgerBackend;
using test::LedgerContract;
using test::make_execution;
using test::page_of;
using test::put;
using test::started;
using test::total_of;

TEST_P(LedgerContract, StartedThenFinished) {
  std::mt19937_64 random(seed());
  Execution running = make_execution(kNs, "e", 5'000'000, status::kProcessing);
  running.inputs = "{}";
  EXPECT_TRUE(put(ledger_, started(running)));
  EXPECT_EQ(ledger_.find(kNs, ExecutionId("e")).value(), running);
  auto processing = filter_of(kNs);
  processing.status = status::kProcessing;
  EXPECT_EQ(total_of(ledger_, processing), 1u);

  Execution ended = test::random_execution(random);
  ended.namespace_id = kNs;
  ended.summary.execution_id = ExecutionId("e");
  ended.summary.status = status::kCancelled;
  EXPECT_TRUE(put(ledger_, finished(ended)));
  EXPECT_EQ(ledger_.find(kNs, ExecutionId("e")).value(), ended);
  const auto page = list_json(ledger_, filter_of(kNs), page_of(9)).value();
  EXPECT_EQ(page.rows, execution_row_json(ended.summary));
  EXPECT_EQ(page.total, 1u);
  EXPECT_EQ(page.last->timestamp, ended.summary.timestamp);
  EXPECT_EQ(total_of(ledger_, processing), 0u);
  auto cancelled = filter_of(kNs);
  cancelled.status = status::kCancelled;
  cancelled.start_time = cancelled.end_time = ended.summary.timestamp;
  EXPECT_EQ(total_of(ledger_, cancelled), 1u);
}

TEST_P(LedgerContract, WhatEndedIsNeverEdited) {
  const auto original = make_execution(kNs, "e", 1, status::kFailed);
  const auto other = make_execution(kNs, "e", 2, status::kCompleted);
  EXPECT_TRUE(put(ledger_, finished(original)));
  EXPECT_FALSE(put(ledger_, finished(other)));
  EXPECT_FALSE(put(ledger_, started(other)));
  EXPECT_FALSE(put(ledger_, imported(other)));
  EXPECT_EQ(ledger_.find(kNs, ExecutionId("e")).value(), original);
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 1u);
}

TEST_P(LedgerContract, StartedTwiceIsStartedOnce) {
  const auto running = make_execution(kNs, "e", 1, status::kProcessing);
  EXPECT_TRUE(put(ledger_, started(running)));
  EXPECT_FALSE(put(ledger_, started(make_execution(kNs, "e", 2, status::kProcessing))));
  EXPECT_FALSE(put(ledger_, imported(make_execution(kNs, "e", 3))));
  EXPECT_EQ(ledger_.find(kNs, ExecutionId("e")).value(), running);
}

TEST_P(LedgerContract, StartedIsAlwaysListedAsProcessing) {
  put(ledger_, started(make_execution(kNs, "e", 1, status::kCompleted)));
  const auto rows =
      test::summaries_of(list_json(ledger_, filter_of(kNs), page_of(9)).value());
  EXPECT_EQ(rows.front().status, status::kProcessing);
}

// An execution whose stages asked for these answers.
Execution answered(const NamespaceId& ns, const std::string& id,
                   const std::vector<std::string>& answers) {
  Execution execution = make_execution(ns, id, 5'000'000);
  for (const std::string& answer : answers) {
    ExternalCall& call = execution.stages.emplace_back().external_calls.emplace_back();
    call.provider = "model";
    call.answer_sha256 = sha256_hex(answer);
    call.answer_bytes = static_cast<std::int64_t>(answer.size());
    call.answer_kept = true;
    call.answer = answer;
  }
  return execution;
}
Execution without_answers(Execution execution) {
  for (StageRecord& stage : execution.stages) {
    for (ExternalCall& call : stage.external_calls) call.answer.reset();
  }
  return execution;
}
std::vector<Content> as_contents(const std::vector<std::string>& answers) {
  std::vector<Content> out;
  for (const std::string& answer : answers) out.push_back({sha256_hex(answer), answer});
  return out;
}

// Goal: answers are had by contents() alone, whole, and as long as their execution.
TEST_P(LedgerContract, AnswersAreKeptApart) {
  std::string large(300'000, ' ');
  std::mt19937_64 random(seed());
  for (char& c : large) c = static_cast<char>(random());
  const std::vector<std::string> answers = {"", std::string("\0 \xff", 3), large};
  const Execution a = answered(kNs, "a", answers);
  Execution b = answered(kNs, "b", {"x", large, "x", "y", "z"});
  b.stages[3].external_calls[0].answer_kept = false;  // Not to be kept;
  b.stages[4].external_calls[0].answer.reset();       // not there.
  for (const Execution& execution : {a, b, answered(kOther, "a", {large})}) {
    LedgerWrite write = finished(execution);
    if (execution.summary.execution_id.str() == "a") ledger_.prepare(write);
    EXPECT_TRUE(put(ledger_, std::move(write)));
  }
  const ExecutionId id("a");
  EXPECT_EQ(ledger_.contents(kNs, id).value(), as_contents(answers));
  EXPECT_EQ(ledger_.contents(kNs, ExecutionId("b")).value(), as_contents({"x", large}));
  EXPECT_EQ(ledger_.contents(kOther, id).value(), as_contents({large}));
  EXPECT_TRUE(ledger_.contents(kOther, ExecutionId("b")).value().empty());
  EXPECT_TRUE(ledger_.contents(NamespaceId("ns_c"), id).value().empty());

  EXPECT_EQ(ledger_.find(kNs, id).value(), without_answers(a));
  ExecutionPageRequest page = page_of(9);
  page.detail = true;
  for (const Execution& listed : ledger_.list(filter_of(kNs), page).value().executions) {
    EXPECT_EQ(listed, without_answers(listed));
  }
  ScanRequest request;
  request.detail = true;
  ASSERT_TRUE(ledger_.scan(
      filter_of(kNs), request, [&](const ScannedExecution& scanned) -> Result<bool> {
        EXPECT_EQ(scanned.execution, without_answers(scanned.execution));
        return true;
      }));

  EXPECT_EQ(ledger_.remove(filter_of(kOther), 9).value(), 1u);
  EXPECT_TRUE(ledger_.contents(kOther, id).value().empty());
  EXPECT_EQ(ledger_.contents(kNs, id).value(), as_contents(answers));
  ASSERT_TRUE(ledger_.remove_namespace(kNs));
  EXPECT_TRUE(ledger_.contents(kNs, id).value().empty());
}

TEST_P(LedgerContract, AnEndHasItsOwnAnswers) {
  const ExecutionId id("e"), left("left");
  EXPECT_TRUE(put(ledger_, started(answered(kNs, "e", {"first"}))));
  EXPECT_TRUE(put(ledger_, started(answered(kNs, "left", {"first"}))));
  EXPECT_EQ(ledger_.contents(kNs, id).value(), as_contents({"first"}));
  EXPECT_TRUE(put(ledger_, finished(answered(kNs, "e", {"second", "third"}))));
  EXPECT_FALSE(put(ledger_, finished(answered(kNs, "e", {"fourth"}))));
  EXPECT_EQ(ledger_.contents(kNs, id).value(), as_contents({"second", "third"}));
  EXPECT_EQ(ledger_.recover().value(), 1u);
  test::settle(ledger_);
  EXPECT_EQ(ledger_.contents(kNs, left).value(), as_contents({"first"}));
}

TEST_P(LedgerContract, ImportIsIdempotent) {
  std::mt19937_64 random(seed());
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 50; ++i) {
    Execution execution = test::random_execution(random);
    execution.namespace_id = kNs;
    if (i % 5 == 0 && !execution.stages.empty()) {
      execution.results = execution.stages.back().candidates;
    }
    writes.push_back(imported(execution));
  }
  EXPECT_EQ(test::append(ledger_, writes).value(), std::vector<bool>(50, true));
  const auto before = list_json(ledger_, filter_of(kNs), page_of(100)).value();
  EXPECT_EQ(test::append(ledger_, writes).value(), std::vector<bool>(50, false));
  const auto after = list_json(ledger_, filter_of(kNs), page_of(100)).value();
  EXPECT_EQ(after.rows, before.rows);
  EXPECT_EQ(after.total, 50u);
  for (const auto& write : writes) {
    const auto found = ledger_.find(kNs, write.execution.summary.execution_id).value();
    ASSERT_TRUE(found);
    EXPECT_TRUE(*found == write.execution) << execution_detail_json(*found) << "\n"
                                           << execution_detail_json(write.execution);
  }
}

TEST_P(LedgerContract, OneBatchMayHoldAWholeLife) {
  const std::vector<LedgerWrite> writes = {
      started(make_execution(kNs, "e", 1)), finished(make_execution(kNs, "e", 2)),
      finished(make_execution(kNs, "e", 3)), imported(make_execution(kNs, "f", 4))};
  EXPECT_EQ(test::append(ledger_, writes).value(),
            (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(ids_of(list_json(ledger_, filter_of(kNs), page_of(9)).value()),
            (std::vector<std::string>{"f", "e"}));
  auto range = filter_of(kNs);
  range.start_time = range.end_time = 2;
  EXPECT_EQ(total_of(ledger_, range), 1u);
}

// Goal: whoever does not know whether a batch arrived sends it again. Method: batches with
// every kind of write, refused ones among them, each two or three times.
TEST_P(LedgerContract, TheSameBatchAgainChangesNothing) {
  std::vector<LedgerWrite> prepared = {started(make_execution(kNs, "runs", 1)),
                                       started(make_execution(kNs, "ends", 2)),
                                       finished(make_execution(kNs, "ends", 3)),
                                       finished(make_execution(kOther, "ends", 4)),
                                       imported(make_execution(kNs, "came", 5)),
                                       imported(make_execution(kNs, "came", 6)),
                                       finished(make_execution(kNs, "bad\n", 7)),
                                       imported(make_execution(kNs, "last", 8))};
  for (std::size_t i = 0; i < prepared.size(); i += 2) ledger_.prepare(prepared[i]);
  std::vector<AppendOutcome> expected(prepared.size(), Appended::written);
  expected[5] = Appended::repeated;
  std::vector<RenderedPage> pages;
  for (int turn = 0; turn < 3; ++turn) {
    SCOPED_TRACE(turn);
    std::vector<LedgerWrite> writes = prepared;
    const auto outcomes = ledger_.append(writes).value();
    ASSERT_EQ(outcomes.size(), prepared.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      EXPECT_EQ(writes[i].kind, prepared[i].kind);
      if (i == 6) {
        ASSERT_FALSE(outcomes[i]);
        EXPECT_EQ(outcomes[i].error().code, ErrorCode::invalid);
      } else {
        EXPECT_EQ(outcomes[i].value(), expected[i].value()) << i;
      }
    }
    test::settle(ledger_);
    expected.assign(prepared.size(), Appended::repeated);
    pages.push_back(list_json(ledger_, filter_of(kNs), page_of(9)).value());
    EXPECT_EQ(pages.back().rows, pages.front().rows);
    EXPECT_EQ(pages.back().total, 4u);
    EXPECT_EQ(ledger_.running(kNs).value().size(), 1u);
  }
}

TEST_P(LedgerContract, TotalsAreExactWhereTheTraitsSaySo) {
  for (int i = 0; i < 3; ++i) {
    put(ledger_, finished(make_execution(kNs, "e" + std::to_string(i), i)));
  }
  const ExecutionPage page = ledger_.list(filter_of(kNs), page_of(1)).value();
  EXPECT_LE(page.total, 3u);
  if (!ledger_.traits().exact_totals) GTEST_SKIP() << "totals are lower bounds";
  EXPECT_TRUE(page.total_exact);
  EXPECT_EQ(page.total, 3u);
}

TEST_P(LedgerContract, WhatWasAppendedIsReadAtOnceWhereTheTraitsSaySo) {
  if (!ledger_.traits().transactional) GTEST_SKIP() << "reads lag";
  std::vector<LedgerWrite> writes = {finished(make_execution(kNs, "e", 1))};
  ASSERT_TRUE(ledger_.append(writes));
  EXPECT_EQ(ledger_.list(filter_of(kNs), page_of(1)).value().executions.size(), 1u);
}

// Goal: which versions executions searched is known with them, and survives their deletion.
TEST_P(LedgerContract, KnowsTheVersionsThatExecutionsSearched) {
  const auto searching = [](const char* id, TimeUs at, std::uint64_t version) {
    Execution execution = make_execution(kNs, id, at);
    execution.collection_versions = {{"col_a", version}, {"col_b", 1}};
    return execution;
  };
  const TimeUs hour = kMicrosPerHour;
  put(ledger_, finished(searching("a", 10 * hour, 3)));
  put(ledger_, started(searching("b", 11 * hour, 4)));
  put(ledger_, finished(searching("b", 11 * hour, 4)));
  put(ledger_, finished(searching("c", 11 * hour + 1, 4)));
  // What ran elsewhere searched other documents, whatever they are called.
  put(ledger_, imported(searching("d", 12 * hour, 9)));
  ASSERT_TRUE(ledger_.remove(filter_of(kNs), 100));
  const auto uses = [&](TimeUs since) {
    std::map<std::pair<std::string, std::uint64_t>, TimeUs> found;
    for (const VersionUse& use : ledger_.versions_in_use(since).value()) {
      found[{use.collection_id, use.version}] = use.last_used;
    }
    return found;
  };
  const auto all = uses(0);
  ASSERT_EQ(all.size(), 3u);
  const auto about = [&](const char* collection, std::uint64_t version, TimeUs at) {
    const TimeUs last_used = all.at({collection, version});
    EXPECT_GE(last_used, at);
    EXPECT_LE(last_used, at + kMicrosPerMinute);
  };
  about("col_a", 3, 10 * hour);
  about("col_a", 4, 11 * hour + 1);
  about("col_b", 1, 11 * hour + 1);
  EXPECT_EQ(uses(10 * hour + 2 * kMicrosPerMinute).size(), 2u);
  ASSERT_TRUE(ledger_.forget_version_uses(10 * hour + 2 * kMicrosPerMinute));
  EXPECT_EQ(uses(0).size(), 2u);
  // One that was forgotten may come back.
  put(ledger_, finished(searching("e", 13 * hour, 3)));
  EXPECT_EQ(uses(0).size(), 3u);
}

// Goal: what runs here is what was started here; an imported row that says so is not.
TEST_P(LedgerContract, OnlyWhatWasStartedRuns) {
  put(ledger_, started(make_execution(kNs, "ours", 10)));
  put(ledger_, started(make_execution(kNs, "done", 11)));
  put(ledger_, finished(make_execution(kNs, "done", 11)));
  put(ledger_, started(make_execution(kOther, "elsewhere", 12)));
  put(ledger_, imported(make_execution(kNs, "theirs", 13, status::kProcessing)));
  EXPECT_EQ(ledger_.running(kNs).value(),
            (std::vector<RunningExecution>{{{10, ExecutionId("ours")}, true}}));
  EXPECT_TRUE(ledger_.running(NamespaceId("ns_never")).value().empty());
  ASSERT_TRUE(ledger_.recover());
  EXPECT_TRUE(ledger_.running(kNs).value().empty());
}

TEST_P(LedgerContract, RecoverEndsOnlyWhatThisServerLeft) {
  Execution running = make_execution(kNs, "ours", 10, status::kProcessing);
  running.inputs = R"({"q":"x"})";
  running.summary.query_summary = "x";
  put(ledger_, started(running));
  put(ledger_, started(make_execution(kOther, "ours too", 11)));
  put(ledger_, started(make_execution(kNs, "done", 12)));
  put(ledger_, finished(make_execution(kNs, "done", 12)));
  put(ledger_, imported(make_execution(kNs, "theirs", 13, status::kProcessing)));
  EXPECT_EQ(ledger_.recover().value(), 2u);
  EXPECT_EQ(ledger_.recover().value(), 0u);

  const auto found = ledger_.find(kNs, ExecutionId("ours")).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->summary.status, status::kFailed);
  EXPECT_EQ(found->error, "interrupted: the server stopped before this execution ended");
  EXPECT_EQ(found->inputs, running.inputs);
  EXPECT_EQ(found->summary.query_summary, "x");
  for (const auto& [word, count] :
       {std::pair("failed", 1u), std::pair("processing", 1u), std::pair("completed", 1u)}) {
    auto filter = filter_of(kNs);
    filter.status = word;
    const auto page = list_json(ledger_, filter, page_of(9)).value();
    EXPECT_EQ(page.total, count) << word;
    ASSERT_EQ(page.row_count, count) << word;
    EXPECT_EQ(test::summaries_of(page).front().status, word);
  }
  // The end that comes too late, from wherever it comes, changes nothing.
  EXPECT_FALSE(put(ledger_, finished(make_execution(kNs, "ours", 10))));
}

// Goal: each write has an outcome of its own, in its place, and a bad one takes no other
// with it.
TEST_P(LedgerContract, ABadExecutionDoesNotTakeTheOthersWithIt) {
  std::uint64_t stored = 0;
  const auto refused = [&](Execution bad) {
    const std::string before = "before" + std::to_string(stored);
    const std::string after = "after" + std::to_string(stored);
    std::vector<LedgerWrite> writes = {
        finished(make_execution(kNs, before, 1)), finished(std::move(bad)),
        finished(make_execution(kNs, after, 1)), imported(make_execution(kNs, before, 1))};
    const auto outcomes = ledger_.append(writes).value();
    EXPECT_EQ(outcomes.size(), 4u);
    EXPECT_EQ(outcomes[0].value(), Appended::written);
    EXPECT_EQ(outcomes[2].value(), Appended::written);
    EXPECT_EQ(outcomes[3].value(), Appended::repeated);
    test::settle(ledger_);
    stored += 2;
    EXPECT_EQ(total_of(ledger_, filter_of(kNs)), stored);
    EXPECT_TRUE(ledger_.find(kNs, ExecutionId(after)).value());
    return outcomes[1] ? std::string() : outcomes[1].error().location;
  };
  EXPECT_EQ(refused(make_execution(kNs, "", 1)), "execution_id");
  EXPECT_EQ(refused(make_execution(kNs, "a\nb", 1)), "execution_id");
  EXPECT_EQ(refused(make_execution(kNs, "a\xFF", 1)), "execution_id");
  EXPECT_EQ(refused(make_execution(kNs, "e", kTimeMax + 1)), "timestamp");
  EXPECT_EQ(refused(make_execution(kNs, "e", kTimeMin - 1)), "timestamp");
  EXPECT_EQ(refused(make_execution(kNs, "e", 1, "")), "status");
  EXPECT_EQ(refused(make_execution(NamespaceId(), "e", 1)), "namespace_id");
}

TEST_P(LedgerContract, NonFiniteNumbersAreStored) {
  Execution execution = make_execution(kNs, "e", 1);
  execution.summary.duration_ms = std::numeric_limits<double>::quiet_NaN();
  execution.summary.credits_used = std::numeric_limits<double>::infinity();
  execution.summary.cache_hit_rate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(put(ledger_, finished(execution)));
  EXPECT_EQ(list_json(ledger_, filter_of(kNs), page_of(9)).value().row_count, 1u);
  EXPECT_TRUE(ledger_.find(kNs, ExecutionId("e")).value());
}

// Goal: a scan that nobody wants any more ends, whether or not anything matches.
TEST_P(LedgerContract, AScanEndsWhenItIsCancelled) {
  constexpr int kCount = 2'500;
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < kCount; ++i) {
    writes.push_back(finished(make_execution(kNs, "e" + std::to_string(i), i)));
  }
  ASSERT_TRUE(test::append(ledger_, writes));
  auto none = filter_of(kNs);
  none.status = status::kFailed;
  for (const auto& filter : {filter_of(kNs), none, filter_of(NamespaceId("ns_never"))}) {
    ScanRequest request;
    request.cancelled = [] { return true; };
    int visited = 0;
    const auto ended = ledger_.scan(filter, request, [&](const ScannedExecution&) {
      ++visited;
      return Result<bool>(true);
    });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
    EXPECT_EQ(visited, 0);
  }
  int visited = 0;
  ScanRequest request;
  request.cancelled = [&] { return visited > 0; };
  const auto ended = ledger_.scan(filter_of(kNs), request, [&](const ScannedExecution&) {
    ++visited;
    return Result<bool>(true);
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
  EXPECT_LT(visited, kCount);
}

// Goal: no sequence of operations tells a ledger from the reference.
TEST_P(LedgerContract, RandomOperationsAgreeWithTheReference) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  MemoryLedger reference;
  NamespaceId namespaces[] = {kNs, kOther};
  const std::string statuses[] = {"completed", "failed", "processing", "odd"};
  const auto draw_time = [&] {
    return static_cast<TimeUs>(random() % 10) * kMicrosPerMinute * 31 -
           static_cast<TimeUs>(random() % 2);
  };
  for (int round = 0; round < 120; ++round) {
    std::vector<LedgerWrite> writes;
    for (auto n = random() % 6; n > 0; --n) {
      LedgerWrite write;
      write.kind = static_cast<LedgerWrite::Kind>(random() % 3);
      write.execution =
          make_execution(namespaces[random() % 2], "e" + std::to_string(random() % 80),
                         draw_time(), statuses[random() % 4]);
      write.execution.pipeline = random() % 2 == 0 ? "" : R"({"stages":[]})";
      write.execution.fingerprint = std::to_string(random() % 3);
      writes.push_back(std::move(write));
    }
    ASSERT_EQ(test::append(ledger_, writes).value(),
              test::append(reference, writes).value());
    if (random() % 25 == 0) {
      ASSERT_EQ(ledger_.recover().value(), reference.recover().value());
    }
    if (random() % 40 == 0) {
      auto& gone = namespaces[random() % 2];
      ASSERT_TRUE(ledger_.remove_namespace(gone));
      ASSERT_TRUE(reference.remove_namespace(gone));
      gone = NamespaceId("ns_" + std::to_string(round));
    }
    if (random() % 10 == 0) maintain();
    for (int i = 0; i < 4; ++i) {
      auto filter = filter_of(namespaces[random() % 2]);
      if (random() % 2 == 0) filter.status = statuses[random() % 4];
      if (random() % 2 == 0) filter.start_time = draw_time();
      if (random() % 2 == 0) filter.end_time = draw_time();
      auto page = page_of(static_cast<std::uint32_t>(random() % 12 + 1),
                          static_cast<std::uint32_t>(random() % 4));
      if (random() % 2 == 0) {
        page.after =
            ExecutionKey{draw_time(), ExecutionId("e" + std::to_string(random() % 80))};
      }
      const auto got = list_json(ledger_, filter, page).value();
      const auto want = list_json(reference, filter, page).value();
      ASSERT_EQ(got.rows, want.rows);
      ASSERT_EQ(got.total, want.total);
      ASSERT_EQ(got.has_more, want.has_more);
      ASSERT_EQ(got.last, want.last);
      const ExecutionId id("e" + std::to_string(random() % 80));
      ASSERT_EQ(ledger_.find(filter.namespace_id, id).value(),
                reference.find(filter.namespace_id, id).value());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Backends, LedgerContract,
    testing::Values(
        LedgerBackend{"memory",
                      [](const test::ScratchDirectory&) -> std::unique_ptr<Ledger> {
                        return std::make_unique<MemoryLedger>();
                      }},
        LedgerBackend{"poor",
                      [](const test::ScratchDirectory&) -> std::unique_ptr<Ledger> {
                        return std::make_unique<test::PoorLedger>();
                      }},
        LedgerBackend{
            "sqlite",
            [](const test::ScratchDirectory& directory) {
              return open_sqlite_ledger(directory.file("ledger.db")).value();
            },
            [](Ledger& ledger) { (void)dynamic_cast<SqliteLedger&>(ledger).maintain(); }}),
    [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace trawl::ledger_contract_test
