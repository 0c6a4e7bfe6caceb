#include "ledger/record/recording_policy.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/record/redacted_values.h"
#include "model/execution_json.h"
#include "model/execution_test_data.h"

namespace trawl::recording_policy_test {
namespace {

const std::string kKey = "0123";

RecordingPolicy policy_of(std::string_view text) {
  const json::value definition = parse_json(text).value();
  auto policy = RecordingPolicy::parse(definition.get_object(), "recording", kKey);
  EXPECT_TRUE(policy) << text << ": " << (policy ? "" : policy.error().message);
  return policy ? std::move(*policy) : RecordingPolicy();
}

std::string hash_of(std::string_view text) {
  return "sha256:" + hmac_sha256_hex(kKey, text).substr(0, 16);
}

Execution with_inputs(std::string inputs) {
  Execution execution;
  execution.summary.execution_id = ExecutionId("exec_1");
  execution.summary.timestamp = 1;
  execution.inputs = std::move(inputs);
  execution.inputs_hash = hash_inputs(*execution.inputs);
  return execution;
}

std::string redacted_inputs(std::string_view rules, std::string_view inputs) {
  Execution execution = with_inputs(std::string(inputs));
  policy_of("{\"redact\":" + std::string(rules) + "}").apply(execution);
  EXPECT_EQ(execution.inputs_hash, hash_inputs(*execution.inputs));
  return *execution.inputs;
}

TEST(RecordingPolicy, ParsesStrictlyAndWritesItsNormalForm) {
  const auto text = R"({"mode":"summary","redact":[{"field":"user.email","action":"hash"},)"
                    R"({"pattern":"[0-9]{16}","action":"mask"}]})";
  EXPECT_EQ(to_json_text(policy_of(text).to_json()), text);
  EXPECT_EQ(to_json_text(policy_of("{}").to_json()), R"({"mode":"full","redact":[]})");
  const std::pair<const char*, const char*> refused[] = {
      {R"({"mode":"none"})", "recording.mode"},
      {R"({"mod":"full"})", "recording.mod"},
      {R"({"redact":{}})", "recording.redact"},
      {R"({"redact":["email"]})", "recording.redact[0]"},
      {R"({"redact":[{"field":"a","action":"mask"},{"action":"mask"}]})",
       "recording.redact[1].field"},
      {R"({"redact":[{"field":"a","pattern":"b","action":"mask"}]})",
       "recording.redact[0].field"},
      {R"({"redact":[{"field":"a"}]})", "recording.redact[0].action"},
      {R"({"redact":[{"field":"a","action":"blur"}]})", "recording.redact[0].action"},
      {R"({"redact":[{"pattern":"a","action":"drop"}]})", "recording.redact[0].action"},
      {R"({"redact":[{"field":"a..b","action":"mask"}]})", "recording.redact[0].field"},
      {R"({"redact":[{"pattern":"(","action":"mask"}]})", "recording.redact[0].pattern"},
      {R"({"redact":[{"pattern":"a*","action":"mask"}]})", "recording.redact[0].pattern"},
      {R"({"redact":[{"field":"a","action":"mask","fields":1}]})",
       "recording.redact[0].fields"}};
  for (const auto& [definition, location] : refused) {
    const auto policy =
        RecordingPolicy::parse(parse_json(definition).value().get_object(), "recording");
    ASSERT_FALSE(policy) << definition;
    EXPECT_EQ(policy.error().location, location) << policy.error().message;
    EXPECT_EQ(policy.error().code, ErrorCode::invalid);
  }
}

TEST(RecordingPolicy, WithoutRulesNothingChanges) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 50; ++i) {
    const Execution before = test::random_execution(random);
    Execution after = before;
    RecordingPolicy().apply(after);
    EXPECT_EQ(after, before);
  }
}

TEST(RecordingPolicy, FieldsAreFoundByPath) {
  const auto inputs =
      R"({"user":{"email":"a@b.example","id":7},"email":"c@d.example","n":12345})";
  EXPECT_EQ(redacted_inputs(R"([{"field":"user.email","action":"drop"}])", inputs),
            R"({"user":{"id":7},"email":"c@d.example","n":12345})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"email","action":"mask"}])", inputs),
            R"({"user":{"email":"***","id":7},"email":"***","n":12345})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"*.email","action":"hash"}])", inputs),
            R"({"user":{"email":")" + hash_of("a@b.example") +
                R"(","id":7},"email":"c@d.example","n":12345})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"user","action":"mask"}])", inputs),
            R"({"user":"***","email":"c@d.example","n":12345})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"n","action":"hash"}])", inputs),
            R"({"user":{"email":"a@b.example","id":7},"email":"c@d.example","n":")" +
                hash_of("12345") + R"("})");
  // The first rule that matches decides.
  EXPECT_EQ(
      redacted_inputs(
          R"([{"field":"email","action":"mask"},{"field":"user.email","action":"hash"}])",
          R"({"user":{"email":"abcd"}})"),
      R"({"user":{"email":"***"}})");
}

