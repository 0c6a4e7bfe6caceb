#include "model/execution_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/golden_test_support.h"
#include "base/hash.h"
#include "model/execution_test_data.h"

namespace trawl::execution_json_test {
namespace {

Result<Execution> parse(std::string_view text) {
  TRAWL_ASSIGN(const json::value value, parse_json(text));
  return parse_execution(value);
}

// A row that is accepted, with one more field in front of the others' defaults.
std::string row_with(const std::string& field) {
  return R"({"execution_id":"e","status":"completed","timestamp":0)" +
         (field.empty() ? "" : "," + field) + "}";
}

TEST(ExecutionJson, RowIsAsEverOnTheWire) {
  const ExecutionSummary summary = test::golden_execution().summary;
  const std::string row = execution_row_json(summary);
  const std::string golden = test::golden_text("execution_row.json", row);
  EXPECT_EQ(row, golden);
  EXPECT_EQ(parse(golden).value().summary, summary);
}

TEST(ExecutionJson, DetailIsAsEverOnTheWire) {
  const Execution execution = test::golden_execution();
  const std::string detail = execution_detail_json(execution);
  const std::string golden = test::golden_text("execution_detail.json", detail);
  EXPECT_EQ(detail, golden);
  EXPECT_EQ(execution_detail_json(parse(golden).value()), golden);
  EXPECT_TRUE(parse(golden).value() == execution);
}

TEST(ExecutionJson, EmptyExecutionWritesEveryField) {
  Execution execution;
  execution.summary.execution_id = ExecutionId("e");
  EXPECT_EQ(execution_detail_json(execution),
            R"({"execution_id":"e","execution_mode":"adhoc","status":"processing",)"
            R"("timestamp":"1970-01-01T00:00:00.000000Z","duration_ms":0,"credits_used":0,)"
            R"("total_processed":0,"total_returned":0,"cache_hit_rate":null,)"
            R"("query_summary":null,"stages_completed":0,"total_stages":0,)"
            R"("collection_ids":null,"inputs":null,"inputs_hash":null,"pipeline":null,)"
            R"("fingerprint":null,"shape":null,"stages":[],"results":[],)"
            R"("collection_versions":[],"error":null,"failed_stage":null,)"
            R"("namespace_id":null,"labels":{},"caller_key_id":null,"client":null,)"
            R"("request_id":null,"trace_id":null})");
}

// Goal: what is exported can be imported again without loss.
TEST(ExecutionJson, ReadingWhatWasWrittenGivesTheSame) {
  const auto seed =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    const Execution execution = test::random_execution(random);
    const std::string text = execution_detail_json(execution);
    const auto again = parse(text);
    ASSERT_TRUE(again) << text << "\n" << again.error().message;
    ASSERT_TRUE(*again == execution) << text << "\n" << execution_detail_json(*again);
    EXPECT_EQ(execution_detail_json(*again), text);

    std::string row;
    const std::string values = row_values_json(execution.summary);
    const std::string collections =
        execution.summary.collection_ids
            ? to_json_text(json::value_from(*execution.summary.collection_ids))
            : "null";
    std::string status;
    append_json_string(status, execution.summary.status);
    ExecutionRowParts parts;
    parts.execution_id = execution.summary.execution_id.str();
    parts.execution_mode = R"("adhoc")";
    parts.status = status;
    parts.timestamp = execution.summary.timestamp;
    parts.values = values;
    parts.collection_ids = collections;
    ASSERT_TRUE(append_row_json(row, parts));
    ASSERT_EQ(row, execution_row_json(execution.summary));
    const auto numbers = parse_row_numbers(values).value();
    ASSERT_EQ(numbers[0].amount, execution.summary.duration_ms);
    ASSERT_EQ(numbers[1].amount, execution.summary.credits_used);
    ASSERT_EQ(numbers[2].count, execution.summary.total_processed);
    ASSERT_EQ(numbers[3].count, execution.summary.total_returned);
    if (const auto rate = execution.summary.cache_hit_rate) {
      ASSERT_EQ(numbers[4].amount, *rate);
    } else {
      ASSERT_TRUE(std::isnan(numbers[4].amount));
    }
    ASSERT_EQ(numbers[5].count, execution.summary.stages_completed);
    ASSERT_EQ(numbers[6].count, execution.summary.total_stages);
    ASSERT_EQ(parse(execution_row_json(execution.summary)).value().summary,
              execution.summary);
  }
}

TEST(ExecutionJson, OneBadNumberDoesNotSpoilAPage) {
  ExecutionSummary summary;
  summary.execution_id = ExecutionId("e");
  summary.duration_ms = std::numeric_limits<double>::quiet_NaN();
  summary.credits_used = -1;
  summary.total_processed = -5;
  summary.cache_hit_rate = 1.0000001;
  const auto again = parse(execution_row_json(summary)).value().summary;
  EXPECT_EQ(again.duration_ms, 0);
  EXPECT_EQ(again.credits_used, 0);
  EXPECT_EQ(again.total_processed, 0);
  EXPECT_EQ(again.cache_hit_rate, 1.0);
  summary.duration_ms = std::numeric_limits<double>::infinity();
  summary.cache_hit_rate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(parse(execution_row_json(summary)));
}

TEST(ExecutionJson, ReadsTheLeastRow) {
  const auto execution = parse(row_with("")).value();
  EXPECT_EQ(execution.summary.execution_mode, "adhoc");
  EXPECT_FALSE(execution.summary.cache_hit_rate);
  EXPECT_FALSE(execution.summary.collection_ids);
  EXPECT_FALSE(execution.inputs);
  EXPECT_FALSE(execution.inputs_hash);
  EXPECT_EQ(execution.pipeline, "");
}

TEST(ExecutionJson, ReadsTimesOfEveryForm) {
  const auto time_of = [](const std::string& time) {
    return parse(R"({"execution_id":"e","status":"s","timestamp":)" + time + "}")
        .value()
        .summary.timestamp;
  };
  constexpr TimeUs kTime = 1'769'853'600'000'000;
  EXPECT_EQ(time_of("1769853600"), kTime);
  EXPECT_EQ(time_of("1769853600000"), kTime);
  EXPECT_EQ(time_of("1769853600.25"), kTime + 250'000);
  EXPECT_EQ(time_of("1769853600000.125"), kTime + 125);
  EXPECT_EQ(time_of(R"("2026-01-31T10:00:00Z")"), kTime);
  EXPECT_EQ(time_of(R"("2026-01-31T11:00:00.000001+01:00")"), kTime + 1);
  EXPECT_EQ(time_of(R"("2026-01-31T10:00:00")"), kTime);
  EXPECT_EQ(time_of("-1"), -1'000'000);
  EXPECT_EQ(time_of("-62135596800"), kTimeMin);
  EXPECT_EQ(time_of("253402300799999"), kTimeMax - 999);
  EXPECT_FALSE(parse(R"({"execution_id":"e","status":"s","timestamp":253402300800000})"));
  EXPECT_EQ(parse(R"({"execution_id":"e","status":"s","created_at":1})")
                .value()
                .summary.timestamp,
            1'000'000);
}

TEST(ExecutionJson, InputsAreKeptAsTheyCame) {
  const auto inputs_of = [](const std::string& inputs) {
    return parse(row_with("\"inputs\":" + inputs)).value();
  };
  // Not even spaces or invalid JSON are touched.
  EXPECT_EQ(inputs_of(R"(" {\"b\": 1,  \"a\":2} ")").inputs, R"( {"b": 1,  "a":2} )");
  EXPECT_EQ(inputs_of(R"("")").inputs, "");
  EXPECT_EQ(inputs_of(R"({"b": 1.50, "a": [ ]})").inputs, R"({"b":1.5,"a":[]})");
  EXPECT_EQ(inputs_of("null").inputs, std::nullopt);
}

TEST(ExecutionJson, MissingHashIsMadeFromTheInputs) {
  const auto execution = parse(row_with(R"("inputs":"{\"b\": 1, \"a\": 2}")")).value();
  EXPECT_EQ(execution.inputs_hash, sha1_hex(R"({"a":2,"b":1})"));
  EXPECT_EQ(hash_inputs(R"({ "a":2,"b":1 })"), sha1_hex(R"({"a":2,"b":1})"));
  EXPECT_EQ(hash_inputs("not json"), sha1_hex("not json"));
  EXPECT_EQ(hash_inputs(""), sha1_hex(""));
  EXPECT_FALSE(parse(row_with(R"("inputs":"{}","inputs_hash":null)")).value().inputs_hash);
}

TEST(ExecutionJson, RefusesWrongValuesAndNamesThem) {
  const auto location_of = [](const std::string& text) {
    const auto execution = parse(text);
    EXPECT_FALSE(execution) << text;
    if (execution) return std::string("accepted");
    EXPECT_EQ(execution.error().code, ErrorCode::invalid);
    EXPECT_FALSE(execution.error().message.empty());
    return execution.error().location;
  };
  EXPECT_EQ(location_of(R"([])"), "");
  EXPECT_EQ(location_of(R"({"status":"s","timestamp":0})"), "execution_id");
  EXPECT_EQ(location_of(R"({"execution_id":"e","timestamp":0})"), "status");
  EXPECT_EQ(location_of(R"({"execution_id":"e","status":"s"})"), "timestamp");
  EXPECT_EQ(location_of(R"({"execution_id":"e","status":"s","timestamp":"no"})"),
            "timestamp");
  EXPECT_EQ(location_of(R"({"execution_id":"e","status":"s","timestamp":1e300})"),
            "timestamp");
  EXPECT_EQ(location_of(R"({"execution_id":"e","status":"s","timestamp":true})"),
            "timestamp");
  EXPECT_EQ(location_of(R"({"execution_id":"a\u0000b","status":"s","timestamp":0})"),
            "execution_id");
  EXPECT_EQ(location_of(R"({"execution_id":"a\u0085b","status":"s","timestamp":0})"),
            "execution_id");
  EXPECT_EQ(location_of(R"({"execution_id":")" + std::string(201, 'x') +
                        R"(","status":"s","timestamp":0})"),
            "execution_id");
  EXPECT_EQ(location_of(R"({"execution_id":7,"status":"s","timestamp":0})"),
            "execution_id");
  EXPECT_EQ(location_of(row_with(R"("duration_ms":-1)")), "duration_ms");
  EXPECT_EQ(location_of(row_with(R"("duration_ms":"1")")), "duration_ms");
  EXPECT_EQ(location_of(row_with(R"("total_processed":1.5)")), "total_processed");
  EXPECT_EQ(location_of(row_with(R"("total_returned":-1)")), "total_returned");
  EXPECT_EQ(location_of(row_with(R"("cache_hit_rate":1.01)")), "cache_hit_rate");
  EXPECT_EQ(location_of(row_with(R"("collection_ids":[1])")), "collection_ids");
  EXPECT_EQ(location_of(row_with(R"("inputs":5)")), "inputs");
  EXPECT_EQ(location_of(row_with(R"("pipeline":"{}")")), "pipeline");
  EXPECT_EQ(location_of(row_with(R"("labels":{"a":1})")), "labels.a");
  EXPECT_EQ(location_of(row_with(R"("stages":{})")), "stages");
  EXPECT_EQ(location_of(row_with(R"("stages":[1])")), "stages[0]");
  EXPECT_EQ(location_of(row_with(R"("stages":[{},{"duration_ms":-1}])")),
            "stages[1].duration_ms");
  EXPECT_EQ(location_of(row_with(R"("stages":[{"candidates":[{"score":"x"}]}])")),
            "stages[0].candidates[0].score");
  EXPECT_EQ(location_of(row_with(R"("collection_versions":[{"version":-1}])")),
            "collection_versions[0].version");
}

TEST(ExecutionJson, LengthOfAnIdIsInCharacters) {
  std::string id;
  for (int i = 0; i < 200; ++i) id += "漢";
  EXPECT_TRUE(parse(R"({"execution_id":")" + id + R"(","status":"s","timestamp":0})"));
}

TEST(ExecutionJson, RowValuesThatAreDamagedAreAnError) {
  for (const char* values : {"", "1,2,3,4,5,6,7", "a,2,3,4,null,6,7,null",
                             "1,2,3.5,4,null,6,7,null", "1,2,3,4,nul,6,7,null"}) {
    EXPECT_FALSE(parse_row_numbers(values)) << values;
  }
  std::string out;
  EXPECT_FALSE(append_row_json(out, {}));
}

// Goal: damage to what is stored is never taken for a client's mistake.
TEST(ExecutionJson, WhatIsStoredAndCannotBeReadIsDamaged) {
  const std::string whole = execution_detail_json(test::golden_execution());
  ASSERT_TRUE(parse_stored_execution(whole));
  std::vector<std::string> texts = {"",     "[]",       "7", "{}", R"({"execution_id":7})",
                                    "\xff", whole + "}"};
  for (std::size_t cut = 0; cut < whole.size(); cut += 13) {
    texts.push_back(whole.substr(0, cut));
  }
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    const auto execution = parse_stored_execution(text);
    ASSERT_FALSE(execution);
    EXPECT_EQ(execution.error().code, ErrorCode::storage);
    EXPECT_EQ(execution.error().message, "the stored data is damaged");
    EXPECT_FALSE(execution.error().detail.empty());
  }
}

TEST(ExecutionJson, MetadataAsDeepAsARequestMayBeIsReadBack) {
  std::string deep;
  for (int i = 0; i < 63; ++i) deep += R"({"a":)";
  deep += "1" + std::string(63, '}');
  Execution execution;
  execution.summary.execution_id = ExecutionId("e");
  execution.stages.emplace_back().metadata = parse_json(deep).value().get_object();
  EXPECT_EQ(parse_stored_execution(execution_detail_json(execution)).value(), execution);
}

// Goal: each span is one value as the text has it, and they are those that may repeat.
TEST(ExecutionJson, ValuesThatMayRepeatAreNoted) {
  const auto seed =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto noted = [](const std::string& text, const std::vector<TextSpan>& spans) {
    std::vector<json::value> out;
    std::size_t end = 0;
    for (const TextSpan& span : spans) {
      EXPECT_GT(span.begin, end);
      end = span.begin + span.size;
      EXPECT_LE(end, text.size());
      EXPECT_EQ(text[span.begin - 1], ':');
      EXPECT_TRUE(end == text.size() || text[end] == ',' || text[end] == '}');
      out.push_back(parse_json(span.of(text), kRecordDepthMax).value());
    }
    return out;
  };
  for (int i = 0; i < 200; ++i) {
    const Execution execution = test::random_execution(random);
    const ExecutionDetailParts parts = execution_detail_parts(execution);
    const json::value detail =
        parse_json(execution_detail_json(execution), kRecordDepthMax).value();
    std::vector<json::value> wanted;
    for (const json::value& stage : detail.at("stages").as_array()) {
      for (const char* name : {"metadata", "parameters", "candidates"}) {
        const json::value* value = stage.as_object().if_contains(name);
        if (value != nullptr) wanted.push_back(*value);
      }
    }
    wanted.push_back(detail.at("results"));
    EXPECT_EQ(noted(parts.after, parts.after_values), wanted);
    EXPECT_EQ(noted(parts.before, parts.before_values),
              std::vector<json::value>{detail.at("inputs")});
  }
}

}  // namespace
}  // namespace trawl::execution_json_test
