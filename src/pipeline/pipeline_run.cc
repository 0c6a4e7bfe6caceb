#include "pipeline/pipeline_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <random>

#include "base/amount_sum.h"
#include "base/hash.h"
#include "base/work_limit.h"
#include "ledger/record/runner_message.h"
#include "model/execution_json.h"
#include "pipeline/input_schema.h"
#include "pipeline/query_summary.h"
#include "pipeline/template/filled_parameters.h"
#include "pipeline/template/template.h"

namespace trawl {
namespace {

// Collections that a stage names itself, without templates, so a missing one refuses
// the request instead of failing the run.
void collect_identifiers(const json::value& value, const std::string& location, int depth,
                         std::vector<std::pair<std::string, std::string>>& out) {
  if (depth > 3) return;
  if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      collect_identifiers((*array)[i], fmt::format("{}[{}]", location, i), depth, out);
    }
    return;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& field : *object) {
    const std::string_view key(field.key().data(), field.key().size());
    const std::string inner = fmt::format("{}.{}", location, key);
    if (key == "collection_identifiers" || key == "collection_ids") {
      if (const auto* names = field.value().if_array()) {
        for (std::size_t i = 0; i < names->size(); ++i) {
          if (!(*names)[i].is_string()) continue;
          const auto name = view((*names)[i].get_string());
          if (name.find("{{") == std::string_view::npos) {
            out.emplace_back(std::string(name), fmt::format("{}[{}]", inner, i));
          }
        }
      }
    } else if (key == "searches") {
      collect_identifiers(field.value(), inner, depth + 1, out);
    }
  }
}

// Refuses bounds that rest on an input which was not given. Templates that name what only
// the run knows are left to it.
class BoundsCheck {
 public:
  BoundsCheck(const PipelineStage& stage, const json::object& inputs)
      : definition_(*stage.definition), scope_{&inputs, nullptr, nullptr, nullptr} {}

  Result<void> check(const json::object& object, const std::string& location) const {
    for (const auto& field : object) {
      const std::string_view key(field.key().data(), field.key().size());
      if (is_among(definition_.filters, key)) continue;
      TRAWL_TRY(check(field.value(), fmt::format("{}.{}", location, key),
                      is_among(definition_.bounds, key)));
    }
    return {};
  }

 private:
  static bool is_among(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Result<void> check(const json::value& value, const std::string& location,
                     bool is_bound) const {
    if (const auto* array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        TRAWL_TRY(check((*array)[i], fmt::format("{}[{}]", location, i), is_bound));
      }
      return {};
    }
    const auto* object = value.if_object();
    const bool is_dynamic = object != nullptr && object->size() == 2 &&
                            object->contains("type") && object->contains("field");
    if (object != nullptr && !(is_bound && is_dynamic)) return check(*object, location);
    if (!is_bound || (object == nullptr && !value.is_string())) return {};
    Guarded guarded;
    guarded.all = true;
    // What fails here fails when the stage runs, too.
    if (!render_templates(value, scope_, guarded) || guarded.absent.empty()) return {};
    return invalid_at(
        location,
        fmt::format("{} needs {}, which is not given; give it, or a default, as in "
                    "{{{{{} | default(10)}}}}",
                    location, guarded.absent.front(), guarded.absent.front()));
  }

  const StageDefinition& definition_;
  const TemplateScope scope_;
};

// 53 bits that look random, and are the same for the same run and stage.
std::int64_t stage_seed(std::uint64_t run_seed, std::size_t stage_index) {
  std::uint64_t z = run_seed + (stage_index + 1) * 0x9E3779B97F4A7C15ULL;  // splitmix64
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<std::int64_t>((z ^ (z >> 31)) >> 11);
}

std::uint64_t draw_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

bool same_collection(const Snapshot& snapshot, std::string_view identifier) {
  return snapshot.collection().id.str() == identifier ||
         snapshot.collection().name == identifier;
}