TEST(RecordingPolicy, PathsPassThroughArraysAndDottedKeys) {
  const auto rules = R"([{"field":"users.email","action":"drop"}])";
  EXPECT_EQ(redacted_inputs(rules, R"({"users":[{"email":"abcd","n":1},[{"email":"e"}]]})"),
            R"({"users":[{"n":1},[{}]]})");
  EXPECT_EQ(redacted_inputs(rules, R"({"users.email":"abcd","x":{"users":{"email":1}}})"),
            R"({"x":{"users":{"email":1}}})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"email","action":"drop"}])",
                            R"({"a.email":"abcd","email.work":"efgh","x":[{"email":1}]})"),
            R"({"x":[{}]})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"list.1","action":"drop"}])",
                            R"({"list":["first","second","third"]})"),
            R"({"list":["first","third"]})");
  EXPECT_EQ(redacted_inputs(R"([{"field":"list.*.k","action":"mask"}])",
                            R"({"list":[{"k":"abcd"},{"l":{"m":{"k":"efgh"}}}]})"),
            R"({"list":[{"k":"***"},{"l":{"m":{"k":"efgh"}}}]})");
}

TEST(RecordingPolicy, PatternsTakeTheirPartOfEveryText) {
  const auto card = R"([{"pattern":"[0-9]{4}-?[0-9]{4}","action":"mask"}])";
  EXPECT_EQ(
      redacted_inputs(card, R"({"q":"pay 1234-5678 and 87654321 now","k":[11112222]})"),
      R"({"q":"pay *** and *** now","k":["***"]})");
  EXPECT_EQ(redacted_inputs(card, R"({"12345678":1,"x\u0031234-5678":2})"),
            R"({"***":1,"x***":2})");
  EXPECT_EQ(redacted_inputs(R"([{"pattern":"\\w+@\\w+","action":"hash"}])",
                            R"({"q":"to me@x or me@x"})"),
            R"({"q":"to )" + hash_of("me@x") + " or " + hash_of("me@x") + R"("})");
  // Anchored to the value, and found where it is only quoted.
  Execution execution = with_inputs(R"({"pin":"9173"})");
  execution.labels = {{"note", "the pin 9173 is wrong"}};
  policy_of(R"({"redact":[{"pattern":"^[0-9]{4}$","action":"mask"}]})").apply(execution);
  EXPECT_EQ(execution.labels[0].second, "the pin *** is wrong");
}

TEST(RecordingPolicy, WhatQuotesAValueObeys) {
  Execution execution = with_inputs(
      R"({"email":"alice@example.com","q":"mail of alice@example.com","n":"line\none"})");
  execution.summary.query_summary = "mail of alice@example.com";
  execution.pipeline =
      canonical_json(parse_json(R"({"stages":[{"stage_name":"find","config":{"stage_id":"s",
                  "parameters":{"query":"fixed"}}},{"query":"alice@example.com"}],
                  "input_schema":{"email":{"type":"text","default":"bob"},
                                  "q":{"type":"text"}}})")
                         .value());
  const std::string pipeline = execution.pipeline;
  execution.fingerprint = sha256_hex(pipeline);
  execution.failed_stage = "find";
  execution.error = "'alice@exam…' has no index; alice@example.com, ALICE@Example.com";
  execution.labels = {{"who", "alice@example.com"},
                      {"url", "?mail=alice%40example.com"},
                      {"html", "<alice@example.com>"}};
  execution.client = "Alice@Example.com/1.0";
  StageRecord& stage = execution.stages.emplace_back();
  stage.stage_name = "find";
  stage.error = execution.error;
  stage.warnings = {"read \"line one\"", "read \"line\\none\""};
  stage.metadata = {{"alice@example.com", json::array{"<alice@example.com>"}}};
  stage.parameters = json::object{{"query", "for alice@example.com"}};
  stage.candidates.resize(1);
  stage.candidates[0].written = json::object{{"by", "alice@example.com"}};
  policy_of(
      R"({"redact":[{"field":"email","action":"mask"},{"field":"n","action":"drop"}]})")
      .apply(execution);
  EXPECT_EQ(execution.inputs, R"({"email":"***","q":"mail of ***"})");
  EXPECT_EQ(execution.summary.query_summary, "***");
  // No input was filled into this stage, so what it said is kept.
  EXPECT_EQ(execution.error, "'***…' has no index; ***, ***");
  EXPECT_EQ(execution.stages[0].warnings,
            (std::vector<std::string>{"read \"***\"", "read \"***\""}));
  EXPECT_EQ(execution.stages[0].parameters, (json::object{{"query", "for ***"}}));
  EXPECT_EQ(execution.labels[1].second, "?mail=***");
  EXPECT_EQ(execution.fingerprint, sha256_hex(execution.pipeline));
  EXPECT_NE(execution.pipeline.find(R"("default":"***")"), std::string::npos);
  const std::string all = execution_detail_json(execution);
  EXPECT_EQ(all.find("alice"), std::string::npos) << all;
  EXPECT_EQ(all.find("Alice"), std::string::npos) << all;
  EXPECT_EQ(all.find("bob"), std::string::npos) << all;
}

