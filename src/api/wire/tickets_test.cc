// Goal: a ticket is good once and for its time, nobody can guess one, and one owner cannot
// fill the memory.
#include "api/wire/tickets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace trawl::api::tickets_test {
namespace {

constexpr TimeUs kLifetimeUs = 60 * kMicrosPerSecond;

class TicketsTest : public testing::Test {
 protected:
  std::string issue(const std::string& owner, int thing) {
    auto issued = tickets_.issue(owner, thing, now_);
    EXPECT_TRUE(issued);
    return issued ? issued->name : std::string();
  }

  TimeUs now_ = 1'000'000;
  Tickets<int> tickets_{3, kLifetimeUs};
};

TEST_F(TicketsTest, EachIsGoodOnce) {
  const std::string one = issue("a", 1);
  const std::string two = issue("a", 2);
  ASSERT_NE(tickets_.find(one, now_), nullptr);
  EXPECT_EQ(*tickets_.find(one, now_), 1);
  EXPECT_TRUE(tickets_.use(one, now_));
  EXPECT_EQ(tickets_.find(one, now_), nullptr);
  EXPECT_FALSE(tickets_.use(one, now_));
  EXPECT_EQ(*tickets_.find(two, now_), 2);
  EXPECT_EQ(tickets_.find("", now_), nullptr);
  EXPECT_EQ(tickets_.find(two.substr(1), now_), nullptr);
  EXPECT_FALSE(tickets_.use(two + "A", now_));
}

TEST_F(TicketsTest, OfManyWhoUseOneOnlyOneMay) {
  const std::string name = issue("a", 1);
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { allowed += tickets_.use(name, now_) ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 1);
}

TEST_F(TicketsTest, ItEndsWithItsTime) {
  const auto issued = tickets_.issue("a", 1, now_).value();
  EXPECT_EQ(issued.expires_at, now_ + kLifetimeUs);
  EXPECT_NE(tickets_.find(issued.name, issued.expires_at - 1), nullptr);
  EXPECT_EQ(tickets_.find(issued.name, issued.expires_at), nullptr);
  EXPECT_FALSE(tickets_.use(issued.name, issued.expires_at));
  EXPECT_FALSE(tickets_.use(issued.name, now_));  // Not even if the clock steps back.
}

TEST_F(TicketsTest, AnOwnerHasSoManyAtOnce) {
  const std::string first = issue("a", 1);
  now_ += 10 * kMicrosPerSecond;
  issue("a", 2);
  issue("a", 3);
  issue("b", 4);
  const auto refused = tickets_.issue("a", 5, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
  EXPECT_NE(refused.error().message.find("try again in 50 s"), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(tickets_.use(first, now_));
  issue("a", 5);
  ASSERT_FALSE(tickets_.issue("a", 6, now_));
  now_ += kLifetimeUs;
  issue("a", 7);
}

TEST_F(TicketsTest, NamesAreLongAndNeverTheSame) {
  std::set<std::string> names;
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = issue(std::to_string(i), i);
    EXPECT_EQ(name.size(), 43u);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 1'000u);
}

}  // namespace
}  // namespace trawl::api::tickets_test
