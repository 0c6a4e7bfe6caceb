#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/ledger_contract_test_support.h"
#include "ledger/ledger_test_data.h"
#include "ledger/rendered.h"

namespace trawl::ledger_modes_test {
namespace {

using test::filter_of;
using test::finished;
using test::LedgerContract;
using test::make_execution;
using test::page_of;
using test::put;

constexpr std::string_view kModes[] = {"adhoc", "adhoc", "adhoc", "replay", "fork", "odd"};

Execution execution_of(const NamespaceId& ns, const std::string& id, TimeUs time,
                       std::string_view mode, const std::string& status = "completed") {
  Execution out = make_execution(ns, id, time, status);
  out.summary.execution_mode = mode;
  return out;
}

ModeKinds some_kinds(std::mt19937_64& random) {
  ModeKinds out = ModeKinds::none();
  for (ModeKind kind = 0; kind < kModeKinds; ++kind) {
    if (random() % 2 == 0) out.add(kind);
  }
  return out;
}

// Goal: whatever kinds are asked for, pages and totals are those of a brute count: in any
// range, from any offset, while executions end, are deleted, and are kept in groups.
TEST_P(LedgerContract, ListsOfSomeModes) {
  SCOPED_TRACE("seed " + std::to_string(seed()));
  std::mt19937_64 random(seed());
  struct Kept {
    std::string id;
    TimeUs time;
    std::string mode;
    std::string status;
  };
  const std::string statuses[] = {"completed", "failed", "strange ✓"};
  std::vector<Kept> all;
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 600; ++i) {
    // A few hours and days, so that ranges cut minutes as well as they take days whole.
    const TimeUs time = 1'700'000'000'000'000 +
                        static_cast<TimeUs>(random() % 4) * kMicrosPerDay +
                        static_cast<TimeUs>(random() % 240) * 20 * kMicrosPerSecond;
    all.push_back({"e" + std::to_string(i), time,
                   std::string(kModes[random() % std::size(kModes)]),
                   statuses[random() % std::size(statuses)]});
    const Kept& kept = all.back();
    if (random() % 4 == 0) {
      writes.push_back(
          {LedgerWrite::Kind::started, execution_of(kNs, kept.id, kept.time, kept.mode)});
    }
    writes.push_back(
        finished(execution_of(kNs, kept.id, kept.time, kept.mode, kept.status)));
    writes.push_back(finished(execution_of(kOther, kept.id, kept.time, "adhoc")));
  }
  ASSERT_TRUE(test::append(ledger_, writes));

  const auto check_some = [&] {
    for (int i = 0; i < 150; ++i) {
      auto filter = filter_of(kNs);
      filter.modes = some_kinds(random);
      if (random() % 3 != 0) filter.start_time = all[random() % all.size()].time;
      if (random() % 3 != 0) filter.end_time = all[random() % all.size()].time;
      if (random() % 3 == 0) filter.status = statuses[random() % std::size(statuses)];
      std::vector<Kept> wanted;
      for (const Kept& one : all) {
        if (filter.modes.has(mode_kind(one.mode)) &&
            (!filter.start_time || one.time >= *filter.start_time) &&
            (!filter.end_time || one.time <= *filter.end_time) &&
            (!filter.status || one.status == *filter.status)) {
          wanted.push_back(one);
        }
      }
      ExecutionPageRequest page = page_of(1000);
      page.offset = random() % 2 == 0 ? 0 : static_cast<std::uint32_t>(random() % 50);
      page.ascending = random() % 4 == 0;
      const auto found = list_json(ledger_, filter, page).value();
      const std::size_t rows =
          wanted.size() > page.offset ? wanted.size() - page.offset : 0;
      ASSERT_EQ(found.total, wanted.size()) << filter.modes.bits();
      ASSERT_EQ(found.row_count, rows) << filter.modes.bits();
      ASSERT_EQ(ledger_.aggregate(filter, {}).value().total.count, wanted.size());
      std::size_t scanned = 0;
      ASSERT_TRUE(ledger_.scan(filter, {}, [&](const ScannedExecution& one) {
        ++scanned;
        EXPECT_TRUE(filter.modes.has(mode_kind(one.execution.summary.execution_mode)));
        return Result<bool>(true);
      }));
      ASSERT_EQ(scanned, wanted.size());
    }
    // The other namespace has nothing that descends.
    auto other = filter_of(kOther);
    other.modes = ModeKinds::own();
    ASSERT_EQ(list_json(ledger_, other, page_of(1)).value().total, 600u);
    other.modes = ModeKinds::none();
    other.modes.add(mode_kind("replay"));
    ASSERT_EQ(list_json(ledger_, other, page_of(1)).value().total, 0u);
  };
  check_some();
  auto gone = filter_of(kNs);
  gone.modes = ModeKinds::none();
  gone.modes.add(mode_kind("replay"));
  gone.status = "failed";
  const auto removed = ledger_.remove(gone, 1000).value();
  const auto before = all.size();
  std::erase_if(
      all, [](const Kept& one) { return one.mode == "replay" && one.status == "failed"; });
  ASSERT_EQ(removed, before - all.size());
  maintain();
  check_some();
}

// Goal: pages do not end where thousands of replays stand before the next row, and follow
// each other as ever.
TEST_P(LedgerContract, ManyReplaysInARowAreLeftOut) {
  std::vector<LedgerWrite> writes;
  TimeUs time = 1'700'000'000'000'000;
  const auto add = [&](int count, std::string_view mode) {
    for (int i = 0; i < count; ++i, time += kMicrosPerSecond) {
      writes.push_back(
          finished(execution_of(kNs, "e" + std::to_string(writes.size()), time, mode)));
    }
  };
  add(30, "adhoc");
  add(5'000, "replay");
  add(7, "adhoc");
  ASSERT_TRUE(test::append(ledger_, writes));
  for (int round = 0; round < 2; ++round) {
    auto filter = filter_of(kNs);
    filter.modes = ModeKinds::own();
    ExecutionPageRequest page = page_of(10);
    std::vector<std::string> ids;
    while (true) {
      const auto found = list_json(ledger_, filter, page).value();
      EXPECT_EQ(found.total, 37u);
      for (auto& id : test::ids_of(found)) ids.push_back(std::move(id));
      if (!found.has_more) break;
      page.after = found.last;
    }
    ASSERT_EQ(ids.size(), 37u);
    EXPECT_EQ(ids.front(), "e5036");
    EXPECT_EQ(ids[7], "e29");
    EXPECT_EQ(ids.back(), "e0");
    filter.modes = ModeKinds::all();
    EXPECT_EQ(list_json(ledger_, filter, page_of(1)).value().total, 5'037u);
    maintain();
  }
}

}  // namespace
}  // namespace trawl::ledger_modes_test
