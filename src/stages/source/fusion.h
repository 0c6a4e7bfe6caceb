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
  double weight = 1;  // For Fusion::weighted alone.
};

enum class Fusion {
  rrf,       // sum of 1 / (60 + rank), ranks from 1 (Cormack, Clarke and Büttcher 2009)
  dbsf,      // sum of the z-scores within each list; 0 where all scores of a list are equal
  weighted,  // sum of weight * score
  max,       // the best score
};

inline constexpr double kRrfConstant = 60;

struct FusedRow {
  RankedRow row;  // With the fused score.
  // Its rank and score in the lists that hold it, by list.
  SearchParts parts;
};

// Merges the lists, best first. Documents with equal scores come in the order of the first
// list that holds them, then of their rank in it. A single list keeps its scores.
std::vector<FusedRow> fuse(std::span<const RankedList> lists, Fusion fusion);

}  // namespace trawl
