#include "runtime/deadline.h"

#include <gtest/gtest.h>

#include <chrono>

namespace trawl::deadline_test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

TEST(Deadline, NoneNeverPasses) {
  const Deadline none;
  EXPECT_TRUE(none.is_none());
  EXPECT_FALSE(none.passed());
  EXPECT_EQ(none.remaining(), microseconds::max());
}

TEST(Deadline, SaysWhatIsLeft) {
  const Deadline deadline = Deadline::after(hours(1));
  EXPECT_FALSE(deadline.is_none());
  EXPECT_FALSE(deadline.passed());
  EXPECT_LE(deadline.remaining(), hours(1));
  EXPECT_GT(deadline.remaining(), minutes(30));
}

TEST(Deadline, PassesAndThenNothingIsLeft) {
  for (const Deadline passed :
       {Deadline::after(microseconds(0)), Deadline::after(-hours(1)),
        Deadline::after(microseconds::min()), Deadline(Deadline::Clock::now() - hours(1)),
        Deadline(Deadline::Clock::time_point::min())}) {
    EXPECT_FALSE(passed.is_none());
    EXPECT_TRUE(passed.passed());
    EXPECT_EQ(passed.remaining(), microseconds(0));
  }
}

// "No limit" is often said as the largest number there is.
TEST(Deadline, WhatIsTooFarAwayIsNone) {
  EXPECT_TRUE(Deadline::after(microseconds::max()).is_none());
  EXPECT_FALSE(Deadline::after(hours(24 * 365 * 100)).is_none());
}

TEST(Deadline, TheEarlierCounts) {
  const Deadline soon = Deadline::after(minutes(1));
  const Deadline later = Deadline::after(minutes(2));
  EXPECT_EQ(earlier(soon, later), soon);
  EXPECT_EQ(earlier(later, soon), soon);
  EXPECT_EQ(earlier(Deadline(), later), later);
  EXPECT_EQ(earlier(later, Deadline()), later);
  EXPECT_TRUE(earlier(Deadline(), Deadline()).is_none());
}

}  // namespace
}  // namespace trawl::deadline_test
