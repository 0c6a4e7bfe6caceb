#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace trawl {

// How alike two rankings are; items are told apart by their text, and stand once in each.

// The share of the first k of either that both have in their first k, 0 to 1; k is brought
// down to the longer one. 1 where both are empty.
double overlap_at(std::span<const std::string> a, std::span<const std::string> b,
                  std::size_t k);

// Rank-biased overlap, extrapolated from what is there (Webber, Moffat and Zobel, "A
// similarity measure for indefinite rankings", ACM TOIS 28(4), 2010, equation 32 for lists
// of unequal length). p in (0, 1) weighs the top: 0.9 gives the first ten ranks 86 % of
// the weight. 0 to 1; 1 where both are empty.
double rank_biased_overlap(std::span<const std::string> a, std::span<const std::string> b,
                           double p);

// Kendall's tau of the items that both have: 1 in the same order, -1 in the reverse.
// Nothing where they share fewer than two. O(n log n).
std::optional<double> kendall_tau(std::span<const std::string> a,
                                  std::span<const std::string> b);

}  // namespace trawl