// One stage with these parameters, which failed and said so in every place.
Execution failing(std::string inputs, std::string_view parameters, std::string_view words) {
  Execution execution = with_inputs(std::move(inputs));
  execution.summary.query_summary = std::string(words);
  const json::object stage{
      {"stage_name", "one"},
      {"config", {{"stage_id", "s"}, {"parameters", parse_json(parameters).value()}}}};
  execution.pipeline = canonical_json(json::object{{"stages", json::array{stage}}});
  execution.error = execution.stages.emplace_back().error = std::string(words);
  execution.failed_stage = execution.stages[0].stage_name = "one";
  execution.stages[0].warnings = {std::string(words)};
  execution.stages[0].metadata["said"] = words;
  execution.stages[0].parameters = json::object{{"value", json::value(words)}};
  execution.stages[0].seed = 7;
  execution.stages[0].candidates.resize(1);
  execution.stages[0].candidates[0].written = json::object{{"mark", json::value(words)}};
  return execution;
}

// A template can change a value as it likes, and a library quotes what part it likes.
TEST(RecordingPolicy, WhatAStageSaidOfARedactedValueIsNotKept) {
  const std::string_view rules[] = {
      R"({"redact":[{"field":"password","action":"mask"}]})",
      R"({"redact":[{"field":"password","action":"drop"}]})",
      R"({"redact":[{"field":"password","action":"hash"}]})",
      R"({"redact":[{"pattern":"Tr0ub4dor","action":"mask"}]})", R"({"mode":"summary"})"};
  for (const auto rule : rules) {
    for (const std::string_view parameters :
         {R"({"value":"{{INPUT.password | lower}}"})", R"({"a":[{"b":"x{{INPUT}}"}]})",
          R"({"value":{"type":"dynamic","field":"inputs.password"}})"}) {
      Execution execution = failing(R"({"password":"Tr0ub4dor&3"})", parameters, "d0ub4");
      policy_of(rule).apply(execution);
      const std::string all = execution_detail_json(execution);
      EXPECT_EQ(all.find("d0ub4"), std::string::npos) << rule << all;
      EXPECT_NE(all.find("not recorded"), std::string::npos) << rule << all;
    }
  }
}

TEST(RecordingPolicy, WhatARunnerSaidIsKept) {
  for (const char* message :
       {"budget exhausted: 5 ms were used", "cancelled: the client closed the connection",
        "interrupted: the server stopped"}) {
    Execution execution =
        failing(R"({"password":"Tr0ub4dor"})", R"({"v":"{{INPUT.password}}"})", message);
    policy_of(R"({"redact":[{"field":"password","action":"mask"}]})").apply(execution);
    EXPECT_EQ(execution.error, message);
    EXPECT_EQ(execution.stages[0].error, message);
  }
}