std::vector<ScoredId> scored_ids(const std::vector<Candidate>& candidates,
                                 std::size_t max) {
  std::vector<ScoredId> out;
  const std::size_t count = std::min(max, candidates.size());
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Candidate& candidate = candidates[i];
    out.push_back({candidate.collection_id, candidate.document_id, candidate.score});
  }
  return out;
}

std::string_view interruption_text(Interruption cause) {
  switch (cause) {
    case Interruption::none:
      break;
    case Interruption::client_left:
      return "the client closed the connection";
    case Interruption::server_stopping:
      return "the server was stopping; run it again";
  }
  return "the run was stopped from outside";
}

// One run: the state that passes from stage to stage.
class Run {
 public:
  Run(const Corpus& corpus, StageCache& cache, const RunOptions& options,
      const BoundPipeline& bound, Execution& execution,
      const CheckInterruption& interrupted)
      : corpus_(corpus),
        cache_(cache),
        options_(options),
        bound_(bound),
        execution_(execution),
        interrupted_(interrupted),
        started_us_(monotonic_us()),
        seed_(draw_seed()) {
    const auto& stages = bound.pipeline.stages;
    has_stage_called_name_ =
        std::any_of(stages.begin(), stages.end(),
                    [](const auto& stage) { return stage.stage_name == "name"; });
    context_.snapshots = bound.snapshots;
    context_.check = [this] { return check(); };
    context_.bind = [this](std::string_view identifier) { return bind(identifier); };
    chain_ = root_key();
  }

  RunResult run() {
    RunResult result;
    std::optional<Error> error;
    for (const auto& stage : bound_.pipeline.stages) {
      context_.stage_index = execution_.stages.size();
      context_.seed = stage_seed(seed_, context_.stage_index);
      StageRecord record;
      record.stage_name = stage.stage_name;
      record.stage_id = stage.definition->stage_id;
      record.stage_type = stage.definition->category;
      record.start_offset_us = monotonic_us() - started_us_;
      record.input_count = static_cast<std::int64_t>(candidates_.size());
      auto outcome = run_guarded(stage, record);
      used_us_ = monotonic_us() - started_us_;
      // The work of a stage that overran is done, and kept in the record, but nothing that
      // took longer than its limit is a success.
      if (outcome) outcome = check_time(used_us_);
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
      record.credits_used = stage_credits_;
      for (const auto& warning : record.warnings) {
        result.warnings.push_back(fmt::format("{}: {}", stage.stage_name, warning));
      }
      if (const auto* facets = record.metadata.if_contains("facets")) {
        if (facets->is_object()) result.facets = facets->get_object();
      }
      execution_.summary.total_processed += record.input_count;
      execution_.stages.push_back(std::move(record));
      if (error) break;
      if (!skipped) ++execution_.summary.stages_completed;
    }
    finish(error, result);
    return result;
  }

 private:
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
      return bounded(context_.check, [&] { return run_stage(stage, record); });
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

  // What a stage is given for this run: its parameters and the filters beside them, with
  // the templates filled in.
  struct Rendered {
    json::object parameters;
    json::array pre_filters;
    json::array post_filters;
    std::vector<std::string> absent;    // What conditions needed and is not there.
    std::vector<std::string> unfilled;  // What other parameters named likewise.
  };

  Result<Rendered> render(const PipelineStage& stage) const {
    const json::object context = context_values();
    // Parameters are filled in once for all documents.
    static const json::object kNoDocument;
    const TemplateScope scope{&bound_.inputs, &kNoDocument, &context, &stage_values_};
    Rendered out;
    Guarded guarded;
    guarded.members = stage.definition->filters;
    TRAWL_ASSIGN(json::value parameters,
                 render_templates(json::value(stage.parameters), scope, guarded));
    if (!parameters.is_object()) {
      return make_error(ErrorCode::internal, "the parameters are not an object");
    }
    out.parameters = std::move(parameters.get_object());
    TRAWL_TRY(check_filled(stage.definition->text_places, stage.parameters, out.parameters,
                           stage.location));
    guarded.all = true;
    for (const auto& [filters, rendered] :
         {std::pair(&stage.pre_filters, &out.pre_filters),
          std::pair(&stage.post_filters, &out.post_filters)}) {
      for (const auto& filter : *filters) {
        TRAWL_ASSIGN(json::value one, render_templates(filter.source, scope, guarded));
        rendered->push_back(std::move(one));
      }
    }
    out.absent = std::move(guarded.absent);
    out.unfilled = std::move(guarded.unfilled);
    return out;
  }

