// Goal: a run that is given what an earlier one left to chance, saw and was answered does
// the same again, and says clearly where it cannot.
// Method: a stage that asks a provider, whose answers change all the time, about what it
// draws and sees.
#include "pipeline/run_replay.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "corpus/fake_corpus_test_support.h"
#include "pipeline/pipeline_run.h"
#include "runtime/worker_pool.h"

namespace trawl::run_replay_test {
namespace {

// Answers with how often it was asked, so never twice the same. Fails for "fail", and
// answers "long" with a kilobyte.
class Counter final : public Provider {
 public:
  std::string_view name() const override { return "counter-1"; }
  Result<std::string> ask(const std::string& question, const AskContext&) const override {
    const int n = ++asked;
    if (question == "fail") return make_error(ErrorCode::unavailable, "it is closed");
    if (question == "throw") throw std::runtime_error("a defect");
    if (question == "long") return std::string(1024, 'x');
    return std::to_string(n);
  }
  mutable std::atomic<int> asked{0};
};

// Makes a row of what it drew, saw and was answered.
class Ask final : public Stage {
 public:
  StageTraits traits() const override { return {.deterministic = false, .network = true}; }
  FieldSet fields_read() const override { return {}; }
  Result<Loss> explain_loss(const LostDocument&, StageRun&) const override {
    return Loss();
  }
  Result<void> bind(BindContext& context) override {
    TRAWL_ASSIGN(provider_, context.provider(name_));
    return {};
  }
  Result<StageOutput> run(CandidateList, StageRun& run) const override {
    StageOutput output;
    output.seed = run.seed;
    json::array answers;
    for (const std::string& question : questions_) {
      TRAWL_ASSIGN(const std::string answer, run.calls.ask(*provider_, question));
      answers.emplace_back(answer);
    }
    output.candidates.add_row(
        {{"seed", run.seed}, {"seen", json::value(seen_)}, {"answers", answers}});
    return output;
  }

  std::string name_, seen_;
  std::vector<std::string> questions_;
  std::shared_ptr<const Provider> provider_;
};

Result<std::unique_ptr<Stage>> make_ask(ObjectReader& in) {
  auto made = std::make_unique<Ask>();
  made->name_ = in.string({"provider"});
  made->seen_ = in.string({"seen"});
  made->questions_ = in.strings({"questions"});
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(made));
}

class RunReplayTest : public testing::Test {
 protected:
  RunReplayTest() {
    StageDefinition ask;
    ask.stage_id = "ask";
    ask.category = "apply";
    ask.parameter_schema = "{}";
    ask.make = make_ask;
    registry_.add(ask);
    counter_ = std::make_shared<Counter>();
    providers_.add("counter", counter_);
  }

  Pipeline pipeline(std::string_view questions,
                    std::string_view provider = "counter") const {
    const std::string text =
        std::string(R"({"stages": [{"stage_name": "a", "config": {"stage_id": "ask",
        "parameters": {"provider": ")") +
        std::string(provider) +
        R"(", "seen": "{{CONTEXT.execution_id}} {{CONTEXT.time_elapsed_ms}} {{CONTEXT.budget_remaining}}",
        "questions": )" +
        std::string(questions) + R"(}}}], "budget_limits": {"max_credits": 5}})";
    const json::value body = parse_json(text).value();
    ObjectReader in(body.get_object(), {});
    return parse_pipeline(in, registry_).value();
  }

  Execution run(std::string_view questions, const RunReplay* replay = nullptr) {
    const PipelineRunner runner(corpus_, corpus_, cache_, options_, {}, &providers_);
    const BoundPipeline bound =
        runner.bind(pipeline(questions), {}, NamespaceId("ns")).value();
    Execution execution;
    execution.summary.execution_id = ExecutionId("exec_" + std::to_string(++runs_));
    runner.describe(bound, execution);
    RunRequest request;
    request.replay = replay;
    result_ = runner.run(bound, execution, request);
    return execution;
  }

  static RunReplay replay_of(const Execution& execution,
                             Externals externals = Externals::recorded) {
    RunReplay out;
    out.execution_id = execution.summary.execution_id;
    out.externals = externals;
    for (const StageRecord& stage : execution.stages) {
      out.stages.push_back({stage.stage_name, stage.stage_id, stage.seed, stage.context,
                            stage.cache_hit, stage.external_calls});
    }
    return out;
  }

  std::string row() const { return canonical_json(result_.documents.to_json(0)); }

