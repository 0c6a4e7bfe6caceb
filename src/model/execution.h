#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/strong_id.h"

namespace trawl {

// The words of the status column. Imported history may hold others.
namespace status {
inline constexpr std::string_view kProcessing = "processing";
inline constexpr std::string_view kCompleted = "completed";
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kCancelled = "cancelled";
}  // namespace status

// Where one of the searches of a stage had a document.
struct SearchPart {
  std::uint32_t search = 0;  // Place of the search in its stage, from 0.
  std::uint32_t rank = 0;    // In what it found, from 1.
  double score = 0;

  bool operator==(const SearchPart&) const = default;
};
using SearchParts = std::vector<SearchPart>;

// A document as it stood at a stage boundary or in the results; its rank is its place.
struct ScoredId {
  std::string collection_id;
  std::string document_id;
  std::optional<double> score;
  // Of what the document held: the first 32 bits of its content_hash(). Tells the states of
  // one document apart, wherever they are kept.
  std::optional<std::uint32_t> content_hash = {};
  // Of the stage that searched, where it made several searches.
  SearchParts searches = {};
  // What the stage wrote into it, or the whole row that the stage made.
  std::optional<json::object> written = {};

  bool operator==(const ScoredId&) const = default;
};

// What the templates of a stage saw of the run, where they looked.
struct TemplateContext {
  std::int64_t time_elapsed_ms = 0;
  std::optional<double> budget_remaining;

  bool operator==(const TemplateContext&) const = default;
};

// Something that a stage asked outside of the server, and what came back.
struct ExternalCall {
  std::string provider;        // Who was asked.
  std::string request_sha256;  // Of what was asked, hex.
  // Of the answer, hex; none where there was no answer.
  std::optional<std::string> answer_sha256;
  std::int64_t answer_bytes = 0;
  // Whether the history holds the answer, so that a replay can be given it.
  bool answer_kept = false;
  std::int64_t start_offset_us = 0;  // From the start of the execution.
  std::int64_t duration_us = 0;
  std::optional<std::string> error;       // Why there was none.
  std::optional<std::string> error_code;  // Its error_code_name().
  // On its way into the ledger, which keeps it apart (Ledger::contents()): it is neither in
  // JSON nor in what is read back.
  std::optional<std::string> answer = {};

  bool operator==(const ExternalCall&) const = default;
};

// What one stage of an execution did.
struct StageRecord {
  std::string stage_name;
  std::string stage_id;
  std::string stage_type;
  std::int64_t start_offset_us = 0;  // From the start of the execution.
  std::int64_t duration_us = 0;
  std::int64_t input_count = 0;
  std::int64_t output_count = 0;
  std::int64_t scanned_count = 0;  // Documents looked at: postings scored or rows filtered.
  bool cache_hit = false;
  std::int64_t credits_micro = 0;  // Millionths of a credit.
  std::optional<std::string> error;
  std::vector<std::string> warnings;
  json::object metadata;  // Stage-specific output, such as facets.
  // With the templates filled in; none where the pipeline's say the same.
  std::optional<json::object> parameters;
  std::optional<TemplateContext> context;
  // What it drew from; none where nothing was left to chance.
  std::optional<std::int64_t> seed;
  std::vector<ExternalCall> external_calls;
  // The candidates it handed on, best first; at most the configured number of them.
  std::vector<ScoredId> candidates;
  bool candidates_truncated = false;
  // Of some of them `written` was left out, though there was something.
  bool written_truncated = false;

  bool operator==(const StageRecord&) const = default;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

struct CollectionVersion {
  std::string collection_id;
  std::uint64_t version = 0;

  bool operator==(const CollectionVersion&) const = default;
};

// The row of the executions list: the thirteen fields of the wire contract.
struct ExecutionSummary {
  ExecutionId execution_id;
  std::string execution_mode = "adhoc";
  std::string status{status::kProcessing};
  TimeUs timestamp = 0;  // Start of the execution.
  double duration_ms = 0;
  double credits_used = 0;
  std::int64_t total_processed = 0;  // Sum of the stages' input counts.
  std::int64_t total_returned = 0;
  std::optional<double> cache_hit_rate;  // 0..1; none when no stage completed.
  std::optional<std::string> query_summary;
  std::int64_t stages_completed = 0;
  std::int64_t total_stages = 0;
  std::optional<std::vector<std::string>> collection_ids;

  bool operator==(const ExecutionSummary&) const = default;
};

// One execution, whole. Plain data: copyable, no locks. Every member is in the table of
// recorded_fields.h.
struct Execution {
  ExecutionSummary summary;
  NamespaceId namespace_id;

  std::string caller_key_id;  // Which API key ran it.
  std::string client;         // Its User-Agent.
  std::string request_id;
  std::string trace_id;
  Labels labels;

  // The pipeline as it was validated: canonical JSON {collection_identifiers,
  // input_schema, stages, budget_limits}. Empty when unknown, as for imported rows.
  std::string pipeline;
  std::string fingerprint;                 // SHA-256 hex of the pipeline.
  std::string shape;                       // The same with every literal stripped.
  std::optional<std::string> inputs;       // JSON text, verbatim where it was imported.
  std::optional<std::string> inputs_hash;  // SHA-1 hex.
  std::vector<CollectionVersion> collection_versions;
  std::vector<StageRecord> stages;
  std::vector<ScoredId> results;
  std::optional<std::string> error;
  std::optional<std::string> failed_stage;

  // The execution that it descends from, and how.
  std::string parent_execution_id;
  std::string relation;
  // The saved retriever that it ran, and which revision of it; empty and 0 for none.
  std::string retriever_id;
  std::int64_t retriever_revision = 0;
  // From the arrival of its request to its beginning, in milliseconds.
  double queue_wait_ms = 0;

  bool operator==(const Execution&) const = default;
};

}  // namespace trawl
