#include "insight/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "insight/rank_measures.h"

namespace trawl {
namespace {

// Of a candidate, among those of its list.
std::string key_of(const ScoredId& id) {
  if (!id.document_id.empty()) return id.collection_id + "\n" + id.document_id;
  return id.written ? to_json_text(*id.written) : std::string();
}

std::vector<std::string> keys_of(const std::vector<ScoredId>& ids) {
  std::vector<std::string> out;
  out.reserve(ids.size());
  std::unordered_map<std::string, std::size_t> seen;
  for (const ScoredId& id : ids) {
    std::string key = key_of(id);
    // Rows that hold the same, and documents that a stage repeats.
    if (const std::size_t before = seen[key]++; before > 0) {
      key += fmt::format("\n#{}", before);
    }
    out.push_back(std::move(key));
  }
  return out;
}

RankMove move_of(const ScoredId* before, std::size_t rank_before, const ScoredId* after,
                 std::size_t rank_after) {
  const ScoredId& any = before != nullptr ? *before : *after;
  RankMove out;
  out.collection_id = any.collection_id;
  out.document_id = any.document_id;
  if (before != nullptr) {
    out.rank_before = rank_before + 1;
    out.score_before = before->score;
  }
  if (after != nullptr) {
    out.rank_after = rank_after + 1;
    out.score_after = after->score;
  }
  return out;
}

std::size_t distance(const RankMove& move) {
  return *move.rank_before > *move.rank_after ? *move.rank_before - *move.rank_after
                                              : *move.rank_after - *move.rank_before;
}

void keep_first(std::vector<RankMove>& moves) {
  if (moves.size() > kDiffMovesMax) moves.resize(kDiffMovesMax);
}

ListDiff diff_lists(const std::vector<ScoredId>& before, std::size_t count_before,
                    const std::vector<ScoredId>& after, std::size_t count_after) {
  ListDiff out;
  out.count_before = count_before;
  out.count_after = count_after;
  out.cut_short = count_before > before.size() || count_after > after.size();
  const std::vector<std::string> keys_before = keys_of(before);
  const std::vector<std::string> keys_after = keys_of(after);
  out.overlap_at_10 = overlap_at(keys_before, keys_after, 10);
  out.rbo = rank_biased_overlap(keys_before, keys_after, kDiffRboP);
  out.kendall_tau = kendall_tau(keys_before, keys_after);
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < keys_after.size(); ++i) places.emplace(keys_after[i], i);
  std::vector<bool> was_there(after.size(), false);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto found = places.find(keys_before[i]);
    if (found == places.end()) {
      out.left.push_back(move_of(&before[i], i, nullptr, 0));
      continue;
    }
    was_there[found->second] = true;
    if (found->second != i) {
      out.moved.push_back(move_of(&before[i], i, &after[found->second], found->second));
    } else if (before[i].score != after[i].score) {
      ++out.rescored_count;
    }
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (!was_there[i]) out.entered.push_back(move_of(nullptr, 0, &after[i], i));
  }
  std::stable_sort(
      out.moved.begin(), out.moved.end(),
      [](const RankMove& a, const RankMove& b) { return distance(a) > distance(b); });
  out.entered_count = out.entered.size();
  out.left_count = out.left.size();
  out.moved_count = out.moved.size();
  for (auto* moves : {&out.entered, &out.left, &out.moved}) keep_first(*moves);
  return out;
}

// How well two stages fit each other; 0: not at all.
int fit(const StageRecord& a, const StageRecord& b) {
  if (a.stage_id != b.stage_id) return 0;
  return a.stage_name == b.stage_name ? 3 : 2;
}

std::vector<StageDiff> align(const std::vector<StageRecord>& a,
                             const std::vector<StageRecord>& b) {
  // best[i][j]: of the stages from i and from j on.
  std::vector<std::vector<int>> best(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      const int fits = fit(a[i], b[j]);
      const int both = fits == 0 ? 0 : fits + best[i + 1][j + 1];
      best[i][j] = std::max({both, best[i + 1][j], best[i][j + 1]});
    }
  }
  std::vector<StageDiff> out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    StageDiff& stage = out.emplace_back();
    const int fits = i < a.size() && j < b.size() ? fit(a[i], b[j]) : 0;
    if (fits > 0 && best[i][j] == fits + best[i + 1][j + 1]) {
      stage.before = i++;
      stage.after = j++;
    } else if (j == b.size() || (i < a.size() && best[i][j] == best[i + 1][j])) {
      stage.before = i++;
    } else {
      stage.after = j++;
    }
  }
  return out;
}

