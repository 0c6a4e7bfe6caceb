#include "ledger/record/recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <new>
#include <set>
#include <stdexcept>
#include <thread>

#include "ledger/ledger_rules.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"

namespace trawl::recorder_test {
namespace {

using test::filter_of;
using test::make_execution;
using test::total_of;

const NamespaceId kNs("ns_a");

// A ledger whose commits take a while, fail on request, and can be held at a gate.
class FakeLedger final : public MemoryLedger {
 public:
  Result<std::vector<AppendOutcome>> append(std::span<LedgerWrite> writes) override {
    std::unique_lock lock(mutex_);
    ++waiting;
    gate_changed_.notify_all();
    gate_changed_.wait(lock, [this] { return open_; });
    ++commits;
    for (const auto& write : writes) {
      log.push_back(write.execution.summary.execution_id.str() +
                    (write.kind == LedgerWrite::Kind::started ? "+" : ""));
    }
    if (fail_with) return *fail_with;
    if (throws == Throws::no_memory) throw std::bad_alloc();
    if (throws == Throws::anything) throw 7;
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::microseconds(commit_us));
    if (all_or_nothing) {
      for (const AppendOutcome& outcome : refuse_invalid(writes)) {
        if (!outcome) return outcome.error();
      }
    }
    return MemoryLedger::append(writes);
  }
  void close_gate() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    waiting = 0;
  }
  void open_gate() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    gate_changed_.notify_all();
  }
  // Until a commit stands at the closed gate.
  void wait_for_commit() {
    std::unique_lock lock(mutex_);
    gate_changed_.wait(lock, [this] { return waiting > 0; });
  }

  std::atomic<int> commit_us = 0;
  bool all_or_nothing = false;  // Refuses a batch for one of its writes.
  int commits = 0;
  int waiting = 0;
  enum class Throws { nothing, no_memory, anything };
  std::atomic<Throws> throws = Throws::nothing;
  std::optional<Error> fail_with;  // Set while nothing is committed.
  std::vector<std::string> log;    // Ids in the order of their writes; starts have a '+'.

 private:
  std::mutex mutex_;
  std::condition_variable gate_changed_;
  bool open_ = true;
};

// Collects the answers of one test.
class Answers {
 public:
  Recorder::Done take(const std::string& name) {
    return [this, name](AppendOutcome result) {
      const std::lock_guard lock(mutex_);
      ++counts_[name];
      all_.push_back(name + (result ? (*result == Appended::written ? ":new" : ":old")
                                    : ":" + result.error().message));
    };
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  bool once_each() const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, count] : counts_) {
      if (count != 1) return false;
    }
    return true;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::vector<std::string> all_;
};

RecorderOptions options() {
  return {};
}

using Log = std::vector<std::string>;

TEST(Recorder, ManyExecutionsShareACommit) {
  FakeLedger ledger;
  ledger.commit_us = 1'000;
  Recorder recorder(ledger, options());
  constexpr int kThreads = 16;
  constexpr int kEach = 50;
  std::atomic<int> durable = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(t) + "_" + std::to_string(i);
        auto ticket = recorder.admit().value();
        std::mutex mutex;
        std::condition_variable done;
        bool is_done = false;
        recorder.finish(std::move(ticket), make_execution(kNs, id, i),
                        [&](AppendOutcome result) {
                          EXPECT_TRUE(result && *result == Appended::written);
                          // What is acknowledged is in the list.
                          EXPECT_TRUE(ledger.find(kNs, ExecutionId(id)).value());
                          ++durable;
                          const std::lock_guard lock(mutex);
                          is_done = true;
                          done.notify_one();
                        });
        std::unique_lock lock(mutex);
        done.wait(lock, [&] { return is_done; });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto metrics = recorder.metrics();
  EXPECT_EQ(durable, kThreads * kEach);
  EXPECT_EQ(metrics.writes, static_cast<std::uint64_t>(kThreads * kEach));
  EXPECT_LT(metrics.commits, metrics.writes / 3);
  EXPECT_EQ(metrics.failures, 0u);
  EXPECT_EQ(metrics.queued, 0u);
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), static_cast<std::uint64_t>(kThreads * kEach));
}

