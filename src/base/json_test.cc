#include "base/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace trawl::json_test {
namespace {

std::string random_text(std::mt19937& rng) {
  static const std::vector<std::string> kPieces = {
      "a",    "Z",    "0", "\"",   "\\", "/",  "\n", "\x01",
      "\x1f", "\x7f", "é", "日本", "😀",  "{{", ".",  std::string(1, '\0')};
  std::string out;
  for (auto n = rng() % 8; n > 0; --n) out += kPieces[rng() % kPieces.size()];
  return out;
}

json::value random_value(std::mt19937& rng, int depth) {
  switch (rng() % (depth > 0 ? 9 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return rng() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>((std::uint64_t{rng()} << 32) | rng());
    case 3:
      return (std::uint64_t{1} << 63) | rng();
    case 4: {
      const double number = std::bit_cast<double>((std::uint64_t{rng()} << 32) | rng());
      return std::isfinite(number) ? number : 0.5;
    }
    case 5:
      return static_cast<double>(static_cast<int>(rng() % 2000) - 1000) / 8;
    case 6:
      return json::value(random_text(rng));
    case 7: {
      json::array array;
      for (auto n = rng() % 5; n > 0; --n) array.push_back(random_value(rng, depth - 1));
      return array;
    }
    default: {
      json::object object;
      for (auto n = rng() % 5; n > 0; --n)
        object[random_text(rng)] = random_value(rng, depth - 1);
      return object;
    }
  }
}

std::string nested(std::size_t depth, const std::string& inside) {
  return std::string(depth, '[') + inside + std::string(depth, ']');
}

// Goal: what is written reads back as the same value of the same kind.
TEST(Json, WritingAndReadingGivesTheSameValue) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (int i = 0; i < 3000; ++i) {
    const json::value value = random_value(rng, 4);
    const std::string text = to_json_text(value);
    const auto back = parse_json(text);
    ASSERT_TRUE(back) << text << ": " << back.error().message;
    EXPECT_EQ(*back, value) << text;
    EXPECT_EQ(to_json_text(*back), text);
    // The canonical text is JSON of the same value, and independent of the order of keys.
    const auto canonical = parse_json(canonical_json(value));
    ASSERT_TRUE(canonical);
    EXPECT_EQ(*canonical, value);
    // Another implementation reads it too (its doubles are a digit off now and then).
    boost::system::error_code error;
    json::parse(text, error);
    EXPECT_FALSE(error) << text;
  }
}

TEST(Json, KindsOfNumbersSurvive) {
  const auto kind = [](std::string_view text) { return parse_json(text).value().kind(); };
  EXPECT_EQ(kind("3"), json::kind::int64);
  EXPECT_EQ(kind("-9223372036854775808"), json::kind::int64);
  EXPECT_EQ(kind("9223372036854775808"), json::kind::uint64);
  EXPECT_EQ(kind("18446744073709551615"), json::kind::uint64);
  EXPECT_EQ(kind("3.0"), json::kind::double_);
  EXPECT_EQ(kind("3e0"), json::kind::double_);
}

TEST(Json, NumbersArePrintedShort) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0.0, "0.0"},       {-0.0, "-0.0"},   {3.0, "3.0"},    {1389.43, "1389.43"},
      {0.1, "0.1"},       {-1.5, "-1.5"},   {1e22, "1e+22"}, {1e-7, "1e-07"},
      {5e-324, "5e-324"}, {1e300, "1e+300"}};
  for (const auto& [number, text] : cases) {
    std::string out;
    append_json_number(out, number);
    EXPECT_EQ(out, text);
    const double back = parse_json(out).value().get_double();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(number));
  }
  for (const double number : std::vector<double>{std::nan(""), INFINITY, -INFINITY}) {
    std::string out;
    append_json_number(out, number);
    EXPECT_EQ(out, "null");
  }
  EXPECT_EQ(to_json_text(std::numeric_limits<std::uint64_t>::max()),
            "18446744073709551615");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string text : {"",
                                 "   ",
                                 "{",
                                 "}",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "{a:1}",
                                 "{'a':1}",
                                 "01",
                                 "+1",
                                 ".5",
                                 "1.",
                                 "1e",
                                 "0x1",
                                 "nan",
                                 "NaN",
                                 "Infinity",
                                 "-",
                                 "tru",
                                 "nulls",
                                 "\"a",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\n\"",
                                 "\"\\ud800\"",
                                 "[1] 2",
                                 "{} {}",
                                 "[1 2]",
                                 "\"\xff\"",
                                 "\"\xc3\"",
                                 "\"\xed\xa0\x80\"",
                                 "1 //c",
                                 "[1]\x01",
                                 "{\"a\" 1}",
                                 "{1:2}",
                                 "[",
                                 "\"",
                                 "\xef\xbb\xbf"}) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::bad_request);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

