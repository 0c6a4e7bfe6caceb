// Goal: whoever waits for a client on a worker holds nobody else up. Method: a pool with
// one slot; one task waits for a client, and another has to run before the client moves.
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "http/server/body_stream.h"
#include "http/server/reply_stream.h"
#include "runtime/worker_pool.h"

namespace trawl::http::slow_client_test {
namespace {

TEST(SlowClient, ABodyThatDoesNotComeHoldsNobodyUp) {
  BodyStream body([] { return true; });
  std::string read;
  WorkerPool pool(1, 10);
  ASSERT_TRUE(pool.submit([&] { read = body.read().value(); }));
  std::promise<void> ran;
  ASSERT_TRUE(pool.submit([&] { ran.set_value(); }));
  ran.get_future().wait();
  body.push("late");
  body.finish();
  pool.stop();
  EXPECT_EQ(read, "late");
}

TEST(SlowClient, AReplyThatIsNotTakenHoldsNobodyUp) {
  ReplyStream reply({.chunked = false}, [] { return true; });
  WorkerPool pool(1, 10);
  ASSERT_TRUE(pool.submit([&] {
    const std::string piece(ReplyStream::kPendingBytesMax, 'x');
    EXPECT_TRUE(reply.write(piece));
    EXPECT_TRUE(reply.write("y"));
    reply.finish(true);
  }));
  std::promise<void> ran;
  ASSERT_TRUE(pool.submit([&] { ran.set_value(); }));
  ran.get_future().wait();
  std::string taken;
  std::size_t size = 0;
  while (reply.take(taken) != ReplyStream::State::complete) size += taken.size();
  pool.stop();
  EXPECT_EQ(size, ReplyStream::kPendingBytesMax + 1);
}

}  // namespace
}  // namespace trawl::http::slow_client_test
