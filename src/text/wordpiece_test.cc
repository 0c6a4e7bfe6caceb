#include "text/wordpiece.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "text/wordpiece_points.h"

namespace trawl {
namespace {

using Tokens = std::vector<std::int64_t>;

constexpr std::int64_t kUnknown = 1;
constexpr std::int64_t kBegin = 2;
constexpr std::int64_t kEnd = 3;

// A vocabulary of ours: the number of a piece is its place.
const std::vector<std::string>& pieces() {
  static const std::vector<std::string> kPieces = {
      "[PAD]", "[UNK]",  "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "affable",
      "a",     "##a",    "cafe",  "stra",  "##ße",   "中", "文",    ",",      "-",
      "##f",   "ångstr", "##om",  "и",     "i",      "가", "ᄀ",    "##ᅡ",   "of",
      "the",   "##l",    "##i",   "1",     "##0",    "#",  "ss",    "straße"};
  return kPieces;
}

std::int64_t token_of(std::string_view piece) {
  for (std::size_t i = 0; i < pieces().size(); ++i) {
    if (pieces()[i] == piece) return static_cast<std::int64_t>(i);
  }
  ADD_FAILURE() << piece;
  return -1;
}

json::object tokenizer_file() {
  json::object vocabulary;
  for (const std::string& piece : pieces()) vocabulary[piece] = token_of(piece);
  const auto added = [](const char* text, std::int64_t id) {
    return json::object{{"id", id},        {"content", text}, {"single_word", false},
                        {"lstrip", false}, {"rstrip", false}, {"normalized", false},
                        {"special", true}};
  };
  const auto special = [](const char* text) {
    return json::object{{"SpecialToken", {{"id", text}, {"type_id", 0}}}};
  };
  return {{"truncation", {{"max_length", 4}}},
          {"padding", {{"strategy", {{"Fixed", 128}}}}},
          {"added_tokens", {added("[MASK]", 4), added("[CLS]", 2), added("[SEP]", 3)}},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single",
             {special("[CLS]"), json::object{{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
              special("[SEP]")}}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", std::move(vocabulary)}}}};
}

WordPiece parsed(const json::object& file) {
  auto made = WordPiece::parse(to_json_text(json::value(file)));
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

// The pieces of a text, without the tokens before and behind it.
std::vector<std::string> pieces_of(const WordPiece& tokenizer, std::string_view text) {
  const Tokens tokens = tokenizer.encode(text, 1000);
  EXPECT_GE(tokens.size(), 2u);
  EXPECT_EQ(tokens.front(), kBegin);
  EXPECT_EQ(tokens.back(), kEnd);
  std::vector<std::string> found;
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    found.push_back(pieces()[static_cast<std::size_t>(tokens[i])]);
  }
  return found;
}
std::vector<std::string> pieces_of(std::string_view text) {
  return pieces_of(parsed(tokenizer_file()), text);
}

using Texts = std::vector<std::string>;

TEST(WordPiece, TakesTheLongestPiecesFromTheLeft) {
  EXPECT_EQ(pieces_of("unaffable"), (Texts{"un", "##aff", "##able"}));
  EXPECT_EQ(pieces_of("affable of the"), (Texts{"affable", "of", "the"}));
  // One piece that is missing makes all of the word unknown.
  EXPECT_EQ(pieces_of("unaffablez a"), (Texts{"[UNK]", "a"}));
  EXPECT_EQ(pieces_of(""), Texts());
  EXPECT_EQ(pieces_of(" \t\n\r\u3000"), Texts());
}

TEST(WordPiece, LosesCaseAndAccents) {
  EXPECT_EQ(pieces_of("CAFÉ cafe\u0301"), (Texts{"cafe", "cafe"}));
  // The Kelvin and the Ångström sign are other spellings of letters; ß stays what it is.
  EXPECT_EQ(pieces_of("STRAße ÅNGSTRöm"), (Texts{"straße", "[UNK]"}));
  EXPECT_EQ(pieces_of("İ Й"), (Texts{"i", "и"}));
  // Hangul comes apart into its letters.
  EXPECT_EQ(pieces_of("가"), (Texts{"ᄀ", "##ᅡ"}));
}

TEST(WordPiece, SignsAndIdeographsAreWords) {
  EXPECT_EQ(pieces_of("a,a-#a"), (Texts{"a", ",", "a", "-", "#", "a"}));
  EXPECT_EQ(pieces_of("a中文a"), (Texts{"a", "中", "文", "a"}));
  EXPECT_EQ(pieces_of("un。a"), (Texts{"un", "[UNK]", "a"}));
}

TEST(WordPiece, ControlCharactersAndWhatIsNotUtf8AreLeftOut) {
  constexpr std::string_view kOdd("un\0aff\001\255able", 12);
  EXPECT_EQ(pieces_of(kOdd), (Texts{"un", "##aff", "##able"}));
  EXPECT_EQ(pieces_of("un\u200Baff\uFFFDable\uFEFF"), (Texts{"un", "##aff", "##able"}));
  EXPECT_EQ(pieces_of("a\xFF\xC3 \xED\xA0\x80of"), (Texts{"a", "of"}));
  EXPECT_EQ(pieces_of("a\xE4\xB8"), (Texts{"a"}));
}

TEST(WordPiece, TextsOfSpecialTokensAreThese) {
  EXPECT_EQ(pieces_of("a[MASK]a [SEP]"), (Texts{"a", "[MASK]", "a", "[SEP]"}));
  EXPECT_EQ(pieces_of("[mask]"), (Texts{"[UNK]", "[UNK]", "[UNK]"}));
}

TEST(WordPiece, WordsThatAreTooLongAreUnknown) {
  const std::string most = "a" + std::string(99, 'a');
  EXPECT_EQ(pieces_of(most).size(), 100u);
  EXPECT_EQ(pieces_of(most + "a of"), (Texts{"[UNK]", "of"}));
  // Points are counted, not bytes.
  std::string letters = "ᄀ";
  for (int i = 0; i < 99; ++i) letters += "ᅡ";
  EXPECT_EQ(pieces_of(letters).size(), 100u);
}

TEST(WordPiece, CutsLongTextsBeforeTheLastToken) {
  const WordPiece tokenizer = parsed(tokenizer_file());
  EXPECT_EQ(tokenizer.encode("unaffable the", 4),
            (Tokens{kBegin, token_of("un"), token_of("##aff"), kEnd}));
  EXPECT_EQ(tokenizer.encode("unaffable", 2), (Tokens{kBegin, kEnd}));
  EXPECT_EQ(tokenizer.encode("unaffable", 0), (Tokens{kBegin, kEnd}));
}

TEST(WordPiece, AWordThatEndsTheTokensIsWhatItIsAsAWhole) {
  // "unaffz" is unknown, and not "un" because only that was asked for.
  EXPECT_EQ(parsed(tokenizer_file()).encode("unaffz", 3), (Tokens{kBegin, kUnknown, kEnd}));
}

TEST(WordPiece, FollowsTheNormalizer) {
  json::object file = tokenizer_file();
  file["normalizer"].as_object()["lowercase"] = false;
  EXPECT_EQ(pieces_of(parsed(file), "café A"), (Texts{"[UNK]", "[UNK]"}));
  file["normalizer"].as_object()["strip_accents"] = true;
  EXPECT_EQ(pieces_of(parsed(file), "café A"), (Texts{"cafe", "[UNK]"}));
  file = tokenizer_file();
  file["normalizer"].as_object()["handle_chinese_chars"] = false;
  EXPECT_EQ(pieces_of(parsed(file), "中文"), (Texts{"[UNK]"}));
  file = tokenizer_file();
  file["normalizer"].as_object()["clean_text"] = false;
  EXPECT_EQ(pieces_of(parsed(file), "a\u200B of"), (Texts{"[UNK]", "of"}));
}

TEST(WordPiece, OtherTokenizersAreRefused) {
  const auto refused = [](const json::object& file) {
    const auto made = WordPiece::parse(to_json_text(json::value(file)));
    EXPECT_FALSE(made);
    return made ? std::string() : made.error().message;
  };
  json::object file = tokenizer_file();
  file["model"].as_object()["type"] = "BPE";
  EXPECT_EQ(refused(file),
            "model: its type is \"BPE\", and not \"WordPiece\"; this is not a tokenizer "
            "that can be read here");
  file = tokenizer_file();
  file.erase("normalizer");
  EXPECT_NE(refused(file).find("normalizer: there is no such object"), std::string::npos);
  file = tokenizer_file();
  file["model"].as_object()["vocab"].as_object().erase("[UNK]");
  EXPECT_NE(refused(file).find("'[UNK]'"), std::string::npos) << refused(file);
  file = tokenizer_file();
  file["model"].as_object()["vocab"].as_object()["of"] = -1;
  EXPECT_NE(refused(file).find("the token of 'of'"), std::string::npos) << refused(file);
  file = tokenizer_file();
  file["post_processor"].as_object()["single"].as_array().pop_back();
  EXPECT_NE(refused(file).find("`single`"), std::string::npos) << refused(file);
  file = tokenizer_file();
  file["added_tokens"].as_array()[0].as_object()["lstrip"] = true;
  EXPECT_NE(refused(file).find("added_tokens[0]"), std::string::npos) << refused(file);
  EXPECT_FALSE(WordPiece::parse("{"));
  EXPECT_FALSE(WordPiece::parse("[]"));
}

// Goal: no bytes make it give a token that there is not, or more than were asked for.
TEST(WordPiece, AnyBytesGiveTokensOfTheVocabulary) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  const WordPiece tokenizer = parsed(tokenizer_file());
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    while (random() % 30 != 0) {
      if (random() % 2 == 0) {
        text += pieces()[random() % pieces().size()];
      } else {
        text += static_cast<char>(random());
      }
    }
    const std::size_t most = 2 + random() % 40;
    const Tokens tokens = tokenizer.encode(text, most);
    ASSERT_LE(tokens.size(), most);
    ASSERT_GE(tokens.size(), 2u);
    for (const std::int64_t token : tokens) {
      ASSERT_GE(token, 0);
      ASSERT_LT(token, static_cast<std::int64_t>(tokenizer.vocabulary_size()));
    }
    // What is cut is the beginning of what is not.
    const Tokens whole = tokenizer.encode(text, 100'000);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) ASSERT_EQ(tokens[i], whole[i]);
  }
}

TEST(WordPiecePoints, AreThoseOfUnicode8) {
  EXPECT_TRUE(is_other_point(0));
  EXPECT_TRUE(is_other_point(0x85));
  EXPECT_TRUE(is_other_point(0xE000));
  EXPECT_TRUE(is_other_point(0x10FFFD));
  EXPECT_FALSE(is_other_point(0x110000));
  EXPECT_FALSE(is_other_point(0x890));  // Of Unicode 14.
  EXPECT_TRUE(is_mark_point(0x300));
  EXPECT_TRUE(is_mark_point(0xE01EF));
  EXPECT_FALSE(is_mark_point(0x2FF));
  EXPECT_FALSE(is_mark_point(0x1ABF));  // Of Unicode 13.
  EXPECT_TRUE(is_sign_point('$'));
  EXPECT_TRUE(is_sign_point(0x3001));
  EXPECT_FALSE(is_sign_point(0x20AC));  // The euro is a symbol.
  EXPECT_FALSE(is_sign_point('a'));
  EXPECT_TRUE(is_han_point(0x4E00));
  EXPECT_FALSE(is_han_point(0x3042));
}

}  // namespace
}  // namespace trawl
