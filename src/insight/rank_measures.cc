#include "insight/rank_measures.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace trawl {
namespace {

// Pairs that stand in the wrong order, found while merging (Knight's method).
std::uint64_t count_inversions(std::vector<std::size_t>& values) {
  std::vector<std::size_t> merged(values.size());
  std::uint64_t inversions = 0;
  for (std::size_t width = 1; width < values.size(); width *= 2) {
    for (std::size_t begin = 0; begin < values.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, values.size());
      const std::size_t end = std::min(begin + 2 * width, values.size());
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        if (right == end || (left < middle && values[left] <= values[right])) {
          merged[out] = values[left++];
        } else {
          inversions += middle - left;
          merged[out] = values[right++];
        }
      }
    }
    values.swap(merged);
  }
  return inversions;
}

}  // namespace

double overlap_at(std::span<const std::string> a, std::span<const std::string> b,
                  std::size_t k) {
  k = std::min(k, std::max(a.size(), b.size()));
  if (k == 0) return 1;
  const auto first = a.subspan(0, std::min(k, a.size()));
  const std::unordered_set<std::string_view> seen(first.begin(), first.end());
  std::size_t shared = 0;
  for (const std::string& item : b.subspan(0, std::min(k, b.size()))) {
    shared += seen.count(item);
  }
  return static_cast<double>(shared) / static_cast<double>(k);
}

double rank_biased_overlap(std::span<const std::string> a, std::span<const std::string> b,
                           double p) {
  if (a.size() > b.size()) std::swap(a, b);
  const std::size_t s = a.size();
  const std::size_t l = b.size();
  if (l == 0) return 1;
  if (s == 0) return 0;
  std::unordered_set<std::string_view> seen_a;
  std::unordered_set<std::string_view> seen_b;
  double overlap = 0;  // X_d: how many of the first d both have.
  double overlap_s = 0;
  double sum = 0;
  double weight = 1;
  for (std::size_t d = 1; d <= l; ++d) {
    const std::string_view in_b = b[d - 1];
    if (d <= s) {
      const std::string_view in_a = a[d - 1];
      if (in_a == in_b) {
        overlap += 1;
      } else {
        overlap += (seen_b.contains(in_a) ? 1 : 0) + (seen_a.contains(in_b) ? 1 : 0);
      }
      seen_a.insert(in_a);
    } else {
      overlap += seen_a.contains(in_b) ? 1 : 0;
    }
    seen_b.insert(in_b);
    if (d == s) overlap_s = overlap;
    weight *= p;
    const auto depth = static_cast<double>(d);
    sum += weight * overlap / depth;
    if (d > s) {
      const auto shorter = static_cast<double>(s);
      sum += weight * overlap_s * (depth - shorter) / (shorter * depth);
    }
  }
  const auto shorter = static_cast<double>(s);
  const auto longer = static_cast<double>(l);
  const double tail = ((overlap - overlap_s) / longer + overlap_s / shorter) * weight;
  return std::clamp((1 - p) / p * sum + tail, 0.0, 1.0);
}

std::optional<double> kendall_tau(std::span<const std::string> a,
                                  std::span<const std::string> b) {
  std::unordered_map<std::string_view, std::size_t> rank_in_b;
  for (std::size_t i = 0; i < b.size(); ++i) rank_in_b.emplace(b[i], i);
  std::vector<std::size_t> ranks;
  for (const std::string& item : a) {
    const auto found = rank_in_b.find(item);
    if (found != rank_in_b.end()) ranks.push_back(found->second);
  }
  if (ranks.size() < 2) return std::nullopt;
  const auto n = static_cast<double>(ranks.size());
  const double pairs = n * (n - 1) / 2;
  return 1 - 2 * static_cast<double>(count_inversions(ranks)) / pairs;
}

}  // namespace trawl
