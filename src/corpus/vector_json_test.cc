#include "corpus/vector_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "base/base64.h"

namespace trawl::vector_json_test {
namespace {

Result<std::vector<float>> parsed(std::string_view text, std::uint32_t dimension) {
  return parse_vectors(parse_json(text).value(), dimension, "v");
}

std::string packed(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    for (std::size_t b = 0; b < 4; ++b) {
      bytes[4 * i + b] = static_cast<char>((bits >> (8 * b)) & 0xFF);
    }
  }
  return base64(bytes);
}

TEST(VectorJson, TheThreeForms) {
  using Floats = std::vector<float>;
  EXPECT_EQ(parsed("[1, 2.5, -3e-2]", 3).value(), (Floats{1, 2.5f, -0.03f}));
  EXPECT_EQ(parsed("[[1, 2], [3, 4]]", 2).value(), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(parsed("[[1, 2]]", 2).value(), (Floats{1, 2}));
  // 1.0f is 00 00 80 3f.
  EXPECT_EQ(parsed(R"("AACAPwAAAEA=")", 2).value(), (Floats{1, 2}));
  EXPECT_EQ(parsed(R"("AACAPwAAAEA")", 1).value(), (Floats{1, 2}));
  EXPECT_TRUE(std::isinf(parsed("[1e300]", 1).value().front()));
}

TEST(VectorJson, WhatIsNoneOfThemSaysWhere) {
  const auto place = [](std::string_view text) {
    const auto result = parsed(text, 2);
    EXPECT_FALSE(result) << text;
    if (result) return std::string();
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
    EXPECT_EQ(result.error().message.rfind(result.error().location, 0), 0u);
    return result.error().location;
  };
  for (const char* text : {"null", "true", "1", "{}", "[]", "[1]", "[1,2,3]", R"("")",
                           R"("AACAPw==")", R"("AACA")", R"("A")", R"("AACAPwAAAEA*")"}) {
    EXPECT_EQ(place(text), "v") << text;
  }
  EXPECT_EQ(place(R"([1, "2"])"), "v[1]");
  EXPECT_EQ(place("[1, [2]]"), "v[1]");
  EXPECT_EQ(place("[[1, 2], [1]]"), "v[1]");
  EXPECT_EQ(place("[[1, 2], 3]"), "v[1]");
  EXPECT_EQ(place("[[1, null]]"), "v[0][1]");
}

// Goal: what is shown reads back as the same bits, and is as short as it can be.
TEST(VectorJson, EveryNumberReadsBackAsItWas) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  std::vector<float> values;
  while (values.size() < 60'000) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(rng()));
    if (std::isfinite(value)) values.push_back(value);
  }
  for (const std::uint32_t dimension : {60'000u, 6u}) {
    const std::string text = to_json_text(vectors_json(values, dimension));
    const auto again = parsed(text, dimension).value();
    ASSERT_EQ(again.size(), values.size());
    EXPECT_EQ(std::memcmp(again.data(), values.data(), values.size() * sizeof(float)), 0);
    EXPECT_EQ(parsed("\"" + packed(values) + "\"", dimension).value(), values);
  }
  EXPECT_EQ(to_json_text(vectors_json(std::vector<float>{0.1f, 1, -2.5e-7f}, 3)),
            "[0.1,1.0,-2.5e-07]");
}

}  // namespace
}  // namespace trawl::vector_json_test
