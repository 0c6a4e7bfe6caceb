#include "ledger/follow/feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "ledger/ledger_test_data.h"

namespace trawl::feed_test {
namespace {

using Kind = FeedEvent::Kind;
using std::chrono::milliseconds;
using test::finished;
using test::make_execution;
using test::started;

const NamespaceId kNs("ns_a");
const NamespaceId kOther("ns_b");

void publish(ExecutionFeed& feed, std::vector<LedgerWrite> writes) {
  const std::vector<AppendOutcome> results(writes.size(), Appended::written);
  feed.publish(writes, results);
}

std::vector<std::string> ids(const ExecutionFeed::Subscription::Batch& batch) {
  std::vector<std::string> out;
  for (const FeedEvent& event : batch.events) {
    out.push_back(event.execution->summary.execution_id.str() +
                  (event.kind == Kind::started ? "+" : ""));
  }
  return out;
}
using Ids = std::vector<std::string>;

TEST(ExecutionFeed, BringsWhatIsCommittedFromThenOn) {
  ExecutionFeed feed;
  publish(feed, {finished(make_execution(kNs, "before", 1))});
  const auto subscription = feed.subscribe(kNs);
  EXPECT_EQ(subscription->since(), 1U);
  Execution running = make_execution(kNs, "a", 2);
  publish(feed, {started(running), finished(make_execution(kOther, "x", 2))});
  publish(feed, {finished(make_execution(kNs, "a", 2, status::kFailed))});
  const auto batch = subscription->wait(milliseconds(0));
  EXPECT_EQ(ids(batch), (Ids{"a+", "a"}));
  EXPECT_EQ(batch.dropped, 0U);
  EXPECT_EQ(batch.events[0].sequence, 2U);
  EXPECT_EQ(batch.events[0].execution->summary.status, status::kProcessing);
  EXPECT_EQ(batch.events[1].sequence, 4U);
  EXPECT_EQ(batch.events[1].execution->summary.status, status::kFailed);
  EXPECT_TRUE(subscription->wait(milliseconds(0)).events.empty());
}

TEST(ExecutionFeed, LeavesOutWhatChangedNothing) {
  ExecutionFeed feed;
  const auto subscription = feed.subscribe(kNs);
  std::vector<LedgerWrite> writes{finished(make_execution(kNs, "repeated", 1)),
                                  finished(make_execution(kNs, "new", 1)),
                                  finished(make_execution(kNs, "refused", 1)),
                                  test::imported(make_execution(kNs, "imported", 1))};
  const std::vector<AppendOutcome> results{Appended::repeated, Appended::written,
                                           make_error(ErrorCode::storage, "full"),
                                           Appended::written};
  feed.publish(writes, results);
  EXPECT_EQ(ids(subscription->wait(milliseconds(0))), Ids{"new"});
}

TEST(ExecutionFeed, CopiesNothing) {
  ExecutionFeed feed;
  Execution execution = make_execution(kNs, "a", 1);
  execution.inputs = std::string(10'000, 'x');
  execution.results.resize(1000);
  std::vector<LedgerWrite> writes{finished(execution)};
  const char* text = writes[0].execution.inputs->data();
  const std::vector<AppendOutcome> results{Appended::written};
  feed.publish(writes, results);  // Nobody listens: the writes stay as they are.
  EXPECT_EQ(writes[0].execution, execution);

  const auto one = feed.subscribe(kNs);
  const auto two = feed.subscribe(kNs);
  feed.publish(writes, results);
  const auto batch = one->wait(milliseconds(0));
  EXPECT_EQ(batch.events[0].execution->inputs->data(), text);
  EXPECT_EQ(batch.events[0].execution, two->wait(milliseconds(0)).events[0].execution);
  EXPECT_TRUE(batch.events[0].execution->results.empty());
}

TEST(ExecutionFeed, ASlowReaderLosesEventsAndLearnsHowMany) {
  ExecutionFeed feed({.events_max = 3, .bytes_max = 1 << 20, .recent_max = 8});
  const auto slow = feed.subscribe(kNs);
  const auto fast = feed.subscribe(kNs);
  for (int i = 0; i < 10; ++i) {
    publish(feed, {finished(make_execution(kNs, std::to_string(i), i))});
    EXPECT_EQ(fast->wait(milliseconds(0)).events.size(), 1U);
  }
  auto batch = slow->wait(milliseconds(0));
  EXPECT_EQ(ids(batch), (Ids{"0", "1", "2"}));
  EXPECT_EQ(batch.dropped, 7U);
  publish(feed, {finished(make_execution(kNs, "10", 10))});
  batch = slow->wait(milliseconds(0));
  EXPECT_EQ(ids(batch), Ids{"10"});
  EXPECT_EQ(batch.dropped, 0U);
}

TEST(ExecutionFeed, AQueueIsBoundedInBytesToo) {
  ExecutionFeed feed({.events_max = 1000, .bytes_max = 50'000, .recent_max = 8});
  const auto slow = feed.subscribe(kNs);
  for (int i = 0; i < 10; ++i) {
    Execution big = make_execution(kNs, std::to_string(i), i);
    big.inputs = std::string(20'000, 'x');
    publish(feed, {finished(std::move(big))});
  }
  const auto batch = slow->wait(milliseconds(0));
  EXPECT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.dropped, 8U);
}

TEST(ExecutionFeed, RemembersTheLastEvents) {
  ExecutionFeed feed({.events_max = 10, .bytes_max = 1 << 20, .recent_max = 4});
  EXPECT_FALSE(feed.recent().sequence_of(kNs, ExecutionId("0"), Kind::ended));
  for (int i = 0; i < 6; ++i) {
    publish(feed, {finished(make_execution(kNs, std::to_string(i), i))});
  }
  const RecentEvents recent = feed.recent();
  EXPECT_FALSE(recent.sequence_of(kNs, ExecutionId("1"), Kind::ended));
  EXPECT_EQ(recent.sequence_of(kNs, ExecutionId("2"), Kind::ended), 3U);
  EXPECT_EQ(recent.sequence_of(kNs, ExecutionId("5"), Kind::ended), 6U);
  EXPECT_FALSE(recent.sequence_of(kNs, ExecutionId("5"), Kind::started));
  EXPECT_FALSE(recent.sequence_of(kOther, ExecutionId("5"), Kind::ended));
  const RecentEvents last = feed.recent(4);
  EXPECT_FALSE(last.sequence_of(kNs, ExecutionId("3"), Kind::ended));
  EXPECT_EQ(last.sequence_of(kNs, ExecutionId("4"), Kind::ended), 5U);
  EXPECT_EQ(feed.recent(1).sequence_of(kNs, ExecutionId("2"), Kind::ended), 3U);
  EXPECT_FALSE(feed.recent(6).sequence_of(kNs, ExecutionId("5"), Kind::ended));
}

TEST(ExecutionFeed, AWaitEndsWhenItIsWoken) {
  ExecutionFeed feed;
  const auto subscription = feed.subscribe(kNs);
  subscription->wake();
  EXPECT_TRUE(subscription->wait(std::chrono::minutes(5)).events.empty());
  std::thread waiting([&] { subscription->wait(std::chrono::minutes(5)); });
  subscription->wake();
  waiting.join();
}

// Goal: many readers, coming and going, each see a run of events without a gap.
TEST(ExecutionFeed, ReadersComeAndGo) {
  ExecutionFeed feed({.events_max = 1 << 20, .bytes_max = 1 << 30, .recent_max = 64});
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      publish(feed, {finished(make_execution(kNs, std::to_string(i), i))});
    }
  });
  std::vector<std::thread> readers;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const auto subscription = feed.subscribe(kNs);
        std::uint64_t last = subscription->since();
        while (last < subscription->since() + 100) {
          for (const auto& event : subscription->wait(milliseconds(100)).events) {
            ASSERT_EQ(event.sequence, ++last);
          }
        }
        (void)feed.recent();
      }
    });
  }
  for (auto& reader : readers) reader.join();
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace trawl::feed_test
