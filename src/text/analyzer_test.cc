#include "text/analyzer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <set>

#include "base/text.h"

namespace trawl::analyzer_test {
namespace {

using Terms = std::vector<std::string>;

Terms terms(std::string_view text, std::string_view language = {}) {
  return Analyzer::make(language).value().terms(text);
}

TEST(Analyzer, SplitsAtWhatIsNeitherLetterNorDigitNorMark) {
  EXPECT_EQ(terms("Hello,  World!"), (Terms{"hello", "world"}));
  EXPECT_EQ(terms("libfoo-dev"), (Terms{"libfoo", "dev"}));
  EXPECT_EQ(terms("x86_64 node.js 1.2.3"),
            (Terms{"x86", "64", "node", "js", "1", "2", "3"}));
  EXPECT_EQ(terms("a\tb\nc\0d"), (Terms{"a", "b", "c"}));
  EXPECT_EQ(terms(std::string_view("a\0b", 3)), (Terms{"a", "b"}));
  EXPECT_EQ(terms("Foo\u2122 Bar\u00AE \u2014baz\u2026"), (Terms{"foo", "bar", "baz"}));
  EXPECT_EQ(terms(""), Terms{});
  EXPECT_EQ(terms(" .,;- "), Terms{});
}

TEST(Analyzer, KeepsTheSignsThatNameLanguages) {
  EXPECT_EQ(terms("C++"), (Terms{"c", "c++"}));
  EXPECT_EQ(terms("c++11, C++."), (Terms{"c", "c++", "11", "c", "c++"}));
  EXPECT_EQ(terms("libstdc++6"), (Terms{"libstdc", "libstdc++", "6"}));
  EXPECT_EQ(terms("C# and F#"), (Terms{"c", "c#", "and", "f", "f#"}));
  EXPECT_EQ(terms("a++b"), (Terms{"a", "b"}));
  EXPECT_EQ(terms("wow+++"), (Terms{"wow"}));
  EXPECT_EQ(terms("heading# c#4"), (Terms{"heading", "c", "4"}));
}

TEST(Analyzer, TreatsApostrophesAsEnglishContractsThem) {
  EXPECT_EQ(terms("dog's DOG\u2019S"), (Terms{"dog", "dog"}));
  EXPECT_EQ(terms("don't Can\u2019t"), (Terms{"dont", "cant"}));
  EXPECT_EQ(terms("we're I'll they've I'm he'd"), (Terms{"we", "i", "they", "i", "he"}));
  EXPECT_EQ(terms("l'eau O'Reilly 'quoted'"), (Terms{"l", "eau", "o", "reilly", "quoted"}));
  EXPECT_EQ(terms("caf\u00E9's"), (Terms{"caf\u00E9"}));
  EXPECT_EQ(terms("it's\u00E9"), (Terms{"it", "s\u00E9"}));
  EXPECT_EQ(terms("\u043F\u02BC\u044F\u0442\u044C"),
            terms("\u043F\u2019\u044F\u0442\u044C"));
}

TEST(Analyzer, FoldsCaseAndCompatibilityForms) {
  EXPECT_EQ(terms("\u00C9COLE Stra\u00DFe"), (Terms{"\u00E9cole", "strasse"}));
  EXPECT_EQ(terms("e\u0301cole"), (Terms{"\u00E9cole"}));  // Composed and decomposed alike.
  EXPECT_EQ(terms("\uFF21\uFF22\uFF23\uFF11"), (Terms{"abc1"}));
  EXPECT_EQ(terms("\uFB01le"), (Terms{"file"}));
  EXPECT_EQ(terms("m\u00B2"), (Terms{"m2"}));
  EXPECT_EQ(terms("\u00BD"), (Terms{"1", "2"}));
  EXPECT_EQ(terms("\u039F\u0394\u039F\u03A3 \u03BF\u03B4\u03BF\u03C2"),
            (Terms{"\u03BF\u03B4\u03BF\u03C3", "\u03BF\u03B4\u03BF\u03C3"}));
  EXPECT_EQ(terms("co\u00ADoperate"), (Terms{"cooperate"}));
  EXPECT_EQ(terms("na\u00EFve plain"), (Terms{"na\u00EFve", "plain"}));
  EXPECT_EQ(terms("\u0301 \u0301x"), (Terms{"x"}));  // A mark alone is no word.
}

TEST(Analyzer, PairsCharactersOfScriptsWithoutSpaces) {
  EXPECT_EQ(terms("\u6771\u4EAC\u90FD"),
            (Terms{"\u6771", "\u6771\u4EAC", "\u4EAC", "\u4EAC\u90FD", "\u90FD"}));
  EXPECT_EQ(terms("\u30BF\u30EF\u30FC"), (Terms{"\u30BF\u30EF", "\u30EF\u30FC"}));
  EXPECT_EQ(terms("\u3042"), (Terms{"\u3042"}));
  EXPECT_EQ(terms("2024\u5E74Linux"), (Terms{"2024", "\u5E74", "linux"}));
  EXPECT_EQ(terms("\uFF76\uFF9E\uFF77"), (Terms{"\u30AC\u30AD"}));  // Half-width katakana.
  // A Thai vowel sign stays with its consonant.
  EXPECT_EQ(terms("\u0E17\u0E35\u0E48\u0E19\u0E35"),
            (Terms{"\u0E17\u0E35\u0E48\u0E19\u0E35"}));
  EXPECT_EQ(terms("\uD55C\uAD6D\uC5B4 \uBB38\uC11C"),
            (Terms{"\uD55C\uAD6D\uC5B4", "\uBB38\uC11C"}));
}

TEST(Analyzer, SeparatesAtInvalidUtf8) {
  EXPECT_EQ(terms("ab\xFF"
                  "cd"),
            (Terms{"ab", "cd"}));
  EXPECT_EQ(terms("\xC3"), Terms{});
  EXPECT_EQ(terms("x\xE2\x80"), (Terms{"x"}));
  EXPECT_EQ(terms("\xED\xA0\x80z"), (Terms{"z"}));  // A surrogate.
  EXPECT_EQ(terms("\xC0\xAFz"), (Terms{"z"}));      // An overlong slash.
}

// Goal: long terms are as different as short ones, wherever they differ.
// Method: words of ASCII, of other letters, with a sign, with marks without end, and
// stemmed ones, which differ in their last character alone.
TEST(Analyzer, KeepsLongTermsApart) {
  std::string accents;
  for (int i = 0; i < 300; ++i) accents += "\u00E9";
  std::string marks = "\u3042";
  for (int i = 0; i < 50; ++i) marks += "\u0301\u0323";
  for (const std::string& stem :
       {std::string(64, 'a'), std::string(200, 'a'), std::string(5000, 'Z'), accents,
        "a" + accents, accents + std::string(300, 'b'), marks}) {
    for (const char* language : {"", "english"}) {
      const auto x = terms(stem + "x", language);
      const auto y = terms(stem + "y", language);
      EXPECT_NE(x, y) << stem;
      EXPECT_EQ(x, terms(stem + "X", language));
      for (const std::string& term : x) {
        EXPECT_LE(term.size(), kTermBytesMax);
        EXPECT_TRUE(is_valid_utf8(term));
      }
    }
  }
  const std::string longest(64, 'a');
  EXPECT_EQ(terms(longest), (Terms{longest}));
  EXPECT_NE(terms(longest + "b++"), terms(longest + "c++"));
  EXPECT_EQ(terms(longest + "b++").size(), 2u);
  EXPECT_NE(terms(longest + "n't"), terms(longest + "m't"));
  EXPECT_TRUE(terms(std::string(100, 'a')).front().starts_with(shorten_beginning(longest)));
}

TEST(Analyzer, LeavesLongTermsWholeWhereAsked) {
  auto analyzer = Analyzer::make("", LongTerms::whole).value();
  const std::string word(1000, 'a');
  EXPECT_EQ(analyzer.terms("B " + word + " c"), (Terms{"b", word, "c"}));
  EXPECT_EQ(shorten_term(word), terms(word).front());
  EXPECT_EQ(shorten_term("b"), "b");
}

// Goal: where a run is longer than what is folded at once, nothing is lost or split.
// Method: every length around the limit, of every script that is paired, and of words.
TEST(Analyzer, FindsThePairsOfRunsOfAnyLength) {
  const std::string_view characters[] = {"\u3042", "\u0E01", "\u0E81",      "\u1000",
                                         "\u1780", "\u6771", "\u30AB\u3099"};
  for (const std::string_view character : characters) {
    for (std::size_t size = 330; size <= 1100; size += size < 350 ? 1 : 37) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += character;
      std::size_t pairs = 0;
      const auto single = terms(character).front();
      for (const auto& term : terms(text)) pairs += term == single + single ? 1 : 0;
      EXPECT_EQ(pairs, size - 1) << character << " " << size;
    }
  }
  for (const std::size_t size : {255, 256, 257, 340, 341, 342, 343, 511, 512, 513, 2000}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += "\u00E9";
    EXPECT_EQ(terms(text).size(), 1u) << size;
    std::string decomposed;
    for (std::size_t i = 0; i < size; ++i) decomposed += "e\u0301";
    EXPECT_EQ(terms(text), terms(decomposed)) << size;
    // Hangul that is written in letters composes over every boundary.
    std::string letters, syllables;
    for (std::size_t i = 0; i < size; ++i) letters += "\u1112\u1161\u11AB";
    for (std::size_t i = 0; i < size; ++i) syllables += "\uD55C";
    EXPECT_EQ(terms(letters), terms(syllables)) << size;
  }
}

TEST(Analyzer, FindsEmoji) {
  EXPECT_EQ(terms("\U0001F600 ok \u2764\uFE0F"), (Terms{"\U0001F600", "ok", "\u2764"}));
  EXPECT_EQ(terms("hi\U0001F600\U0001F680there"),
            (Terms{"hi", "\U0001F600", "\U0001F680", "there"}));
  EXPECT_EQ(terms("\u2764"), terms("\u2764\uFE0F"));
  EXPECT_EQ(terms("\u2764"), terms("\u2764\uFE0E"));
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";
  EXPECT_EQ(terms(family + "\U0001F468"), (Terms{family, "\U0001F468"}));
  const std::string rainbow = "\U0001F3F3\uFE0F\u200D\U0001F308";
  EXPECT_EQ(terms(rainbow), (Terms{"\U0001F3F3\u200D\U0001F308"}));
  // A joiner that joins nothing.
  EXPECT_EQ(terms("\U0001F468\u200Da"), (Terms{"\U0001F468", "a"}));
  EXPECT_EQ(terms("\U0001F468\u200D"), (Terms{"\U0001F468"}));
}

TEST(Analyzer, FindsFlagsKeycapsAndTones) {
  const std::string de = "\U0001F1E9\U0001F1EA", fr = "\U0001F1EB\U0001F1F7";
  EXPECT_EQ(terms(de + fr), (Terms{de, fr}));
  EXPECT_EQ(terms("\U0001F1E9 x"), (Terms{"\U0001F1E9", "x"}));
  const std::string england =
      "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F";
  EXPECT_EQ(terms(england + "\U0001F3F4"), (Terms{england, "\U0001F3F4"}));
  const std::string thumb = "\U0001F44D", dark = "\U0001F44D\U0001F3FF";
  EXPECT_EQ(terms(dark), (Terms{thumb, dark}));
  EXPECT_EQ(terms("\U0001F3FF"), (Terms{"\U0001F3FF"}));
  const std::string coder = "\U0001F469\U0001F3FD\u200D\U0001F4BB";
  EXPECT_EQ(terms(coder), (Terms{"\U0001F469\u200D\U0001F4BB", coder}));
  EXPECT_EQ(terms("1\uFE0F\u20E3"), (Terms{"1\u20E3"}));
  EXPECT_EQ(terms("1\u20E32\uFE0F\u20E3"), (Terms{"1\u20E3", "2\u20E3"}));
  EXPECT_EQ(terms("room 41\uFE0F\u20E3"), (Terms{"room", "4", "1\u20E3"}));
  EXPECT_EQ(terms("\u00E91\uFE0F\u20E3"), (Terms{"\u00E9", "1\u20E3"}));
  EXPECT_EQ(terms("#\uFE0F\u20E3"), (Terms{"#\u20E3"}));
  EXPECT_EQ(terms("*\uFE0F\u20E3").size(), 1u);
}

TEST(Analyzer, TakesSignsForEmojiOnlyWhereTheySaySo) {
  EXPECT_EQ(terms("Foo\u2122 \u00A9 \u2194"), (Terms{"foo"}));
  EXPECT_EQ(terms("\u2122\uFE0F \u00A9\uFE0F"), (Terms{"\u2122", "\u00A9"}));
  EXPECT_EQ(terms("# * 1 x\u2212y \u20AC"), (Terms{"1", "x", "y"}));
}

TEST(Analyzer, TakesLinearTimeForOneEndlessRun) {
  std::string marks = "a";
  for (int i = 0; i < 200'000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0327";
  EXPECT_LE(terms(marks).size(), 2u);
  std::string mixed;
  for (int i = 0; i < 500'000; ++i) mixed += 'a';
  mixed += "\u00E9";
  EXPECT_GE(terms(mixed).size(), 1u);
  std::string quotes;
  for (int i = 0; i < 200'000; ++i) quotes += "a'";
  EXPECT_EQ(terms(quotes).size(), 200'000u);
}

TEST(Analyzer, StemsByLanguage) {
  EXPECT_EQ(terms("running runs libraries", "english"), (Terms{"run", "run", "librari"}));
  EXPECT_EQ(terms("running runs libraries", "english"),
            terms("RUNS running library's", "en"));
  EXPECT_EQ(terms("h\u00E4user", "german"), terms("H\u00C4USER", "german"));
  EXPECT_EQ(terms("x86s", "english"), (Terms{"x86s"}));  // Not a word of the language.
  EXPECT_EQ(terms("c++", "english"), (Terms{"c", "c++"}));
}

TEST(Analyzer, StemsTheSameWhateverCameBefore) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  auto warm = Analyzer::make("english").value();
  for (int i = 0; i < 20'000; ++i) {
    std::string word;
    for (auto size = 1 + rng() % 5; size > 0; --size)
      word += static_cast<char>('a' + rng() % 8);
    word += i % 3 == 0 ? "ing" : i % 3 == 1 ? "s" : "ies";
    const auto stem = warm.terms(word);
    if (i % 16 == 0) {
      ASSERT_EQ(stem, terms(word, "english")) << word;
    }
  }
}

TEST(Analyzer, KnowsItsLanguages) {
  EXPECT_TRUE(is_known_language(""));
  EXPECT_TRUE(is_known_language("english"));
  EXPECT_TRUE(is_known_language("auto"));
  EXPECT_TRUE(is_known_language("de"));
  EXPECT_FALSE(is_known_language("klingon"));
  EXPECT_FALSE(is_known_language("English"));
  EXPECT_FALSE(is_known_language(std::string_view("english\0x", 9)));
  const auto refused = Analyzer::make("klingon");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_NE(refused.error().message.find("'klingon'"), std::string::npos);
  EXPECT_NE(refused.error().message.find("english"), std::string::npos);
  for (const auto& name : known_languages()) EXPECT_TRUE(is_known_language(name)) << name;
}

TEST(Analyzer, SplitsWordsWhereItDetectsTheLanguage) {
  EXPECT_EQ(terms("GtkTreeView's", "auto"), (Terms{"gtktreeview", "gtk", "tree", "view"}));
  EXPECT_EQ(terms("GTKTree XMLs", "auto"),
            (Terms{"gtktree", "gtk", "tree", "xmls", "xm", "ls"}));
  EXPECT_EQ(terms("python3 MARC21 x86", "auto"),
            (Terms{"python3", "python", "marc21", "marc", "21", "x86", "86"}));
  EXPECT_EQ(terms("iPhone Word WORD word 2021", "auto"),
            (Terms{"iphon", "phone", "word", "word", "word", "2021"}));
  EXPECT_EQ(terms("GtkTree python3", "english"), (Terms{"gtktree", "python3"}));
  EXPECT_EQ(terms("C++11 DVDs++", "auto"),
            (Terms{"c", "c++", "11", "dvds", "dv", "ds", "dvds++"}));
}

Terms terms_of_document(Analyzer& analyzer, const std::vector<std::string_view>& texts,
                        std::vector<std::string_view>& languages) {
  Terms found;
  languages = analyzer.analyze_document(
      texts, [&](std::size_t text, std::string_view term, std::uint32_t times) {
        EXPECT_LT(text, texts.size());
        found.insert(found.end(), times, std::string(term));
      });
  return found;
}

TEST(Analyzer, StemsEachTextOfADocumentByItsLanguage) {
  auto analyzer = Analyzer::make("auto").value();
  std::vector<std::string_view> languages;
  EXPECT_EQ(terms_of_document(analyzer, {"libraries"}, languages),
            (Terms{"librari", "librari"}));
  EXPECT_EQ(languages, std::vector<std::string_view>{});
  EXPECT_EQ(terms_of_document(analyzer, {"H\u00E4user", "der und die"}, languages),
            (Terms{"haus", "haus", "der", "der", "und", "und", "die", "die"}));
  EXPECT_EQ(languages, std::vector<std::string_view>{"german"});
  terms_of_document(analyzer, {"This is the one", "das ist der andere", ""}, languages);
  EXPECT_EQ(languages, (std::vector<std::string_view>{"english", "german"}));
  // No stemmer is known for it.
  terms_of_document(analyzer, {"to jest program do nauki \u017Ceby si\u0119 uczy\u0107"},
                    languages);
  EXPECT_EQ(languages, std::vector<std::string_view>{"polish"});
  auto english = Analyzer::make("english").value();
  EXPECT_EQ(terms_of_document(english, {"der Baum", "libraries"}, languages),
            (Terms{"der", "baum", "librari"}));
  EXPECT_TRUE(languages.empty());
}

// Goal: a text of ASCII, which is read quicker, is taken for what its words tell.
TEST(Analyzer, GuessesFromTheWordsThatItGives) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  constexpr std::string_view kPieces[] = {
      "the",     "The",  "und",     "DER", "dans", "l'",  "d'un",
      "dog's",   "we'd", "I'd",     "il",  "la",   "que", "x",
      "GtkTree", "não",  "7",       "++",  "#",    "_",   "-",
      "'",       "of",   "\u2019s", "de",  "het",  "che", "waarschijnlijkheid",
      "della",   "c++",  "met",     "een", "sich", "auf", "è",
      "avec"};
  auto plain = Analyzer::make("").value();
  auto analyzer = Analyzer::make("auto").value();
  std::set<std::string_view> found;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const std::size_t count = rng() % (round % 50 == 0 ? 600 : 12);
    for (std::size_t i = 0; i < count; ++i) {
      text += kPieces[rng() % std::size(kPieces)];
      if (rng() % 8 != 0) text += ' ';
    }
    LanguageGuess guess;
    plain.analyze(std::string_view(text).substr(0, 1024),
                  [&](std::string_view word) { guess.add_word(word); });
    std::vector<std::string_view> wanted;
    if (!guess.language().empty() && guess.language() != kUndecidedLanguage) {
      wanted.push_back(guess.language());
    }
    const std::string_view texts[] = {text};
    ASSERT_EQ(analyzer.analyze_document(
                  texts, [](std::size_t, std::string_view, std::uint32_t) {}),
              wanted)
        << text;
    found.insert(guess.language());
  }
  EXPECT_GT(found.size(), 4u);
}

TEST(Analyzer, CountsTheBeginningTwice) {
  auto analyzer = Analyzer::make("auto").value();
  std::vector<std::string_view> languages;
  const auto found =
      terms_of_document(analyzer, {"a b c d e f g h i j k l m n o p q r", "z"}, languages);
  EXPECT_EQ(std::count(found.begin(), found.end(), "o"), 2);
  EXPECT_EQ(std::count(found.begin(), found.end(), "p"), 1);
  EXPECT_EQ(std::count(found.begin(), found.end(), "z"), 2);
  // A query has no beginning.
  EXPECT_EQ(analyzer.terms("z"), Terms{"z"});
}

TEST(Analyzer, CountsTheLastParagraphTwiceFromItsBeginning) {
  auto analyzer = Analyzer::make("auto").value();
  std::vector<std::string_view> languages;
  std::string filler = "x0";
  for (int i = 1; i < 40; ++i) filler += fmt::format(" x{}", i);
  const auto times = [&](const std::string& text, std::string_view term) {
    const auto found = terms_of_document(analyzer, {text}, languages);
    return std::count(found.begin(), found.end(), term);
  };
  for (const std::string_view between : {"\n\n", "\r\n\r\n", "\n \t\n", " \n\n\n\n  "}) {
    SCOPED_TRACE(between);
    for (const std::string_view after : {"", "\n", "\n\n", " \r\n \n"}) {
      const std::string text =
          fmt::format("{}\n\nmiddle{}end\nof it{}", filler, between, after);
      EXPECT_EQ(times(text, "middl"), 1);
      EXPECT_EQ(times(text, "end"), 2);
      EXPECT_EQ(times(text, "it"), 2);
    }
  }
  // One paragraph is no last one, nor is it for blanks around it.
  for (const std::string_view around : {"", "\n", "\n\n", "\n \n\n"}) {
    EXPECT_EQ(times(fmt::format("{}{}\nend{}", around, filler, around), "end"), 1);
  }
  // A long one counts twice in the beginning alone.
  EXPECT_EQ(times(filler + "\n\n" + "a b c d e f g h i j " + filler + " end", "end"), 1);
  EXPECT_EQ(times("short\n\nend", "end"), 2);
  EXPECT_EQ(times("\n \n", "end"), 0);
}

// Goal: a stored text has the terms of the same text in a query, whatever its paragraphs
// are.
TEST(Analyzer, GivesAStoredTextTheTermsOfAnyText) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  constexpr std::string_view kPieces[] = {
      "\n",    "\n",     "\r\n",   " ", "\t",   "a", "bc",     "#", "c++",
      "don't", "\u6771", "\u00E9", "-", "\xFF", "7", "\u3042", "'", "\u200B"};
  auto analyzer = Analyzer::make("auto").value();
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = rng() % 60; i > 0; --i)
      text += kPieces[rng() % std::size(kPieces)];
    SCOPED_TRACE(text);
    Terms found;
    const std::string_view texts[] = {text};
    analyzer.analyze_document(texts, [&](std::size_t, std::string_view term,
                                         std::uint32_t) { found.emplace_back(term); });
    ASSERT_EQ(found, analyzer.terms(text));
  }
}

