#include "stages/source/fusion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace trawl::fusion_test {
namespace {

// Rows 1, 2, 3 of one collection.
const std::vector<RankedList> kLists = {
    {{{0, 1, 10.0}, {0, 2, 6.0}, {0, 3, 2.0}}, 0.5},
    {{{0, 2, 4.0}, {0, 4, 2.0}}, 1.0},
};

std::vector<std::pair<std::uint32_t, double>> scores(const std::vector<FusedRow>& rows) {
  std::vector<std::pair<std::uint32_t, double>> out;
  for (const auto& row : rows) out.emplace_back(row.row.row, row.row.score);
  return out;
}

void expect_scores(Fusion fusion,
                   const std::vector<std::pair<std::uint32_t, double>>& wanted) {
  const auto found = scores(fuse(kLists, fusion));
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found[i].first, wanted[i].first) << i;
    EXPECT_NEAR(found[i].second, wanted[i].second, 1e-12) << i;
  }
}

TEST(Fusion, ReciprocalRanks) {
  expect_scores(Fusion::rrf,
                {{2, 0.5 / 62 + 1.0 / 61}, {4, 1.0 / 62}, {1, 0.5 / 61}, {3, 0.5 / 63}});
}

TEST(Fusion, ConvexCombinationOfScaledScores) {
  // Weights 1/3 and 2/3; row 2 is halfway down the first list.
  expect_scores(Fusion::convex, {{2, 0.5 / 3 + 2.0 / 3}, {1, 1.0 / 3}, {3, 0}, {4, 0}});
  const std::vector<RankedList> equal = {{{{0, 1, 3.0}, {0, 2, 3.0}}, 1.0},
                                         {{{0, 3, 7.0}}, 1.0}};
  for (const auto& [row, score] : scores(fuse(equal, Fusion::convex))) {
    EXPECT_EQ(score, 0.5) << row;
  }
}

TEST(Fusion, ConvexScalesByTheFirstOfAList) {
  std::vector<RankedList> lists(2);
  for (std::uint32_t i = 0; i < 300; ++i) lists[0].rows.push_back({0, i, 300.0 - i});
  lists[1].rows.push_back({0, 999, 1.0});
  const auto fused = fuse(lists, Fusion::convex);
  ASSERT_EQ(fused.size(), 301u);
  EXPECT_EQ(fused[2].row.row, 1u);
  EXPECT_NEAR(fused[2].row.score, 0.5 * 198 / 199, 1e-12);
  // Those farther down stay, in their order.
  EXPECT_EQ(fused.back().row.row, 299u);
  EXPECT_EQ(fused.back().row.score, 0.0);
}

TEST(Fusion, AListOfNoWeightIsOut) {
  std::vector<RankedList> lists = kLists;
  lists[1].weight = 0;
  for (const Fusion fusion :
       {Fusion::convex, Fusion::rrf, Fusion::dbsf, Fusion::weighted}) {
    const auto fused = fuse(lists, fusion);
    ASSERT_EQ(fused.size(), 3u);
    for (const FusedRow& row : fused) EXPECT_EQ(row.parts.size(), 1u);
  }
  EXPECT_EQ(fuse(lists, Fusion::max).size(), 4u);
}

TEST(Fusion, Weighted) {
  expect_scores(Fusion::weighted, {{2, 7.0}, {1, 5.0}, {4, 2.0}, {3, 1.0}});
}

TEST(Fusion, Max) {
  expect_scores(Fusion::max, {{1, 10.0}, {2, 6.0}, {3, 2.0}, {4, 2.0}});
}

TEST(Fusion, DistributionBased) {
  // First list: mean 6, deviation sqrt(32 / 3). Second: mean 3, deviation 1.
  const double z = 4.0 / std::sqrt(32.0 / 3.0);
  expect_scores(Fusion::dbsf, {{2, 1.0}, {1, z / 2}, {3, -z / 2}, {4, -1.0}});
}

TEST(Fusion, DistributionOfEqualScoresIsZero) {
  const std::vector<RankedList> lists = {{{{0, 1, 3.0}, {0, 2, 3.0}}, 1.0},
                                         {{{0, 3, 7.0}}, 1.0}};
  for (const auto& [row, score] : scores(fuse(lists, Fusion::dbsf)))
    EXPECT_EQ(score, 0.0) << row;
}

TEST(Fusion, TiesComeInTheOrderOfTheLists) {
  const std::vector<RankedList> lists = {{{{0, 9, 1.0}}, 1.0}, {{{0, 1, 5.0}}, 1.0}};
  EXPECT_EQ(scores(fuse(lists, Fusion::rrf)),
            (std::vector<std::pair<std::uint32_t, double>>{{9, 1.0 / 61}, {1, 1.0 / 61}}));
}

TEST(Fusion, ASingleListKeepsItsScores) {
  for (const Fusion fusion :
       {Fusion::convex, Fusion::rrf, Fusion::dbsf, Fusion::weighted, Fusion::max}) {
    const auto fused = fuse(std::vector<RankedList>{kLists[0]}, fusion);
    EXPECT_EQ(scores(fused), (std::vector<std::pair<std::uint32_t, double>>{
                                 {1, 10.0}, {2, 6.0}, {3, 2.0}}));
  }
  EXPECT_TRUE(fuse({}, Fusion::rrf).empty());
}

TEST(Fusion, EqualRowsOfDifferentCollectionsAreDifferentDocuments) {
  const std::vector<RankedList> lists = {{{{0, 1, 1.0}}, 1.0}, {{{1, 1, 1.0}}, 1.0}};
  EXPECT_EQ(fuse(lists, Fusion::rrf).size(), 2u);
}

TEST(Fusion, RemembersTheScoreOfEachList) {
  const auto fused = fuse(kLists, Fusion::rrf);
  EXPECT_EQ(fused[0].parts, (SearchParts{{0, 2, 6.0}, {1, 1, 4.0}}));
}

}  // namespace
}  // namespace trawl::fusion_test
