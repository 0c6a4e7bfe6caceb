#include "insight/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/field_path.h"
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

// "4 of 9 documents were recorded of the first and 5 of 9 of the second, so …".
std::string unknown_of(const ListDiff& list) {
  std::vector<std::string> open;
  // Who is not in what was kept of the other may stand behind it.
  if (list.count_before > list.recorded_before && list.entered_count > 0) {
    open.push_back(fmt::format(
        "whether {} in the first already",
        list.entered_count == 1 ? "the one that entered was" : "those that entered were"));
  }
  if (list.count_after > list.recorded_after && list.left_count > 0) {
    open.push_back(
        fmt::format("whether {} in the second still",
                    list.left_count == 1 ? "the one that left is" : "those that left are"));
  }
  open.emplace_back("what is behind them");
  return fmt::format(
      "{} of {} documents were recorded of the first and {} of {} of the second, so it is "
      "not known {}",
      list.recorded_before, list.count_before, list.recorded_after, list.count_after,
      fmt::join(open, ", or "));
}

ListDiff diff_lists(const std::vector<ScoredId>& before, std::size_t count_before,
                    const std::vector<ScoredId>& after, std::size_t count_after) {
  ListDiff out;
  out.count_before = count_before;
  out.count_after = count_after;
  out.recorded_before = before.size();
  out.recorded_after = after.size();
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
  if (out.cut_short) out.unknown = unknown_of(out);
  for (auto* moves : {&out.entered, &out.left, &out.moved}) keep_first(*moves);
  return out;
}

// How well two stages fit each other; 0: not at all.
int fit(std::string_view id_a, std::string_view name_a, std::string_view id_b,
        std::string_view name_b) {
  if (id_a != id_b) return 0;
  return name_a == name_b ? 3 : 2;
}

// Places of two lists that stand for each other, or of one of them alone, in the order of
// both. `fits(i, j)` is 0 where they do not.
using Pair = std::pair<std::optional<std::size_t>, std::optional<std::size_t>>;
template <class Fits>
std::vector<Pair> align(std::size_t size_a, std::size_t size_b, const Fits& fits) {
  // best[i][j]: of the stages from i and from j on.
  std::vector<std::vector<int>> best(size_a + 1, std::vector<int>(size_b + 1, 0));
  for (std::size_t i = size_a; i-- > 0;) {
    for (std::size_t j = size_b; j-- > 0;) {
      const int here = fits(i, j);
      const int both = here == 0 ? 0 : here + best[i + 1][j + 1];
      best[i][j] = std::max({both, best[i + 1][j], best[i][j + 1]});
    }
  }
  std::vector<Pair> out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < size_a || j < size_b) {
    const int here = i < size_a && j < size_b ? fits(i, j) : 0;
    if (here > 0 && best[i][j] == here + best[i + 1][j + 1]) {
      out.emplace_back(i++, j++);
    } else if (j == size_b || (i < size_a && best[i][j] == best[i + 1][j])) {
      out.emplace_back(i++, std::nullopt);
    } else {
      out.emplace_back(std::nullopt, j++);
    }
  }
  return out;
}

std::vector<StageDiff> align_records(const std::vector<StageRecord>& a,
                                     const std::vector<StageRecord>& b) {
  std::vector<StageDiff> out;
  for (const auto& [before, after] : align(a.size(), b.size(), [&](auto i, auto j) {
         return fit(a[i].stage_id, a[i].stage_name, b[j].stage_id, b[j].stage_name);
       })) {
    StageDiff& stage = out.emplace_back();
    stage.before = before;
    stage.after = after;
  }
  return out;
}

// The stages of a pipeline, which are taken out of it; none where it has no list of them.
json::array take_stages(json::value& pipeline) {
  auto* object = pipeline.if_object();
  auto* found = object == nullptr ? nullptr : object->if_contains("stages");
  if (found == nullptr || !found->is_array()) return {};
  json::array out = std::move(found->get_array());
  object->erase("stages");
  return out;
}

