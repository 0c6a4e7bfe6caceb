#include "stages/source/fusion.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/work_limit.h"

namespace trawl {
Spread spread_of(std::span<const RankedRow> rows) {
  Spread spread;
  if (rows.empty()) return spread;
  const auto count = static_cast<double>(rows.size());
  for (const RankedRow& row : rows) spread.mean += row.score / count;
  double variance = 0;
  for (const RankedRow& row : rows) {
    variance += (row.score - spread.mean) * (row.score - spread.mean) / count;
  }
  spread.deviation = std::sqrt(variance);
  spread.high = rows.front().score;
  spread.low = rows[std::min(rows.size(), kConvexDepth) - 1].score;
  return spread;
}

std::vector<double> fusion_weights(std::span<const RankedList> lists, Fusion fusion) {
  std::vector<double> weights;
  double total = 0;
  for (const RankedList& list : lists) {
    weights.push_back(fusion == Fusion::max ? 1.0 : list.weight);
    total += weights.back();
  }
  if (fusion == Fusion::convex && total > 0) {
    for (double& weight : weights) weight /= total;
  }
  return weights;
}

double fusion_part(Fusion fusion, double weight, const Spread& spread, std::size_t rank,
                   double score) {
  switch (fusion) {
    case Fusion::convex:
      if (rank > kConvexDepth) return 0.0;
      // Where all are equal, all are the best.
      return weight * (spread.high > spread.low
                           ? (score - spread.low) / (spread.high - spread.low)
                           : 1.0);
    case Fusion::rrf:
      return weight / (kRrfConstant + static_cast<double>(rank));
    case Fusion::dbsf:
      return spread.deviation > 0 ? weight * ((score - spread.mean) / spread.deviation)
                                  : 0.0;
    case Fusion::weighted:
      return weight * score;
    case Fusion::max:
      break;
  }
  return score;
}

std::vector<FusedRow> fuse(std::span<const RankedList> lists, Fusion fusion) {
  std::vector<FusedRow> fused;
  std::unordered_map<std::uint64_t, std::size_t> places;
  const std::vector<double> weights = fusion_weights(lists, fusion);
  const bool is_scaled = fusion == Fusion::dbsf || fusion == Fusion::convex;
  for (std::uint32_t l = 0; l < lists.size(); ++l) {
    if (lists.size() > 1 && weights[l] == 0) continue;
    const auto& rows = lists[l].rows;
    const Spread spread = is_scaled ? spread_of(rows) : Spread{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const RankedRow& row = rows[i];
      count_work(8);
      const double score = lists.size() > 1
                               ? fusion_part(fusion, weights[l], spread, i + 1, row.score)
                               : row.score;
      const auto key = (static_cast<std::uint64_t>(row.collection) << 32) | row.row;
      const auto [found, is_new] = places.try_emplace(key, fused.size());
      if (is_new) {
        fused.push_back({{row.collection, row.row, score}, {}});
      } else {
        double& total = fused[found->second].row.score;
        total = fusion == Fusion::max ? std::max(total, score) : total + score;
      }
      fused[found->second].parts.push_back(
          {l, static_cast<std::uint32_t>(i + 1), row.score});
    }
  }
  std::stable_sort(fused.begin(), fused.end(), [](const FusedRow& a, const FusedRow& b) {
    return a.row.score > b.row.score;
  });
  return fused;
}

}  // namespace trawl
