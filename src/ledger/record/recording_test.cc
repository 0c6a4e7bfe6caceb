// The recorder as the one place where recording policies are applied.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "base/hash.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/record/recorder.h"
#include "ledger/sqlite/sqlite_ledger.h"

namespace trawl::recording_test {
namespace {

const NamespaceId kNs("ns_a");
const NamespaceId kOpen("ns_b");

RecordingPolicySource masking() {
  const json::value definition =
      parse_json(R"({"redact":[{"field":"email","action":"mask"}]})").value();
  auto policy = std::make_shared<const RecordingPolicy>(
      RecordingPolicy::parse(definition.get_object(), "recording").value());
  const auto everything = std::make_shared<const RecordingPolicy>();
  return [policy, everything](const NamespaceId& ns) {
    return ns == kNs ? policy : everything;
  };
}

Execution secret(const NamespaceId& ns, const std::string& id) {
  Execution execution = test::make_execution(ns, id, 5);
  execution.inputs = R"({"email":"alice@example.com"})";
  execution.summary.query_summary = "alice@example.com";
  return execution;
}

std::string stored(const Ledger& ledger, const NamespaceId& ns, const std::string& id) {
  const auto found = ledger.find(ns, ExecutionId(id)).value();
  return found ? execution_detail_json(*found) : "nothing";
}

bool has_secret(const std::string& text) {
  return text.find("alice") != std::string::npos;
}

TEST(Recording, StartsEndsAndImportsObeyThePolicy) {
  MemoryLedger ledger;
  Recorder recorder(ledger, {}, masking());
  auto ticket = recorder.admit().value();
  recorder.start(ticket, secret(kNs, "run"));
  recorder.flush();
  EXPECT_NE(stored(ledger, kNs, "run").find("processing"), std::string::npos);
  EXPECT_FALSE(has_secret(stored(ledger, kNs, "run")));
  recorder.finish(std::move(ticket), secret(kNs, "run"), nullptr);
  recorder.flush();
  EXPECT_NE(stored(ledger, kNs, "run").find("completed"), std::string::npos);
  EXPECT_FALSE(has_secret(stored(ledger, kNs, "run")));
  EXPECT_EQ(test::written(
                recorder.import({secret(kNs, "a"), secret(kNs, "a"), secret(kOpen, "a")}))
                .value(),
            (std::vector<bool>{true, false, true}));
  EXPECT_FALSE(has_secret(stored(ledger, kNs, "a")));
  EXPECT_TRUE(has_secret(stored(ledger, kOpen, "a")));
}

TEST(Recording, ARequestMayAskForLess) {
  MemoryLedger ledger;
  Recorder recorder(ledger, {}, masking());
  auto ticket = recorder.admit(RecordingMode::summary).value();
  Recorder::Ticket moved = std::move(ticket);
  recorder.start(moved, secret(kOpen, "run"));
  recorder.flush();
  EXPECT_FALSE(has_secret(stored(ledger, kOpen, "run")));
  recorder.finish(std::move(moved), secret(kOpen, "run"), nullptr);
  recorder.flush();
  EXPECT_FALSE(has_secret(stored(ledger, kOpen, "run")));
}

// Goal: what others answered reaches the ledger where everything may be kept, and nowhere
// else; an import has no answers, whatever it says.
TEST(Recording, AnswersAreKeptOnlyWhereNothingIsTakenOut) {
  const auto asked = [](const NamespaceId& ns, const std::string& id) {
    Execution execution = secret(ns, id);
    execution.stages.resize(1);
    execution.stages[0].external_calls.push_back({.provider = "model",
                                                  .request_sha256 = "of the request",
                                                  .answer_sha256 = sha256_hex("dear alice"),
                                                  .answer_bytes = 10,
                                                  .answer_kept = true,
                                                  .answer = "dear alice"});
    return execution;
  };
  const auto kept = [](const Ledger& ledger, const NamespaceId& ns, const char* id) {
    const auto found = ledger.find(ns, ExecutionId(id)).value();
    EXPECT_TRUE(found);
    const ExternalCall& call = found->stages.at(0).external_calls.at(0);
    const auto contents = ledger.contents(ns, ExecutionId(id)).value();
    EXPECT_EQ(call.answer, std::nullopt);
    EXPECT_EQ(call.answer_kept, !contents.empty());
    return !contents.empty() && contents[0].sha256 == call.answer_sha256 &&
           contents[0].bytes == "dear alice";
  };
  MemoryLedger memory;
  const test::ScratchDirectory directory;
  const auto embedded = open_sqlite_ledger(directory.file("ledger.db")).value();
  for (Ledger* ledger : {static_cast<Ledger*>(&memory), static_cast<Ledger*>(&*embedded)}) {
    Recorder recorder(*ledger, {}, masking());
    const auto record = [&](Execution execution, RecordingMode mode) {
      auto ticket = recorder.admit(mode).value();
      recorder.finish(std::move(ticket), std::move(execution), nullptr);
      recorder.flush();
    };
    record(asked(kOpen, "all"), RecordingMode::full);
    record(asked(kOpen, "summary"), RecordingMode::summary);
    record(asked(kNs, "masked"), RecordingMode::full);
    ASSERT_TRUE(recorder.import({asked(kOpen, "imported")}));
    EXPECT_TRUE(kept(*ledger, kOpen, "all"));
    EXPECT_FALSE(kept(*ledger, kOpen, "summary"));
    EXPECT_FALSE(kept(*ledger, kNs, "masked"));
    EXPECT_FALSE(kept(*ledger, kOpen, "imported"));
  }
}

// A policy that is not known may be any policy.
TEST(Recording, APolicyThatCannotBeHadRecordsNoTexts) {
  for (const bool throws : {true, false}) {
    MemoryLedger ledger;
    Recorder recorder(
        ledger, {}, [throws](const NamespaceId&) -> std::shared_ptr<const RecordingPolicy> {
          if (throws) throw std::runtime_error("damaged");
          return nullptr;
        });
    std::atomic<bool> done = false;
    auto ticket = recorder.admit().value();
    recorder.start(ticket, secret(kOpen, "run"));
    recorder.flush();
    EXPECT_FALSE(has_secret(stored(ledger, kOpen, "run")));
    recorder.finish(std::move(ticket), secret(kOpen, "run"),
                    [&](const AppendOutcome& recorded) { done = recorded.has_value(); });
    recorder.flush();
    EXPECT_TRUE(done);
    ASSERT_TRUE(recorder.import({secret(kOpen, "imported")}));
    for (const char* id : {"run", "imported"}) {
      const auto found = ledger.find(kOpen, ExecutionId(id)).value();
      ASSERT_TRUE(found);
      EXPECT_FALSE(has_secret(execution_detail_json(*found)));
      EXPECT_EQ(found->inputs, std::nullopt);
      EXPECT_EQ(found->inputs_hash, std::nullopt);
      EXPECT_EQ(found->summary.query_summary, std::nullopt);
      EXPECT_TRUE(found->results.empty());
    }
  }
}

}  // namespace
}  // namespace trawl::recording_test
