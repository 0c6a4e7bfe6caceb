#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/json.h"
#include "model/execution.h"

// Executions for tests: random ones that use every field, and one that never changes.
namespace trawl::test {

inline std::int64_t random_number(std::mt19937_64& random, std::int64_t from,
                                  std::int64_t to) {
  return std::uniform_int_distribution<std::int64_t>(from, to)(random);
}

inline bool random_chance(std::mt19937_64& random, int one_in) {
  return random_number(random, 1, one_in) == 1;
}

// Text with what JSON has to escape and what UTF-8 has to keep, or empty.
inline std::string random_text(std::mt19937_64& random) {
  static constexpr std::string_view kPieces[] = {
      "a", "Z", "7", " ",  "\"", "\\",   "\n",   "\t", "\x01", "/",
      "{", "}", "é", "漢", "🐟",  "\x7F", "null", ",",  ":"};
  std::string out;
  for (auto n = random_number(random, 0, 8); n > 0; --n) {
    out += kPieces[random_number(random, 0, std::size(kPieces) - 1)];
  }
  return out;
}

inline std::optional<std::string> random_optional_text(std::mt19937_64& random) {
  if (random_chance(random, 3)) return std::nullopt;
  return random_text(random);
}

inline double random_double(std::mt19937_64& random) {
  switch (random_number(random, 0, 4)) {
    case 0:
      return 0;
    case 1:
      return static_cast<double>(random_number(random, 0, 1'000'000));
    case 2:
      return static_cast<double>(random_number(random, 0, 1'000'000'000)) / 1000.0;
    case 3:
      return std::ldexp(1.0 + static_cast<double>(random() >> 12) * 0x1p-52,
                        static_cast<int>(random_number(random, -300, 300)));
    default:
      return std::uniform_real_distribution<double>(0, 1)(random);
  }
}

inline std::vector<ScoredId> random_scored_ids(std::mt19937_64& random) {
  std::vector<ScoredId> out(random_number(random, 0, 4));
  for (auto& id : out) {
    id.document_id = random_text(random);
    id.collection_id = random_text(random);
    if (random_chance(random, 2)) id.content_hash = static_cast<std::uint32_t>(random());
    for (auto n = random_number(random, -2, 2); n > 0; --n) {
      id.searches.push_back({static_cast<std::uint32_t>(random_number(random, 0, 9)),
                             static_cast<std::uint32_t>(random_number(random, 1, 1000)),
                             random_double(random)});
    }
    if (random_chance(random, 4)) id.written = json::object{{"n", random_text(random)}};
    if (!random_chance(random, 3)) {
      id.score = random_chance(random, 2) ? random_double(random) : -random_double(random);
    }
  }
  return out;
}

inline json::value random_json(std::mt19937_64& random, int depth) {
  switch (random_number(random, 0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return random_chance(random, 2);
    case 2:
      return static_cast<std::int64_t>(random());
    case 3:
      return random() | (std::uint64_t{1} << 63);
    case 4:
      return random_double(random);
    case 5:
      return json::value(random_text(random));
    case 6: {
      json::array out;
      for (auto n = random_number(random, 0, 3); n > 0; --n) {
        out.push_back(random_json(random, depth - 1));
      }
      return out;
    }
    default: {
      json::object out;
      for (auto n = random_number(random, 0, 3); n > 0; --n) {
        out[random_text(random)] = random_json(random, depth - 1);
      }
      return out;
    }
  }
}

inline json::object random_object(std::mt19937_64& random) {
  json::object out;
  for (auto n = random_number(random, 0, 3); n > 0; --n) {
    out["k" + std::to_string(n) + random_text(random)] = random_json(random, 2);
  }
  return out;
}

inline StageRecord random_stage(std::mt19937_64& random) {
  StageRecord stage;
  stage.stage_name = random_text(random);
  stage.stage_id = random_text(random);
  stage.stage_type = random_text(random);
  stage.start_offset_us = random_number(random, 0, 100'000'000'000);
  stage.duration_us = random_number(random, 0, 1'000'000'000'000'000);
  stage.input_count = random_number(random, 0, 1'000'000);
  stage.output_count = random_number(random, 0, 1'000'000);
  stage.scanned_count = random_number(random, 0, std::numeric_limits<std::int64_t>::max());
  stage.cache_hit = random_chance(random, 2);
  stage.credits_micro = random_number(random, 0, 1'000'000'000'000);
  stage.error = random_optional_text(random);
  for (auto n = random_number(random, 0, 2); n > 0; --n) {
    stage.warnings.push_back(random_text(random));
  }
  stage.metadata = random_object(random);
  if (random_chance(random, 3)) stage.parameters = random_object(random);
  if (random_chance(random, 4)) {
    stage.context = {random_number(random, 0, 1'000'000), 0.25};
  }
  if (random_chance(random, 4)) stage.seed = random_number(random, -9, 1'000'000'000);
  for (auto n = random_number(random, -3, 2); n > 0; --n) {
    ExternalCall& call = stage.external_calls.emplace_back();
    call.provider = random_text(random);
    call.request_sha256 = random_text(random);
    call.answer_sha256 = random_optional_text(random);
    call.answer_bytes = random_number(random, 0, 1'000'000);
    call.start_offset_us = random_number(random, 0, 100'000'000'000);
    call.duration_us = random_number(random, 0, 100'000'000'000);
    call.error = random_optional_text(random);
    call.error_code = random_optional_text(random);
  }
  stage.candidates = random_scored_ids(random);
  stage.candidates_truncated = random_chance(random, 2);
  stage.written_truncated = random_chance(random, 4);
  return stage;
}

// Valid in every field. The id has to be set by tests that want to choose it.
inline Execution random_execution(std::mt19937_64& random) {
  static constexpr std::string_view kStatuses[] = {status::kCompleted, status::kFailed,
                                                   status::kCancelled, status::kProcessing,
                                                   "timed_out",        "état inconnu"};
  Execution execution;
  ExecutionSummary& summary = execution.summary;
  summary.execution_id = ExecutionId("exec_" + std::to_string(random()));
  summary.status = kStatuses[random_number(random, 0, std::size(kStatuses) - 1)];
  summary.timestamp = random_number(random, kTimeMin, kTimeMax);
  summary.duration_ms = random_double(random);
  summary.credits_used = random_double(random);
  summary.total_processed = random_number(random, 0, 1'000'000'000);
  summary.total_returned = random_number(random, 0, 1'000);
  if (!random_chance(random, 3)) {
    summary.cache_hit_rate = static_cast<double>(random_number(random, 0, 3)) / 3.0;
  }
  summary.query_summary = random_optional_text(random);
  summary.stages_completed = random_number(random, 0, 5);
  summary.total_stages = random_number(random, 0, 5);
  if (!random_chance(random, 3)) {
    summary.collection_ids.emplace();
    for (auto n = random_number(random, 0, 3); n > 0; --n) {
      summary.collection_ids->push_back(random_text(random));
    }
  }
  execution.namespace_id = NamespaceId("ns_" + std::to_string(random_number(random, 0, 9)));
  execution.caller_key_id = random_text(random);
  execution.client = random_text(random);
  execution.request_id = random_text(random);
  execution.trace_id = random_text(random);
  for (auto n = random_number(random, 0, 2); n > 0; --n) {
    execution.labels.emplace_back("label" + std::to_string(n), random_text(random));
  }
  if (!random_chance(random, 3)) {
    execution.pipeline = canonical_json(random_object(random));
    execution.fingerprint = sha256_hex(execution.pipeline);
    execution.shape = sha256_hex(execution.fingerprint);
  }
  execution.inputs = random_optional_text(random);
  execution.inputs_hash = random_optional_text(random);
  for (auto n = random_number(random, 0, 2); n > 0; --n) {
    execution.collection_versions.push_back(
        {random_text(random), static_cast<std::uint64_t>(random_number(random, 0, 1'000))});
  }
  for (auto n = random_number(random, 0, 3); n > 0; --n) {
    execution.stages.push_back(random_stage(random));
  }
  execution.results = random_scored_ids(random);
  execution.error = random_optional_text(random);
  execution.failed_stage = random_optional_text(random);
  return execution;
}

// The execution of the golden files.
inline Execution golden_execution() {
  Execution execution;
  ExecutionSummary& summary = execution.summary;
  summary.execution_id = ExecutionId("exec_01JD3ZK8V9Q4T6W2X5Y7B0C1DE");
  summary.status = "failed";
  summary.timestamp = 1'769'853'600'123'456;
  summary.duration_ms = 1389.43;
  summary.credits_used = 12;
  summary.total_processed = 1200;
  summary.total_returned = 2;
  summary.cache_hit_rate = 0.5;
  summary.query_summary = "light \"tiling\" window manager — été";
  summary.stages_completed = 1;
  summary.total_stages = 2;
  summary.collection_ids = {"col_packages"};
  execution.namespace_id = NamespaceId("ns_default");
  execution.caller_key_id = "key_1";
  execution.client = "curl/8.5.0";
  execution.request_id = "req_1";
  execution.trace_id = "";
  execution.labels = {{"team", "search"}};
  execution.pipeline = R"({"stages":[{"config":{},"stage_name":"find"}]})";
  execution.fingerprint = "fp";
  execution.shape = "sh";
  execution.inputs = R"({"query": "light tiling window manager"})";
  execution.inputs_hash = "0123456789abcdef0123456789abcdef01234567";
  execution.collection_versions = {{"col_packages", 7}};
  StageRecord find;
  find.stage_name = "find";
  find.stage_id = "feature_search";
  find.stage_type = "filter";
  find.start_offset_us = 41;
  find.duration_us = 1'250;
  find.input_count = 0;
  find.output_count = 2;
  find.scanned_count = 1200;
  find.cache_hit = true;
  find.credits_micro = 250'000;
  find.warnings = {"no such field 'x'"};
  find.metadata = {{"facets", {{"section", 3}}}};
  find.candidates = {{"col_packages", "doc_i3", 3.0}, {"col_packages", "doc_dwm", 2.125}};
  execution.stages.push_back(find);
  StageRecord rank;
  rank.stage_name = "rank";
  rank.stage_id = "rerank";
  rank.stage_type = "sort";
  rank.start_offset_us = 1'300;
  rank.duration_us = 1'388'000;
  rank.input_count = 2;
  rank.error = "no reranker is configured";
  rank.candidates_truncated = true;
  execution.stages.push_back(rank);
  execution.results = {{"col_packages", "doc_i3", 3.0},
                       {"col_packages", "doc_dwm", std::nullopt}};
  execution.error = "no reranker is configured";
  execution.failed_stage = "rank";
  return execution;
}

}  // namespace trawl::test
