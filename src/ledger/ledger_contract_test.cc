#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "base/ids.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/sqlite/sqlite_ledger.h"

// What every ledger promises. A new backend adds one line at the end of this file.
namespace trawl::ledger_contract_test {
namespace {

using test::filter_of;
using test::finished;
using test::ids_of;
using test::imported;
using test::make_execution;
using test::page_of;
using test::put;
using test::started;
using test::summaries_of;
using test::total_of;

const NamespaceId kNs("ns_a");
const NamespaceId kOther("ns_b");

struct Backend {
  std::string name;
  std::function<std::unique_ptr<Ledger>(const test::ScratchDirectory&)> open;
};

class LedgerContract : public testing::TestWithParam<Backend> {
 protected:
  std::uint64_t seed() const {
    return static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  }

  test::ScratchDirectory directory_;
  std::unique_ptr<Ledger> owned_ = GetParam().open(directory_);
  Ledger& ledger_ = *owned_;
};

std::vector<std::string> follow_pages(
    const Ledger& ledger, const ExecutionFilter& filter, std::uint32_t limit,
    const std::function<void()>& between = [] {}) {
  std::vector<std::string> out;
  std::optional<ExecutionKey> after;
  while (true) {
    const auto page = ledger.list(filter, page_of(limit, 0, after)).value();
    for (auto& id : ids_of(page)) out.push_back(std::move(id));
    EXPECT_TRUE(page.row_count == limit || !page.has_more);
    EXPECT_EQ(page.last.has_value(), page.row_count > 0);
    if (!page.has_more) return out;
    if (out.size() > 20'000) {
      ADD_FAILURE() << "the pages do not end";
      return out;
    }
    after = page.last;
    between();
  }
}

TEST_P(LedgerContract, EmptyHistoryIsAnEmptyPage) {
  const auto page = ledger_.list(filter_of(kNs), page_of(20)).value();
  EXPECT_EQ(page.rows, "");
  EXPECT_EQ(page.row_count, 0u);
  EXPECT_EQ(page.total, 0u);
  EXPECT_FALSE(page.has_more);
  EXPECT_FALSE(page.last);
  EXPECT_FALSE(ledger_.find(kNs, ExecutionId("e")).value());
  EXPECT_EQ(ledger_.recover().value(), 0u);
  EXPECT_TRUE(ledger_.commit({}).value().empty());
}

TEST_P(LedgerContract, PageIsTheRowsAsTheyAreServed) {
  std::mt19937_64 random(seed());
  Execution first = test::random_execution(random);
  Execution second = test::random_execution(random);
  first.namespace_id = second.namespace_id = kNs;
  second.summary.timestamp = first.summary.timestamp - 1;
  put(ledger_, finished(second));
  put(ledger_, finished(first));
  const auto page = ledger_.list(filter_of(kNs), page_of(20)).value();
  EXPECT_EQ(page.rows,
            execution_row_json(first.summary) + "," + execution_row_json(second.summary));
  EXPECT_EQ(page.last,
            (ExecutionKey{second.summary.timestamp, second.summary.execution_id}));
}

// Goal: a page of whole records is the page of rows, whichever way it is found. Method:
// each kind of list, after a page of rows has been asked for.
TEST_P(LedgerContract, PagesOfWholeRecordsAreThoseOfRows) {
  std::mt19937_64 random(seed());
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 12; ++i) {
    Execution execution = test::random_execution(random);
    execution.namespace_id = kNs;
    execution.summary.execution_id = ExecutionId("exec_" + std::to_string(i));
    writes.push_back(finished(std::move(execution)));
  }
  ASSERT_TRUE(ledger_.commit(writes));
  auto searched = filter_of(kNs);
  searched.execution_ids = {ExecutionId("exec_1"), ExecutionId("exec_4"),
                            ExecutionId("exec_7")};
  for (const auto& filter : {filter_of(kNs), searched}) {
    for (const auto sort : {ExecutionSort::timestamp, ExecutionSort::duration_ms}) {
      for (const std::uint32_t offset : {0U, 1U}) {
        ExecutionPageRequest request = page_of(5, offset);
        request.sort = sort;
        const auto rows = ledger_.list(filter, request).value();
        request.detail = true;
        const auto details = ledger_.list(filter, request).value();
        EXPECT_EQ(details.row_count, rows.row_count);
        EXPECT_EQ(details.total, rows.total);
        EXPECT_EQ(details.has_more, rows.has_more);
        EXPECT_EQ(details.last, rows.last);
        std::string expected;
        for (const std::string& id : ids_of(rows)) {
          if (!expected.empty()) expected += ',';
          expected += ledger_.find_json(kNs, ExecutionId(id)).value().value();
        }
        EXPECT_EQ(details.rows, expected);
      }
    }
  }
}

// Goal: a caller who follows pages sees each execution once, in order, at any page size.
// Method: timestamps from five values, so that ties are the rule.
TEST_P(LedgerContract, PagingVisitsEachExecutionOnce) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  std::vector<LedgerWrite> writes;
  std::vector<ExecutionKey> keys;
  for (int i = 0; i < 43; ++i) {
    const TimeUs time = static_cast<TimeUs>(random() % 5) * 1'000 - 2'000;
    const std::string id = "exec_" + std::to_string(random() % 1'000'000);
    writes.push_back(finished(make_execution(
        kNs, id, time, random() % 3 == 0 ? status::kFailed : status::kCompleted)));
    keys.push_back({time, ExecutionId(id)});
  }
  ASSERT_TRUE(ledger_.commit(writes));
  std::sort(keys.begin(), keys.end(), std::greater<>());
  std::vector<std::string> all;
  for (const auto& key : keys) all.push_back(key.execution_id.str());

