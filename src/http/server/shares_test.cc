#include "http/server/shares.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "http/server/pace.h"
#include "http/server/stream_threads.h"
#include "http/server/test_client.h"

namespace trawl::http::shares_test {
namespace {

using Taken = Stock::Taken;

TEST(Requests, AreOfAKindWhereTheyDifferInDigitsAtMost) {
  const auto kind = [](std::string account, std::string target, std::string body) {
    Request request;
    request.account = std::move(account);
    request.method = "POST";
    request.target = std::move(target);
    request.body = std::move(body);
    return request_kind(request);
  };
  const auto one = kind("a", "/v1/list?limit=20", R"({"from":"2026-01-31","word":"x"})");
  EXPECT_EQ(one, kind("a", "/v1/list?limit=9", R"({"from":"2027-02-28","word":"x"})"));
  EXPECT_NE(one, kind("b", "/v1/list?limit=20", R"({"from":"2026-01-31","word":"x"})"));
  EXPECT_NE(one, kind("a", "/v1/lists?limit=20", R"({"from":"2026-01-31","word":"x"})"));
  EXPECT_NE(one, kind("a", "/v1/list?limit=20", R"({"from":"2026-01-31","word":"y"})"));
}

TEST(Stock, NobodyTakesMoreThanHisShareNorAllMoreThanThereIs) {
  Stock stock(10, 6);
  EXPECT_EQ(stock.take("a", 7), Taken::account_has_its_share);
  EXPECT_EQ(stock.take("a", 6), Taken::yes);
  EXPECT_EQ(stock.take("a", 1), Taken::account_has_its_share);
  EXPECT_EQ(stock.probe("b", 4), Taken::yes);
  EXPECT_EQ(stock.take("b", 5), Taken::none_left);
  EXPECT_EQ(stock.take("b", 4), Taken::yes);
  EXPECT_EQ(stock.taken(), 10U);
  stock.give_back("a", 6);
  EXPECT_EQ(stock.take("b", 2), Taken::yes);
  EXPECT_EQ(stock.take("b", UINT64_MAX), Taken::account_has_its_share);
  EXPECT_EQ(stock.taken(), 6U);
}

TEST(Stock, ALeaseGrowsAndIsGivenBack) {
  const auto stock = std::make_shared<Stock>(10, 6);
  {
    Lease lease(stock, "a");
    EXPECT_EQ(lease.grow_to(4), Taken::yes);
    EXPECT_EQ(lease.grow_to(2), Taken::yes);
    EXPECT_EQ(lease.grow_to(7), Taken::account_has_its_share);
    EXPECT_EQ(stock->taken(), 4U);
  }
  EXPECT_EQ(stock->taken(), 0U);
}

TEST(Stock, ManyThreadsLeaveNothingBehind) {
  const auto stock = std::make_shared<Stock>(100, 30);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        Lease lease(stock, "account " + std::to_string((t + i) % 3));
        // Either answer will do.
        (void)lease.grow_to(static_cast<std::uint64_t>(i % 20));
        (void)lease.grow_to(static_cast<std::uint64_t>(i % 40));
        EXPECT_LE(stock->taken(), 100U);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stock->taken(), 0U);
}

TEST(Pace, PatienceIsUsedUpByWaitingAndRestoredByBytes) {
  Pace pace(1'000, 1'000);  // A byte is worth a millisecond.
  EXPECT_EQ(pace.left_ms(), 1'000);
  pace.waited(400'000, 0);
  EXPECT_EQ(pace.left_ms(), 600);
  pace.waited(100'000, 100);  // As fast as asked for.
  EXPECT_EQ(pace.left_ms(), 600);
  pace.waited(0, 1'000'000'000);  // No more than there was at first.
  EXPECT_EQ(pace.left_ms(), 1'000);
  for (int i = 0; i < 100; ++i) pace.waited(20'000, 1);
  EXPECT_EQ(pace.left_ms(), 0);
}

TEST(Pace, WithoutARateOnlyTheSingleWaitCounts) {
  Pace pace(1'000, 0);
  for (int i = 0; i < 100; ++i) pace.waited(900'000, 1);
  EXPECT_EQ(pace.left_ms(), 1'000);
}

TEST(StreamThreads, AThrowingTaskEndsNothingButItself) {
  WorkerPool workers(1, 10);
  StreamThreads threads(workers, 2, 2);
  EXPECT_EQ(threads.start("a", [] { throw std::bad_alloc(); }), Taken::yes);
  EXPECT_EQ(threads.start("a", [] { throw 7; }), Taken::yes);
  EXPECT_TRUE(eventually([&] { return threads.active() == 0; }));
  std::atomic<bool> ran{false};
  EXPECT_EQ(threads.start("a", [&] { ran = true; }), Taken::yes);
  threads.join();
  EXPECT_TRUE(ran);
  EXPECT_EQ(threads.start("a", [] {}), Taken::none_left);
}

}  // namespace
}  // namespace trawl::http::shares_test
