#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "model/execution.h"
#include "pipeline/pipeline.h"
#include "pipeline/price_list.h"
#include "pipeline/run_replay.h"
#include "pipeline/stage.h"
#include "pipeline/stage_cache.h"
#include "runtime/fan_out.h"
#include "runtime/stop.h"

namespace trawl {

struct RunOptions {
  std::size_t boundary_candidates_max = 1000;  // Kept in the record for each stage.
  std::size_t results_max = 10'000;            // Result ids kept in the record.
  // Of what a stage wrote into documents, or the rows that it made, kept in the record.
  std::size_t written_bytes_max = 65'536;
  // What providers answered: the most that is kept of one answer, and of a run.
  std::size_t answer_bytes_max = std::size_t{1} << 20;
  std::size_t answers_bytes_max = std::size_t{16} << 20;
  PriceList prices;
  // The most that a run may take, also where its budget_limits.max_time_ms says more or
  // nothing; 0: no limit.
  std::int64_t time_ms_max = 60'000;
  // Whether the texts of a namespace may go to whom a provider asks (Providers::asks).
  // Empty: they may.
  std::function<Result<void>(const NamespaceId&, std::string_view asked)> may_send = {};
};

// A pipeline with its inputs, bound to one version of each collection it searches.
struct BoundPipeline {
  Pipeline pipeline;
  json::object inputs;      // With defaults filled in.
  std::string inputs_text;  // As sent, compact.
  std::string inputs_hash;  // hash_inputs() of them as sent.
  NamespaceId namespace_id;
  std::vector<std::shared_ptr<const Snapshot>> snapshots;  // Of the request, in its order.
  std::vector<std::shared_ptr<const Snapshot>> extra;      // Named by single stages.
  // For collections that only a template names; empty: the newest.
  std::vector<CollectionVersion> versions;
  bool may_read_others = false;  // Whether a template names any.
  bool use_cache = true;
  // What its stages said of themselves before the run, in their order.
  struct StageFacts {
    StageTraits traits;
    FieldSet fields_read;
    bool may_be_remembered = false;  // What it returns.
  };
  std::vector<StageFacts> stage_facts;
  std::optional<std::string> summary_text;  // Of the first source that has one.
  // monotonic_us() when the request began: its limit of time counts from then. 0: from the
  // beginning of the run.
  std::int64_t begun_us = 0;
};

// What a stage of a run was given and made of it, as long as the call lasts.
struct StageWitnessed {
  std::size_t index = 0;
  const PipelineStage& stage;
  const Stage& made;
  const json::object& config;  // As LostDocument::config.
  StageRun& run;
  const CandidateList& given;      // What the stage before handed on.
  const CandidateList& input;      // Of that, what the stage itself was given.
  const StageOutput& output;       // What the stage itself made, and
  const CandidateList& handed_on;  // what the post_filters left of it.
  std::span<const Filter> pre_filters;
  std::span<const Filter> post_filters;
};

// Somebody who looks at a run from inside. Called after each stage that ran, on the run's
// thread; an error ends the run.
class RunWitness {
 public:
  virtual ~RunWitness() = default;
  virtual Result<void> stage_ran(const StageWitnessed& seen) = 0;
};

// The first stages of a run, which were made before.
struct RunStart {
  std::vector<StageRecord> stages;  // As the record of the run is to have them.
  CandidateList candidates;         // What the last of them handed on.
  ExecutionId execution_id;         // As their templates saw it, and as later ones do.
};

// What one run is asked for besides.
struct RunRequest {
  // What ends it from outside, as cancelled. A limit of its own is no such thing: it ends
  // the run as failed, with what would have to be raised.
  StopToken stop;
  // Which of the documents the reply carries: of these, all fields are loaded, but for
  // those beyond shown_bytes_max or so; CandidateList::append_json() reads these as it
  // goes.
  std::size_t shown_begin = 0;
  std::size_t shown_count = std::numeric_limits<std::size_t>::max();
  std::size_t shown_bytes_max = 1 << 20;
  RunEvents* events = nullptr;  // Null: nobody listens.
  TraceContext trace;
  // What the run is to do again; null for a run of its own. Must outlive the run. A replay
  // takes nothing from the stage cache: it is to show that the same comes out.
  const RunReplay* replay = nullptr;
  // Nothing is taken from the stage cache for one, either: each stage is to run.
  RunWitness* witness = nullptr;
  // The run goes on from there; null: from the beginning. Must outlive the run. Fewer than
  // the stages of the pipeline, and no others.
  const RunStart* start = nullptr;
  // In place of RunOptions::boundary_candidates_max and results_max.
  std::optional<std::size_t> recorded_max = {};
};

// The versions that a run sees; without any of these, the newest.
struct BindAt {
  // As an execution recorded them: the first are of the collections that the pipeline
  // names, in its order, whatever those are called by now. What is not among them is seen
  // at its newest version.
  std::span<const CollectionVersion> versions = {};
  // Of some collections, in any order, as a request asks for them; what is not among them
  // is seen at its newest version. Used without the others.
  std::span<const CollectionVersion> pinned = {};
};

struct RunResult {
  CandidateList documents;  // Empty unless the execution completed.
  std::vector<std::string> warnings;
  // Stages that failed and were passed over, as their on_error says: name and error.
  std::vector<std::pair<std::string, std::string>> skipped;
  json::object facets;
  json::object completeness;  // As the stages tell it; "partial" where one says so.
  json::array limits;         // That stages lowered, each with its `stage`.
  std::optional<double> credits_left;
  std::int64_t time_used_us = 0;
  std::string
      error_detail;  // For the log, where the inputs may be logged: it may quote them.
};

// Validates, binds and runs pipelines. Thread-safe.
class PipelineRunner {
 public:
  // The corpus, the cache, the pool of `fan_out` and the providers must outlive the runner.
  PipelineRunner(const Catalog& catalog, const Corpus& corpus, StageCache& cache,
                 RunOptions options, FanOut fan_out = {},
                 const Providers* providers = nullptr);

  // Resolves collections to snapshots and checks the inputs against the schema.
  //   not_found  a collection is missing; the location names it
  //   invalid    inputs, or something a stage can tell in advance
  // And with versions, also not_found where one is no longer kept.
  Result<BoundPipeline> bind(Pipeline pipeline, json::object inputs,
                             const NamespaceId& namespace_id, const BindAt& at = {}) const;

  // Fills in everything that is known of an execution before it runs: status processing,
  // summary of the query, hashes, versions.
  void describe(const BoundPipeline& bound, Execution& execution) const;

  // Runs the stages in order and writes what happened into `execution`: status completed,
  // failed or cancelled, stage records, counts, credits, results, error.
  RunResult run(const BoundPipeline& bound, Execution& execution,
                const RunRequest& request) const;

 private:
  const Catalog& catalog_;
  const Corpus& corpus_;
  StageCache& cache_;
  const RunOptions options_;
  const FanOut fan_out_{};
  const Providers* const providers_ = nullptr;
};

}  // namespace trawl
