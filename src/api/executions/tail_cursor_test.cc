#include "api/executions/tail_cursor.h"

#include <gtest/gtest.h>

#include "base/golden_test_support.h"

namespace trawl::api::tail_cursor_test {
namespace {

constexpr TimeUs kSecond = kMicrosPerSecond;
constexpr TimeUs kNow = 1'000'000 * kSecond;

TailCursor sample() {
  TailCursor cursor;
  cursor.epoch = 0xFEDCBA9876543210;
  cursor.sent_all = 7;
  cursor.sent_to_place = 9;
  cursor.place = {kNow, ExecutionId("exec_m")};
  cursor.as_of = kNow;
  cursor.running_since = kNow - 60 * kSecond;
  return cursor;
}

TailRow row(TimeUs time, TimeUs duration_us, const std::string& id = "exec_a") {
  TailRow row;
  row.key = {time, ExecutionId(id)};
  row.duration_us = duration_us;
  return row;
}

// Readers that were cut off come back with them, after an upgrade too.
TEST(TailCursor, BytesAreAsEver) {
  const std::string today = encode_tail_cursor(sample());
  const std::string golden = test::golden_text("tail_cursor.txt", today);
  EXPECT_EQ(today, golden);
  EXPECT_EQ(decode_tail_cursor(golden).value(), sample());
}

TEST(TailCursor, SurvivesItsText) {
  for (TailCursor cursor : {sample(), tail_cursor_since(kTimeMin), TailCursor{}}) {
    const auto back = decode_tail_cursor(encode_tail_cursor(cursor));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, cursor);
  }
}

TEST(TailCursor, RefusesEverythingElse) {
  const std::string text = encode_tail_cursor(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(decode_tail_cursor(damaged)) << i;
    EXPECT_FALSE(decode_tail_cursor(text.substr(0, i))) << i;
  }
  TailCursor late = sample();
  late.as_of = kTimeMax + 1;
  EXPECT_FALSE(decode_tail_cursor(encode_tail_cursor(late)));
  for (const char* other : {"", "-24h", "2026-01-31", "1769853600", "=", "é"}) {
    EXPECT_FALSE(decode_tail_cursor(other)) << other;
  }
}

TEST(TailCursor, SequenceNumbersDecideWhereTheyAreKnown) {
  const TailCursor cursor = sample();
  const TailRow old = row(kNow - 3600 * kSecond, 1);
  EXPECT_FALSE(is_due(cursor, old, 9));
  EXPECT_TRUE(is_due(cursor, old, 10)) << "recorded long after its time";
  const TailRow newer = row(kNow, 1, "exec_n");
  EXPECT_FALSE(is_due(cursor, newer, 7));
  EXPECT_TRUE(is_due(cursor, newer, 8)) << "not reached when going back broke off";
}

TEST(TailCursor, TimesDecideOtherwise) {
  const TailCursor cursor = sample();
  const auto due = [&](const TailRow& r) { return is_due(cursor, r, std::nullopt); };
  EXPECT_TRUE(due(row(kNow, 0, "exec_n")));
  EXPECT_TRUE(due(row(kNow + 1, 0)));
  // Started long before, and ended before, about then, and after.
  EXPECT_FALSE(due(row(kNow - 50 * kSecond, 39 * kSecond)));
  EXPECT_TRUE(due(row(kNow - 50 * kSecond, 41 * kSecond)));
  EXPECT_TRUE(due(row(kNow - 50 * kSecond, 90 * kSecond)));
  TailRow running = row(kNow - 50 * kSecond, 0);
  running.running = true;
  EXPECT_FALSE(due(running)) << "its start was sent";
  running.key.timestamp = kNow - 5 * kSecond;
  EXPECT_TRUE(due(running));
  TailRow interrupted = row(kNow - 50 * kSecond, 0);
  interrupted.failed = true;
  EXPECT_TRUE(due(interrupted)) << "ended by the start after a crash";
}

TEST(TailCursor, ATimeMeansAllThatStartedThenOrLater) {
  const TailCursor cursor = tail_cursor_since(kNow);
  EXPECT_FALSE(is_due(cursor, row(kNow - 1, 3600 * kSecond), std::nullopt));
  EXPECT_TRUE(is_due(cursor, row(kNow, 1), std::nullopt));
  EXPECT_TRUE(is_due(cursor, row(kNow + 1, 1), std::nullopt));
}

}  // namespace
}  // namespace trawl::api::tail_cursor_test