  auto failed = filter_of(kNs);
  failed.status = status::kFailed;
  const auto all_failed = ids_of(ledger_.list(failed, page_of(100)).value());
  EXPECT_GT(all_failed.size(), 3u);
  for (std::uint32_t limit = 1; limit <= 44; ++limit) {
    SCOPED_TRACE("limit " + std::to_string(limit));
    EXPECT_EQ(follow_pages(ledger_, filter_of(kNs), limit), all);
    EXPECT_EQ(follow_pages(ledger_, failed, limit), all_failed);
    // By offset, every page is the same and says the same of what follows it.
    std::optional<ExecutionKey> after;
    for (std::uint32_t offset = 0; offset <= 44; offset += limit) {
      const auto by_offset = ledger_.list(filter_of(kNs), page_of(limit, offset)).value();
      EXPECT_EQ(by_offset.total, 43u);
      EXPECT_EQ(by_offset.has_more, offset + limit < 43);
      if (offset > 0 && !after) {
        EXPECT_EQ(by_offset.row_count, 0u);
        continue;
      }
      const auto by_cursor = ledger_.list(filter_of(kNs), page_of(limit, 0, after)).value();
      EXPECT_EQ(by_cursor.rows, by_offset.rows);
      EXPECT_EQ(by_cursor.total, by_offset.total);
      EXPECT_EQ(by_cursor.has_more, by_offset.has_more);
      after = by_cursor.has_more ? by_cursor.last : std::nullopt;
    }
  }
}

// Goal: whatever is written while a caller follows pages, each execution that was there
// at the start comes once.
TEST_P(LedgerContract, PagingIsNotDisturbedByWrites) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  std::set<std::string> before;
  for (int i = 0; i < 30; ++i) {
    const std::string id = "exec_" + std::to_string(random());
    put(ledger_, finished(make_execution(kNs, id, static_cast<TimeUs>(random() % 4))));
    before.insert(id);
  }
  for (const std::uint32_t limit : {1u, 3u, 7u}) {
    const auto seen = follow_pages(ledger_, filter_of(kNs), limit, [&] {
      for (int i = 0; i < 3; ++i) {
        put(ledger_, finished(make_execution(kNs, "exec_" + std::to_string(random()),
                                             static_cast<TimeUs>(random() % 6) - 1)));
      }
    });
    std::set<std::string> missing = before;
    for (const auto& id : seen) missing.erase(id);
    EXPECT_TRUE(missing.empty());
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
    before.insert(seen.begin(), seen.end());
  }
}

