#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"
#include "ledger/rendered.h"

namespace trawl::ledger_totals_test {
namespace {

using test::filter_of;
using test::finished;
using test::LedgerContract;
using test::make_execution;
using test::page_of;
using test::put;
using test::total_of;

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
  ASSERT_TRUE(test::append(ledger_, writes));
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
    const auto page = list_json(ledger_, filter, page_of(1000)).value();
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

// Goal: page and total are of one state, while a writer is at work. Method: every batch
// keeps the number of executions a multiple of ten.
TEST_P(LedgerContract, PageAndTotalAreOfOneState) {
  if (!ledger_.traits().transactional) GTEST_SKIP() << "they may be of two";
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<LedgerWrite> writes;
      for (int i = 0; i < 10; ++i) {
        writes.push_back(finished(make_execution(kNs, "e" + std::to_string(batch * 10 + i),
                                                 batch * 7 * kMicrosPerSecond)));
      }
      EXPECT_TRUE(test::append(ledger_, writes));
    }
    stop = true;
  });
  std::uint64_t last = 0;
  while (!stop) {
    const auto page = list_json(ledger_, filter_of(kNs), page_of(1000)).value();
    EXPECT_EQ(page.total, page.row_count);
    EXPECT_EQ(page.total % 10, 0u);
    EXPECT_GE(page.total, last);
    last = page.total;
    maintain();
  }
  writer.join();
  EXPECT_EQ(total_of(ledger_, filter_of(kNs)), 400u);
}

}  // namespace
}  // namespace trawl::ledger_totals_test
