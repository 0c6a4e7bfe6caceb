#include "net/retry.h"

#include <gtest/gtest.h>

namespace trawl::net {
namespace {

using std::chrono::milliseconds;

TEST(Retry, WaitsLongerEachTimeUpToABound) {
  const RetryPolicy policy{
      .retries_max = 10, .first_wait = milliseconds(100), .wait_max = milliseconds(500)};
  const auto longest = [&](std::uint32_t retries) {
    return retry_wait(policy, retries, 0.999'999, {}).count();
  };
  EXPECT_EQ(longest(0), 99);
  EXPECT_EQ(longest(1), 199);
  EXPECT_EQ(longest(2), 399);
  EXPECT_EQ(longest(3), 499);
  EXPECT_EQ(longest(4'000'000'000), 499);
  EXPECT_EQ(retry_wait(policy, 3, 0, {}), milliseconds(0));
}

TEST(Retry, IsNeverShorterThanWhatWasAskedFor) {
  const RetryPolicy policy;
  EXPECT_EQ(retry_wait(policy, 0, 0, milliseconds(2'000)), milliseconds(2'000));
  EXPECT_EQ(retry_wait(policy, 9, 0.5, milliseconds(2'000)), milliseconds(2'250));
}

TEST(Retry, ReadsSecondsAndDates) {
  constexpr TimeUs kNow = 784'111'777 * kMicrosPerSecond;  // 06 Nov 1994 08:49:37.
  EXPECT_EQ(parse_retry_after("7", kNow), milliseconds(7'000));
  EXPECT_EQ(parse_retry_after(" 0 ", kNow), milliseconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", kNow), milliseconds(10'000));
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:38 GMT", kNow), milliseconds(1'000));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", kNow), milliseconds(0));
  constexpr milliseconds kDay{86'400'000};
  EXPECT_EQ(parse_retry_after("99999999999999999999999", kNow), kDay);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:49:37 GMT", kNow), kDay);
  for (const char* text : {"", "soon", "-1", "1.5", "7 s"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow)) << text;
  }
}

}  // namespace
}  // namespace trawl::net
