#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

std::u32string points_of(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = bytes == 1 ? lead : lead & (0x7F >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) point = point << 6 | (text[at + i] & 0x3F);
    out.push_back(point);
    at += bytes;
  }
  return out;
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
      std::vector<std::string> out;
      for (std::size_t n = random() % 200; n > 0; --n)
        out.push_back(letters[random() % letters.size()]);
      return out;
    };
    const std::vector<std::string> one = make();
    std::vector<std::string> other = make();
    if (round % 2 == 0) {  // A near copy.
      other = one;
      for (std::size_t n = random() % 6; n > 0; --n) {
        const auto place = static_cast<std::ptrdiff_t>(random() % (other.size() + 1));
        other.insert(other.begin() + place, "a");
      }
    }
    const std::string a = fmt::format("{}", fmt::join(one, ""));
    const std::string b = fmt::format("{}", fmt::join(other, ""));
    const ComparableText left(a);
    const ComparableText right(b);
    const double wanted = naive_ratio(points_of(left.start), points_of(right.start));
    SequenceMatcher matcher(left);
    ASSERT_DOUBLE_EQ(matcher.ratio(right), wanted) << a << "\n" << b;
    for (const double threshold : {0.0, 0.3, 0.5, 0.9, 0.95, 1.0, wanted}) {
      std::size_t steps = 0;
      ASSERT_EQ(matcher.reaches(right, threshold, steps),
                matcher.ratio(right) >= threshold);
    }
  }
}

std::string random_text(std::mt19937& random, std::size_t words) {
  std::string out;
  for (; words > 0; --words) out += "w" + std::to_string(random() % 500) + " ";
  return out;
}

std::string edited(std::mt19937& random, std::string text, std::size_t edits) {
  for (; edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random() % text.size();
    if (random() % 2 == 0) {
      text.erase(at, 1);
    } else {
      text.insert(at, 1, static_cast<char>('a' + random() % 26));
    }
  }
  return text;
}

// Goal: for texts of many machine words too, neither the runs of four nor the way along the
// diagonal rule out a pair that reaches the threshold. Method: thresholds around the true
// ratio of copies with few and many changes, and with a part moved.
TEST(SequenceMatcher, ShortcutsAreExact) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    const std::string a = random_text(random, 20 + random() % 250);
    std::string b = edited(random, a, random() % (round % 2 == 0 ? 20 : 400));
    if (round % 5 == 0) b = b.substr(b.size() / 8) + b.substr(0, b.size() / 8);
    if (round % 7 == 0) b = random_text(random, 20 + random() % 250);
    const ComparableText left(a);
    const ComparableText right(b);
    const double wanted = naive_ratio(points_of(a), points_of(b));
    SequenceMatcher matcher(left);
    ASSERT_DOUBLE_EQ(matcher.ratio(right), wanted);
    for (const double away : {-0.1, -0.01, -0.001, 0.0, 0.001, 0.01, 0.1}) {
      std::size_t steps = 0;
      const double threshold = std::clamp(wanted + away, 0.0, 1.0);
      ASSERT_EQ(matcher.reaches(right, threshold, steps), wanted >= threshold)
          << wanted << " " << threshold << "\n"
          << a << "\n"
          << b;
    }
  }
}

// Goal: comparing in batches keeps what comparing one after another keeps. Method: families
// of near copies in random order, more than a batch.
TEST(Deduplicate, KeepsWhatOneAfterAnotherKeeps) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::string> families;
  for (int i = 0; i < 12; ++i) families.push_back(random_text(random, 5 + random() % 20));
  std::vector<std::string> texts;
  for (int i = 0; i < 150; ++i) {
    texts.push_back(edited(random, families[random() % families.size()], random() % 12));
  }
  for (const double threshold : {0.8, 0.9, 0.95}) {
    std::string wanted;
    std::vector<std::string> kept;
    std::vector<Candidate> input;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      input.push_back(candidate(std::to_string(i), "{\"content\":\"" + texts[i] + "\"}"));
      const bool is_new = std::none_of(kept.begin(), kept.end(), [&](const auto& other) {
        return naive_ratio(points_of(texts[i]), points_of(other)) >= threshold;
      });
      if (!is_new) continue;
      kept.push_back(texts[i]);
      wanted += (wanted.empty() ? "" : " ") + std::to_string(i);
    }
    EXPECT_EQ(unique_ids(R"({"strategy": "content", "similarity_threshold": )" +
                             std::to_string(threshold) + "}",
                         input),
              wanted);
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