TEST(Recorder, WritesKeepTheirOrderAndBatchesTheirSize) {
  FakeLedger ledger;
  RecorderOptions small = options();
  small.batch_max = 4;
  Recorder recorder(ledger, small);
  Answers answers;
  ledger.close_gate();
  Log wanted;
  for (int i = 0; i < 13; ++i) {
    wanted.push_back(std::to_string(i));
    recorder.finish(recorder.admit().value(), make_execution(kNs, std::to_string(i), 0),
                    answers.take(std::to_string(i)));
    if (i == 0) ledger.wait_for_commit();
  }
  EXPECT_EQ(recorder.metrics().queued, 12u);
  ledger.open_gate();
  recorder.flush();
  EXPECT_EQ(ledger.log, wanted);
  EXPECT_EQ(ledger.commits, 1 + 3);
  EXPECT_EQ(answers.all().size(), 13u);
  EXPECT_EQ(answers.all().front(), "0:new");
  EXPECT_EQ(answers.all().back(), "12:new");
  EXPECT_TRUE(answers.once_each());
}

TEST(Recorder, ALoneWriteDoesNotWait) {
  FakeLedger ledger;
  RecorderOptions patient = options();
  patient.batch_wait_us = 60'000'000;
  Recorder recorder(ledger, patient);
  const auto busy = recorder.admit().value();  // A long execution that runs next to it.
  for (int i = 0; i < 5; ++i) {
    std::atomic<bool> done = false;
    recorder.finish(recorder.admit().value(), make_execution(kNs, std::to_string(i), 0),
                    [&](const AppendOutcome&) { done = true; });
    while (!done) std::this_thread::yield();
  }
  EXPECT_EQ(ledger.commits, 5);
}

TEST(Recorder, TheBoundIsOnTicketsNotOnTheirEnds) {
  FakeLedger ledger;
  RecorderOptions small = options();
  small.queue_max = 3;
  Recorder recorder(ledger, small);
  Answers answers;
  ledger.close_gate();
  auto first = recorder.admit().value();
  auto second = recorder.admit().value();
  {
    const auto third = recorder.admit().value();
    const auto fourth = recorder.admit();
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().code, ErrorCode::unavailable);
  }
  auto third = recorder.admit().value();  // The place of an abandoned ticket is free again.
  // Anyone who holds a ticket is heard, and keeps the place until the commit.
  recorder.finish(std::move(first), make_execution(kNs, "1", 0), answers.take("1"));
  recorder.finish(std::move(second), make_execution(kNs, "2", 0), answers.take("2"));
  recorder.finish(std::move(third), make_execution(kNs, "1", 0), answers.take("again"));
  EXPECT_FALSE(recorder.admit());
  ledger.open_gate();
  recorder.flush();
  EXPECT_EQ(answers.all(), (Log{"1:new", "2:new", "again:old"}));
  EXPECT_TRUE(recorder.admit());
}

TEST(Recorder, AShortExecutionIsWrittenOnce) {
  FakeLedger ledger;
  RecorderOptions patient = options();
  patient.start_wait_us = 60'000'000;
  Recorder recorder(ledger, patient);
  auto ticket = recorder.admit().value();
  recorder.start(ticket, make_execution(kNs, "short", 1));
  EXPECT_EQ(recorder.metrics().queued, 1u);
  recorder.finish(std::move(ticket), make_execution(kNs, "short", 1), nullptr);
  recorder.flush();
  EXPECT_EQ(ledger.log, (Log{"short"}));
}

TEST(Recorder, ALongExecutionIsListedWhileItRuns) {
  FakeLedger ledger;
  RecorderOptions quick = options();
  quick.start_wait_us = 1'000;
  Recorder recorder(ledger, quick);
  auto ticket = recorder.admit().value();
  recorder.start(ticket, make_execution(kNs, "long", 1, status::kProcessing));
  while (total_of(ledger, filter_of(kNs)) == 0) std::this_thread::yield();
  EXPECT_EQ(ledger.find(kNs, ExecutionId("long")).value()->summary.status,
            status::kProcessing);
  recorder.finish(std::move(ticket), make_execution(kNs, "long", 1), nullptr);
  recorder.flush();
  EXPECT_EQ(ledger.log, (Log{"long+", "long"}));
  EXPECT_EQ(ledger.find(kNs, ExecutionId("long")).value()->summary.status,
            status::kCompleted);
}

TEST(Recorder, FlushWritesStartsToo) {
  FakeLedger ledger;
  RecorderOptions patient = options();
  patient.start_wait_us = 60'000'000;
  Recorder recorder(ledger, patient);
  const auto ticket = recorder.admit().value();
  recorder.start(ticket, make_execution(kNs, "a", 1));
  recorder.start(ticket, make_execution(kNs, "b", 1));
  recorder.start(ticket, make_execution(kNs, "a", 1));
  recorder.flush();
  EXPECT_EQ(ledger.log, (Log{"a+", "b+"}));
  recorder.flush();
}