TEST(Json, ErrorsSayWhere) {
  const std::pair<std::string, std::string> kCases[] = {
      {"{\n  \"a\": 1\n  \"b\": 2\n}", " (line 3, column 3)"},
      {"{\"a\": 1,}", " (column 9)"},
      {"{\"ä\": x}", " (column 7)"},
      {"{\"a\": [1, 2", " (it ends too early)"},
      {"[1]\n\n]", " (line 3, column 1)"},
  };
  for (const auto& [text, place] : kCases) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().message.ends_with(place)) << parsed.error().message;
  }
  // What is too large to be read twice has no place.
  const auto large = parse_json("[" + std::string(1 << 20, ' ') + "}");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().message.find('('), std::string::npos) << large.error().message;
}

TEST(Json, OfEqualKeysTheLastWins) {
  EXPECT_EQ(to_json_text(parse_json(R"({"a":{"x":1},"b":2,"a":[3]})").value()),
            R"({"a":[3],"b":2})");
}

TEST(Json, DepthIsCappedWhateverIsInside) {
  for (const std::string inside : {"", "1", "{}", "\"[[[\""}) {
    const std::size_t own = inside == "{}" ? 1 : 0;
    for (const std::size_t depth_max : {kJsonDepthMax, std::size_t{3}}) {
      EXPECT_TRUE(parse_json(nested(depth_max - own, inside), depth_max)) << inside;
      const auto deeper = parse_json(nested(depth_max - own + 1, inside), depth_max);
      ASSERT_FALSE(deeper) << inside << " at " << depth_max;
      EXPECT_EQ(deeper.error().code, ErrorCode::bad_request);
    }
  }
  EXPECT_FALSE(parse_json(std::string(1 << 20, '[')));
}

// Goal: the parser that a thread keeps does not remember an earlier limit or text.
TEST(Json, LimitsOfOneCallDoNotReachTheNext) {
  const std::string large = "[\"" + std::string(6 << 20, 'x') + "\"]";
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(parse_json("[[[[1]]]]", 2));
    EXPECT_TRUE(parse_json("[[[[1]]]]"));
    EXPECT_TRUE(parse_json(large));
    EXPECT_FALSE(parse_json("[1"));
    EXPECT_EQ(to_json_text(parse_json("[1]").value()), "[1]");
  }
}

TEST(Json, StringsAreAlwaysValidUtf8) {
  std::string out;
  append_json_string(out, "a\xff\xc3(\xed\xa0\x80z");
  const auto back = parse_json(out);
  ASSERT_TRUE(back) << out;
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(view(back->get_string()), "a" + bad + bad + "(" + bad + bad + bad + "z");

  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (auto n = rng() % 12; n > 0; --n) bytes.push_back(static_cast<char>(rng()));
    std::string text;
    append_json_string(text, bytes);
    EXPECT_TRUE(parse_json(text)) << text;
  }
}

TEST(Json, AStringIsWrittenAlikeWhateverStandsAroundACharacter) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string character(1, static_cast<char>(byte));
    std::string alone;
    append_json_string(alone, character);
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 20; ++after) {
        const std::string left(before, 'x');
        const std::string right(after, '~');
        std::string out;
        append_json_string(out, left + character + right);
        ASSERT_EQ(out, '"' + left + alone.substr(1, alone.size() - 2) + right + '"')
            << byte << " behind " << before << ", before " << after;
      }
    }
  }
}

TEST(Json, ALineIsOneLineForAnyReader) {
  std::string out = "\xc2\x85";  // Of somebody else.
  append_json_line(out, "\"a\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\xc2\x86\"");
  EXPECT_EQ(out, "\xc2\x85\"a\\u0085\\u2028\\u2029\xe2\x80\xa7\xc2\x86\"");
  EXPECT_EQ(
      parse_json(out.substr(2)).value(),
      parse_json("\"a\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\xc2\x86\"").value());
}

TEST(Json, CanonicalTextSortsKeysEverywhere) {
  EXPECT_EQ(canonical_json(parse_json(R"({"b":1,"a":[{"d":1,"c":2}]})").value()),
            R"({"a":[{"c":2,"d":1}],"b":1})");
}

TEST(Json, WriterPlacesCommas) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("a").integer(-1).key("b").begin_array();
  writer.string("x").boolean(true).null().number(0.5).unsigned_integer(7);
  writer.begin_object().end_object().begin_array().end_array().end_array();
  writer.key("c").value(json::value{1, 2}).key("d").raw("{\"e\":1}").end_object();
  EXPECT_EQ(out, R"({"a":-1,"b":["x",true,null,0.5,7,{},[]],"c":[1,2],"d":{"e":1}})");
}

TEST(Json, TypeNames) {
  EXPECT_EQ(type_name(nullptr), "null");
  EXPECT_EQ(type_name(1), "integer");
  EXPECT_EQ(type_name(1u), "integer");
  EXPECT_EQ(type_name(1.5), "number");
  EXPECT_EQ(type_name(true), "boolean");
  EXPECT_EQ(type_name("x"), "string");
  EXPECT_EQ(type_name(json::array{}), "array");
  EXPECT_EQ(type_name(json::object{}), "object");
}

}  // namespace
}  // namespace trawl::json_test
