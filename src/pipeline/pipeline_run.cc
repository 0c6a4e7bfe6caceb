#include "pipeline/pipeline_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <numeric>

#include "base/hash.h"
#include "base/work_limit.h"
#include "ledger/record/runner_message.h"
#include "model/execution_json.h"
#include "pipeline/absent_fields.h"
#include "pipeline/boundary_record.h"
#include "pipeline/external_calls.h"
#include "pipeline/narrowing.h"
#include "pipeline/open_collection.h"
#include "pipeline/query_summary.h"
#include "pipeline/rendered_stage.h"
#include "pipeline/run_memory.h"
#include "pipeline/run_seed.h"
#include "pipeline/run_time.h"
#include "pipeline/template/template.h"
#include "runtime/turn.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

bool same_collection(const Snapshot& snapshot, std::string_view identifier) {
  return snapshot.collection().id.str() == identifier ||
         snapshot.collection().name == identifier;
}

std::string_view stop_text(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      break;
    case StopReason::client_left:
      return "the client closed the connection";
    case StopReason::server_stopping:
      return "the server was stopping; run it again";
  }
  return "the run was stopped from outside";
}

std::optional<MicroCredits> credit_limit(const BudgetLimits& budget) {
  if (!budget.max_credits) return std::nullopt;
  return to_micro_credits(*budget.max_credits);
}

// One run: the state that passes from stage to stage.
class Run {
 public:
  Run(const Catalog& catalog, const Corpus& corpus, StageCache& cache,
      const RunOptions& options, const FanOut& fan_out, const Providers* providers,
      const BoundPipeline& bound, Execution& execution, const RunRequest& request)
      : catalog_(catalog),
        corpus_(corpus),
        options_(options),
        fan_out_(fan_out),
        providers_(providers),
        bound_(bound),
        execution_(execution),
        request_(request),
        events_(request.events == nullptr ? no_events_ : *request.events),
        started_us_(monotonic_us()),
        seed_(draw_seed()),
        memory_(cache, bound, corpus.traits().versions,
                bound.use_cache && request.replay == nullptr && request.witness == nullptr),
        spending_(credit_limit(bound.pipeline.budget)) {
    const auto& stages = bound.pipeline.stages;
    has_stage_called_name_ =
        std::any_of(stages.begin(), stages.end(),
                    [](const auto& stage) { return stage.stage_name == "name"; });
  }

  RunResult run() {
    RunResult result;
    std::optional<Error> error;
    if (request_.start != nullptr) go_on_from(*request_.start, result);
    for (; index_ < bound_.pipeline.stages.size(); ++index_) {
      const PipelineStage& stage = bound_.pipeline.stages[index_];
      events_.stage_started(stage.stage_name);
      StageRecord record;
      record.stage_name = stage.stage_name;
      record.stage_id = stage.definition->stage_id;
      record.stage_type = stage.definition->category;
      record.start_offset_us = monotonic_us() - started_us_;
      record.input_count = static_cast<std::int64_t>(candidates_.size());
      const MicroCredits spent_before = spending_.used();
      auto outcome = run_guarded(stage, record);
      memory_.give_up();
      used_us_ = monotonic_us() - started_us_;
      // The work of a stage that overran is done, and kept in the record, but nothing that
      // took longer than its limit is a success.
      if (outcome) outcome = time_.check(used_us_);
      record.duration_us = used_us_ - record.start_offset_us;
      bool skipped = false;
      if (!outcome) {
        error = std::move(outcome).error();
        record.error = error->message;
        skipped = may_skip(stage, *error);
      }
      if (skipped) {
        record.output_count = record.input_count;
        result.skipped.emplace_back(stage.stage_name, error->message);
        result.warnings.push_back(fmt::format("{}: failed and was skipped: {}",
                                              stage.stage_name, error->message));
        error.reset();
      }
      record.credits_micro = spending_.used() - spent_before;
      for (const auto& warning : record.warnings) {
        result.warnings.push_back(fmt::format("{}: {}", stage.stage_name, warning));
      }
      take_told(record, result);
      execution_.summary.total_processed += record.input_count;
      events_.stage_ended(stage.stage_name, static_cast<std::size_t>(record.output_count));
      execution_.stages.push_back(std::move(record));
      if (error) break;
      if (!skipped) ++execution_.summary.stages_completed;
    }
    // What a stage that was skipped was given is the result, and was not shown yet.
    if (!error) {
      auto shown = bounded(check_, [&] { return load_result(); });
      if (!shown) {
        error = std::move(shown).error();
        execution_.stages.back().error = error->message;
      }
    }
    remember();
    finish(error, result);
    return result;
  }