// A stage that was filled in from other inputs says what it says.
TEST(RecordingPolicy, OnlyStagesThatReadARedactedInputAreSilent) {
  const auto text = R"({"redact":[{"field":"password","action":"mask"}]})";
  RecordingPolicy policy = policy_of(text);
  policy.set_inputs_read(
      [](const json::value& config) -> std::optional<std::vector<std::string>> {
        const auto& reads = config.at("parameters").at("reads");
        return std::vector{std::string(view(reads.get_string()))};
      });
  const auto inputs = R"({"password":"Tr0ub4dor","q":"sea"})";
  Execution other = failing(inputs, R"({"reads":"q"})", "'sea' is short");
  policy.apply(other);
  EXPECT_EQ(other.error, "'sea' is short");
  EXPECT_EQ(other.stages[0].warnings, std::vector<std::string>{"'sea' is short"});
  Execution same = failing(inputs, R"({"reads":"password"})", "'sea' is short");
  policy.apply(same);
  EXPECT_NE(same.error, "'sea' is short");
  EXPECT_TRUE(same.stages[0].metadata.empty());
  EXPECT_FALSE(same.stages[0].parameters);
  EXPECT_FALSE(same.stages[0].seed);
  EXPECT_FALSE(same.stages[0].candidates[0].written);
  // An execution that has no such input has nothing to hide.
  Execution none = failing(R"({"q":"sea"})", R"({"reads":"password"})", "'sea' is short");
  policy.apply(none);
  EXPECT_EQ(none.error, "'sea' is short");
}

// Filters that stand beside the parameters are read by the stage as well.
TEST(RecordingPolicy, StagesWithARedactedInputInAFilterAreSilent) {
  for (const char* name : {"pre_filters", "post_filters"}) {
    Execution execution =
        failing(R"({"password":"Tr0ub4dor"})", R"({"n":1})", "'Tr0u' has no end");
    json::value pipeline = parse_json(execution.pipeline).value();
    pipeline.at("stages").at(0).at("config").as_object()[name] =
        json::object{{"v", "{{INPUT.password}}"}};
    execution.pipeline = canonical_json(pipeline);
    policy_of(R"({"redact":[{"field":"password","action":"mask"}]})").apply(execution);
    EXPECT_EQ(execution.error->find("Tr0u"), std::string::npos) << name;
    EXPECT_EQ(execution.stages[0].error->find("Tr0u"), std::string::npos) << name;
  }
}

// A PIN, a flag and the keys of a dropped object are too short, or no values, to be looked
// for: the summary is made without them.
TEST(RecordingPolicy, TheSummaryIsMadeOfTheRedactedInputs) {
  const auto summary = [](std::string_view action, std::string inputs) {
    Execution execution = with_inputs(inputs);
    execution.summary.query_summary = inputs;
    execution.labels = {{"cvv", "123"}};
    policy_of(R"({"redact":[{"field":"cvv","action":")" + std::string(action) + "\"}]}")
        .apply(execution);
    EXPECT_EQ(execution.labels[0].second == "123", inputs.find("\"cvv\"") == inputs.npos);
    return execution.summary.query_summary;
  };
  EXPECT_EQ(summary("mask", R"({"cvv":"123"})"), "***");
  EXPECT_EQ(summary("mask", R"({"n":9,"cvv":123})"), "***");
  EXPECT_EQ(summary("drop", R"({"n":9,"cvv":123})"), R"({"n":9})");
  EXPECT_EQ(summary("drop", R"({"cvv":"123"})"), std::nullopt);
  EXPECT_EQ(summary("drop", R"({"n":9,"cvv":"123","again":"123","m":[123]})"), "***");
  EXPECT_EQ(summary("hash", R"({"query":"sea","cvv":"123"})"), "sea");
  Execution flag = with_inputs(R"({"vip":true,"who":{"bob":{"age":41}},"n":1})");
  flag.summary.query_summary = *flag.inputs;
  policy_of(
      R"({"redact":[{"field":"vip","action":"mask"},{"field":"who","action":"drop"}]})")
      .apply(flag);
  EXPECT_EQ(flag.summary.query_summary, "***");
  flag = with_inputs(R"({"vip":true,"who":{"bob":{"age":41}},"n":1})");
  flag.summary.query_summary = *flag.inputs;
  policy_of(
      R"({"redact":[{"field":"vip","action":"drop"},{"field":"who","action":"drop"}]})")
      .apply(flag);
  EXPECT_EQ(flag.summary.query_summary, R"({"n":1})");
}

