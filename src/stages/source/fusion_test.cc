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
                {{2, 1.0 / 62 + 1.0 / 61}, {1, 1.0 / 61}, {4, 1.0 / 62}, {3, 1.0 / 63}});
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
  expect_scores(Fusion::dbsf, {{1, z}, {2, 1.0}, {4, -1.0}, {3, -z}});
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
  for (const Fusion fusion : {Fusion::rrf, Fusion::dbsf, Fusion::weighted, Fusion::max}) {
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
