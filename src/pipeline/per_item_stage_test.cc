#include "pipeline/per_item_stage.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/mutex.h"
#include "corpus/fake_corpus_test_support.h"
#include "pipeline/pipeline_run.h"
#include "runtime/worker_pool.h"

namespace trawl::per_item_stage_test {
namespace {

// Reads ten documents, "0" to "9", each with its number as n.
class Ten final : public Stage {
 public:
  StageTraits traits() const override { return {.source = true}; }
  FieldSet fields_read() const override { return {}; }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }
  Result<StageOutput> run(CandidateList, StageRun&) const override {
    StageOutput output;
    for (int i = 0; i < 10; ++i) output.candidates.add_row({{"n", i}});
    return output;
  }
};

Result<std::unique_ptr<Stage>> make_ten(ObjectReader&) {
  return std::unique_ptr<Stage>(std::make_unique<Ten>());
}

// Writes the square of n. Of those that are divisible by `drop` it drops, by `fail` fails,
// by `spend` asks for more credits than there are.
class Square final : public PerItemStage {
 public:
  Square(std::int64_t drop, std::int64_t fail, std::string on_error, std::int64_t at_once)
      : drop_(drop), fail_(fail), on_error_(std::move(on_error)), at_once_(at_once) {}

  ItemTraits item_traits() const override { return {.network = true}; }
  FieldSet fields_read() const override { return FieldSet({"n"}); }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }

 protected:
  std::size_t at_once() const override { return static_cast<std::size_t>(at_once_); }
  OnError on_error() const override {
    if (on_error_ == "skip") return OnError::skip;
    return on_error_ == "remove" ? OnError::remove : OnError::raise;
  }
  Result<ItemOutput> item(const CandidateList& input, std::size_t position,
                          StageRun& run) const override {
    json::value scratch;
    const std::int64_t n = input.find(position, "n", scratch)->as_int64();
    if (!run.spending.reserve(100'000)) {
      return make_error(ErrorCode::budget_exhausted, "nothing is left");
    }
    if (fail_ > 0 && n % fail_ == 0) {
      return make_error(ErrorCode::unavailable, fmt::format("{} is out", n));
    }
    ItemOutput output;
    output.dropped = drop_ > 0 && n % drop_ == 0;
    output.fields["square"] = n * n;
    output.score = static_cast<double>(n) / 10;
    output.scanned_count = 1;
    output.warnings = {"squares are large"};
    return output;
  }

 private:
  const std::int64_t drop_;
  const std::int64_t fail_;
  const std::string on_error_;
  const std::int64_t at_once_;
};

Result<std::unique_ptr<Stage>> make_square(ObjectReader& in) {
  const auto drop = in.integer({"drop"}, 0, 0, 10);
  const auto fail = in.integer({"fail"}, 0, 0, 10);
  const auto at_once = in.integer({"at_once"}, 4, 1, 10);
  std::string on_error = in.string({"failing"}, "raise");
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(
      std::make_unique<Square>(drop, fail, std::move(on_error), at_once));
}

class Listener final : public RunEvents {
 public:
  void progressed(std::string_view, std::uint64_t done, std::uint64_t total) override {
    in_order = in_order && done == ++calls && total == 10;
  }
  std::uint64_t calls = 0;
  bool in_order = true;
};

class PerItemStages : public testing::Test {
 protected:
  PerItemStages() {
    StageDefinition ten;
    ten.stage_id = "ten";
    ten.category = "filter";
    ten.parameter_schema = "{}";
    ten.make = make_ten;
    ten.reads_collections = true;
    registry_.add(ten);
    StageDefinition square = ten;
    square.stage_id = "square";
    square.category = "enrich";
    square.make = make_square;
    square.reads_collections = false;
    registry_.add(square);
  }

  void run(std::string_view parameters, double credits = 100) {
    const json::object body{
        {"stages",
         parse_json(
             fmt::format(R"([{{"type": "ten"}}, {{"type": "square", {}}}])", parameters))
             .value()},
        {"budget_limits", json::object{{"max_credits", credits}}}};
    ObjectReader in(body, {});
    const BoundPipeline bound =
        runner_.bind(parse_pipeline(in, registry_).value(), {}, NamespaceId("ns")).value();
    execution_ = {};
    runner_.describe(bound, execution_);
    RunRequest request;
    request.events = &listener_;
    result_ = runner_.run(bound, execution_, request);
  }

  std::string squares() const {
    std::string text;
    for (std::size_t i = 0; i < result_.documents.size(); ++i) {
      const json::object document = result_.documents.to_json(i);
      const json::value* square = document.if_contains("square");
      text += square ? fmt::format("{} ", square->as_int64()) : "- ";
    }
    return text;
  }

  test::FakeCorpus corpus_;
  StageCache cache_{0};
  StageRegistry registry_;
  WorkerPool pool_{{.slots = 2, .queue_max = 100, .waiting_max = 100}};
  const PipelineRunner runner_{corpus_, corpus_, cache_, RunOptions(), FanOut(pool_)};
  Listener listener_;
  Execution execution_;
  RunResult result_;
};

TEST_F(PerItemStages, KeepTheOrderOfTheirDocuments) {
  run(R"("drop": 3)");
  EXPECT_EQ(execution_.error, std::nullopt);
  EXPECT_EQ(squares(), "1 4 16 25 49 64 ");
  EXPECT_EQ(result_.documents.score(0), 0.1);
  const StageRecord& stage = execution_.stages.at(1);
  EXPECT_EQ(stage.scanned_count, 10);
  EXPECT_EQ(stage.warnings, std::vector<std::string>{"squares are large"});
  EXPECT_EQ(listener_.calls, 10U);
  EXPECT_TRUE(listener_.in_order);
}

TEST_F(PerItemStages, AFailureDoesAsOnErrorSays) {
  run(R"("fail": 4, "failing": "raise")");
  EXPECT_EQ(execution_.error, "0 is out");
  EXPECT_EQ(execution_.summary.status, status::kFailed);

  run(R"("fail": 4, "failing": "remove")");
  EXPECT_EQ(squares(), "1 4 9 25 36 49 81 ");
  EXPECT_EQ(execution_.stages.at(1).warnings.back(),
            "3 of 10 documents failed and were left out; the first: 0 is out");

  run(R"("fail": 4, "failing": "skip")");
  EXPECT_EQ(squares(), "- 1 4 9 - 25 36 49 - 81 ");
  EXPECT_EQ(execution_.stages.at(1).metadata.at("items_failed"), 3);
}

// Goal: what ends a run is no failure of a document that could be passed over. Method: each
// item takes a tenth of a credit, and there is half of one.
TEST_F(PerItemStages, ABudgetThatEndsEndsTheStage) {
  for (const int at_once : {1, 8}) {
    run(fmt::format(R"("failing": "skip", "at_once": {})", at_once), 0.5);
    EXPECT_EQ(execution_.error, "nothing is left");
    EXPECT_GT(execution_.summary.credits_used, 0.4);  // Four items, and the two stages.
    EXPECT_LE(execution_.summary.credits_used, 0.5);
  }
}

}  // namespace
}  // namespace trawl::per_item_stage_test
