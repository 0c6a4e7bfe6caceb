#include <random>

#include "stages/stage_test_support.h"
#include "text/similarity.h"

namespace trawl::deduplicate_test {
namespace {

using namespace stage_test;

std::string unique_ids(std::string_view parameters, std::vector<Candidate> input) {
  return ids(run_stage("deduplicate", parameters, std::move(input)).candidates);
}

std::vector<Candidate> keyed() {
  return {candidate("a", R"({"k": "One", "n": 1})"),
          candidate("b", R"({"k": "one", "n": 1.0})"),
          candidate("c", R"({"k": "One", "n": 2})"),
          candidate("d", R"({"n": 1})"),
          candidate("e", R"({"k": null, "n": 3})"),
          candidate("f", R"({"k": "One", "n": 1})")};
}

TEST(Deduplicate, ByOneField) {
  EXPECT_EQ(unique_ids(R"({"fields": ["k"]})", keyed()), "a b d");
  EXPECT_EQ(unique_ids(R"({"fields": ["k"], "keep": "last"})", keyed()), "b e f");
  EXPECT_EQ(unique_ids(R"({"fields": "k", "case_sensitive": false})", keyed()), "a d");
  EXPECT_EQ(unique_ids(R"({"fields": ["document_id"]})", keyed()), "a b c d e f");
}

TEST(Deduplicate, ByACompoundKey) {
  EXPECT_EQ(unique_ids(R"({"fields": ["k", "n"]})", keyed()), "a b c d e");
  EXPECT_EQ(unique_ids(R"({"fields": ["k", "n"], "case_sensitive": false})", keyed()),
            "a c d e");
  // The border between two fields is part of the key.
  EXPECT_EQ(unique_ids(R"({"fields": ["a", "b"]})",
                       {candidate("x", R"({"a": "1\n2", "b": "3"})"),
                        candidate("y", R"({"a": "1", "b": "2\n3"})")}),
            "x y");
}

TEST(Deduplicate, TellsHowManyItRemoved) {
  const auto output = run_stage("deduplicate", R"({"fields": ["k"]})", keyed());
  EXPECT_EQ(output.metadata.at("duplicates_removed"), 3);
  EXPECT_TRUE(run_stage("deduplicate", R"({"fields": ["k"]})", {}).candidates.empty());
}

std::vector<Candidate> texts() {
  return {candidate("a", R"({"content": "The quick brown fox jumps over the lazy dog"})"),
          candidate("b", R"({"content": "the quick brown fox jumps over the lazy dog"})"),
          candidate("c", R"({"content": "A completely different sentence about cats"})"),
          candidate("d", R"({"content": "The quick brown fox jumped over the lazy dog!"})"),
          candidate("e", R"({})"),
          candidate("f", R"({"content": null})"),
          candidate("g", R"({"content": ""})")};
}

TEST(Deduplicate, BySimilarText) {
  EXPECT_EQ(unique_ids(R"({"strategy": "content"})", texts()), "a c e g");
  EXPECT_EQ(unique_ids(R"({"strategy": "content", "similarity_threshold": 0.97})", texts()),
            "a c d e g");
  EXPECT_EQ(unique_ids(R"({"strategy": "content", "similarity_threshold": 1})", texts()),
            "a b c d e g");
  EXPECT_EQ(unique_ids(R"({"strategy": "content", "similarity_threshold": 1,
                           "case_sensitive": false})",
                       texts()),
            "a c d e g");
  EXPECT_EQ(unique_ids(R"({"strategy": "content", "keep": "last"})", texts()), "b c d f g");
  EXPECT_EQ(unique_ids(R"({"strategy": "content", "similarity_threshold": 0})", texts()),
            "a e");
}