std::string_view text_in(const json::value& stage, std::string_view path) {
  const auto* object = stage.if_object();
  const json::value* found = object == nullptr ? nullptr : find_path(*object, path);
  return found != nullptr && found->is_string() ? view(found->get_string())
                                                : std::string_view();
}

// As json_changes(), but a stage that one of them has not moves the others to no other
// place: they are compared with those that they stand for.
std::vector<JsonChange> diff_pipelines(json::value before, json::value after) {
  const json::array a = take_stages(before);
  const json::array b = take_stages(after);
  std::vector<JsonChange> out = json_changes(before, after, kDiffChangesMax);
  const auto fits = [&](std::size_t i, std::size_t j) {
    return fit(text_in(a[i], "config.stage_id"), text_in(a[i], "stage_name"),
               text_in(b[j], "config.stage_id"), text_in(b[j], "stage_name"));
  };
  for (const auto& [i, j] : align(a.size(), b.size(), fits)) {
    const std::string path = fmt::format("/stages/{}", i ? *i : *j);
    if (!i || !j) {
      out.push_back({path, i.has_value(), j.has_value(), i ? a[*i] : json::value(),
                     j ? b[*j] : json::value()});
      continue;
    }
    for (JsonChange& change : json_changes(a[*i], b[*j], kDiffChangesMax)) {
      change.path = path + change.path;
      out.push_back(std::move(change));
    }
  }
  if (out.size() > kDiffChangesMax) out.resize(kDiffChangesMax);
  return out;
}

using ChangesOf = std::vector<JsonChange> (*)(json::value before, json::value after);
void diff_texts(const std::string& before, const std::string& after, ChangesOf changes_of,
                std::vector<JsonChange>& changes, bool& known) {
  auto a = parse_json(before, kJsonDepthMax + 16);
  auto b = parse_json(after, kJsonDepthMax + 16);
  known = a && b;
  if (known) changes = changes_of(std::move(*a), std::move(*b));
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
    return !diff.unknown.empty()
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
  // Lists that are the same as far as they go may differ where they go on.
  for (std::size_t i = 0; i < diff.diverges.value_or(diff.stages.size()); ++i) {
    const StageDiff& sooner = diff.stages[i];
    if (!sooner.candidates.cut_short) continue;
    out += fmt::format(", but perhaps sooner, at '{}', behind what was recorded",
                       name_of(sooner, before, after));
    break;
  }
  if (diff.cause) out += fmt::format("; {}", diff.cause->sentence);
  out += fmt::format(". Of the results, {}.",
                     diff.results.same() ? "nothing differs" : say_of_list(diff.results));
  return out;
}

}  // namespace

ListDiff diff_results(const Execution& before, const Execution& after) {
  return diff_lists(before.results, static_cast<std::size_t>(before.summary.total_returned),
                    after.results, static_cast<std::size_t>(after.summary.total_returned));
}

ExecutionDiff diff_executions(const Execution& before, const Execution& after) {
  ExecutionDiff out;
  out.stages = align_records(before.stages, after.stages);
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
  out.results = diff_results(before, after);
  diff_texts(before.pipeline, after.pipeline, diff_pipelines, out.pipeline,
             out.pipelines_known);
  diff_texts(
      before.inputs.value_or(""), after.inputs.value_or(""),
      [](json::value a, json::value b) { return json_changes(a, b, kDiffChangesMax); },
      out.inputs, out.inputs_known);
  if (out.diverges || !out.results.same() ||
      before.summary.status != after.summary.status) {
    out.cause = cause_of_difference(before, after);
  }
  for (const StageDiff& stage : out.stages) {
    if (stage.candidates.unknown.empty()) continue;
    out.unknown.push_back(fmt::format(
        "At the stage '{}', {}.", name_of(stage, before, after), stage.candidates.unknown));
  }
  if (!out.results.unknown.empty()) {
    out.unknown.push_back(fmt::format("Of the results, {}.", out.results.unknown));
  }
  if (!out.pipelines_known) out.unknown.emplace_back("A pipeline was not recorded.");
  if (!out.inputs_known) out.unknown.emplace_back("Inputs were not recorded.");
  out.sentence = say(out, before, after);
  return out;
}

}  // namespace trawl
