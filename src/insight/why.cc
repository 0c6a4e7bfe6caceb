#include "insight/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "insight/json_patch.h"
#include "insight/sought_document.h"
#include "pipeline/filter_loss.h"

namespace trawl {
namespace {

// How many versions before and after are looked through for a document.
constexpr std::uint64_t kVersionsLookedAt = 1'000;
// Changes of one stage that are tried.
constexpr std::size_t kChangesTried = 3;

std::string short_text(std::string_view text) {
  return truncate_text(text, 100);
}

}  // namespace

// A document that is looked for in a run, and what was seen of it.
struct WhyNot::Target {
  WhyQuestion question;
  std::shared_ptr<const Snapshot> snapshot;
  Document document;
  CandidateList alone;

  std::vector<Boundary> boundaries;
  std::optional<LostAt> lost;        // Since when it is not there.
  std::vector<StageChange> changes;  // Of that loss.
  bool is_there = false;
  std::size_t stages_seen = 0;
};

// Looks at each stage of a run for some documents.
class WhyNot::Watch final : public RunWitness {
 public:
  explicit Watch(std::vector<Target>& targets) : targets_(targets) {}

  Result<void> stage_ran(const StageWitnessed& seen) override {
    for (Target& target : targets_) TRAWL_TRY(look(seen, target));
    return {};
  }

 private:
  static Result<void> look(const StageWitnessed& seen, Target& target) {
    const auto place = [&](const CandidateList& list) {
      return list.find_document(target.snapshot->collection().id.str(),
                                target.document.ref);
    };
    ++target.stages_seen;
    Boundary boundary;
    boundary.stage_name = seen.stage.stage_name;
    boundary.stage_id = seen.stage.definition->stage_id;
    boundary.count = seen.handed_on.size();
    const auto at = place(seen.handed_on);
    if (at) {
      boundary.rank = *at + 1;
      boundary.score = seen.handed_on.score(*at);
      target.lost.reset();
      target.changes.clear();
    } else if (target.is_there || seen.made.traits().source) {
      TRAWL_TRY(explain(seen, target, place(seen.given), place(seen.input),
                        place(seen.output.candidates)));
    }
    target.is_there = at.has_value();
    target.boundaries.push_back(std::move(boundary));
    return {};
  }

  static Result<void> explain(const StageWitnessed& seen, Target& target,
                              std::optional<std::size_t> given,
                              std::optional<std::size_t> input,
                              std::optional<std::size_t> made) {
    const LostDocument lost{target.document, *target.snapshot, seen.input, input,
                            target.alone,    seen.config,      seen.output};
    Loss loss;
    json::value scratch;
    if (made) {
      CandidateList list = seen.output.candidates;
      FieldSet fields;
      for (const Filter& filter : seen.post_filters) fields.add(FieldSet(filter.paths()));
      TRAWL_TRY(list.load(fields, seen.run.check));
      const auto find = [&](std::string_view path) {
        return list.values(*made, path, scratch);
      };
      if (auto found = filter_loss(seen.post_filters, find, seen.config)) {
        loss = std::move(*found);
      }
    } else if (given && !input && !seen.made.traits().source) {
      const auto find = [&](std::string_view path) {
        return seen.given.values(*given, path, scratch);
      };
      if (auto found = filter_loss(seen.pre_filters, find, seen.config)) {
        loss = std::move(*found);
      }
    } else {
      TRAWL_ASSIGN(loss, seen.made.explain_loss(lost, seen.run));
    }
    LostAt at;
    at.stage_index = seen.index;
    at.stage_name = seen.stage.stage_name;
    at.stage_id = seen.stage.definition->stage_id;
    at.reason = std::move(loss.reason);
    at.sentence = std::move(loss.sentence);
    at.evidence = std::move(loss.evidence);
    target.lost = std::move(at);
    target.changes = std::move(loss.changes);
    return {};
  }

