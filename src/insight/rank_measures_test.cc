#include "insight/rank_measures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace trawl {
namespace {

using List = std::vector<std::string>;

List letters(std::string_view text) {
  List out;
  for (const char c : text) out.emplace_back(1, c);
  return out;
}

TEST(RankMeasures, KnownValues) {
  EXPECT_EQ(overlap_at(letters("abcd"), letters("bcae"), 3), 1);
  EXPECT_EQ(overlap_at(letters("abcd"), letters("bxae"), 2), 0.5);
  EXPECT_EQ(overlap_at(letters("ab"), letters("abcd"), 10), 0.5);
  EXPECT_EQ(overlap_at({}, {}, 10), 1);
  EXPECT_EQ(kendall_tau(letters("abcd"), letters("abcd")), 1);
  EXPECT_EQ(kendall_tau(letters("abcd"), letters("dcba")), -1);
  EXPECT_DOUBLE_EQ(kendall_tau(letters("abxc"), letters("acb")).value(), 1.0 / 3.0);
  EXPECT_EQ(kendall_tau(letters("ab"), letters("ac")), std::nullopt);
  EXPECT_DOUBLE_EQ(rank_biased_overlap(letters("abcd"), letters("abcd"), 0.9), 1);
  EXPECT_DOUBLE_EQ(rank_biased_overlap(letters("abcd"), letters("wxyz"), 0.9), 0);
  EXPECT_DOUBLE_EQ(rank_biased_overlap({}, {}, 0.9), 1);
  EXPECT_DOUBLE_EQ(rank_biased_overlap(letters("a"), {}, 0.9), 0);
  // The same items, the first two changed round: depth 1 shares nothing, all others all.
  EXPECT_NEAR(rank_biased_overlap(letters("abc"), letters("bac"), 0.9), 0.9, 1e-12);
}

// By the definitions, term by term.
double naive_rbo(const List& s, const List& l, double p) {
  const auto shared = [&](std::size_t d) {
    const std::set<std::string> a(s.begin(), s.begin() + std::min(d, s.size()));
    std::size_t n = 0;
    for (std::size_t i = 0; i < std::min(d, l.size()); ++i) n += a.count(l[i]);
    return static_cast<double>(n);
  };
  double sum = 0;
  for (std::size_t d = 1; d <= l.size(); ++d) sum += shared(d) / d * std::pow(p, d);
  for (std::size_t d = s.size() + 1; d <= l.size(); ++d) {
    sum += shared(s.size()) * (d - s.size()) / (s.size() * d) * std::pow(p, d);
  }
  return (1 - p) / p * sum +
         ((shared(l.size()) - shared(s.size())) / l.size() + shared(s.size()) / s.size()) *
             std::pow(p, l.size());
}

TEST(RankMeasures, AgreeWithTheirDefinitions) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 500; ++round) {
    List all = letters("abcdefghijklmnopqrstuvwxyz");
    std::shuffle(all.begin(), all.end(), random);
    List a(all.begin(), all.begin() + 1 + random() % 20);
    std::shuffle(all.begin(), all.end(), random);
    List b(all.begin(), all.begin() + 1 + random() % 20);
    const double p = 0.05 + 0.9 * (random() % 100) / 100.0;
    const double naive = a.size() <= b.size() ? naive_rbo(a, b, p) : naive_rbo(b, a, p);
    EXPECT_NEAR(rank_biased_overlap(a, b, p), naive, 1e-9);
    EXPECT_NEAR(rank_biased_overlap(b, a, p), naive, 1e-9);

    int agree = 0;
    int pairs = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = i + 1; j < a.size(); ++j) {
        const auto in_b = [&](std::size_t k) {
          return std::find(b.begin(), b.end(), a[k]);
        };
        if (in_b(i) == b.end() || in_b(j) == b.end()) continue;
        ++pairs;
        agree += in_b(i) < in_b(j) ? 1 : -1;
      }
    }
    const auto tau = kendall_tau(a, b);
    ASSERT_EQ(tau.has_value(), pairs > 0);
    if (tau) {
      EXPECT_NEAR(*tau, static_cast<double>(agree) / pairs, 1e-12);
    }
  }
}

}  // namespace
}  // namespace trawl