 private:
  // What the reply says of a stage as its own.
  static void take_told(const StageRecord& record, RunResult& result) {
    if (const auto* facets = record.metadata.if_contains("facets")) {
      if (facets->is_object()) result.facets = facets->get_object();
    }
    const auto* completeness = record.metadata.if_contains("completeness");
    if (completeness != nullptr && completeness->is_object()) {
      for (const auto& [name, value] : completeness->get_object()) {
        json::value& told = result.completeness[name];
        if (told.is_null() || value == "partial") told = value;
      }
    }
    const auto* limits = record.metadata.if_contains("limits");
    if (limits == nullptr || !limits->is_array()) return;
    for (const json::value& limit : limits->get_array()) {
      if (!limit.is_object()) continue;
      json::object& told = result.limits.emplace_back(limit).as_object();
      told["stage"] = text_value(record.stage_name);
    }
  }

  // The stages that were made before count as those whose result the cache knows.
  void go_on_from(const RunStart& start, RunResult& result) {
    for (const StageRecord& record : start.stages) {
      const auto count = static_cast<std::uint64_t>(record.output_count);
      std::optional<double> top_score;
      if (!record.candidates.empty()) top_score = record.candidates.front().score;
      note_values(record.stage_name, count, top_score);
      take_told(record, result);
      execution_.summary.total_processed += record.input_count;
      ++execution_.summary.stages_completed;
      ++cache_hits_;
      execution_.stages.push_back(record);
      ++index_;
    }
    candidates_ = start.candidates;
    memory_.end();
  }

  std::size_t candidates_max() const {
    return request_.recorded_max.value_or(options_.boundary_candidates_max);
  }
  std::size_t results_max() const {
    return request_.recorded_max.value_or(options_.results_max);
  }

  // What templates of later stages see of this one.
  void note_values(const std::string& stage_name, std::uint64_t count,
                   std::optional<double> top_score) {
    // STAGE.name is the name of the last stage, unless there is a stage of that name.
    if (!has_stage_called_name_) stage_values_["name"] = stage_name;
    stage_values_[stage_name] = {
        {"count", count},
        {"top_score", top_score ? json::value(*top_score) : json::value()}};
  }

  // Of the stage that runs; null where it is on its own.
  const RunReplay* replay() const {
    return request_.replay != nullptr && index_ < request_.replay->stage_end
               ? request_.replay
               : nullptr;
  }

  // Whether the run continues without the stage. What ends a run for reasons of its own is
  // no failure of the stage.
  static bool may_skip(const PipelineStage& stage, const Error& error) {
    return stage.skip_on_error && error.code != ErrorCode::cancelled &&
           error.code != ErrorCode::budget_exhausted && error.code != ErrorCode::timeout;
  }

  // What a library throws inside a stage ends the execution, not the process, and the
  // record is kept.
  Result<void> run_guarded(const PipelineStage& stage, StageRecord& record) {
    try {
      return bounded(check_, [&] { return run_stage(stage, record); });
    } catch (const std::bad_alloc&) {
      return make_error(ErrorCode::unavailable,
                        fmt::format("{}'{}'; narrow what it reads",
                                    runner_message::kOutOfMemory, stage.stage_name));
    } catch (const std::exception& thrown) {
      return make_error(
          ErrorCode::internal,
          fmt::format("{}'{}'", runner_message::kUnexpected, stage.stage_name),
          thrown.what());
    }
  }