TEST_P(LedgerContract, CursorOfARowThatIsNotThereStillNamesAPlace) {
  for (const TimeUs time : {10, 20, 30}) {
    put(ledger_, finished(make_execution(kNs, "e" + std::to_string(time), time)));
  }
  const auto after = [&](TimeUs time, const std::string& id) {
    return ids_of(
        ledger_.list(filter_of(kNs), page_of(9, 0, ExecutionKey{time, ExecutionId(id)}))
            .value());
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(after(20, "e21"), (Ids{"e20", "e10"}));
  EXPECT_EQ(after(20, "e20"), (Ids{"e10"}));
  EXPECT_EQ(after(20, "e2"), (Ids{"e10"}));
  EXPECT_EQ(after(kTimeMax, "z"), (Ids{"e30", "e20", "e10"}));
  EXPECT_EQ(after(kTimeMin, "a"), (Ids{}));
  // A place outside the filter's range does not widen it.
  auto filter = filter_of(kNs);
  filter.start_time = 15;
  filter.end_time = 25;
  const auto page =
      ledger_.list(filter, page_of(9, 0, ExecutionKey{30, ExecutionId("x")})).value();
  EXPECT_EQ(ids_of(page), (Ids{"e20"}));
  EXPECT_EQ(page.total, 1u);
  EXPECT_EQ(
      ids_of(
          ledger_.list(filter, page_of(9, 0, ExecutionKey{5, ExecutionId("x")})).value()),
      (Ids{}));
}

// Goal: totals are exact at every border. Method: executions on both sides of borders of
// minutes, hours, days and months, and ranges that begin and end there; a brute count.
TEST_P(LedgerContract, TotalsAreExactForAnyRange) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  std::vector<TimeUs> borders = {kTimeMin, kTimeMax, 0};
  for (const char* text :
       {"2024-02-29T23:59:00Z", "2024-03-01", "2024-03-01T01:00:00Z",
        "2023-12-31T23:00:00Z", "2024-01-01", "2024-01-31", "1969-12-31", "1900-03-01",
        "2024-03-01T00:01:00Z", "2024-03-15T12:34:00Z", "9999-12-01", "0001-02-01"}) {
    borders.push_back(parse_time(text).value());
  }
  const auto near_border = [&] {
    const TimeUs border = borders[random() % borders.size()];
    const TimeUs offsets[] = {
        -1, 0, 1, -30 * kMicrosPerSecond, 20 * kMicrosPerSecond, 90 * kMicrosPerMinute};
    return std::clamp(border + offsets[random() % std::size(offsets)], kTimeMin, kTimeMax);
  };
  const std::string statuses[] = {"completed", "failed", "cancelled", "strange ✓"};
  std::vector<std::pair<TimeUs, std::string>> all;
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 400; ++i) {
    all.emplace_back(near_border(), statuses[random() % std::size(statuses)]);
    writes.push_back(finished(
        make_execution(kNs, "e" + std::to_string(i), all.back().first, all.back().second)));
  }
  ASSERT_TRUE(ledger_.commit(writes));
  for (int i = 0; i < 1'000; ++i) {
    auto filter = filter_of(kNs);
    if (random() % 8 != 0) filter.start_time = near_border();
    if (random() % 8 != 0) filter.end_time = near_border();
    if (random() % 2 != 0) filter.status = statuses[random() % std::size(statuses)];
    const auto matches = static_cast<std::uint64_t>(
        std::count_if(all.begin(), all.end(), [&](const auto& one) {
          return (!filter.start_time || one.first >= *filter.start_time) &&
                 (!filter.end_time || one.first <= *filter.end_time) &&
                 (!filter.status || one.second == *filter.status);
        }));
    const auto page = ledger_.list(filter, page_of(1000)).value();
    ASSERT_EQ(page.total, matches)
        << format_time(filter.start_time.value_or(kTimeMin)) << " to "
        << format_time(filter.end_time.value_or(kTimeMax)) << " "
        << filter.status.value_or("any");
    ASSERT_EQ(page.row_count, matches);
  }
}

TEST_P(LedgerContract, RangesBeyondTimeAndBackwards) {
  put(ledger_, finished(make_execution(kNs, "first", kTimeMin)));
  put(ledger_, finished(make_execution(kNs, "last", kTimeMax)));
  auto filter = filter_of(kNs);
  filter.start_time = std::numeric_limits<TimeUs>::min();
  filter.end_time = std::numeric_limits<TimeUs>::max();
  EXPECT_EQ(total_of(ledger_, filter), 2u);
  filter.start_time = filter.end_time = kTimeMax;
  EXPECT_EQ(total_of(ledger_, filter), 1u);
  filter.start_time = 1;
  filter.end_time = 0;
  EXPECT_EQ(total_of(ledger_, filter), 0u);
  filter.start_time = filter.end_time = std::numeric_limits<TimeUs>::max();
  EXPECT_EQ(total_of(ledger_, filter), 0u);
}

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
  const auto page = ledger_.list(filter_of(kNs), page_of(9)).value();
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
  const auto rows = test::summaries_of(ledger_.list(filter_of(kNs), page_of(9)).value());
  EXPECT_EQ(rows.front().status, status::kProcessing);
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
  EXPECT_EQ(ledger_.commit(writes).value(), std::vector<bool>(50, true));
  const auto before = ledger_.list(filter_of(kNs), page_of(100)).value();
  EXPECT_EQ(ledger_.commit(writes).value(), std::vector<bool>(50, false));
  const auto after = ledger_.list(filter_of(kNs), page_of(100)).value();
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
  EXPECT_EQ(ledger_.commit(writes).value(), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(ids_of(ledger_.list(filter_of(kNs), page_of(9)).value()),
            (std::vector<std::string>{"f", "e"}));
  auto range = filter_of(kNs);
  range.start_time = range.end_time = 2;
  EXPECT_EQ(total_of(ledger_, range), 1u);
}

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