TEST(RecordingPolicy, DefaultsAreRedactedAtEveryDepth) {
  Execution execution = with_inputs("{}");
  execution.summary.query_summary = R"({"user":{"pin":"777"}})";
  execution.pipeline = canonical_json(parse_json(R"({"stages":[],"input_schema":{
        "user":{"type":"object","default":{"pin":"777","n":1},"properties":{
          "pin":{"type":"text","default":"778"},
          "deep":{"type":"object","properties":{"pin":{"default":"779"}}}}},
        "list":{"type":"array","items":{"properties":{"pin":{"default":"780"}}}},
        "properties":{"pin":{"type":"text","default":"781"}},
        "plain":{"type":"text","default":"kept"}}})")
                                          .value());
  policy_of(R"({"redact":[{"field":"pin","action":"drop"}]})").apply(execution);
  EXPECT_EQ(execution.pipeline.find("77"), std::string::npos) << execution.pipeline;
  EXPECT_EQ(execution.pipeline.find("78"), std::string::npos) << execution.pipeline;
  EXPECT_NE(execution.pipeline.find("kept"), std::string::npos);
  EXPECT_EQ(execution.summary.query_summary->find("77"), std::string::npos);
}

TEST(RecordingPolicy, WhatCannotBeReadIsMaskedWhole) {
  Execution execution = with_inputs("plain text of alice");
  execution.summary.query_summary = "plain text of alice";
  execution.error = "who is alice";
  policy_of(R"({"redact":[{"field":"x","action":"drop"}]})").apply(execution);
  EXPECT_EQ(execution.inputs, "\"***\"");
  EXPECT_EQ(execution.summary.query_summary, std::nullopt);
  EXPECT_EQ(execution.error, "***");
  // A row without inputs: the summary and the error may quote anything.
  Execution row;
  row.error = "no such user: alice";
  row.summary.query_summary = "alice@example.com";
  row.inputs_hash = "abc";
  policy_of(R"({"redact":[{"field":"x","action":"drop"}]})").apply(row);
  EXPECT_EQ(row.summary.query_summary, std::nullopt);
  EXPECT_EQ(row.inputs_hash, std::nullopt);
  EXPECT_EQ(row.error->find("alice"), std::string::npos);
  // Of two members with one name, the first is no longer there either.
  EXPECT_EQ(redacted_inputs(R"([{"pattern":"secret","action":"mask"}])",
                            R"({"a":"secret","a":"x"})"),
            R"({"a":"x"})");
}

TEST(RecordingPolicy, WhatOthersAnsweredIsNotKeptWhereAnythingIsTakenOut) {
  const auto asked = [] {
    Execution execution = with_inputs(R"({"q": "pine martens"})");
    StageRecord& stage = execution.stages.emplace_back();
    stage.external_calls.push_back({.provider = "model",
                                    .request_sha256 = sha256_hex("pine martens"),
                                    .answer_sha256 = sha256_hex("they eat voles"),
                                    .answer_bytes = 14,
                                    .answer_kept = true,
                                    .duration_us = 7,
                                    .error = "no answer about pine martens",
                                    .error_code = "unavailable",
                                    .answer = "they eat voles"});
    return execution;
  };
  Execution whole = asked();
  RecordingPolicy().apply(whole);
  EXPECT_EQ(whole, asked());

  Execution redacted = asked();
  policy_of(R"({"redact": [{"field": "user", "action": "drop"}]})").apply(redacted);
  Execution summary = asked();
  RecordingPolicy().apply(summary, RecordingMode::summary);
  Execution least = asked();
  record_least(least);
  for (const Execution* execution : {&redacted, &summary, &least}) {
    const ExternalCall& call = execution->stages.at(0).external_calls.at(0);
    EXPECT_EQ(call.provider, "model");
    EXPECT_EQ(call.duration_us, 7);
    EXPECT_EQ(call.error_code, "unavailable");
    EXPECT_EQ(call.request_sha256, "");
    EXPECT_EQ(call.answer_sha256, std::nullopt);
    EXPECT_FALSE(call.answer_kept);
    EXPECT_EQ(call.answer, std::nullopt);
    EXPECT_EQ(call.error, "***");
  }
}