  // Renders the parameters of the stage, charges for it and runs it, unless its result is
  // known.
  Result<void> run_stage(const PipelineStage& stage, StageRecord& record) {
    TRAWL_TRY(check());
    const RunReplay::Stage* then =
        replay() == nullptr ? nullptr
                            : replay()->find(stage.stage_name, stage.definition->stage_id);
    const json::object context = context_values(then);
    // Parameters are filled in once for all documents.
    static const json::object kNoDocument;
    const TemplateScope scope{&bound_.inputs, &kNoDocument, &context, &stage_values_};
    TRAWL_ASSIGN(const RenderedStage rendered, render(stage, scope));
    if (rendered.parameters != stage.parameters) record.parameters = rendered.parameters;
    if (reads_context(json::value(stage.parameters))) {
      record.context.emplace();
      record.context->time_elapsed_ms = context.at("time_elapsed_ms").get_int64();
      if (const auto& left = context.at("budget_remaining"); !left.is_null()) {
        record.context->budget_remaining = as_double(left);
      }
    }
    memory_.begin(stage, rendered);
    TRAWL_ASSIGN(const bool is_taken, recall(stage, rendered, record));
    if (is_taken) return {};
    // What cost nothing, as its result was known, must not exhaust a budget now.
    if (then == nullptr || !then->cache_hit) TRAWL_TRY(charge(stage));
    bound_late_ = false;
    auto with_parameters = make(stage, rendered);
    if (!with_parameters) {
      return named_absent(std::move(with_parameters).error(), rendered);
    }
    const std::unique_ptr<Stage> made = *std::move(with_parameters);
    const StageTraits traits = made->traits();
    // A collection that only a template named is in no key, so its result must not be kept.
    if (bound_late_ || !traits.deterministic || !made->may_be_cached()) {
      memory_.leave_out();
    }
    TRAWL_ASSIGN(const auto pre_filters,
                 compile_filters(stage.pre_filters, rendered.pre_filters));
    TRAWL_ASSIGN(const auto post_filters,
                 compile_filters(stage.post_filters, rendered.post_filters));
    FieldSet read = made->fields_read();
    if (!traits.source) read.add(paths_of(pre_filters));
    if (!candidates_.empty() && !read.empty()) TRAWL_TRY(candidates_.load(read, check_));
    // With what was loaded for this stage, so that the same pipeline finds it there again.
    remember();

    FieldSet next = fields_next();
    next.add(paths_of(post_filters));
    ExternalCalls calls({request_.stop, time_.deadline(), request_.trace.trace_id,
                         request_.trace.parent_id},
                        started_us_, answer_room_,
                        replay() == nullptr ? Externals::live : replay()->externals,
                        then == nullptr ? nullptr : &then->external_calls);
    StageRun run{check_,
                 request_.stop,
                 time_.deadline(),
                 spending_,
                 calls,
                 events_,
                 stage.stage_name,
                 request_.trace,
                 fan_out_,
                 then != nullptr && then->seed ? *then->seed : stage_seed(seed_, index_),
                 {},
                 std::move(next)};
    CandidateList input = candidates_;
    if (traits.source) {
      run.pre_filters = pre_filters;
    } else {
      TRAWL_TRY(narrow(pre_filters, input, check_));
    }
    std::optional<Waiting> waiting;
    if (traits.network) waiting.emplace();
    const CandidateList witnessed_input =
        request_.witness == nullptr ? CandidateList() : input;
    auto ran = made->run(std::move(input), run);
    waiting.reset();
    record.external_calls = calls.take();
    TRAWL_ASSIGN(StageOutput output, std::move(ran));
    TRAWL_TRY(warn_of_absent(*made, pre_filters, output));
    const StageOutput own = request_.witness == nullptr ? StageOutput() : output;
    TRAWL_TRY(narrow_output(post_filters, output, check_));
    if (request_.witness != nullptr) {
      const json::object config = config_of(rendered);
      TRAWL_TRY(request_.witness->stage_ran({index_, stage, *made, config, run, candidates_,
                                             witnessed_input, own, output.candidates,
                                             pre_filters, post_filters}));
    }
    append_warnings(pre_filters, output.warnings);
    append_warnings(post_filters, output.warnings);
    if (output.facets) output.metadata["facets"] = *output.facets;
    TRAWL_TRY(take(stage, output, record));
    warn(stage, traits, rendered, record);
    memory_.keep(std::move(output), record.external_calls);
    return {};
  }