// Goal: what runs here is what was started here; an imported row that says so is not.
TEST_P(LedgerContract, OnlyWhatWasStartedRuns) {
  put(ledger_, started(make_execution(kNs, "ours", 10)));
  put(ledger_, started(make_execution(kNs, "done", 11)));
  put(ledger_, finished(make_execution(kNs, "done", 11)));
  put(ledger_, started(make_execution(kOther, "elsewhere", 12)));
  put(ledger_, imported(make_execution(kNs, "theirs", 13, status::kProcessing)));
  EXPECT_EQ(ledger_.running(kNs).value(),
            (std::vector<ExecutionKey>{{10, ExecutionId("ours")}}));
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
    const auto page = ledger_.list(filter, page_of(9)).value();
    EXPECT_EQ(page.total, count) << word;
    ASSERT_EQ(page.row_count, count) << word;
    EXPECT_EQ(test::summaries_of(page).front().status, word);
  }
  // The end that comes too late, from wherever it comes, changes nothing.
  EXPECT_FALSE(put(ledger_, finished(make_execution(kNs, "ours", 10))));
}

TEST_P(LedgerContract, LimitsAreChecked) {
  const auto code_of = [&](const ExecutionPageRequest& page) {
    const auto result = ledger_.list(filter_of(kNs), page);
    return result ? std::string("accepted") : result.error().location;
  };
  EXPECT_EQ(code_of(page_of(0)), "limit");
  EXPECT_EQ(code_of(page_of(1001)), "limit");
  EXPECT_EQ(code_of(page_of(1000)), "accepted");
  EXPECT_EQ(code_of(page_of(1, 10'001)), "offset");
  EXPECT_EQ(code_of(page_of(1, 10'000)), "accepted");
}

TEST_P(LedgerContract, ABadExecutionLeavesNothingOfItsBatch) {
  const auto refused = [&](Execution bad) {
    const std::vector<LedgerWrite> writes = {finished(make_execution(kNs, "good", 1)),
                                             finished(std::move(bad))};
    const auto result = ledger_.commit(writes);
    EXPECT_FALSE(result);
    EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 0u);
    return result ? std::string() : result.error().location;
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
  EXPECT_EQ(ledger_.list(filter_of(kNs), page_of(9)).value().row_count, 1u);
  EXPECT_TRUE(ledger_.find(kNs, ExecutionId("e")).value());
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
    ASSERT_EQ(ledger_.commit(writes).value(), reference.commit(writes).value());
    if (random() % 25 == 0) {
      ASSERT_EQ(ledger_.recover().value(), reference.recover().value());
    }
    if (random() % 40 == 0) {
      auto& gone = namespaces[random() % 2];
      ASSERT_TRUE(ledger_.remove_namespace(gone));
      ASSERT_TRUE(reference.remove_namespace(gone));
      gone = NamespaceId("ns_" + std::to_string(round));
    }
    if (random() % 10 == 0) ledger_.maintain();
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
      const auto got = ledger_.list(filter, page).value();
      const auto want = reference.list(filter, page).value();
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

// Goal: page and total are of one state, while a writer is at work. Method: every batch
// keeps the number of executions a multiple of ten.
// Goal: anyone who was told of a change sees it in the next list, however often the same
// page was asked for before.
TEST_P(LedgerContract, EveryChangeShowsInTheNextPage) {
  ExecutionFilter completed = filter_of(kNs);
  completed.status = status::kCompleted;
  const auto see = [&] {
    std::vector<std::string> seen;
    for (int again = 0; again < 2; ++again) {
      for (const auto& filter : {filter_of(kNs), completed, filter_of(kOther)}) {
        for (const std::uint32_t limit : {1u, 5u}) {
          const auto page = ledger_.list(filter, page_of(limit)).value();
          seen.push_back(std::to_string(page.total) + page.rows);
        }
      }
    }
    for (std::size_t i = 0; i < seen.size() / 2; ++i) {
      EXPECT_EQ(seen[i], seen[i + seen.size() / 2]);
    }
    return seen;
  };
  std::vector<std::string> before = see();
  const auto changes = [&](std::string_view what) {
    auto now = see();
    EXPECT_NE(now, before) << what;
    before = std::move(now);
  };
  put(ledger_, started(make_execution(kNs, "a", 1)));
  changes("a start");
  put(ledger_, finished(make_execution(kNs, "a", 1)));
  changes("an end");
  put(ledger_, imported(make_execution(kOther, "b", 2)));
  changes("an import");
  put(ledger_, started(make_execution(kNs, "c", 3)));
  changes("another start");
  EXPECT_EQ(ledger_.recover().value(), 1u);
  changes("a recovery");
  put(ledger_, finished(make_execution(kNs, "d", 4)));
  changes("another end");
  EXPECT_EQ(ledger_.remove(completed, 1).value(), 1u);
  changes("a removal");
  RetentionPolicy policy;
  policy.max_count = 1;
  EXPECT_EQ(ledger_.prune(kNs, policy, 100, 10).value().total(), 1u);
  changes("retention");
  ASSERT_TRUE(ledger_.remove_namespace(kOther));
  changes("the end of a namespace");
}

TEST_P(LedgerContract, PageAndTotalAreOfOneState) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<LedgerWrite> writes;
      for (int i = 0; i < 10; ++i) {
        writes.push_back(finished(make_execution(kNs, "e" + std::to_string(batch * 10 + i),
                                                 batch * 7 * kMicrosPerSecond)));
      }
      EXPECT_TRUE(ledger_.commit(writes));
    }
    stop = true;
  });
  std::uint64_t last = 0;
  while (!stop) {
    const auto page = ledger_.list(filter_of(kNs), page_of(1000)).value();
    EXPECT_EQ(page.total, page.row_count);
    EXPECT_EQ(page.total % 10, 0u);
    EXPECT_GE(page.total, last);
    last = page.total;
    ledger_.maintain();
  }
  writer.join();
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 400u);
}

// Goal: a clock that is set back neither hides nor doubles an execution for who follows
// pages, and the list stays in order. Method: a clock that jumps to and fro, pages of every
// size in both directions, and new executions before and behind the place between any two.
TEST_P(LedgerContract, AClockThatStepsBackLeavesPagesInOrder) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  TimeUs clock = 1'770'000'000'000'000;
  std::string newest_id;
  std::map<std::string, TimeUs> recorded;
  const auto record = [&] {
    // In whole seconds, so the same instant comes again, and rarely far.
    clock += (static_cast<TimeUs>(random() % 13) - 6) * kMicrosPerSecond;
    if (random() % 20 == 0) clock -= 400 * kMicrosPerDay;
    const std::string id = make_execution_id(clock).str();
    EXPECT_GT(id, newest_id);
    newest_id = id;
    auto execution = make_execution(kNs, id, clock, status::kProcessing);
    EXPECT_TRUE(put(ledger_, started(execution)));
    execution.summary.status = status::kCompleted;
    EXPECT_TRUE(put(ledger_, finished(std::move(execution))));
    recorded[id] = clock;
  };
  for (int i = 0; i < 60; ++i) record();
  for (const bool ascending : {false, true}) {
    for (const std::uint32_t limit : {1u, 3u, 20u, 61u}) {
      SCOPED_TRACE("limit " + std::to_string(limit));
      const auto before = recorded;
      std::vector<std::pair<TimeUs, std::string>> seen;
      auto request = page_of(limit);
      request.ascending = ascending;
      while (true) {
        const auto page = ledger_.list(filter_of(kNs), request).value();
        EXPECT_EQ(page.total, recorded.size());
        for (const auto& row : summaries_of(page)) {
          seen.emplace_back(row.timestamp, row.execution_id.str());
        }
        if (!page.has_more) break;
        request.after = page.last;
        // An ascending list that grows at its end is never done; these stop.
        if (recorded.size() < before.size() + 40) record();
      }
      auto sorted = seen;
      std::sort(sorted.begin(), sorted.end());
      if (!ascending) std::reverse(sorted.begin(), sorted.end());
      EXPECT_EQ(seen, sorted);
      EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
      for (const auto& [id, time] : before) {
        EXPECT_EQ(std::count(seen.begin(), seen.end(), std::pair(time, id)), 1) << id;
      }
      ledger_.maintain();
    }
  }
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

INSTANTIATE_TEST_SUITE_P(
    Backends, LedgerContract,
    testing::Values(Backend{"memory",
                            [](const test::ScratchDirectory&) -> std::unique_ptr<Ledger> {
                              return std::make_unique<MemoryLedger>();
                            }},
                    Backend{
                        "sqlite",
                        [](const test::ScratchDirectory& directory) {
                          return open_sqlite_ledger(directory.file("ledger.db")).value();
                        }}),
    [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace trawl::ledger_contract_test