  static Result<std::vector<Filter>> compile(const std::vector<StageFilter>& filters,
                                             const json::array& rendered) {
    std::vector<Filter> out;
    for (std::size_t i = 0; i < filters.size(); ++i) {
      FilterOptions options;
      options.case_sensitive = filters[i].case_sensitive;
      options.filled_in = true;
      TRAWL_ASSIGN(Filter filter,
                   Filter::compile(rendered[i], filters[i].location, options));
      out.push_back(std::move(filter));
    }
    return out;
  }

  // Keeps the candidates that pass all filters.
  Result<void> narrow(const std::vector<Filter>& filters,
                      std::vector<Candidate>& candidates) const {
    if (filters.empty()) return {};
    constexpr std::size_t kCheckEvery = 1024;
    std::vector<Candidate> kept;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (i % kCheckEvery == 0) TRAWL_TRY(context_.check());
      Candidate& candidate = candidates[i];
      json::value scratch;
      const auto find = [&](std::string_view path) {
        return candidate.values(path, scratch);
      };
      if (std::all_of(filters.begin(), filters.end(),
                      [&](const Filter& filter) { return filter.matches(find); })) {
        kept.push_back(std::move(candidate));
      }
    }
    candidates = std::move(kept);
    return {};
  }

  // Renders the parameters of the stage, charges for it and runs it, unless its result is
  // known.
  Result<void> run_stage(const PipelineStage& stage, StageRecord& record) {
    stage_credits_ = 0;
    context_.pre_filters = {};  // A stage before may have been cut short.
    TRAWL_TRY(check());
    TRAWL_ASSIGN(const Rendered rendered, render(stage));
    const std::string key = chain_key(stage, rendered);
    // What a result says of itself names places of the request that it was made for.
    const std::string cache_key = key.empty() ? key : key + "\n" + stage.location;
    if (!key.empty() && bound_.use_cache) {
      if (const auto known = cache_.find(cache_key)) {
        record.cache_hit = true;
        ++cache_hits_;
        take(stage, *known, record);
        warn(stage, rendered, record);
        chain_ = key;
        return {};
      }
    }
    TRAWL_TRY(charge(stage));
    ObjectReader reader(rendered.parameters, stage.location);
    auto made = stage.definition->make(reader);
    if (!made) return std::move(made).error();
    TRAWL_TRY(reader.status());
    TRAWL_ASSIGN(const auto pre_filters, compile(stage.pre_filters, rendered.pre_filters));
    TRAWL_ASSIGN(const auto post_filters,
                 compile(stage.post_filters, rendered.post_filters));
    bound_late_ = false;
    // One that may be skipped works on a copy: what it was given has to outlast it.
    std::vector<Candidate> input =
        stage.skip_on_error ? candidates_ : std::move(candidates_);
    if (stage.definition->reads_collections) {
      context_.pre_filters = pre_filters;
    } else {
      TRAWL_TRY(narrow(pre_filters, input));
    }
    auto ran = (*made)->run(std::move(input), context_);
    context_.pre_filters = {};
    if (!ran) return std::move(ran).error();
    TRAWL_TRY(narrow(post_filters, ran->candidates));
    for (const auto* filters : {&pre_filters, &post_filters}) {
      for (const Filter& filter : *filters) {
        for (auto& warning : filter.warnings()) ran->warnings.push_back(std::move(warning));
      }
    }
    auto output = std::make_shared<const StageOutput>(std::move(*ran));
    take(stage, *output, record);
    warn(stage, rendered, record);
    // A collection that only a template named is in no key, so its result must not be kept.
    chain_ = bound_late_ ? std::string() : key;
    if (!chain_.empty() && bound_.use_cache) cache_.insert(cache_key, output);
    return {};
  }

  // Of this run alone, so no remembered result speaks of another's inputs.
  void warn(const PipelineStage& stage, const Rendered& rendered,
            StageRecord& record) const {
    if (context_.stage_index == 0 && !stage.definition->reads_collections) {
      record.warnings.emplace_back(
          "it comes first and reads no collection itself, so it was given no documents; "
          "put a search or an attribute_filter before it");
    }
    for (const auto& path : rendered.absent) {
      record.warnings.push_back(
          fmt::format("{} is not given, so the conditions that need it match nothing; give "
                      "it, or a default, as in {{{{{} | default('…')}}}}",
                      path, path));
    }
    for (const auto& path : rendered.unfilled) {
      if (path.starts_with("DOC") || path.starts_with("doc")) {
        record.warnings.push_back(
            fmt::format("{} is filled in as nothing, as parameters are filled in once for "
                        "all documents; leave it out",
                        path));
        continue;
      }
      record.warnings.push_back(fmt::format(
          "{} is not given, and so is filled in as nothing; give it, or a default, as in "
          "{{{{{} | default('…')}}}}",
          path, path));
    }
  }

  void take(const PipelineStage& stage, const StageOutput& output, StageRecord& record) {
    candidates_ = output.candidates;
    record.output_count = static_cast<std::int64_t>(candidates_.size());
    record.scanned_count = static_cast<std::int64_t>(output.scanned_count);
    record.metadata = output.metadata;
    record.warnings = output.warnings;
    record.candidates = scored_ids(candidates_, options_.boundary_candidates_max);
    record.candidates_truncated = candidates_.size() > record.candidates.size();
    json::object values{{"count", candidates_.size()}, {"top_score", nullptr}};
    if (!candidates_.empty() && candidates_.front().score) {
      values["top_score"] = *candidates_.front().score;
    }
    // STAGE.name is the name of the last stage, unless there is a stage of that name.
    if (!has_stage_called_name_) stage_values_["name"] = stage.stage_name;
    stage_values_[stage.stage_name] = std::move(values);
  }

  // Before the stage runs: one that is cut short has still spent its share, so a slow
  // retriever cannot be run again and again for free.
  Result<void> charge(const PipelineStage& stage) {
    const double cost =
        options_.prices.cost(stage.definition->stage_id, candidates_.size());
    double& used = execution_.summary.credits_used;
    const auto& limit = bound_.pipeline.budget.max_credits;
    AmountSum after = credits_;
    after.add(cost);
    if (limit && after.value() > *limit) {
      return make_error(
          ErrorCode::budget_exhausted,
          fmt::format("{} before stage '{}': it costs {:.4g} credits and {:.4g} "
                      "of {:.4g} are left; raise budget_limits.max_credits",
                      runner_message::kBudgetExhausted, stage.stage_name, cost,
                      std::max(0.0, *limit - used), *limit));
    }
    credits_ = after;
    used = after.value();
    stage_credits_ = cost;
    return {};
  }

  Result<void> check() {
    if (interrupted_) {
      if (const auto cause = interrupted_(); cause != Interruption::none) {
        return make_error(
            ErrorCode::cancelled,
            fmt::format("{}{}", runner_message::kCancelled, interruption_text(cause)));
      }
    }
    return check_time(monotonic_us() - started_us_);
  }

  Result<void> check_time(std::int64_t used_us) const {
    if (bound_.begun_us > 0) used_us += started_us_ - bound_.begun_us;
    const double used_ms = static_cast<double>(used_us) / 1000.0;
    const auto& limit = bound_.pipeline.budget.max_time_ms;
    if (limit && used_us >= *limit * 1000) {
      return make_error(ErrorCode::budget_exhausted,
                        fmt::format("{}: {:.1f} ms of {} ms were used; raise "
                                    "budget_limits.max_time_ms",
                                    runner_message::kBudgetExhausted, used_ms, *limit));
    }
    const std::int64_t ceiling = options_.time_ms_max;
    if (ceiling > 0 && used_us >= ceiling * 1000) {
      return make_error(
          ErrorCode::budget_exhausted,
          fmt::format("{}: {:.1f} ms were used, and this server gives a run {} ms "
                      "(limits.request_ms_max); search fewer documents, or filter them "
                      "first",
                      runner_message::kBudgetExhausted, used_ms, ceiling));
    }
    return {};
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
    TRAWL_ASSIGN(const Collection collection,
                 corpus_.find_collection(bound_.namespace_id, identifier));
    TRAWL_ASSIGN(auto snapshot, corpus_.snapshot(collection.id));
    bound_late_ = true;
    late_.push_back(snapshot);
    return snapshot;
  }

  json::object context_values() const {
    json::object values{{"namespace_id", bound_.namespace_id.str()},
                        {"internal_id", bound_.namespace_id.str()},
                        {"execution_id", execution_.summary.execution_id.str()},
                        {"time_elapsed_ms", (monotonic_us() - started_us_) / 1000}};
    const auto& limit = bound_.pipeline.budget.max_credits;
    values["budget_remaining"] =
        limit ? json::value(AmountSum::rounded(*limit - execution_.summary.credits_used))
              : json::value();
    return values;
  }

  // Empty where a result must not be remembered: now, or somewhere before.
  std::string chain_key(const PipelineStage& stage, const Rendered& rendered) const {
    if (chain_.empty()) return {};
    const json::object& parameters = rendered.parameters;
    if (stage.definition->deterministic != nullptr &&
        !stage.definition->deterministic(parameters)) {
      return {};
    }
    if (const auto* behavior = parameters.if_contains("cache_behavior")) {
      if (behavior->is_string() && behavior->get_string() == "disabled") return {};
    }
    std::string text = fmt::format("{}\n{}\n{}", chain_, stage.definition->stage_id,
                                   canonical_json(parameters));
    const auto add_filters = [&](const std::vector<StageFilter>& filters,
                                 const json::array& values) {
      for (std::size_t i = 0; i < filters.size(); ++i) {
        text += fmt::format("\n{}{}", filters[i].case_sensitive ? "" : "~",
                            canonical_json(values[i]));
      }
    };
    add_filters(stage.pre_filters, rendered.pre_filters);
    text += "\n";
    add_filters(stage.post_filters, rendered.post_filters);
    if (!rendered.absent.empty()) {
      // What is absent is written like null; the templates tell where that is.
      text += "\n" + canonical_json(json::value(stage.parameters));
      for (const auto* filters : {&stage.pre_filters, &stage.post_filters}) {
        for (const auto& filter : *filters) text += "\n" + canonical_json(filter.source);
      }
    }
    return sha256_hex(text);
  }

  std::string root_key() const {
    std::string key = bound_.namespace_id.str();
    for (const auto* list : {&bound_.snapshots, &bound_.extra}) {
      key += '\n';
      for (const auto& snapshot : *list) {
        key += fmt::format("{}@{},", snapshot->collection().id.str(), snapshot->version());
      }
    }
    return key;
  }

  void finish(const std::optional<Error>& error, RunResult& result) {
    ExecutionSummary& summary = execution_.summary;
    summary.duration_ms = static_cast<double>(used_us_) / 1000.0;
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
      execution_.results = scored_ids(result.documents, options_.results_max);
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
    if (bound_.pipeline.budget.max_credits) {
      result.credits_left = std::max(
          0.0,
          AmountSum::rounded(*bound_.pipeline.budget.max_credits - summary.credits_used));
    }
  }

  const Corpus& corpus_;
  StageCache& cache_;
  const RunOptions& options_;
  const BoundPipeline& bound_;
  Execution& execution_;
  const CheckInterruption& interrupted_;
  const std::int64_t started_us_;
  std::int64_t used_us_ = 0;  // When the last stage ended.
  const std::uint64_t seed_;
  bool has_stage_called_name_ = false;
  StageContext context_;
  std::vector<Candidate> candidates_;
  json::object stage_values_;
  std::vector<std::shared_ptr<const Snapshot>> late_;
  bool bound_late_ = false;
  std::string chain_;
  AmountSum credits_;  // As credits_used, which is rounded to a double.
  double stage_credits_ = 0;
  std::int64_t cache_hits_ = 0;
};

}  // namespace