TEST(RecordingPolicy, SummaryKeepsTheRowAndTheCounts) {
  Execution execution = with_inputs(R"({"q":"find me","n":31415})");
  execution.summary.query_summary = "find me";
  execution.summary.total_returned = 1;
  execution.pipeline = "{}";
  execution.fingerprint = "f";
  execution.error = "cancelled: the client closed the connection";
  execution.results = {{"c", "d", 1.0}};
  StageRecord& stage = execution.stages.emplace_back();
  stage.stage_name = "find me";
  stage.output_count = 5;
  stage.duration_us = 9;
  stage.error = "cannot find me at 31415";
  stage.warnings = {"'find m…' is odd"};
  stage.metadata = {{"facets", 1}};
  stage.parameters = json::object{{"query", "find me"}};
  stage.seed = 7;
  stage.candidates = {{"c", "d", 1.0}};
  const Execution full = execution;
  for (const bool by_request : {true, false}) {
    execution = full;
    if (by_request) {
      RecordingPolicy().apply(execution, RecordingMode::summary);
    } else {
      policy_of(R"({"mode":"summary"})").apply(execution, RecordingMode::full);
    }
    Execution wanted = full;
    wanted.summary.query_summary.reset();
    wanted.inputs.reset();
    wanted.pipeline.clear();
    wanted.results.clear();
    // Whether an input was filled into the stage is not known, as its pipeline is not.
    EXPECT_EQ(execution.stages[0].error->find("31415"), std::string::npos);
    EXPECT_EQ(execution.stages[0].warnings[0].find("find"), std::string::npos);
    wanted.stages[0].error = execution.stages[0].error;
    wanted.stages[0].warnings = execution.stages[0].warnings;
    wanted.stages[0].metadata.clear();
    wanted.stages[0].parameters.reset();
    wanted.stages[0].seed.reset();
    wanted.stages[0].candidates.clear();
    wanted.stages[0].candidates_truncated = true;
    EXPECT_EQ(execution, wanted);
  }
}

TEST(RecordingPolicy, ApplyingItTwiceToFieldsChangesNothingMore) {
  const auto policy = policy_of(
      R"({"redact":[{"field":"a","action":"hash"},{"field":"b","action":"mask"}]})");
  Execution once = with_inputs(R"({"a":"some text","b":[1,2],"c":"some text"})");
  policy.apply(once);
  Execution twice = once;
  policy.apply(twice);
  EXPECT_EQ(twice, once);
}