TEST(Analyzer, ReadsAQueryByTheLanguagesOfTheDocuments) {
  auto analyzer = Analyzer::make("auto").value();
  const auto query = [&](std::string_view text, std::uint64_t english, std::uint64_t german,
                         std::uint64_t french = 0) {
    const LanguageCount counts[] = {{"french", french}, {"german", german}};
    analyzer.expect_query(text, english + german + french, english, counts);
    return analyzer.terms(text);
  };
  EXPECT_EQ(query("libraries", 0, 0), Terms{"librari"});
  EXPECT_EQ(query("libraries", 100, 5), Terms{"librari"});
  EXPECT_EQ(query("running H\u00E4user", 95, 5),
            (Terms{"run", "running", "h\u00E4user", "haus"}));
  EXPECT_EQ(query("H\u00E4user", 4, 96), Terms{"haus"});
  EXPECT_EQ(query("die running der Stadt", 50, 50),
            (Terms{"die", "running", "der", "stadt"}));
  // Clear, but no language of the documents.
  EXPECT_EQ(query("die running der Stadt", 100, 1), (Terms{"die", "run", "der", "stadt"}));
}

// Goal: whatever bytes come, terms are valid, short, and the same each time; the terms of a
// term begin with it or its pieces, so a stored term can be searched for.
TEST(Analyzer, GivesValidTermsForAnyBytes) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  const std::string_view pieces[] = {
      "a",      "Z",          "9",          "'",          "\u2019", "\u0301", "\u00DF",
      "\u6771", "\u30AB",     "\u200D",     "\u00BD",     "\uFDFA", "\u0130", "\u0345",
      " ",      "++",         "#",          "\xF0",       "\x80",   "\u0E35", "\u20E3",
      "\uFE0F", "\U0001F469", "\U0001F3FD", "\U0001F1E9", "*"};
  auto plain = Analyzer::make("").value();
  auto english = Analyzer::make("english").value();
  auto detecting = Analyzer::make("auto").value();
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (auto size = rng() % 40; size > 0; --size) {
      if (rng() % 4 == 0) {
        text += static_cast<char>(rng());
      } else {
        text += pieces[rng() % std::size(pieces)];
      }
    }
    for (auto* analyzer : {&plain, &english, &detecting}) {
      const auto found = analyzer->terms(text);
      ASSERT_EQ(found, analyzer->terms(text));
      for (const auto& term : found) {
        ASSERT_FALSE(term.empty());
        ASSERT_LE(term.size(), kTermBytesMax);
        ASSERT_TRUE(is_valid_utf8(term));
      }
    }
  }
}

}  // namespace
}  // namespace trawl::analyzer_test