TEST(Recorder, AFailingStoreIsReportedToEachCaller) {
  FakeLedger ledger;
  Recorder recorder(ledger, options());
  Answers answers;
  ledger.fail_with = make_error(ErrorCode::storage, "disk full");
  ledger.close_gate();
  for (const std::string id : {"a", "b", "c"}) {
    auto ticket = recorder.admit().value();
    recorder.finish(std::move(ticket), make_execution(kNs, id, 0), answers.take(id));
    ledger.wait_for_commit();
  }
  ledger.open_gate();
  recorder.flush();
  EXPECT_EQ(answers.all(), (Log{"a:disk full", "b:disk full", "c:disk full"}));
  EXPECT_TRUE(answers.once_each());
  EXPECT_EQ(ledger.commits, 2);  // Not tried again one by one.
  EXPECT_EQ(recorder.metrics().failures, 3u);
  EXPECT_EQ(recorder.metrics().writes, 0u);
  // Nothing is stuck: the store recovers, and so does the recorder.
  ledger.fail_with.reset();
  recorder.finish(recorder.admit().value(), make_execution(kNs, "d", 0), answers.take("d"));
  recorder.flush();
  EXPECT_EQ(answers.all().back(), "d:new");
}

TEST(Recorder, OneBadExecutionDoesNotTakeTheOthersWithIt) {
  FakeLedger ledger;
  Recorder recorder(ledger, options());
  Answers answers;
  ledger.close_gate();
  for (const std::string id : {"first", "good", "bad\n", "fine"}) {
    recorder.finish(recorder.admit().value(), make_execution(kNs, id, 0), answers.take(id));
    ledger.wait_for_commit();
  }
  ledger.open_gate();
  recorder.flush();
  const auto all = answers.all();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0], "first:new");
  EXPECT_EQ(all[1], "good:new");
  EXPECT_NE(all[2].find("control character"), std::string::npos);
  EXPECT_EQ(all[3], "fine:new");
  EXPECT_EQ(recorder.metrics().failures, 1u);
  EXPECT_EQ(recorder.metrics().writes, 3u);
}

// Goal: the same where a ledger refuses a batch as a whole, since it keeps them together.
TEST(Recorder, ABatchThatIsRefusedAsAWholeIsTriedOneByOne) {
  FakeLedger ledger;
  ledger.all_or_nothing = true;
  Recorder recorder(ledger, options());
  Answers answers;
  ledger.close_gate();
  for (const std::string id : {"first", "good", "bad\n", "fine"}) {
    recorder.finish(recorder.admit().value(), make_execution(kNs, id, 0), answers.take(id));
    ledger.wait_for_commit();
  }
  ledger.open_gate();
  recorder.flush();
  const auto all = answers.all();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1], "good:new");
  EXPECT_NE(all[2].find("control character"), std::string::npos);
  EXPECT_EQ(all[3], "fine:new");
  EXPECT_EQ(ledger.commits, 5);
}

TEST(Recorder, ACallbackThatThrowsHarmsNobody) {
  FakeLedger ledger;
  Recorder recorder(ledger, options());
  Answers answers;
  recorder.finish(recorder.admit().value(), make_execution(kNs, "a", 0),
                  [](const AppendOutcome&) { throw std::runtime_error("a defect"); });
  recorder.finish(recorder.admit().value(), make_execution(kNs, "b", 0), answers.take("b"));
  recorder.flush();
  EXPECT_EQ(answers.all(), (Log{"b:new"}));
}