PipelineRunner::PipelineRunner(const Corpus& corpus, StageCache& cache, RunOptions options)
    : corpus_(corpus), cache_(cache), options_(std::move(options)) {}

Result<BoundPipeline> PipelineRunner::bind(Pipeline pipeline, json::object inputs,
                                           const NamespaceId& namespace_id) const {
  BoundPipeline bound;
  bound.namespace_id = namespace_id;
  append_json(bound.inputs_text, inputs);
  bound.inputs_hash = hash_inputs(inputs);
  TRAWL_ASSIGN(
      bound.inputs,
      bind_inputs(pipeline.input_schema.is_null() ? nullptr : &pipeline.input_schema,
                  std::move(inputs)));
  const auto open =
      [&](std::string_view identifier,
          const std::string& location) -> Result<std::shared_ptr<const Snapshot>> {
    auto collection = corpus_.find_collection(namespace_id, identifier);
    if (!collection) {
      Error error = std::move(collection).error();
      error.location = location;
      return error;
    }
    return corpus_.snapshot(collection->id);
  };
  const auto known = [&](std::string_view identifier) {
    for (const auto* list : {&bound.snapshots, &bound.extra}) {
      for (const auto& snapshot : *list) {
        if (same_collection(*snapshot, identifier)) return true;
      }
    }
    return false;
  };
  for (std::size_t i = 0; i < pipeline.collection_identifiers.size(); ++i) {
    const std::string& identifier = pipeline.collection_identifiers[i];
    if (known(identifier)) continue;
    TRAWL_ASSIGN(auto snapshot,
                 open(identifier, fmt::format("collection_identifiers[{}]", i)));
    bound.snapshots.push_back(std::move(snapshot));
  }
  for (const auto& stage : pipeline.stages) {
    std::vector<std::pair<std::string, std::string>> named;
    collect_identifiers(json::value(stage.parameters), stage.location, 0, named);
    for (const auto& [identifier, location] : named) {
      if (known(identifier)) continue;
      TRAWL_ASSIGN(auto snapshot, open(identifier, location));
      bound.extra.push_back(std::move(snapshot));
    }
  }

  for (const auto& stage : pipeline.stages) {
    TRAWL_TRY(BoundsCheck(stage, bound.inputs).check(stage.parameters, stage.location));
  }

  StageContext context;
  context.snapshots = bound.snapshots;
  context.check = [] { return Result<void>(); };
  context.bind = [&](std::string_view identifier) { return open(identifier, {}); };
  for (const auto& stage : pipeline.stages) {
    ObjectReader reader(stage.parameters, stage.location, ObjectReader::Templates::allowed);
    auto made = stage.definition->make(reader);
    if (!made) return std::move(made).error();
    auto valid = (*made)->validate(context);
    if (!valid) {
      Error error = std::move(valid).error();
      if (error.location.empty()) error.location = stage.location;
      return error;
    }
  }
  bound.pipeline = std::move(pipeline);
  return bound;
}

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
  execution.shape = shape_of(definition);
  execution.inputs = bound.inputs_text;
  execution.inputs_hash = bound.inputs_hash;
}

RunResult PipelineRunner::run(const BoundPipeline& bound, Execution& execution,
                              const CheckInterruption& interrupted) const {
  return Run(corpus_, cache_, options_, bound, execution, interrupted).run();
}

}  // namespace trawl
