#include "stages/source/fusion.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/work_limit.h"

namespace trawl {
namespace {

struct Spread {
  double mean = 0;
  double deviation = 0;
};

Spread spread_of(const std::vector<RankedRow>& rows) {
  Spread spread;
  if (rows.empty()) return spread;
  const auto count = static_cast<double>(rows.size());
  for (const RankedRow& row : rows) spread.mean += row.score / count;
  double variance = 0;
  for (const RankedRow& row : rows) {
    variance += (row.score - spread.mean) * (row.score - spread.mean) / count;
  }
  spread.deviation = std::sqrt(variance);
  return spread;
}

}  // namespace

std::vector<FusedRow> fuse(std::span<const RankedList> lists, Fusion fusion) {
  std::vector<FusedRow> fused;
  std::unordered_map<std::uint64_t, std::size_t> places;
  for (std::uint32_t l = 0; l < lists.size(); ++l) {
    const auto& rows = lists[l].rows;
    const Spread spread = fusion == Fusion::dbsf ? spread_of(rows) : Spread{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const RankedRow& row = rows[i];
      count_work(8);
      double score = row.score;
      if (lists.size() > 1) {
        switch (fusion) {
          case Fusion::rrf:
            score = 1.0 / (kRrfConstant + static_cast<double>(i + 1));
            break;
          case Fusion::dbsf:
            score =
                spread.deviation > 0 ? (row.score - spread.mean) / spread.deviation : 0.0;
            break;
          case Fusion::weighted:
            score = lists[l].weight * row.score;
            break;
          case Fusion::max:
            break;
        }
      }
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