TEST(Deduplicate, ChecksItsParameters) {
  const std::string base(kLocation);
  EXPECT_EQ(read_error("deduplicate", "{}").location, base + ".fields");
  EXPECT_EQ(read_error("deduplicate", R"({"fields": []})").location, base + ".fields");
  EXPECT_EQ(read_error("deduplicate", R"({"fields": [1]})").location, base + ".fields");
  EXPECT_EQ(read_error("deduplicate", R"({"fields": "{{INPUT.f}}"})").message, "");
  EXPECT_EQ(read_error("deduplicate", R"({"strategy": "content"})").message, "");
  EXPECT_EQ(
      read_error("deduplicate", R"({"strategy": "content", "similarity_threshold": 1.1})")
          .location,
      base + ".similarity_threshold");
}

TEST(Deduplicate, RefusesMoreTextsThanItCanCompare) {
  std::vector<Candidate> input(10'001, candidate("a", R"({"content": "x"})"));
  TestRun test;
  const auto ran = try_stage("deduplicate", R"({"strategy": "content"})", input, test.run);
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().message.find("10001"), std::string::npos);
}

TEST(Deduplicate, StopsWhenTheCheckpointSaysSo) {
  std::vector<Candidate> input;
  for (int i = 0; i < 600; ++i) {
    input.push_back(candidate(std::to_string(i), "{\"content\":\"text number " +
                                                     std::to_string(i * 7919) + "\"}"));
  }
  TestRun test;
  test.check = []() -> Result<void> { return make_error(ErrorCode::cancelled, "enough"); };
  const auto ran = try_stage("deduplicate", R"({"strategy": "content"})", input, test.run);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, ErrorCode::cancelled);
}

double naive_ratio(const std::u32string& a, const std::u32string& b) {
  if (a.empty() && b.empty()) return 1;
  std::vector<std::vector<int>> best(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      best[i][j] = a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1
                                        : std::max(best[i - 1][j], best[i][j - 1]);
    }
  }
  return 2.0 * best[a.size()][b.size()] / static_cast<double>(a.size() + b.size());
}

// Goal: the bit-parallel ratio is that of the textbook table, across word borders, and the
// shortcuts of reaches() never change its answer.
TEST(SequenceMatcher, AgreesWithTheTextbook) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> letters = {"a", "b", "c", "é", "猫", "😀"};
  for (int round = 0; round < 400; ++round) {
    const auto make = [&] {
      std::string out;
      for (std::size_t n = random() % 200; n > 0; --n)
        out += letters[random() % letters.size()];
      return out;
    };
    const std::string a = make();
    std::string b = make();
    if (round % 2 == 0) {  // A near copy.
      b = a;
      for (std::size_t n = random() % 6; n > 0 && !b.empty(); --n)
        b.insert(random() % b.size(), "a");
    }
    const ComparableText left(a);
    const ComparableText right(b);
    const double wanted = naive_ratio(left.points, right.points);
    const SequenceMatcher matcher(left);
    ASSERT_DOUBLE_EQ(matcher.ratio(right), wanted) << a << "\n" << b;
    for (const double threshold : {0.0, 0.3, 0.5, 0.9, 0.95, 1.0, wanted}) {
      std::size_t steps = 0;
      ASSERT_EQ(matcher.reaches(right, threshold, steps),
                matcher.ratio(right) >= threshold);
    }
  }
}

TEST(SequenceMatcher, LongTextsAreCutButTheirLengthsCount) {
  const std::string shared(kComparedCharsMax, 'a');
  const ComparableText shorter(shared);
  const ComparableText longer(shared + std::string(kComparedCharsMax, 'b'));
  std::size_t steps = 0;
  EXPECT_EQ(SequenceMatcher(shorter).ratio(longer), 1.0);
  EXPECT_FALSE(SequenceMatcher(shorter).reaches(longer, 0.95, steps));
}

TEST(SequenceMatcher, TakesBytesThatAreNoText) {
  const ComparableText broken(
      "a\xff\xfe"
      "b");
  EXPECT_EQ(broken.length, 4u);
  EXPECT_EQ(SequenceMatcher(broken).ratio(ComparableText("ab")), 2.0 * 2 / 6);
}

}  // namespace
}  // namespace trawl::deduplicate_test