  // Says where a stage rests on fields that none of the documents has which it was given;
  // of filters only where nothing passed, as they may ask for what is not there.
  Result<void> warn_of_absent(const Stage& stage, const std::vector<Filter>& pre_filters,
                              StageOutput& output) const {
    if (stage.traits().source || candidates_.empty()) return {};
    FieldSet fields = stage.fields_needed();
    if (output.candidates.empty()) {
      fields.add(stage.fields_read());
      fields.add(paths_of(pre_filters));
    }
    return warn_of_absent_fields(candidates_, fields, check_, output.warnings);
  }

  Result<std::unique_ptr<Stage>> make(const PipelineStage& stage,
                                      const RenderedStage& rendered) {
    ObjectReader reader(rendered.parameters, stage.location);
    TRAWL_ASSIGN(auto made, stage.definition->make(reader));
    TRAWL_TRY(reader.status());
    BindContext context;
    context.snapshots = bound_.snapshots;
    context.find = [this](std::string_view identifier) { return bind(identifier); };
    context.first = index_ == 0;
    context.providers = providers_;
    if (options_.may_send) {
      context.may_send = [&](std::string_view asked) {
        return options_.may_send(bound_.namespace_id, asked);
      };
    }
    TRAWL_TRY(made->bind(context));
    return made;
  }

  // Whether the result is known, and was taken.
  Result<bool> recall(const PipelineStage& stage, const RenderedStage& rendered,
                      StageRecord& record) {
    TRAWL_ASSIGN(auto known, memory_.recall(index_, check_));
    if (!known) return false;
    remember();
    if (!take(stage, known->output, record)) return false;
    record.cache_hit = true;
    record.external_calls = std::move(known->external_calls);
    ++cache_hits_;
    warn(stage, bound_.stage_facts[index_].traits, rendered, record);
    memory_.taken();
    return true;
  }

  // What the stage before returned, with what was loaded of it since.
  void remember() { memory_.remember(candidates_); }

  // What is read of the output of this stage: by the next one, or by the reply.
  FieldSet fields_next() const {
    if (index_ + 1 < bound_.pipeline.stages.size()) {
      return bound_.stage_facts[index_ + 1].fields_read;
    }
    const bool all =
        request_.shown_begin == 0 && request_.shown_count == RunRequest().shown_count;
    return all ? FieldSet::all() : FieldSet();
  }

  // Of this run alone, so no remembered result speaks of another's inputs.
  void warn(const PipelineStage& stage, const StageTraits& traits,
            const RenderedStage& rendered, StageRecord& record) const {
    if (index_ == 0 && !traits.source && !stage.definition->reads_collections) {
      record.warnings.emplace_back(
          "it comes first and reads no collection itself, so it was given no documents; "
          "put a search or an attribute_filter before it");
    }
    for (auto& warning : absence_warnings(rendered)) {
      record.warnings.push_back(std::move(warning));
    }
  }

  // Makes the output of a stage what the next one is given.
  Result<void> take(const PipelineStage& stage, StageOutput& output, StageRecord& record) {
    const bool is_last = index_ + 1 == bound_.pipeline.stages.size();
    if (is_last) {
      TRAWL_TRY(load_shown(output.candidates));
    }
    TRAWL_TRY(output.candidates.load_first(candidates_max(),
                                           is_last ? FieldSet() : fields_next(), check_));
    record.candidates = scored_ids(output.candidates, candidates_max());
    note_origins(candidates_, output.candidates, options_.written_bytes_max, record);
    candidates_ = std::move(output.candidates);
    output.candidates = {};
    record.output_count = static_cast<std::int64_t>(candidates_.size());
    record.scanned_count = static_cast<std::int64_t>(output.scanned_count);
    record.metadata = output.metadata;
    record.warnings = output.warnings;
    record.seed = output.seed;
    record.candidates_truncated = candidates_.size() > record.candidates.size();
    note_values(stage.stage_name, candidates_.size(),
                candidates_.empty() ? std::nullopt : candidates_.score(0));
    return {};
  }

