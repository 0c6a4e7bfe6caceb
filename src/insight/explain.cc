#include "insight/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/text.h"
#include "insight/sought_document.h"

namespace trawl {
namespace {

// Collections that have a document of the same id; more are not looked at.
constexpr std::size_t kNamesakesMax = 16;
// Stages that the sentence speaks of.
constexpr std::size_t kStagesTold = 5;

std::string short_name(std::string_view text) {
  return truncate_text(text, 100);
}

// Looks at each stage of a run for one document.
class StandingWitness final : public RunWitness {
 public:
  explicit StandingWitness(const SoughtDocument& sought) : sought_(sought) {
    alone_.add(alone_.source(sought.snapshot), Document(sought.document), FieldSet::all());
  }

  Result<void> stage_ran(const StageWitnessed& seen) override {
    auto looked = look(seen);
    if (!looked) failure = looked.error();
    return looked;
  }

  std::vector<StageStanding> stages;
  // Of this witness, and not of the run.
  std::optional<Error> failure;

 private:
  Result<void> look(const StageWitnessed& seen) {
    StageStanding& out = stages.emplace_back();
    out.stage_name = seen.stage.stage_name;
    out.stage_id = seen.stage.definition->stage_id;
    out.count = seen.handed_on.size();
    const auto given = place_in(seen.given);
    if (given) out.rank_before = *given + 1;
    const auto at = place_in(seen.handed_on);
    const auto made = place_in(seen.output.candidates);
    if (!at || !made) return {};
    out.rank = *at + 1;
    out.score = seen.handed_on.score(*at);
    out.scored = out.score && (!given || seen.made.traits().source ||
                               seen.given.score(*given) != out.score);
    const KeptDocument kept{sought_.document,     *sought_.snapshot, alone_, seen.input,
                            place_in(seen.input), seen.output,       *made,  seen.config};
    TRAWL_ASSIGN(auto standing, seen.made.explain_standing(kept, seen.run));
    if (!standing) return {};
    out.sentence = std::move(standing->sentence);
    out.evidence = std::move(standing->evidence);
    return {};
  }

  std::optional<std::size_t> place_in(const CandidateList& list) const {
    return list.find_document(sought_.snapshot->collection().id.str(),
                              sought_.document.ref);
  }