// Goal: the writer outlives whatever a commit throws, each caller hears of it once, and the
// places of the queue come back. Method: as many executions as it has places, twice.
TEST(Recorder, ACommitThatThrowsIsToldToItsCallersAndHarmsNobodyElse) {
  for (const auto throws : {FakeLedger::Throws::no_memory, FakeLedger::Throws::anything}) {
    FakeLedger ledger;
    RecorderOptions few = options();
    few.queue_max = 4;
    std::vector<ErrorCode> codes;
    Answers answers;
    std::atomic<int> told = 0;
    Recorder recorder(ledger, few);
    ledger.throws = throws;
    for (int i = 0; i < 4; ++i) {
      auto ticket = recorder.admit();
      ASSERT_TRUE(ticket);
      recorder.finish(
          std::move(*ticket), make_execution(kNs, "lost" + std::to_string(i), i),
          [&](AppendOutcome result) {
            codes.push_back(result ? ErrorCode::cancelled : result.error().code);
            ++told;
          });
    }
    recorder.flush();
    EXPECT_EQ(told, 4);
    const auto expected = throws == FakeLedger::Throws::no_memory ? ErrorCode::unavailable
                                                                  : ErrorCode::internal;
    EXPECT_EQ(codes, std::vector<ErrorCode>(4, expected));
    ledger.throws = FakeLedger::Throws::nothing;
    for (int i = 0; i < 4; ++i) {
      auto ticket = recorder.admit();
      ASSERT_TRUE(ticket) << ticket.error().message;
      const std::string name = "kept" + std::to_string(i);
      recorder.finish(std::move(*ticket), make_execution(kNs, name, i), answers.take(name));
    }
    recorder.flush();
    EXPECT_TRUE(answers.once_each());
    EXPECT_EQ(answers.all().size(), 4U);
    EXPECT_EQ(total_of(ledger, filter_of(kNs)), 4U);
  }
}

TEST(Recorder, StopCommitsWhatIsQueuedAndThenRefuses) {
  FakeLedger ledger;
  RecorderOptions patient = options();
  patient.start_wait_us = 60'000'000;
  Recorder recorder(ledger, patient);
  Answers answers;
  ledger.close_gate();
  auto late = recorder.admit().value();
  auto running = recorder.admit().value();
  recorder.start(running, make_execution(kNs, "running", 1));
  for (int i = 0; i < 200; ++i) {
    recorder.finish(recorder.admit().value(), make_execution(kNs, std::to_string(i), 0),
                    answers.take(std::to_string(i)));
  }
  ledger.wait_for_commit();
  std::thread stopping([&] { recorder.stop(); });
  while (recorder.admit()) std::this_thread::yield();
  EXPECT_EQ(recorder.admit().error().code, ErrorCode::unavailable);
  ledger.open_gate();
  stopping.join();
  recorder.stop();
  EXPECT_EQ(answers.all().size(), 200u);
  EXPECT_TRUE(answers.once_each());
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), 201u);
  // An end that comes after all is refused aloud.
  recorder.finish(std::move(late), make_execution(kNs, "late", 0), answers.take("late"));
  EXPECT_NE(answers.all().back().find("late:the server has stopped"), std::string::npos);
  recorder.flush();
}

TEST(Recorder, DestructionCommitsWhatIsQueued) {
  FakeLedger ledger;
  ledger.commit_us = 500;
  {
    Recorder recorder(ledger, options());
    for (int i = 0; i < 100; ++i) {
      recorder.finish(recorder.admit().value(), make_execution(kNs, std::to_string(i), 0),
                      nullptr);
    }
  }
  EXPECT_EQ(total_of(ledger, filter_of(kNs)), 100u);
}

// Goal: under every call at once, each Done comes once and the ledger has what was
// acknowledged. Run it under the thread sanitizer.
TEST(Recorder, EverythingAtOnce) {
  FakeLedger ledger;
  RecorderOptions small = options();
  small.queue_max = 8;
  small.batch_max = 3;
  small.start_wait_us = 50;
  std::atomic<int> accepted = 0;
  std::atomic<int> answered = 0;
  {
    Recorder recorder(ledger, small);
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 300; ++i) {
          auto ticket = recorder.admit();
          if (!ticket) {
            std::this_thread::yield();
            continue;
          }
          const std::string id = std::to_string(t) + "_" + std::to_string(i);
          recorder.start(*ticket, make_execution(kNs, id, i));
          if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(80));
          if (i % 11 == 0) continue;  // Abandoned.
          ++accepted;
          recorder.finish(std::move(*ticket), make_execution(kNs, id, i),
                          [&](const AppendOutcome& result) {
                            EXPECT_TRUE(result && *result == Appended::written);
                            ++answered;
                          });
          if (i % 50 == 0) recorder.flush();
          if (i % 60 == 0) (void)recorder.metrics();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(answered, accepted);
  auto completed = filter_of(kNs);
  completed.status = status::kCompleted;
  EXPECT_EQ(total_of(ledger, completed), static_cast<std::uint64_t>(accepted));
}

}  // namespace
}  // namespace trawl::recorder_test