// Goal: no redacted value is left in the record, whatever it is and wherever it stands.
// Method: secrets of awkward characters are planted in every text of random executions,
// bare, cut short, JSON-escaped and inside other words, under fields and by pattern.
TEST(RecordingPolicy, NoRedactedValueSurvives) {
  const auto seed =
      static_cast<std::uint64_t>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const char* actions[] = {"drop", "hash", "mask"};
  for (int round = 0; round < 300; ++round) {
    // Pieces that no other text holds, so that finding them again means something.
    std::string secret = "S3cr";
    for (auto n = test::random_number(random, 0, 400); n > 0; --n) {
      static constexpr std::string_view kPieces[] = {"e",  "t",  "é",  "漢",
                                                     "\"", "\\", "\n", " "};
      secret += kPieces[test::random_number(random, 0, std::size(kPieces) - 1)];
    }
    secret += "Zq9";
    const std::string code =
        "CODE-" + std::to_string(test::random_number(random, 1000, 9999));
    const auto plant = [&](std::string text) {
      switch (test::random_number(random, 0, 4)) {
        case 0:
          return text + secret + code;
        case 1:
          return secret + text;
        case 2:
          return truncate_text(secret, static_cast<std::size_t>(
                                           test::random_number(random, 4, 200))) +
                 text;
        case 3:
          return truncate_text(code,
                               static_cast<std::size_t>(test::random_number(random, 4, 9)));
        default:
          return text + to_json_text(json::value(json::string(secret))) + code;
      }
    };
    Execution execution = test::random_execution(random);
    json::object inputs{{"key", secret}, {"code", code}};
    json::value deep = test::random_json(random, 2);
    inputs["other"] = json::array{deep, plant("a"), json::object{{"key", plant("b")}}};
    inputs[plant("k")] = plant("c");
    execution.inputs = to_json_text(inputs);
    execution.summary.query_summary = plant("q");
    execution.error = plant("e");
    execution.failed_stage = plant("f");
    execution.pipeline = canonical_json(json::object{
        {"stages", json::array{json::object{{plant("p"), plant("v")}}}},
        {"input_schema", json::object{{"key", json::object{{"default", plant("d")}}}}}});
    for (auto& stage : execution.stages) {
      stage.stage_name = plant("n");
      stage.error = plant("x");
      stage.warnings = {plant("w"), plant("y")};
      stage.metadata[plant("m")] = json::array{plant("z")};
      stage.parameters = json::object{{plant("g"), plant("h")}};
      for (ScoredId& candidate : stage.candidates) {
        candidate.written = json::object{{plant("i"), plant("j")}};
      }
    }
    execution.labels = {{"l", plant("l")}};
    execution.client = plant("u");
    execution.request_id = plant("r");

    json::array rules;
    rules.push_back(json::object{{"field", "key"},
                                 {"action", actions[test::random_number(random, 0, 2)]}});
    rules.push_back(json::object{{"pattern", "CODE-[0-9]{4}"},
                                 {"action", actions[test::random_number(random, 1, 2)]}});
    auto policy = RecordingPolicy::parse(json::object{{"redact", rules}}, "", kKey);
    ASSERT_TRUE(policy);
    policy->apply(execution);

    const std::string stored = execution_detail_json(execution) +
                               execution.inputs.value_or("") + execution.pipeline;
    EXPECT_EQ(stored.find("S3cr"), std::string::npos) << round << ": " << stored;
    EXPECT_EQ(stored.find("Zq9"), std::string::npos) << round << ": " << stored;
    EXPECT_EQ(stored.find("CODE"), std::string::npos) << round << ": " << stored;
    ASSERT_TRUE(parse_json(execution_detail_json(execution), 90)) << round;
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(RedactedValues, LongAndManyValuesCostLittle) {
  RedactedValues values;
  values.add(std::string(100'000, 'a') + "b", "***");
  values.seal();
  const std::string text(2'000'000, 'a');
  std::vector<TextCut> cuts;
  values.find_in(text, cuts);
  std::string changed = text;
  EXPECT_TRUE(apply_cuts(changed, cuts));
  EXPECT_EQ(changed.find("aaaaa"), std::string::npos);

  RedactedValues many;
  for (int i = 0; i < 20'000; ++i) many.add("value " + std::to_string(i), "***");
  EXPECT_TRUE(many.overflowed());
}

TEST(RedactedValues, TheLongestIsFoundAmongThoseThatShareABeginning) {
  RedactedValues values;
  for (const char* value : {"abcd", "abcdxx", "abcdefgh", "abcdef", "abcdzz"})
    values.add(value, "<" + std::string(value) + ">");
  values.seal();
  const auto redacted = [&](std::string text) {
    std::vector<TextCut> cuts;
    values.find_in(text, cuts);
    apply_cuts(text, cuts);
    return text;
  };
  EXPECT_EQ(redacted("abcdefgh."), "<abcdefgh>.");
  EXPECT_EQ(redacted("abcdefgg."), "<abcdef>gg.");
  EXPECT_EQ(redacted("abcdy abcdxy"), "<abcd>y <abcd>xy");
  EXPECT_EQ(redacted("abcdefg…"), "<abcdefgh>…");
  EXPECT_EQ(redacted("abc…"), "abc…");
}

// A text that cannot be searched in time may hold what the pattern looks for.
TEST(RecordingPolicy, WhatIsTooLongToBeSearchedIsNotKept) {
  std::mt19937 random(1);
  std::string text(200'000, 'x');
  for (char& c : text) c = random() % 2 == 0 ? 'x' : 'y';
  const std::string slow = redacted_inputs(
      R"([{"pattern":"(x|y|xy|yx){0,200}z","action":"mask"}])", "{\"q\":\"" + text + "\"}");
  EXPECT_LT(slow.size(), 100u);
  EXPECT_EQ(slow.find("xyx"), std::string::npos);
  // Each match looks through all that follows it: the first ones are masked one by one, and
  // the rest at once.
  const std::string many =
      redacted_inputs(R"([{"pattern":"a(.*b)?","action":"mask"}])",
                      "{\"q\":\"" + std::string(1'000'000, 'a') + "\"}");
  EXPECT_EQ(many.find("aa"), std::string::npos);
  // What is usual is searched as before.
  const std::string usual = redacted_inputs(
      R"j([{"pattern":"[a-z0-9._]+@[a-z0-9.]+\\.[a-z]{2,}","action":"mask"}])j",
      "{\"q\":\"" + std::string(100'000, '-') + "me@example.org tail\"}");
  EXPECT_EQ(usual.find("example.org"), std::string::npos);
  EXPECT_NE(usual.find(" tail"), std::string::npos);
}

}  // namespace
}  // namespace trawl::recording_policy_test
