#include <numeric>
#include <random>
#include <set>

#include "stages/reduce/sampling.h"
#include "stages/stage_test_support.h"

namespace trawl::sample_test {
namespace {

using namespace stage_test;

// 60 documents of kind x, 30 of y, 9 of z and one without; scores fall from 99 to 0.
std::vector<Candidate> sample_input() {
  std::vector<Candidate> out;
  for (int i = 0; i < 100; ++i) {
    const char* fields = i < 60   ? R"({"k": "x"})"
                         : i < 90 ? R"({"k": "y"})"
                         : i < 99 ? R"({"k": "z"})"
                                  : "{}";
    out.push_back(candidate(std::to_string(i), fields, 99.0 - i));
  }
  return out;
}

TEST(Sample, KeepsAsManyAsWantedInTheirOrder) {
  for (const char* strategy : {"random", "reservoir", "systematic", "stratified"}) {
    SCOPED_TRACE(strategy);
    const auto output =
        run_stage("sample",
                  "{\"count\": 20, \"stratify_by\": \"k\", \"strategy\": \"" +
                      std::string(strategy) + "\"}",
                  sample_input());
    ASSERT_EQ(output.candidates.size(), 20u);
    for (std::size_t i = 1; i < 20; ++i) {
      EXPECT_LT(std::stoi(output.candidates[i - 1].document_id),
                std::stoi(output.candidates[i].document_id));
    }
    EXPECT_EQ(output.metadata.at("sample").at("sampled_count"), 20);
    EXPECT_EQ(output.metadata.at("sample").at("method"), strategy);
  }
}

TEST(Sample, MoreThanThereAreIsAll) {
  for (const char* strategy : {"random", "reservoir", "systematic", "stratified"}) {
    const std::string parameters =
        "{\"count\": 1000, \"stratify_by\": \"k\", \"strategy\": \"" +
        std::string(strategy) + "\"}";
    EXPECT_EQ(run_stage("sample", parameters, sample_input()).candidates.size(), 100u);
    EXPECT_EQ(run_stage("sample", parameters, {}).candidates.size(), 0u);
  }
}

TEST(Sample, TheSeedFixesTheResult) {
  for (const char* strategy : {"random", "reservoir", "systematic", "stratified"}) {
    const auto draw = [&](int seed) {
      return ids(run_stage("sample",
                           "{\"count\": 10, \"group_field\": \"k\", \"method\": \"" +
                               std::string(strategy) +
                               "\", \"seed\": " + std::to_string(seed) + "}",
                           sample_input())
                     .candidates);
    };
    EXPECT_EQ(draw(7), draw(7));
    std::set<std::string> different;
    for (int seed = 0; seed < 30; ++seed) different.insert(draw(seed));
    EXPECT_GT(different.size(), 5u) << strategy;
  }
  // The same on every platform and in every release: people keep seeds.
  EXPECT_EQ(
      ids(run_stage("sample", R"({"count": 5, "seed": 42})", sample_input()).candidates),
      ids(run_stage("sample", R"({"size": 5, "seed": 42})", sample_input()).candidates));
}

TEST(Sample, KeepsTheBestWhateverIsDrawn) {
  auto input = sample_input();
  std::reverse(input.begin(), input.end());
  const auto output =
      run_stage("sample", R"({"count": 5, "preserve_top_k": 3})", std::move(input));
  ASSERT_EQ(output.candidates.size(), 5u);
  EXPECT_EQ(output.candidates[2].document_id, "2");
  EXPECT_EQ(output.candidates[3].document_id, "1");
  EXPECT_EQ(output.candidates[4].document_id, "0");
  EXPECT_EQ(ids(run_stage("sample", R"({"count": 2, "preserve_top_k": 50})", sample_input())
                    .candidates),
            "0 1");
}

TEST(Sample, StrataArePresentInProportion) {
  const auto output =
      run_stage("sample", R"({"count": 20, "strategy": "stratified", "stratify_by": "k"})",
                sample_input());
  EXPECT_EQ(output.metadata.at("sample").at("strata"),
            parse(R"([{"value": "x", "available": 60, "sampled": 11},
                      {"value": "y", "available": 30, "sampled": 6},
                      {"value": "z", "available": 9, "sampled": 2},
                      {"value": null, "available": 1, "sampled": 1}])"));
}

TEST(Sample, ChecksItsParameters) {
  const std::string base(kLocation);
  EXPECT_EQ(read_error("sample", R"({"strategy": "stratified"})").location,
            base + ".stratify_by");
  EXPECT_EQ(
      read_error("sample", R"({"strategy": "stratified", "stratify_by": ""})").location,
      base + ".stratify_by");
  EXPECT_EQ(
      read_error("sample", R"({"strategy": "stratified", "stratify_by": "{{INPUT.x}}"})")
          .message,
      "");
  EXPECT_EQ(read_error("sample", R"({"size": 0})").location, base + ".size");
  EXPECT_EQ(read_error("sample", R"({"seed": 1.5})").location, base + ".seed");
  EXPECT_EQ(read_error("sample", R"({"seed": -1})").message, "");
}

TEST(AllocateStrata, MeetsTheCountAndTheFloors) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::size_t> sizes(1 + random() % 12);
    for (auto& size : sizes) size = 1 + random() % (random() % 2 == 0 ? 3 : 200);
    const std::size_t total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
    const std::size_t count = random() % (total + 10);
    const std::size_t floor = random() % 4;
    const auto taken = allocate_strata(sizes, count, floor);
    ASSERT_EQ(std::accumulate(taken.begin(), taken.end(), std::size_t{0}),
              std::min(count, total));
    std::size_t floors = 0;
    for (const auto size : sizes) floors += std::min(floor, size);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      ASSERT_LE(taken[i], sizes[i]);
      if (floors <= count) {
        ASSERT_GE(taken[i], std::min(floor, sizes[i]));
      }
      // Without floors nobody is more than one document from the exact share.
      if (floor == 0 && count <= total) {
        ASSERT_NEAR(static_cast<double>(taken[i]),
                    static_cast<double>(count * sizes[i]) / static_cast<double>(total),
                    1.0);
      }
    }
  }
}