  const SoughtDocument& sought_;
  CandidateList alone_;
};

// The document that the results have, of those with that id, or else the first.
const SoughtDocument& likeliest(const std::vector<SoughtDocument>& sought,
                                const Execution& execution) {
  for (const ScoredId& result : execution.results) {
    for (const SoughtDocument& each : sought) {
      if (result.document_id == each.document.document_id &&
          result.collection_id == each.snapshot->collection().id.str()) {
        return each;
      }
    }
  }
  return sought.front();
}

std::optional<bool> compare_with_record(const Execution& execution,
                                        const ExplainAnswer& answer) {
  std::optional<bool> same;
  const std::size_t count = std::min(execution.stages.size(), answer.stages.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<ScoredId>& recorded = execution.stages[i].candidates;
    const StageStanding& now = answer.stages[i];
    const auto at =
        std::find_if(recorded.begin(), recorded.end(), [&](const ScoredId& each) {
          return each.document_id == answer.question.document_id &&
                 each.collection_id == answer.collection_id;
        });
    std::optional<bool> here;
    if (at != recorded.end()) {
      here = now.rank == static_cast<std::size_t>(at - recorded.begin()) + 1 &&
             now.score == at->score;
    } else if (now.rank && *now.rank <= recorded.size()) {
      here = false;
    }
    if (here) same = same.value_or(true) && *here;
  }
  return same;
}

// What the stages did since the document was there, each in a sentence.
std::string account(const std::vector<StageStanding>& stages) {
  std::size_t begin = stages.size();
  while (begin > 0 && stages[begin - 1].rank) --begin;
  std::string out;
  std::size_t told = 0;
  std::size_t left_out = 0;
  for (const StageStanding& stage : std::span(stages).subspan(begin)) {
    std::string moved;
    if (stage.rank_before && stage.rank_before != stage.rank) {
      moved = fmt::format("from rank {} to {}", *stage.rank_before, *stage.rank);
    }
    if (stage.sentence.empty() && moved.empty()) continue;
    if (told++ >= kStagesTold) {
      ++left_out;
      continue;
    }
    const std::string name =
        fmt::format("'{}' ({})", short_name(stage.stage_name), stage.stage_id);
    if (stage.sentence.empty()) {
      out += fmt::format(" {} left others out, which took it {}.", name, moved);
    } else {
      out += fmt::format(" {}: {}{}.", name, stage.sentence,
                         moved.empty() ? "" : fmt::format(", which took it {}", moved));
    }
  }
  if (left_out > 0) out += fmt::format(" {} further stages moved it.", left_out);
  return out;
}

}  // namespace

Result<ExplainAnswer> RankExplainer::answer(const Execution& execution,
                                            const WhyQuestion& question,
                                            const ReplayRequest& replay,
                                            const RunRequest& request) const {
  TRAWL_ASSIGN(PreparedReplay prepared, replayer_.prepare(execution, replay));
  ExplainAnswer out;
  out.question = question;
  const std::string id = short_name(question.document_id);
  TRAWL_ASSIGN(const std::vector<SoughtDocument> found,
               find_sought(prepared.bound, question, kNamesakesMax));
  if (found.empty()) {
    out.outcome = "not_in_collection";
    out.sentence = fmt::format(
        "'{}' is in none of the collections as they were searched; ask why it is not "
        "there.",
        id);
    return out;
  }
  const SoughtDocument& sought = likeliest(found, execution);
  out.collection_id = sought.snapshot->collection().id.str();
  StandingWitness witness(sought);
  RunRequest run = request;
  run.witness = &witness;
  run.replay = prepared.replay ? &*prepared.replay : nullptr;
  run.shown_count = 0;
  Execution scratch;
  runner_.run(prepared.bound, scratch, run);
  TRAWL_TRY(check_work());
  if (witness.failure) {
    Error failure = *std::move(witness.failure);
    // Of the run that was made to answer.
    if (failure.code == ErrorCode::budget_exhausted) failure.code = ErrorCode::timeout;
    return failure;
  }
  if (scratch.summary.status == status::kCancelled) {
    return make_error(ErrorCode::cancelled, *scratch.error);
  }
  out.stages = std::move(witness.stages);
  if (replay.as_of == ReplayRequest::AsOf::then) {
    out.as_recorded = compare_with_record(execution, out);
  }
  out.total = static_cast<std::size_t>(scratch.summary.total_returned);
  const bool is_there = !out.stages.empty() && out.stages.back().rank;
  if (scratch.summary.status != status::kCompleted && is_there) {
    out.outcome = "stopped";
    out.sentence =
        fmt::format("'{}' was at rank {} when the run ended as {} at the stage '{}'.", id,
                    *out.stages.back().rank, scratch.summary.status,
                    short_name(scratch.failed_stage.value_or("")));
  } else if (is_there) {
    out.outcome = "in_results";
    out.rank = out.stages.back().rank;
    out.score = out.stages.back().score;
    out.sentence =
        fmt::format("'{}' is in the results at rank {} of {}{}.", id, *out.rank, out.total,
                    out.score ? fmt::format(", with the score {:.4g}", *out.score) : "");
  } else {
    out.outcome = "lost";
    const auto lost = std::find_if(out.stages.rbegin(), out.stages.rend(),
                                   [](const StageStanding& stage) { return stage.rank; });
    const std::size_t stage = static_cast<std::size_t>(out.stages.rend() - lost);
    out.sentence = fmt::format(
        "'{}' is not in the results: the stage '{}' did not hand it "
        "on; ask why.",
        id,
        stage < out.stages.size() ? short_name(out.stages[stage].stage_name)
                                  : std::string());
  }
  if (is_there) out.sentence += account(out.stages);
  if (out.as_recorded == false) {
    out.sentence += " The record has other ranks or scores than this run.";
  }
  return out;
}

}  // namespace trawl