  std::vector<Target>& targets_;
};

// A document that is in the results stood where the record says.
std::optional<WhyAnswer> WhyNot::by_record(const Execution& execution,
                                           const WhyQuestion& question) const {
  const auto is_it = [&](const ScoredId& id) {
    if (id.document_id != question.document_id) return false;
    if (question.collection.empty() || id.collection_id == question.collection) return true;
    const auto named =
        catalog_.find_collection(execution.namespace_id, question.collection);
    return named && named->id.str() == id.collection_id;
  };
  const auto place_in = [&](const std::vector<ScoredId>& ids) {
    return std::find_if(ids.begin(), ids.end(), is_it);
  };
  const auto found = place_in(execution.results);
  if (found == execution.results.end()) return std::nullopt;
  WhyAnswer answer;
  answer.question = question;
  answer.collection_id = found->collection_id;
  answer.outcome = "in_results";
  answer.answered_by = "record";
  answer.rank = static_cast<std::size_t>(found - execution.results.begin()) + 1;
  for (const StageRecord& stage : execution.stages) {
    Boundary boundary;
    boundary.stage_name = stage.stage_name;
    boundary.stage_id = stage.stage_id;
    boundary.count = static_cast<std::size_t>(stage.output_count);
    const auto at = place_in(stage.candidates);
    if (at != stage.candidates.end()) {
      boundary.rank = static_cast<std::size_t>(at - stage.candidates.begin()) + 1;
      boundary.score = at->score;
    }
    answer.boundaries.push_back(std::move(boundary));
  }
  answer.sentence = fmt::format("'{}' is in the results, at rank {} of {}.",
                                short_text(question.document_id), *answer.rank,
                                execution.summary.total_returned);
  return answer;
}

// Of a document that no collection had at the version of then.
Result<LostAt> WhyNot::absence(const BoundPipeline& bound,
                               const WhyQuestion& question) const {
  LostAt out;
  out.reason = "never";
  out.sentence =
      "none of the collections that were searched has ever had it, as far as "
      "their versions are kept";
  bool any = false;
  for (const auto* list : {&bound.snapshots, &bound.extra}) {
    for (const auto& snapshot : *list) {
      if (!asks_about(question, *snapshot)) continue;
      any = true;
      const CollectionId& id = snapshot->collection().id;
      const std::string& name = snapshot->collection().name;
      const std::uint64_t then = snapshot->version();
      const auto has = [&](std::uint64_t version) -> Result<std::optional<Document>> {
        TRAWL_ASSIGN(const auto at, corpus_.snapshot(id, version));
        return at->get(question.document_id);
      };
      const auto time = [&](std::uint64_t version) -> std::string {
        const auto written = corpus_.version_time(id, version);
        return written ? format_time(*written) : std::string();
      };
      out.evidence = {{"collection_id", id.str()}, {"version", then}};
      // Before: it was deleted.
      for (std::uint64_t v = then; v-- > 0 && then - v <= kVersionsLookedAt;) {
        const auto before = has(v);
        if (!before) break;  // No longer kept.
        if (!*before) continue;
        out.reason = "deleted";
        out.evidence["deleted_in_version"] = v + 1;
        out.evidence["deleted_at"] = time(v + 1);
        out.sentence = fmt::format(
            "the collection '{}' had it until version {} of {}, in which it was deleted, "
            "and "
            "version {} was searched",
            name, v + 1, time(v + 1), then);
        return out;
      }
      const auto newest = corpus_.snapshot(id);
      const std::uint64_t last = newest ? (*newest)->version() : then;
      for (std::uint64_t v = then + 1; v <= last && v - then <= kVersionsLookedAt; ++v) {
        const auto after = has(v);
        if (!after || !*after) continue;
        out.reason = "not_yet";
        out.evidence["added_in_version"] = v;
        out.evidence["added_at"] = time(v);
        out.sentence = fmt::format(
            "the collection '{}' has it since version {} of {} only, and version {} was "
            "searched",
            name, v, time(v), then);
        return out;
      }
    }
  }
  if (!any) {
    out.reason = "not_searched";
    out.sentence = fmt::format("the execution did not search the collection '{}'",
                               short_text(question.collection));
  }
  return out;
}

Result<std::optional<NearestChange>> WhyNot::nearest(const Execution& execution,
                                                     const Target& target,
                                                     const RunRequest& request) const {
  const std::size_t stage = target.lost->stage_index;
  std::size_t tried = 0;
  for (const StageChange& change : target.changes) {
    if (tried++ == kChangesTried) break;
    ReplayRequest replay;
    json::array patch = change.patch;
    for (json::value& operation : patch) {
      json::value& path = operation.get_object()["path"];
      path = fmt::format("/stages/{}/config{}", stage, view(path.get_string()));
    }
    replay.set = patch;
    auto prepared = replayer_.prepare(execution, replay);
    // A bound may not be raised so far, say.
    if (!prepared) continue;
    std::vector<Target> again(1);
    again[0].question = target.question;
    again[0].snapshot = target.snapshot;
    again[0].document = target.document;
    again[0].alone = target.alone;
    Watch watch(again);
    RunRequest run = request;
    run.witness = &watch;
    run.replay = prepared->replay ? &*prepared->replay : nullptr;
    run.shown_count = 0;
    prepared->bound.pipeline.budget.max_credits.reset();
    Execution scratch;
    runner_.run(prepared->bound, scratch, run);
    // A run that the time of the request ended says nothing of the change.
    TRAWL_TRY(check_work());
    if (scratch.summary.status == status::kCancelled) {
      return make_error(ErrorCode::cancelled, *scratch.error);
    }
    const Target& seen = again[0];
    if (seen.boundaries.size() <= stage || !seen.boundaries[stage].rank) continue;
    NearestChange out;
    out.text = change.text;
    out.patch = std::move(patch);
    out.reaches_results = seen.is_there && scratch.summary.status == status::kCompleted;
    out.next = seen.lost;
    return std::optional(std::move(out));
  }
  return std::optional<NearestChange>();
}

Result<std::vector<WhyAnswer>> WhyNot::answer(const Execution& execution,
                                              std::span<const WhyQuestion> questions,
                                              const RunRequest& request) const {
  std::vector<WhyAnswer> answers(questions.size());
  std::vector<std::size_t> open;  // Places of those that the record does not answer.
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (auto known = by_record(execution, questions[i])) {
      answers[i] = std::move(*known);
    } else {
      open.push_back(i);
    }
  }
  if (open.empty()) return answers;
  TRAWL_ASSIGN(PreparedReplay prepared, replayer_.prepare(execution, ReplayRequest()));

