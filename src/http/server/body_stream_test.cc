#include "http/server/body_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace trawl::http::body_stream_test {
namespace {

TEST(BodyStream, DeliversInOrderThenTheEndForGood) {
  BodyStream stream([] { return true; });
  EXPECT_FALSE(stream.wants_data());  // Nobody has asked yet.
  stream.push("ab");
  stream.push("cd");
  EXPECT_EQ(stream.read().value(), "abcd");
  EXPECT_TRUE(stream.wants_data());
  stream.finish();
  EXPECT_EQ(stream.read().value(), "");
  EXPECT_EQ(stream.read().value(), "");
  EXPECT_FALSE(stream.wants_data());
  stream.fail(make_error(ErrorCode::cancelled, "too late"));
  EXPECT_EQ(stream.read().value(), "");
}

TEST(BodyStream, AnErrorComesAfterWhatArrived) {
  BodyStream stream([] { return true; });
  stream.push("ab");
  stream.fail(make_error(ErrorCode::timeout, "slow"));
  stream.fail(make_error(ErrorCode::cancelled, "second"));
  stream.push("lost");
  stream.finish();
  EXPECT_EQ(stream.read().value(), "ab");
  EXPECT_EQ(stream.read().error().code, ErrorCode::timeout);
  EXPECT_EQ(stream.read().error().code, ErrorCode::timeout);
}

TEST(BodyStream, PiecesAndTheirSumAreBounded) {
  int wakes = 0;
  BodyStream stream([&] {
    ++wakes;
    return true;
  });
  stream.push("x");
  EXPECT_EQ(stream.read().value(), "x");
  EXPECT_EQ(wakes, 1);
  std::size_t pushed = 0;
  const std::string some(60'000, 'y');
  while (stream.wants_data()) {
    stream.push(some);
    pushed += some.size();
  }
  EXPECT_LT(pushed, BodyStream::kPieceBytesMax + some.size());
  EXPECT_EQ(stream.read()->size(), BodyStream::kPieceBytesMax);
  EXPECT_EQ(wakes, 2);  // Room again: the connection is told.
  EXPECT_TRUE(stream.wants_data());
  EXPECT_EQ(stream.read()->size(), pushed - BodyStream::kPieceBytesMax);
  EXPECT_EQ(wakes, 2);
}

TEST(BodyStream, AConnectionThatIsGoneCancels) {
  BodyStream stream([] { return false; });
  EXPECT_EQ(stream.read().error().code, ErrorCode::cancelled);
}

TEST(BodyStream, WakesAReaderThatWaits) {
  std::atomic<int> wakes{0};
  BodyStream stream([&] {
    ++wakes;
    return true;
  });
  std::string all;
  std::thread reader([&] {
    while (true) {
      const auto piece = stream.read();
      if (!piece || piece->empty()) break;
      all += *piece;
    }
  });
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes(1 + i % 3000, static_cast<char>('a' + i % 26));
    while (!stream.wants_data()) std::this_thread::yield();
    stream.push(bytes);
    expected += bytes;
  }
  stream.finish();
  reader.join();
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace trawl::http::body_stream_test
