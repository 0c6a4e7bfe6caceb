#include "embedding/embedding_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "corpus/corpus_test_support.h"
#include "corpus/memory/memory_corpus.h"

namespace trawl::embedding_queue_test {
namespace {

using namespace std::chrono_literals;
using test::object_of;

constexpr char kMeaning[] = "mem://meaning@v1/text";

// Counts the letters of a text, and fails when it is told to.
class Counter final : public Embedder {
 public:
  Counter() {
    model_.name = "counter";
    model_.dimension = 2;
  }
  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return 3; }
  Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask task,
                           const AskContext&) const override {
    EXPECT_EQ(task, EmbeddingTask::passage);
    EXPECT_LE(texts.size(), batch_max());
    texts_ += texts.size();
    if (on_embed) on_embed();
    if (fails) return make_error(ErrorCode::unavailable, "the counter sleeps");
    Embeddings out;
    for (const std::string& text : texts) {
      EXPECT_FALSE(text.empty());
      out.values.push_back(static_cast<float>(text.size()));
      out.values.push_back(1);
    }
    out.tokens = texts.size();
    return out;
  }
  std::size_t texts() const { return texts_; }
  std::atomic<bool> fails = false;
  std::function<void()> on_embed;  // Set before the queue is there.

 private:
  EmbeddingModel model_;
  mutable std::atomic<std::size_t> texts_ = 0;
};

class EmbeddingQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    embedders_.add(counter_);
    Namespace ns;
    ns.name = "space";
    namespace_ = corpus_.create_namespace(ns).value().id;
    collection_ = make("things");
  }
  Collection make(const std::string& name) {
    Collection wanted;
    wanted.name = name;
    wanted.namespace_id = namespace_;
    Feature feature;
    feature.uri = kMeaning;
    feature.kind = Feature::Kind::dense;
    feature.dimension = 2;
    feature.model = counter_->model();
    wanted.features.push_back(feature);
    return corpus_.create_collection(wanted).value();
  }
  void put(const Collection& collection, const std::string& id, const std::string& text) {
    json::object fields;
    fields["text"] = text;
    ASSERT_TRUE(corpus_.put(collection.id, {{id, std::move(fields), {}}}, Atomic::yes));
  }
  std::unique_ptr<EmbeddingQueue> start() {
    EmbeddingQueue::Options options;
    options.idle = 5ms;
    options.retry_first = 1ms;
    options.retry_most = 2ms;
    options.batch = 4;
    options.may_receive = may_receive_;
    auto queue =
        std::make_unique<EmbeddingQueue>(corpus_, corpus_, embedders_, std::move(options));
    queue->start();
    return queue;
  }
  Result<void> wait(EmbeddingQueue& queue, const Collection& collection) {
    return queue.wait_for(collection, {}, Deadline::after(30s));
  }
  void set_paused(bool paused) {
    ASSERT_TRUE(corpus_.update_collection(
        namespace_, "things", [&](Collection& collection) -> Result<void> {
          collection.definition[kPausedFeatures] =
              paused ? json::array{kMeaning} : json::array{};
          return {};
        }));
  }
  std::uint64_t awaited(const Collection& collection) {
    return corpus_.vector_progress(collection.id, kMeaning).value().awaited;
  }

  MemoryCorpus corpus_;
  const std::shared_ptr<Counter> counter_ = std::make_shared<Counter>();
  Embedders embedders_;
  NamespaceId namespace_;
  Collection collection_;
  std::function<Result<void>(const NamespaceId&, const Embedder&)> may_receive_;
};

TEST_F(EmbeddingQueueTest, MakesWhatIsAwaited) {
  for (int i = 0; i < 11; ++i)
    put(collection_, "d" + std::to_string(i), std::string(i, 'x'));
  const auto queue = start();
  ASSERT_TRUE(wait(*queue, collection_));
  EXPECT_EQ(awaited(collection_), 0u);
  EXPECT_EQ(counter_->texts(), 10u);  // One has none.
  const auto snapshot = corpus_.snapshot(collection_.id, {}).value();
  const auto document = snapshot->get("d7").value();
  EXPECT_EQ(snapshot->vectors(kMeaning, document->ref).value(), (std::vector<float>{7, 1}));
  EXPECT_EQ(snapshot->vector_share(kMeaning).value().with_vectors, 10u);
  EXPECT_EQ(queue->totals().documents, 11u);
  // And what comes later, of any collection; a text that was embedded before is not again.
  const Collection other = make("others");
  put(other, "a", "abc");
  put(collection_, "twin", "xxx");
  ASSERT_TRUE(wait(*queue, other));
  ASSERT_TRUE(wait(*queue, collection_));
  EXPECT_EQ(counter_->texts(), 11u);
  EXPECT_EQ(queue->totals().reused, 1u);
  while (queue->awaited() > 0) std::this_thread::sleep_for(1ms);
}

