#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/candidate_list.h"

namespace trawl {

// A document in a ranked list: which of the searched collections, which row of it.
struct RankedRow {
  std::uint32_t collection = 0;
  std::uint32_t row = 0;
  double score = 0;
};

// What one search found, best first, every document at most once.
struct RankedList {
  std::vector<RankedRow> rows;
  double weight = 1;  // From 0 to 1; 0 leaves it out, but for Fusion::max.
};

enum class Fusion {
  // sum of weight * score, each scaled to [0, 1] by the best and the worst of the first
  // kConvexDepth of its list; weights add up to 1 (Bruch, Gai and Ingber 2023)
  convex,
  rrf,   // sum of weight / (60 + rank), ranks from 1 (Cormack, Clarke and Büttcher 2009)
  dbsf,  // sum of weight * z-score within each list; 0 where all its scores are equal
  weighted,  // sum of weight * score
  max,       // the best score
};

inline constexpr double kRrfConstant = 60;
// What stands farther down adds nothing by its score.
inline constexpr std::size_t kConvexDepth = 200;

// How the scores of a list are spread.
struct Spread {
  double mean = 0;
  double deviation = 0;
  double low = 0;  // Of the first kConvexDepth, as `high`.
  double high = 0;
};
Spread spread_of(std::span<const RankedRow> rows);

// What each of several lists counts; of Fusion::convex they add up to 1, of Fusion::max all
// count the same.
std::vector<double> fusion_weights(std::span<const RankedList> lists, Fusion fusion);

// What a row adds that stands at that rank, from 1, of one of several lists of that
// fusion_weights(). The fused score is the sum of these in the order of the lists, without
// those of weight 0, or for Fusion::max the greatest. `spread` is for Fusion::convex and
// Fusion::dbsf alone.
double fusion_part(Fusion fusion, double weight, const Spread& spread, std::size_t rank,
                   double score);

struct FusedRow {
  RankedRow row;  // With the fused score.
  // Its rank and score in the lists that hold it, by list.
  SearchParts parts;
};

// Merges the lists, best first. Documents with equal scores come in the order of the first
// list that holds them, then of their rank in it. A single list keeps its scores.
std::vector<FusedRow> fuse(std::span<const RankedList> lists, Fusion fusion);

}  // namespace trawl