TEST(AllocateStrata, LargerStrataGoFirstWhereThereIsTooLittle) {
  EXPECT_EQ(allocate_strata({1, 5, 3}, 2, 1), (std::vector<std::size_t>{0, 1, 1}));
  EXPECT_EQ(allocate_strata({1, 5, 3}, 0, 1), (std::vector<std::size_t>{0, 0, 0}));
  EXPECT_EQ(allocate_strata({}, 5, 1), std::vector<std::size_t>());
}

// Goal: every position is equally likely. Method: over 20,000 draws of 3 out of 10 each
// position is expected 6,000 times with a deviation of 65.
TEST(Sampling, IsUniform) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  SampleRandom random(seed);
  for (const auto draw : {&sample_random, &sample_reservoir, &sample_systematic}) {
    std::vector<int> hits(10, 0);
    for (int i = 0; i < 20'000; ++i) {
      const auto positions = draw(10, 3, random);
      ASSERT_EQ(std::set<std::size_t>(positions.begin(), positions.end()).size(), 3u);
      for (const auto position : positions) ++hits.at(position);
    }
    for (const int count : hits) EXPECT_NEAR(count, 6000, 400);
  }
}

// Goal: what is drawn without a seed can be drawn again from what the metadata says.
TEST(Sample, ATakenSeedIsToldAndRepeatsTheSample) {
  std::vector<Candidate> input;
  for (int i = 0; i < 40; ++i) {
    input.push_back(
        candidate(std::to_string(i), R"({"k": )" + std::to_string(i % 3) + "}"));
  }
  for (const char* method : {"random", "reservoir", "systematic", "stratified"}) {
    const std::string parameters =
        std::string(R"("count": 7, "stratify_by": "k", "strategy": ")") + method + "\"";
    std::set<std::string> seen;
    for (std::int64_t seed = 1; seed <= 8; ++seed) {
      TestRun test;
      test.run.seed = seed;
      const auto drawn = try_stage("sample", "{" + parameters + "}", input, test.run);
      const auto& told = drawn->metadata.at("sample").at("seed");
      EXPECT_EQ(told, json::value(seed));
      const auto again = run_stage(
          "sample", "{" + parameters + ", \"seed\": " + std::to_string(seed) + "}", input);
      EXPECT_EQ(ids(again.candidates), ids(drawn->candidates)) << method;
      seen.insert(ids(drawn->candidates));
    }
    EXPECT_GT(seen.size(), 1u) << method;
  }
}

}  // namespace
}  // namespace trawl::sample_test
