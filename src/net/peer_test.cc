#include "net/peer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "net/net_server_test_support.h"
#include "runtime/worker_pool.h"

namespace trawl::net {
namespace {

using std::chrono::milliseconds;
using test::Exchange;
using test::NetServer;

PeerOptions quick() {
  PeerOptions options;
  options.name = "the provider 'x'";
  options.client.addresses.allow_private = true;
  options.retry.first_wait = milliseconds(2);
  options.breaker.failures_max = 100;
  return options;
}

HttpRequest asking(const NetServer& server) {
  return {.url = server.url(), .body = "{}", .headers = {}, .reply_bytes_max = 1'000};
}

TEST(Peer, AsksAgainAfterWhatPasses) {
  NetServer server([](const Exchange& exchange) {
    switch (exchange.number) {
      case 0:
        return false;  // Broken off.
      case 1:
        return exchange.reply(500, "no");
      case 2:
        return exchange.reply(429, "slow down", "Retry-After: 0\r\n");
      default:
        return exchange.reply(200, "yes");
    }
  });
  const Peer peer(quick());
  const auto reply = peer.ask(asking(server), {}, {});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "yes");
  EXPECT_EQ(server.requests(), 4);
}

TEST(Peer, AsksNoMoreOftenThanItMay) {
  NetServer server([](const Exchange& exchange) { return exchange.reply(503, "no"); });
  const Peer peer(quick());
  const auto reply = peer.ask(asking(server), {}, {});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(server.requests(), 4);
}

TEST(Peer, DoesNotAskAgainWhatIsRefused) {
  for (const int status : {200, 301, 400, 401, 404, 413, 422, 501}) {
    NetServer server(
        [status](const Exchange& exchange) { return exchange.reply(status, "so"); });
    const Peer peer(quick());
    const auto reply = peer.ask(asking(server), {}, {});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(server.requests(), 1) << status;
  }
}

// Who is told to come back after the end of the time does not wait for it.
TEST(Peer, DoesNotWaitInVain) {
  NetServer server([](const Exchange& exchange) {
    return exchange.reply(429, "slow down", "Retry-After: 3600\r\n");
  });
  const Peer peer(quick());
  const auto reply = peer.ask(asking(server), {}, {});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(server.requests(), 1);
}

TEST(Peer, StopsWhileItWaitsToAskAgain) {
  NetServer server([](const Exchange& exchange) {
    return exchange.reply(503, "no", "Retry-After: 3600\r\n");
  });
  PeerOptions options = quick();
  options.timeout = std::chrono::hours(10);
  const Peer peer(options);
  StopSource source;
  std::thread stopping([&] {
    while (server.requests() < 1) std::this_thread::yield();
    source.request_stop(StopReason::server_stopping);
  });
  const auto stopped = peer.ask(asking(server), source.token(), {});
  stopping.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST(Peer, LeavesAloneWhatDoesNotAnswer) {
  std::atomic<bool> is_well = false;
  NetServer server(
      [&](const Exchange& exchange) { return exchange.reply(is_well ? 200 : 500, "so"); });
  PeerOptions options = quick();
  options.breaker = {.failures_max = 6, .pause = std::chrono::hours(1)};
  const Peer peer(options);
  EXPECT_EQ(peer.ask(asking(server), {}, {})->status, 500);
  EXPECT_EQ(server.requests(), 4);
  // The one with which it opens says what it was told.
  EXPECT_EQ(peer.ask(asking(server), {}, {})->status, 500);
  EXPECT_EQ(server.requests(), 6);
  const auto refused = peer.ask(asking(server), {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  const std::string& message = refused.error().message;
  const std::string begin =
      "the provider 'x': it failed 6 times in a row and is tried again in ";
  ASSERT_TRUE(message.starts_with(begin)) << message;
  // No more than the pause, and as much of it as a slow machine leaves.
  const int seconds = std::stoi(message.substr(begin.size()));
  EXPECT_LE(seconds, 3600);
  EXPECT_GT(seconds, 3000);
  EXPECT_EQ(message, begin + std::to_string(seconds) + " s");
  EXPECT_EQ(server.requests(), 6);

  options.breaker.pause = milliseconds(0);
  options.retry.retries_max = 0;
  const Peer forgiving(options);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(forgiving.ask(asking(server), {}, {})->status, 500);
  }
  is_well = true;
  EXPECT_EQ(forgiving.ask(asking(server), {}, {})->status, 200);
}

TEST(Peer, HasATimeOfItsOwn) {
  NetServer server([](const Exchange& exchange) {
    exchange.wait_for_end();
    return false;
  });
  PeerOptions options = quick();
  options.timeout = milliseconds(20);
  options.breaker = {.failures_max = 2, .pause = std::chrono::hours(1)};
  const Peer peer(options);
  for (int i = 0; i < 2; ++i) {
    const auto late = peer.ask(asking(server), {}, {});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::timeout);
    EXPECT_EQ(late.error().message, "the provider 'x': no reply came in time");
  }
  EXPECT_EQ(peer.ask(asking(server), {}, {}).error().code, ErrorCode::unavailable);
}

// A caller in a hurry says nothing about the other side.
TEST(Peer, DoesNotTakeAShortDeadlineForAFailure) {
  NetServer server([](const Exchange& exchange) {
    exchange.wait_for_end();
    return false;
  });
  PeerOptions options = quick();
  options.breaker = {.failures_max = 1, .pause = std::chrono::hours(1)};
  const Peer peer(options);
  for (int i = 0; i < 3; ++i) {
    const auto late = peer.ask(asking(server), {}, Deadline::after(milliseconds(5)));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::timeout);
  }
}

TEST(Peer, AsksBeforeEachTryWhetherItMay) {
  NetServer server([](const Exchange& exchange) { return exchange.reply(500, "no"); });
  PeerOptions options = quick();
  int left = 2;
  options.before_try = [&left]() -> Result<void> {
    if (left-- > 0) return {};
    return make_error(ErrorCode::too_many_requests, "enough");
  };
  const Peer peer(options);
  const auto refused = peer.ask(asking(server), {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
  EXPECT_EQ(refused.error().message, "the provider 'x': enough");
  EXPECT_EQ(server.requests(), 2);
}

// Goal: whoever waits for an answer holds no slot of a pool. Method: a pool with one, and a
// server that answers when another task has run.
TEST(Peer, WaitsWithoutASlot) {
  std::promise<void> other;
  const std::shared_future<void> other_ran = other.get_future().share();
  NetServer server([&](const Exchange& exchange) {
    other_ran.wait();
    return exchange.reply(200, "{}");
  });
  const Peer peer(quick());
  WorkerPool pool(1, 10);
  ASSERT_TRUE(pool.submit([&] { EXPECT_TRUE(peer.ask(asking(server), {}, {})); }));
  ASSERT_TRUE(pool.submit([&] { other.set_value(); }));
  pool.stop();
}

TEST(Peer, SendsNoMoreAtOnceThanItMay) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  NetServer server([&](const Exchange& exchange) {
    const int now = ++inside;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::yield();
    --inside;
    return exchange.reply(200, "{}");
  });
  PeerOptions options = quick();
  options.concurrency = 2;
  const Peer peer(options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) EXPECT_TRUE(peer.ask(asking(server), {}, {}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_EQ(server.requests(), 160);
}

}  // namespace
}  // namespace trawl::net