void diff_texts(const std::string& before, const std::string& after,
                std::vector<JsonChange>& changes, bool& known) {
  const auto a = parse_json(before);
  const auto b = parse_json(after);
  known = a && b;
  if (known) changes = json_changes(*a, *b, kDiffChangesMax);
}

// "2 documents entered, 1 left".
std::string say_of_list(const ListDiff& list) {
  std::string out;
  const auto add = [&](std::size_t count, std::string_view one, std::string_view many) {
    if (count == 0) return;
    const std::string_view noun = !out.empty() ? ""
                                  : count == 1 ? "document "
                                               : "documents ";
    out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", count, noun,
                       count == 1 ? one : many);
  };
  add(list.entered_count, "entered", "entered");
  add(list.left_count, "left", "left");
  add(list.moved_count, "moved", "moved");
  add(list.rescored_count, "has another score", "have another score");
  if (out.empty() && list.count_before != list.count_after) {
    out = fmt::format("{} documents became {}", list.count_before, list.count_after);
  }
  return out;
}

std::string name_of(const StageDiff& stage, const Execution& before,
                    const Execution& after) {
  const StageRecord& record =
      stage.before ? before.stages[*stage.before] : after.stages[*stage.after];
  return truncate_text(record.stage_name, 100);
}

std::string say(const ExecutionDiff& diff, const Execution& before,
                const Execution& after) {
  if (!diff.diverges && diff.results.same() &&
      before.summary.status == after.summary.status) {
    return diff.results.cut_short || diff.pipelines_known == false
               ? "As far as they were recorded, the two gave the same documents in the "
                 "same "
                 "order at every stage."
               : "The two gave the same documents in the same order at every stage.";
  }
  std::string out;
  if (diff.diverges) {
    const StageDiff& stage = diff.stages[*diff.diverges];
    const std::string name = name_of(stage, before, after);
    if (!stage.before) {
      out = fmt::format("The second has a stage '{}' that the first has not", name);
    } else if (!stage.after) {
      out = fmt::format("The first has a stage '{}' that the second has not", name);
    } else if (const std::string what = say_of_list(stage.candidates); !what.empty()) {
      out = fmt::format("They part at the stage '{}': {}", name, what);
    } else {
      out = fmt::format("They part at the stage '{}': one of them failed there", name);
    }
  } else if (before.summary.status != after.summary.status) {
    out = fmt::format("The first ended as {} and the second as {}", before.summary.status,
                      after.summary.status);
  } else {
    out = fmt::format("They part in the results: {}", say_of_list(diff.results));
  }
  if (diff.cause) out += fmt::format("; {}", diff.cause->sentence);
  out += fmt::format(". Of the results, {}.",
                     diff.results.same() ? "nothing differs" : say_of_list(diff.results));
  return out;
}

}  // namespace

ExecutionDiff diff_executions(const Execution& before, const Execution& after) {
  ExecutionDiff out;
  out.stages = align(before.stages, after.stages);
  for (std::size_t i = 0; i < out.stages.size(); ++i) {
    StageDiff& stage = out.stages[i];
    bool same = stage.before && stage.after;
    if (same) {
      const StageRecord& a = before.stages[*stage.before];
      const StageRecord& b = after.stages[*stage.after];
      stage.candidates = diff_lists(a.candidates, static_cast<std::size_t>(a.output_count),
                                    b.candidates, static_cast<std::size_t>(b.output_count));
      same = stage.candidates.same() && a.error.has_value() == b.error.has_value();
    }
    if (!same && !out.diverges) out.diverges = i;
  }
  out.results =
      diff_lists(before.results, static_cast<std::size_t>(before.summary.total_returned),
                 after.results, static_cast<std::size_t>(after.summary.total_returned));
  diff_texts(before.pipeline, after.pipeline, out.pipeline, out.pipelines_known);
  diff_texts(before.inputs.value_or(""), after.inputs.value_or(""), out.inputs,
             out.inputs_known);
  if (out.diverges || !out.results.same() ||
      before.summary.status != after.summary.status) {
    out.cause = cause_of_difference(before, after);
  }
  out.sentence = say(out, before, after);
  return out;
}

}  // namespace trawl