  Result<void> load_shown(CandidateList& candidates) const {
    std::size_t begin = std::min(request_.shown_begin, candidates.size());
    const std::size_t end =
        begin + std::min(request_.shown_count, candidates.size() - begin);
    // Ever more at a time, so that few are loaded that are long, and many in few steps.
    CandidateList::Positions some(32);
    for (std::size_t bytes = 0; begin < end; some.resize(some.size() * 2)) {
      some.resize(std::min(some.size(), end - begin));
      std::iota(some.begin(), some.end(), begin);
      TRAWL_TRY(candidates.load(FieldSet::all(), some, check_));
      begin += some.size();
      if (begin == end) break;
      bytes += candidates.slice(begin - some.size(), some.size()).memory_bytes();
      if (bytes >= request_.shown_bytes_max) break;
    }
    return {};
  }

  // What the reply and the record show of the result.
  Result<void> load_result() {
    TRAWL_TRY(load_shown(candidates_));
    return candidates_.load_first(results_max(), {}, check_);
  }

  // Before the stage runs: one that is cut short has still spent its share, so a slow
  // retriever cannot be run again and again for free.
  Result<void> charge(const PipelineStage& stage) {
    const MicroCredits cost = options_.prices.cost(*stage.definition, candidates_.size());
    if (spending_.reserve(cost)) return {};
    return make_error(
        ErrorCode::budget_exhausted,
        fmt::format("{} before stage '{}': it costs {:.4g} credits and {:.4g} "
                    "of {:.4g} are left; {}",
                    runner_message::kBudgetExhausted, stage.stage_name,
                    AmountSum::to_amount(cost), AmountSum::to_amount(*spending_.left()),
                    *bound_.pipeline.budget.max_credits,
                    *bound_.pipeline.budget.max_credits > 0
                        ? "raise budget_limits.max_credits"
                        : "a budget_limits.max_credits of 0 is none at all; for no limit "
                          "leave it out"));
  }

  Result<void> check() const {
    give_turn();
    memory_.go_on();
    const auto reason = request_.stop.reason();
    if (reason != StopReason::none) {
      return make_error(ErrorCode::cancelled,
                        fmt::format("{}{}", runner_message::kCancelled, stop_text(reason)));
    }
    return time_.check(monotonic_us() - started_us_);
  }

  Result<std::shared_ptr<const Snapshot>> bind(std::string_view identifier) {
    for (const auto* list : {&bound_.snapshots, &bound_.extra}) {
      for (const auto& snapshot : *list) {
        if (same_collection(*snapshot, identifier)) return snapshot;
      }
    }
    for (const auto& snapshot : late_) {
      if (!same_collection(*snapshot, identifier)) continue;
      bound_late_ = true;
      return snapshot;
    }
    TRAWL_ASSIGN(auto snapshot, open_collection(catalog_, corpus_, bound_.namespace_id,
                                                identifier, bound_.versions));
    bound_late_ = true;
    late_.push_back(snapshot);
    return snapshot;
  }

  json::object context_values(const RunReplay::Stage* then) const {
    const ExecutionId& id = request_.replay != nullptr  ? request_.replay->execution_id
                            : request_.start != nullptr ? request_.start->execution_id
                                                        : execution_.summary.execution_id;
    TemplateContext seen{(monotonic_us() - started_us_) / 1000, std::nullopt};
    if (const auto left = spending_.left()) {
      seen.budget_remaining = AmountSum::to_amount(*left);
    }
    if (then != nullptr && then->context) seen = *then->context;
    return {{"namespace_id", bound_.namespace_id.str()},
            {"internal_id", bound_.namespace_id.str()},
            {"execution_id", id.str()},
            {"time_elapsed_ms", seen.time_elapsed_ms},
            {"budget_remaining",
             seen.budget_remaining ? json::value(*seen.budget_remaining) : json::value()}};
  }