  test::FakeCorpus corpus_;
  StageCache cache_{1 << 20};
  StageRegistry registry_;
  Providers providers_;
  std::shared_ptr<Counter> counter_;
  RunOptions options_;
  RunResult result_;
  int runs_ = 0;
};

TEST_F(RunReplayTest, GivesTheSameAgain) {
  const Execution first = run(R"(["a", "b", "a"])");
  const std::string then = row();
  ASSERT_EQ(first.stages.at(0).external_calls.size(), 2u);  // "a" was asked once.
  const ExternalCall& call = first.stages[0].external_calls[0];
  EXPECT_EQ(call.provider, "counter-1");
  EXPECT_EQ(call.answer, "1");
  EXPECT_TRUE(call.answer_kept);

  run(R"(["a", "b", "a"])");
  EXPECT_NE(row(), then);

  const int asked = counter_->asked;
  const RunReplay replay = replay_of(first);
  const Execution again = run(R"(["a", "b", "a"])", &replay);
  EXPECT_EQ(row(), then);
  EXPECT_EQ(counter_->asked, asked);
  // It can itself be replayed.
  EXPECT_EQ(again.stages[0].external_calls.size(), 2u);
  const RunReplay twice = replay_of(again);
  run(R"(["a", "b", "a"])", &twice);
  EXPECT_NE(row(), then);  // Its own id is what a template sees of it.
}

TEST_F(RunReplayTest, AnAnswerThatWasNotRecordedIsAnError) {
  const Execution first = run(R"(["a"])");
  RunReplay replay = replay_of(first);
  Execution again = run(R"(["a", "new"])", &replay);
  EXPECT_EQ(again.summary.status, status::kFailed);
  EXPECT_NE(again.error->find("was not asked this then"), std::string::npos)
      << *again.error;

  options_.answer_bytes_max = 100;
  const Execution longer = run(R"(["a", "long"])");
  EXPECT_TRUE(longer.stages[0].external_calls[0].answer_kept);
  EXPECT_FALSE(longer.stages[0].external_calls[1].answer_kept);
  EXPECT_EQ(longer.stages[0].external_calls[1].answer_bytes, 1024);
  replay = replay_of(longer);
  again = run(R"(["a", "long"])", &replay);
  EXPECT_NE(again.error->find("1024 bytes, was not kept"), std::string::npos);

  options_ = {};
  options_.answers_bytes_max = 1;
  const Execution full = run(R"(["a", "b"])");
  EXPECT_TRUE(full.stages[0].external_calls[0].answer_kept ^
              full.stages[0].external_calls[1].answer_kept);
}

TEST_F(RunReplayTest, FailuresAreRepeatedToo) {
  const Execution first = run(R"(["fail"])");
  EXPECT_EQ(first.summary.status, status::kFailed);
  EXPECT_EQ(first.stages[0].external_calls.at(0).error, "it is closed");
  EXPECT_EQ(first.stages[0].external_calls.at(0).error_code, "unavailable");
  const RunReplay replay = replay_of(first);
  const int asked = counter_->asked;
  const Execution again = run(R"(["fail"])", &replay);
  EXPECT_EQ(again.error, first.error);
  EXPECT_EQ(counter_->asked, asked);
  EXPECT_EQ(run(R"(["throw"])").summary.status, status::kFailed);
}

TEST_F(RunReplayTest, MayAskAnewOrNobody) {
  const Execution first = run(R"(["a"])");
  const std::string then = row();
  const int asked = counter_->asked;
  RunReplay replay = replay_of(first, Externals::live);
  run(R"(["a"])", &replay);
  EXPECT_EQ(counter_->asked, asked + 1);
  EXPECT_NE(row(), then);
  replay.externals = Externals::fail;
  const Execution none = run(R"(["a"])", &replay);
  EXPECT_EQ(none.summary.status, status::kFailed);
  EXPECT_EQ(counter_->asked, asked + 1);
}

TEST_F(RunReplayTest, AProviderThatIsNotThereRefusesTheRequest) {
  const PipelineRunner runner(corpus_, corpus_, cache_, options_, {}, &providers_);
  const auto bound = runner.bind(pipeline("[]", "oracle"), {}, NamespaceId("ns"));
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, ErrorCode::not_enabled);
}

// Many ask the same at once; one question leaves.
TEST(ExternalCalls, AskTheSameOnce) {
  AnswerRoom room(1 << 20, 1 << 20);
  ExternalCalls calls({}, 0, room, Externals::live, nullptr);
  const Counter counter;
  WorkerPool pool(4, 64);
  const FanOut fan_out(pool);
  std::vector<std::string> answers(64);
  const auto asked = fan_out.for_each(
      answers.size(), 4, [] { return Result<void>(); },
      [&](std::size_t i) -> Result<void> {
        TRAWL_ASSIGN(answers[i], calls.ask(counter, std::to_string(i % 8)));
        return {};
      });
  ASSERT_TRUE(asked);
  EXPECT_EQ(counter.asked, 8);
  for (std::size_t i = 8; i < answers.size(); ++i) EXPECT_EQ(answers[i], answers[i % 8]);
  EXPECT_EQ(calls.take().size(), 8u);
}

}  // namespace
}  // namespace trawl::run_replay_test
