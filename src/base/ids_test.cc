#include "base/ids.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

namespace trawl::ids_test {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::uint64_t millis_of(std::string_view digits) {
  std::uint64_t millis = 0;
  for (std::size_t i = 0; i < 10; ++i) millis = millis * 32 + kCrockford.find(digits[i]);
  return millis;
}

TEST(Ids, LookLikeTheContractSays) {
  const std::string id = make_execution_id(system_clock().now()).str();
  ASSERT_EQ(id.size(), 5u + 26u);
  EXPECT_EQ(id.substr(0, 5), "exec_");
  for (const char c : id.substr(5))
    EXPECT_NE(kCrockford.find(c), std::string_view::npos) << id;

  const std::string random = make_random_id("doc_", 14);
  ASSERT_EQ(random.size(), 18u);
  EXPECT_EQ(random.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
            std::string::npos);
  EXPECT_EQ(make_random_id("x_", 0), "x_");
}

// Goal: ids only grow, whatever the clock does. Method: a clock that stands, jumps ahead
// and steps back at random.
TEST(Ids, GrowEvenWhenTheClockStepsBack) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  TimeUs now = system_clock().now();
  std::string previous = make_sortable_id("", now);
  for (int i = 0; i < 20'000; ++i) {
    switch (rng() % 4) {
      case 0:
        now += 1;
        break;
      case 1:
        now += 5'000;
        break;
      case 2:
        now -= static_cast<TimeUs>(rng() % 10'000'000);
        break;
      default:
        break;
    }
    std::string id = make_sortable_id("", now);
    ASSERT_LT(previous, id);
    previous = std::move(id);
  }
  EXPECT_LT(previous, make_sortable_id("", -5));  // A time before 1970 is as good as any.
}

TEST(Ids, CarryTheTimeInFront) {
  // Later than every other time in these tests, so the clock is what counts.
  const TimeUs far = kTimeMax - kMicrosPerDay;
  const std::string id = make_sortable_id("", far);
  EXPECT_EQ(millis_of(id), static_cast<std::uint64_t>(far) / 1000);
  const std::string next = make_sortable_id("", far + 1000);
  EXPECT_EQ(millis_of(next), static_cast<std::uint64_t>(far) / 1000 + 1);
}

TEST(Ids, AreUniqueAcrossThreads) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 2000; ++i)
        ids.push_back(make_sortable_id("", system_clock().now()));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& ids : made) {
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), 8000u);
}

// A digit that is drawn too often shows bias in taking bytes modulo 36.
TEST(Ids, RandomDigitsAreEven) {
  std::array<int, 256> counts{};
  const std::string id = make_random_id("", 360'000);
  for (const unsigned char c : id) ++counts[c];
  for (const unsigned char c : std::string("abcdefghijklmnopqrstuvwxyz0123456789")) {
    EXPECT_NEAR(counts[c], 10'000, 700) << c;
  }
}

}  // namespace
}  // namespace trawl::ids_test