  void finish(const std::optional<Error>& error, RunResult& result) {
    ExecutionSummary& summary = execution_.summary;
    summary.duration_ms = static_cast<double>(used_us_) / 1000.0;
    summary.credits_used = AmountSum::to_amount(spending_.used());
    if (summary.stages_completed > 0) {
      summary.cache_hit_rate =
          static_cast<double>(cache_hits_) / static_cast<double>(summary.stages_completed);
    }
    if (error) {
      summary.status =
          error->code == ErrorCode::cancelled ? status::kCancelled : status::kFailed;
      execution_.error = error->message;
      execution_.failed_stage = execution_.stages.back().stage_name;
      result.error_detail = error->detail;
    } else {
      summary.status = status::kCompleted;
      result.documents = std::move(candidates_);
      execution_.results = scored_ids(result.documents, results_max());
      summary.total_returned = static_cast<std::int64_t>(result.documents.size());
    }
    // Searched as well, though only a template named them.
    for (const auto& snapshot : late_) {
      const std::string id = snapshot->collection().id.str();
      execution_.collection_versions.push_back({id, snapshot->version()});
      if (!summary.collection_ids) summary.collection_ids.emplace();
      summary.collection_ids->push_back(id);
    }
    result.time_used_us = used_us_;
    if (const auto left = spending_.left()) {
      result.credits_left = AmountSum::to_amount(*left);
    }
  }

  const Catalog& catalog_;
  const Corpus& corpus_;
  const RunOptions& options_;
  const FanOut& fan_out_;
  const Providers* const providers_;
  const BoundPipeline& bound_;
  Execution& execution_;
  const RunRequest& request_;
  RunEvents no_events_;
  RunEvents& events_;
  const std::int64_t started_us_;
  const RunTime time_{bound_, options_, started_us_};
  std::int64_t used_us_ = 0;  // When the last stage ended.
  const std::uint64_t seed_;
  const Checkpoint check_ = [this] { return check(); };
  bool has_stage_called_name_ = false;
  std::size_t index_ = 0;  // Of the stage.
  CandidateList candidates_;
  json::object stage_values_;
  std::vector<std::shared_ptr<const Snapshot>> late_;
  bool bound_late_ = false;
  RunMemory memory_;
  Spending spending_;
  AnswerRoom answer_room_{options_.answer_bytes_max, options_.answers_bytes_max};
  std::int64_t cache_hits_ = 0;
};

}  // namespace

PipelineRunner::PipelineRunner(const Catalog& catalog, const Corpus& corpus,
                               StageCache& cache, RunOptions options, FanOut fan_out,
                               const Providers* providers)
    : catalog_(catalog),
      corpus_(corpus),
      cache_(cache),
      options_(std::move(options)),
      fan_out_(fan_out),
      providers_(providers) {}

void PipelineRunner::describe(const BoundPipeline& bound, Execution& execution) const {
  ExecutionSummary& summary = execution.summary;
  execution.namespace_id = bound.namespace_id;
  summary.status = status::kProcessing;
  summary.total_stages = static_cast<std::int64_t>(bound.pipeline.stages.size());
  summary.query_summary = summarize_query(bound);
  std::vector<std::string> collection_ids;
  for (const auto* list : {&bound.snapshots, &bound.extra}) {
    for (const auto& snapshot : *list) {
      collection_ids.push_back(snapshot->collection().id.str());
      execution.collection_versions.push_back({collection_ids.back(), snapshot->version()});
    }
  }
  summary.collection_ids = std::move(collection_ids);
  const json::object definition = bound.pipeline.to_json();
  execution.pipeline = canonical_json(definition);
  execution.fingerprint = sha256_hex(execution.pipeline);
  execution.shape = shape_of(bound.pipeline);
  execution.inputs = bound.inputs_text;
  execution.inputs_hash = bound.inputs_hash;
}

RunResult PipelineRunner::run(const BoundPipeline& bound, Execution& execution,
                              const RunRequest& request) const {
  return Run(catalog_, corpus_, cache_, options_, fan_out_, providers_, bound, execution,
             request)
      .run();
}

}  // namespace trawl
