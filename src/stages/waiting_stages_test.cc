// Goal: an execution that waits for a network holds no compute thread, and ends when nobody
// wants it any more.
// Method: a stage that waits until the test lets it go, in a pool of two slots.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "corpus/fake_corpus_test_support.h"
#include "pipeline/pipeline_run.h"
#include "runtime/worker_pool.h"
#include "stages/register_stages.h"

namespace trawl::waiting_stages_test {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

// Where stages wait, and how many do. The mutex guards all of it.
struct Network {
  Mutex mutex;
  CondVar changed;
  int waiting = 0;
  bool answers = false;

  template <class Holds>
  bool wait_until(const Holds& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(mutex);
    while (!holds()) {
      if (!changed.wait_until(lock, end)) return holds();
    }
    return true;
  }
};
Network* network = nullptr;

class AskNetwork final : public Stage {
 public:
  StageTraits traits() const override { return {.keeps_order = true, .network = true}; }
  FieldSet fields_read() const override { return {}; }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }
  bool may_be_cached() const override { return false; }
  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    const OnStop wake(run.stop, [] {
      const MutexLock lock(network->mutex);
      network->changed.notify_all();
    });
    MutexLock lock(network->mutex);
    ++network->waiting;
    network->changed.notify_all();
    while (!network->answers && !run.stop.stop_requested()) network->changed.wait(lock);
    --network->waiting;
    lock.unlock();
    TRAWL_TRY(run.check());
    StageOutput output;
    output.candidates = std::move(input);
    return output;
  }
};

Result<std::unique_ptr<Stage>> make_ask_network(ObjectReader&) {
  return std::unique_ptr<Stage>(std::make_unique<AskNetwork>());
}

class WaitingStages : public testing::Test {
 protected:
  WaitingStages() {
    network = &network_;
    register_stages(registry_);
    StageDefinition ask;
    ask.stage_id = "ask_network";
    ask.category = "enrich";
    ask.parameter_schema = "{}";
    ask.make = make_ask_network;
    registry_.add(ask);
    auto& books = corpus_.add("books", {"title"});
    for (int i = 0; i < 20; ++i) books.add(std::to_string(i), R"({"title": "whale"})");
  }

  // The status of an execution of these stages over the books.
  std::string run(std::string_view stages, const StopToken& stop = {}) {
    const json::object body{{"collection_identifiers", json::array{"books"}},
                            {"stages", parse_json(stages).value()}};
    ObjectReader in(body, {});
    const BoundPipeline bound =
        runner_.bind(parse_pipeline(in, registry_).value(), {}, NamespaceId("ns")).value();
    Execution execution;
    runner_.describe(bound, execution);
    RunRequest request;
    request.stop = stop;
    runner_.run(bound, execution, request);
    return execution.summary.status;
  }

  static constexpr std::string_view kAsks =
      R"([{"type": "feature_search", "query": "whale"}, {"type": "ask_network"}])";
  static constexpr std::string_view kSearches =
      R"([{"type": "feature_search", "query": "whale"}, {"type": "limit", "limit": 3}])";

  Network network_;
  test::FakeCorpus corpus_;
  StageCache cache_{1 << 20};
  StageRegistry registry_;
  RunOptions options_;
  const PipelineRunner runner_{corpus_, corpus_, cache_, options_};
};

TEST_F(WaitingStages, TwoHundredLeaveThePoolToOthers) {
  constexpr int kWaiting = 200;
  WorkerPool pool({.slots = 2, .queue_max = 1'000, .waiting_max = 300});
  Network done;  // Counts with the same members.
  int asked = 0;
  int searched = 0;
  for (int i = 0; i < kWaiting; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      EXPECT_EQ(run(kAsks), status::kCompleted);
      const MutexLock lock(done.mutex);
      ++asked;
      done.changed.notify_all();
    }));
  }
  ASSERT_TRUE(network_.wait_until([&] { return network_.waiting == kWaiting; }))
      << "waiting stages hold the slots";
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      EXPECT_EQ(run(kSearches), status::kCompleted);
      const MutexLock lock(done.mutex);
      ++searched;
      done.changed.notify_all();
    }));
  }
  EXPECT_TRUE(done.wait_until([&] { return searched == 50; }));
  {
    const MutexLock lock(network_.mutex);
    EXPECT_EQ(network_.waiting, kWaiting);
    network_.answers = true;
  }
  network_.changed.notify_all();
  EXPECT_TRUE(done.wait_until([&] { return asked == kWaiting; }));
  pool.stop();
}

TEST_F(WaitingStages, AStopWakesAStageThatWaits) {
  WorkerPool pool({.slots = 1, .queue_max = 10, .waiting_max = 10});
  StopSource client;
  std::string ended;
  ASSERT_TRUE(pool.submit([&] { ended = run(kAsks, client.token()); }));
  ASSERT_TRUE(network_.wait_until([&] { return network_.waiting == 1; }));
  EXPECT_TRUE(client.request_stop(StopReason::client_left));
  pool.stop();  // Returns when the task has ended.
  EXPECT_EQ(ended, status::kCancelled);
}

}  // namespace
}  // namespace trawl::waiting_stages_test
