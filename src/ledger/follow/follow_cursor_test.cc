#include "ledger/follow/follow_cursor.h"

#include <gtest/gtest.h>

#include "base/golden_test_support.h"

namespace trawl::follow_cursor_test {
namespace {

constexpr TimeUs kSecond = kMicrosPerSecond;
constexpr TimeUs kNow = 1'000'000 * kSecond;

FollowCursor sample() {
  FollowCursor cursor;
  cursor.epoch = 0xFEDCBA9876543210;
  cursor.sent_all = 7;
  cursor.sent_to_place = 9;
  cursor.place = {kNow, ExecutionId("exec_m")};
  cursor.as_of = kNow;
  cursor.running_since = kNow - 60 * kSecond;
  return cursor;
}

FollowRow row(TimeUs time, TimeUs duration_us, const std::string& id = "exec_a") {
  FollowRow row;
  row.key = {time, ExecutionId(id)};
  row.duration_us = duration_us;
  return row;
}

// Readers that were cut off come back with them, after an upgrade too.
TEST(FollowCursor, BytesAreAsEver) {
  const std::string today = encode_follow_cursor(sample());
  const std::string golden = test::golden_text("tail_cursor.txt", today);
  EXPECT_EQ(today, golden);
  EXPECT_EQ(decode_follow_cursor(golden).value(), sample());
}

TEST(FollowCursor, SurvivesItsText) {
  for (FollowCursor cursor : {sample(), follow_cursor_since(kTimeMin), FollowCursor{}}) {
    const auto back = decode_follow_cursor(encode_follow_cursor(cursor));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, cursor);
  }
}

TEST(FollowCursor, RefusesEverythingElse) {
  const std::string text = encode_follow_cursor(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(decode_follow_cursor(damaged)) << i;
    EXPECT_FALSE(decode_follow_cursor(text.substr(0, i))) << i;
  }
  FollowCursor late = sample();
  late.as_of = kTimeMax + 1;
  EXPECT_FALSE(decode_follow_cursor(encode_follow_cursor(late)));
  for (const char* other : {"", "-24h", "2026-01-31", "1769853600", "=", "é"}) {
    EXPECT_FALSE(decode_follow_cursor(other)) << other;
  }
}

TEST(FollowCursor, SequenceNumbersDecideWhereTheyAreKnown) {
  const FollowCursor cursor = sample();
  const FollowRow old = row(kNow - 3600 * kSecond, 1);
  EXPECT_FALSE(is_due(cursor, old, 9));
  EXPECT_TRUE(is_due(cursor, old, 10)) << "recorded long after its time";
  const FollowRow newer = row(kNow, 1, "exec_n");
  EXPECT_FALSE(is_due(cursor, newer, 7));
  EXPECT_TRUE(is_due(cursor, newer, 8)) << "not reached when going back broke off";
}

TEST(FollowCursor, TimesDecideOtherwise) {
  const FollowCursor cursor = sample();
  const auto due = [&](const FollowRow& r) { return is_due(cursor, r, std::nullopt); };
  EXPECT_TRUE(due(row(kNow, 0, "exec_n")));
  EXPECT_TRUE(due(row(kNow + 1, 0)));
  // Started long before, and ended before, about then, and after.
  EXPECT_FALSE(due(row(kNow - 50 * kSecond, 39 * kSecond)));
  EXPECT_TRUE(due(row(kNow - 50 * kSecond, 41 * kSecond)));
  EXPECT_TRUE(due(row(kNow - 50 * kSecond, 90 * kSecond)));
  FollowRow running = row(kNow - 50 * kSecond, 0);
  running.running = true;
  EXPECT_FALSE(due(running)) << "its start was sent";
  running.key.timestamp = kNow - 5 * kSecond;
  EXPECT_TRUE(due(running));
  FollowRow interrupted = row(kNow - 50 * kSecond, 0);
  interrupted.failed = true;
  EXPECT_TRUE(due(interrupted)) << "ended by the start after a crash";
}

TEST(FollowCursor, ATimeMeansAllThatStartedThenOrLater) {
  const FollowCursor cursor = follow_cursor_since(kNow);
  EXPECT_FALSE(is_due(cursor, row(kNow - 1, 3600 * kSecond), std::nullopt));
  EXPECT_TRUE(is_due(cursor, row(kNow, 1), std::nullopt));
  EXPECT_TRUE(is_due(cursor, row(kNow + 1, 1), std::nullopt));
}

}  // namespace
}  // namespace trawl::follow_cursor_test