TEST_F(EmbeddingQueueTest, GoesOnWhereItWas) {
  for (int i = 0; i < 9; ++i) put(collection_, "d" + std::to_string(i), "text");
  counter_->fails = true;
  {
    const auto queue = start();
    while (queue->awaited() != 9) std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(awaited(collection_), 9u);
  counter_->fails = false;
  const auto queue = start();
  ASSERT_TRUE(wait(*queue, collection_));
}

TEST_F(EmbeddingQueueTest, WhoWritesMeanwhileKeepsNobodyWaiting) {
  int count = 0;
  counter_->on_embed = [&] {
    ++count;
    put(collection_, "more" + std::to_string(count), std::string(10 + count, 'x'));
  };
  put(collection_, "a", "text");
  const auto queue = start();
  // There is always one that waits, and it is not one of these.
  ASSERT_TRUE(wait(*queue, collection_));
  ASSERT_TRUE(wait(*queue, collection_));
  EXPECT_GT(awaited(collection_), 0u);
}

TEST_F(EmbeddingQueueTest, WhoWroteWakesIt) {
  EmbeddingQueue::Options options;
  options.idle = 1h;
  EmbeddingQueue queue(corpus_, corpus_, embedders_, options);
  queue.start();
  put(collection_, "a", "text");
  // It may have looked before, or may be about to: once it has made this one, it is asleep.
  queue.wake();
  while (awaited(collection_) > 0) std::this_thread::sleep_for(1ms);
  put(collection_, "b", "another");
  queue.wake();
  while (awaited(collection_) > 0) std::this_thread::sleep_for(1ms);
}

TEST_F(EmbeddingQueueTest, AFailureIsSaidAndTriedAgain) {
  counter_->fails = true;
  put(collection_, "a", "text");
  const auto queue = start();
  while (queue->totals().failures < 3) std::this_thread::sleep_for(1ms);
  const auto failed = wait(*queue, collection_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_EQ(queue->state(collection_, kMeaning).value().error, "the counter sleeps");
  counter_->fails = false;
  while (awaited(collection_) > 0) std::this_thread::sleep_for(1ms);
  while (queue->state(collection_, kMeaning).value().error) {
    std::this_thread::sleep_for(1ms);
  }
}

TEST_F(EmbeddingQueueTest, OneThatIsPausedRestsAlsoAfterARestart) {
  const Collection other = make("others");
  set_paused(true);
  { const auto queue = start(); }
  put(collection_, "a", "text");
  put(other, "a", "text");
  const auto queue = start();
  ASSERT_TRUE(wait(*queue, other));
  const Collection now = corpus_.find_collection(namespace_, "things").value();
  EXPECT_EQ(wait(*queue, now).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(queue->state(now, kMeaning).value().is_paused);
  EXPECT_EQ(awaited(collection_), 1u);
  set_paused(false);
  // Who had the collection when it was paused waits all the same.
  ASSERT_TRUE(wait(*queue, now));
  ASSERT_TRUE(wait(*queue, corpus_.find_collection(namespace_, "things").value()));
}

TEST_F(EmbeddingQueueTest, WhatMayNotLeaveIsNotEmbedded) {
  may_receive_ = [](const NamespaceId&, const Embedder&) -> Result<void> {
    return make_error(ErrorCode::not_enabled, "they stay here");
  };
  put(collection_, "a", "text");
  const auto queue = start();
  while (queue->totals().failures < 1) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(counter_->texts(), 0u);
  EXPECT_EQ(awaited(collection_), 1u);
}

TEST_F(EmbeddingQueueTest, NobodyWaitsLongerThanHeSays) {
  const auto queue = std::make_unique<EmbeddingQueue>(corpus_, corpus_, embedders_,
                                                      EmbeddingQueue::Options());
  put(collection_, "a", "text");
  EXPECT_EQ(queue->wait_for(collection_, {}, Deadline::after(1ms)).error().code,
            ErrorCode::timeout);
  StopSource stop;
  stop.request_stop(StopReason::client_left);
  EXPECT_EQ(queue->wait_for(collection_, stop.token(), {}).error().code,
            ErrorCode::cancelled);
  // A server that stops keeps nobody waiting, nor one whose collection is gone.
  queue->stop();
  EXPECT_EQ(queue->wait_for(collection_, {}, {}).error().code, ErrorCode::unavailable);
  ASSERT_TRUE(corpus_.delete_collection(namespace_, "things"));
  EXPECT_EQ(queue->wait_for(collection_, {}, {}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace trawl::embedding_queue_test
