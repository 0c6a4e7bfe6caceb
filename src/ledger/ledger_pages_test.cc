#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"
#include "ledger/rendered.h"

namespace trawl::ledger_pages_test {
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
using test::summaries_of;

std::vector<std::string> follow_pages(
    const Ledger& ledger, const ExecutionFilter& filter, std::uint32_t limit,
    const std::function<void()>& between = [] {}) {
  std::vector<std::string> out;
  std::optional<ExecutionKey> after;
  while (true) {
    const auto page = list_json(ledger, filter, page_of(limit, 0, after)).value();
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
  const auto page = list_json(ledger_, filter_of(kNs), page_of(20)).value();
  EXPECT_EQ(page.rows, "");
  EXPECT_EQ(page.row_count, 0u);
  EXPECT_EQ(page.total, 0u);
  EXPECT_FALSE(page.has_more);
  EXPECT_FALSE(page.last);
  EXPECT_FALSE(ledger_.find(kNs, ExecutionId("e")).value());
  EXPECT_EQ(ledger_.recover().value(), 0u);
  EXPECT_TRUE(test::append(ledger_, {}).value().empty());
}

TEST_P(LedgerContract, PageIsTheRowsAsTheyAreServed) {
  std::mt19937_64 random(seed());
  Execution first = test::random_execution(random);
  Execution second = test::random_execution(random);
  first.namespace_id = second.namespace_id = kNs;
  second.summary.timestamp = first.summary.timestamp - 1;
  put(ledger_, finished(second));
  put(ledger_, finished(first));
  const auto page = list_json(ledger_, filter_of(kNs), page_of(20)).value();
  EXPECT_EQ(page.rows,
            execution_row_json(first.summary) + "," + execution_row_json(second.summary));
  EXPECT_EQ(page.last,
            (ExecutionKey{second.summary.timestamp, second.summary.execution_id}));
}

std::string rendered(const ExecutionPage& page, bool detail) {
  std::string out;
  for (const Execution& execution : page.executions) {
    if (!out.empty()) out.push_back(',');
    out +=
        detail ? execution_detail_json(execution) : execution_row_json(execution.summary);
  }
  return out;
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
  ASSERT_TRUE(test::append(ledger_, writes));
  auto searched = filter_of(kNs);
  searched.execution_ids = {ExecutionId("exec_1"), ExecutionId("exec_4"),
                            ExecutionId("exec_7")};
  for (const auto& filter : {filter_of(kNs), searched}) {
    for (const auto sort : {ExecutionSort::timestamp, ExecutionSort::duration_ms}) {
      for (const std::uint32_t offset : {0U, 1U}) {
        ExecutionPageRequest request = page_of(5, offset);
        request.sort = sort;
        const auto rows = list_json(ledger_, filter, request).value();
        request.detail = true;
        const auto details = list_json(ledger_, filter, request).value();
        EXPECT_EQ(details.row_count, rows.row_count);
        EXPECT_EQ(details.total, rows.total);
        EXPECT_EQ(details.has_more, rows.has_more);
        EXPECT_EQ(details.last, rows.last);
        std::string expected;
        for (const std::string& id : ids_of(rows)) {
          if (!expected.empty()) expected += ',';
          expected += find_json(ledger_, kNs, ExecutionId(id)).value().value();
        }
        EXPECT_EQ(details.rows, expected);
        // As values they say the same.
        const ExecutionPage values = ledger_.list(filter, request).value();
        EXPECT_EQ(values.total, details.total);
        EXPECT_EQ(values.last, details.last);
        EXPECT_EQ(rendered(values, true), expected);
        request.detail = false;
        EXPECT_EQ(rendered(ledger_.list(filter, request).value(), false), rows.rows);
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
  ASSERT_TRUE(test::append(ledger_, writes));
  std::sort(keys.begin(), keys.end(), std::greater<>());
  std::vector<std::string> all;
  for (const auto& key : keys) all.push_back(key.execution_id.str());

  auto failed = filter_of(kNs);
  failed.status = status::kFailed;
  const auto all_failed = ids_of(list_json(ledger_, failed, page_of(100)).value());
  EXPECT_GT(all_failed.size(), 3u);
  for (std::uint32_t limit = 1; limit <= 44; ++limit) {
    SCOPED_TRACE("limit " + std::to_string(limit));
    EXPECT_EQ(follow_pages(ledger_, filter_of(kNs), limit), all);
    EXPECT_EQ(follow_pages(ledger_, failed, limit), all_failed);
    // By offset, every page is the same and says the same of what follows it.
    std::optional<ExecutionKey> after;
    for (std::uint32_t offset = 0; offset <= 44; offset += limit) {
      const auto by_offset =
          list_json(ledger_, filter_of(kNs), page_of(limit, offset)).value();
      EXPECT_EQ(by_offset.total, 43u);
      EXPECT_EQ(by_offset.has_more, offset + limit < 43);
      if (offset > 0 && !after) {
        EXPECT_EQ(by_offset.row_count, 0u);
        continue;
      }
      const auto by_cursor =
          list_json(ledger_, filter_of(kNs), page_of(limit, 0, after)).value();
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
    return ids_of(list_json(ledger_, filter_of(kNs),
                            page_of(9, 0, ExecutionKey{time, ExecutionId(id)}))
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
      list_json(ledger_, filter, page_of(9, 0, ExecutionKey{30, ExecutionId("x")})).value();
  EXPECT_EQ(ids_of(page), (Ids{"e20"}));
  EXPECT_EQ(page.total, 1u);
  EXPECT_EQ(
      ids_of(list_json(ledger_, filter, page_of(9, 0, ExecutionKey{5, ExecutionId("x")}))
                 .value()),
      (Ids{}));
}

TEST_P(LedgerContract, LimitsAreChecked) {
  const auto code_of = [&](const ExecutionPageRequest& page) {
    const auto result = list_json(ledger_, filter_of(kNs), page);
    return result ? std::string("accepted") : result.error().location;
  };
  EXPECT_EQ(code_of(page_of(0)), "limit");
  EXPECT_EQ(code_of(page_of(1001)), "limit");
  EXPECT_EQ(code_of(page_of(1000)), "accepted");
  EXPECT_EQ(code_of(page_of(1, 10'001)), "offset");
  EXPECT_EQ(code_of(page_of(1, 10'000)), "accepted");
}

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
          const auto page = list_json(ledger_, filter, page_of(limit)).value();
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
        const auto page = list_json(ledger_, filter_of(kNs), request).value();
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
      maintain();
    }
  }
}

}  // namespace
}  // namespace trawl::ledger_pages_test
