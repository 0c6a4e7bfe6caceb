#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "insight/comparison.h"
#include "insight/json_difference.h"
#include "model/execution.h"

namespace trawl {

inline constexpr double kDiffRboP = 0.9;
inline constexpr std::size_t kDiffChangesMax = 200;  // Of pipeline or inputs.
inline constexpr std::size_t kDiffMovesMax = 100;    // Of each kind, for each list.

// A document in one of two lists, or in both at other places.
struct RankMove {
  std::string collection_id;
  std::string document_id;
  std::optional<std::size_t> rank_before;  // From 1.
  std::optional<std::size_t> rank_after;
  std::optional<double> score_before;
  std::optional<double> score_after;
};

// How two lists of candidates compare. Rows that stages made have no names, so they are
// told apart by what they hold.
struct ListDiff {
  std::size_t count_before = 0;  // As they were handed on, kept or not.
  std::size_t count_after = 0;
  std::size_t recorded_before = 0;  // Of these, as many were kept.
  std::size_t recorded_after = 0;
  // Whether one of the lists goes on behind what was kept: then `entered` and `left` can
  // speak of what was kept alone.
  bool cut_short = false;
  // What cannot be known for that, in a clause; empty where nothing.
  std::string unknown;
  double overlap_at_10 = 1;
  double rbo = 1;  // With kDiffRboP.
  std::optional<double> kendall_tau;
  std::size_t entered_count = 0;
  std::size_t left_count = 0;
  std::size_t moved_count = 0;
  std::size_t rescored_count = 0;  // At the same place, with another score.
  std::vector<RankMove> entered;   // By their rank after.
  std::vector<RankMove> left;      // By their rank before.
  std::vector<RankMove> moved;     // The farthest first.

  bool same() const {
    return entered_count + left_count + moved_count + rescored_count == 0 &&
           count_before == count_after;
  }
};

// Stages that stand for each other, or one that the other execution has not.
struct StageDiff {
  std::optional<std::size_t> before;  // Places in the executions.
  std::optional<std::size_t> after;
  ListDiff candidates;  // Of two.
};

struct ExecutionDiff {
  std::vector<StageDiff> stages;  // In the order of both.
  ListDiff results;
  // Stages are aligned here, too: a pointer into one counts those of the first, and into
  // one that the first has not those of the second.
  std::vector<JsonChange> pipeline;
  std::vector<JsonChange> inputs;
  bool pipelines_known = true;  // Both were recorded.
  bool inputs_known = true;
  std::optional<std::size_t> diverges;  // First of `stages` that is not the same.
  std::optional<DifferenceCause> cause;
  std::string sentence;
  // What the records do not say, each in a sentence, with where that is.
  std::vector<std::string> unknown;
};

// Of the results alone.
ListDiff diff_results(const Execution& before, const Execution& after);

// Compares two executions as they are recorded. Stages are aligned by name, kind and place:
// the longest common subsequence, in which a stage of the same name and kind counts more
// than one of the same kind.
ExecutionDiff diff_executions(const Execution& before, const Execution& after);

}  // namespace trawl