  std::vector<Target> targets;
  std::vector<std::size_t> asked;  // Which question each is about.
  for (const std::size_t i : open) {
    const WhyQuestion& question = questions[i];
    WhyAnswer& answer = answers[i];
    answer.question = question;
    answer.answered_by = "run";
    TRAWL_ASSIGN(auto sought, find_sought(prepared.bound, question, 1));
    if (!sought.empty()) {
      Target& target = targets.emplace_back();
      asked.push_back(i);
      target.question = question;
      target.snapshot = sought.front().snapshot;
      target.document = sought.front().document;
      target.alone.add(target.alone.source(target.snapshot),
                       std::move(sought.front().document), FieldSet::all());
      answer.collection_id = target.snapshot->collection().id.str();
      continue;
    }
    answer.outcome = "not_in_collection";
    TRAWL_ASSIGN(answer.lost_at, absence(prepared.bound, question));
    answer.sentence =
        fmt::format("'{}' was not there to be found: {}.", short_text(question.document_id),
                    answer.lost_at->sentence);
  }
  if (targets.empty()) return answers;

  Watch watch(targets);
  RunRequest run = request;
  run.witness = &watch;
  run.replay = prepared.replay ? &*prepared.replay : nullptr;
  run.shown_count = 0;
  Execution scratch;
  runner_.run(prepared.bound, scratch, run);
  TRAWL_TRY(check_work());
  if (scratch.summary.status == status::kCancelled) {
    return make_error(ErrorCode::cancelled, *scratch.error);
  }
  for (std::size_t t = 0; t < targets.size(); ++t) {
    Target& target = targets[t];
    WhyAnswer& answer = answers[asked[t]];
    const std::string id = short_text(target.question.document_id);
    answer.boundaries = target.boundaries;
    if (target.lost) {
      answer.outcome = "lost";
      answer.lost_at = target.lost;
      TRAWL_ASSIGN(answer.nearest_change, nearest(execution, target, request));
      answer.sentence = fmt::format("'{}' was lost at the stage '{}' ({}): {}.", id,
                                    short_text(target.lost->stage_name),
                                    target.lost->stage_id, target.lost->sentence);
      if (const auto& change = answer.nearest_change) {
        answer.sentence +=
            change->reaches_results
                ? fmt::format(" With {} it reaches the results.", change->text)
            : change->next
                ? fmt::format(" With {} it passes, and is lost at the stage '{}' then: {}.",
                              change->text, short_text(change->next->stage_name),
                              change->next->sentence)
                : fmt::format(" With {} it passes.", change->text);
      }
    } else if (scratch.summary.status != status::kCompleted) {
      answer.outcome = "stopped";
      answer.sentence = fmt::format(
          "'{}' was among the documents when the run ended as {} at the stage "
          "'{}': {}",
          id, scratch.summary.status, short_text(scratch.failed_stage.value_or("")),
          scratch.error.value_or(""));
    } else if (target.is_there) {
      answer.outcome = "in_results";
      const Boundary& last = target.boundaries.back();
      answer.rank = last.rank;
      answer.sentence = fmt::format("'{}' is in the results, at rank {} of {}.", id,
                                    last.rank.value_or(0), last.count);
    } else {
      answer.outcome = "unknown";
      answer.answered_by = "none";
      answer.sentence = fmt::format("No stage read '{}'.", id);
    }
  }
  return answers;
}

}  // namespace trawl
