#include "text/analyzer.h"

#include <fmt/format.h>
#include <libstemmer.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "text/emoji.h"
#include "text/fold.h"

namespace trawl {
namespace {

// A run without end is folded in parts of about so many bytes.
constexpr std::size_t kRunBytesMax = 1024;
constexpr std::size_t kStemCacheSize = 4096;  // A power of two.
// Function words are everywhere in a text: more of it tells no more.
constexpr std::size_t kGuessedBytesMax = 1024;
// A language counts that one document in so many has.
constexpr std::uint64_t kShareDivisor = 20;

enum class ByteClass : std::uint8_t { separator, beyond_ascii, digit, letter };

constexpr auto kByteClass = [] {
  std::array<ByteClass, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    table[c] = c >= 0x80              ? ByteClass::beyond_ascii
               : letter               ? ByteClass::letter
               : c >= '0' && c <= '9' ? ByteClass::digit
                                      : ByteClass::separator;
  }
  return table;
}();

ByteClass byte_class(char c) {
  return kByteClass[static_cast<unsigned char>(c)];
}

bool is_ascii_word(char c) {
  return byte_class(c) >= ByteClass::digit;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Bits that tell letters and digits of ASCII apart: digits lack the former, capitals the
// latter. Both are set in small letters, and a capital with the latter is one.
constexpr char kLetterBit = 0x40;
constexpr char kSmallBit = 0x20;

constexpr std::int32_t kModifierApostrophe = 0x2BC;
constexpr std::int32_t kZeroWidthSpace = 0x200B;

enum class CharClass { separator, letter, number, mark, ignorable };

CharClass char_class(std::int32_t code_point) {
  // Unicode calls this apostrophe a letter, but Ukrainian and others type it for U+2019.
  if (code_point == kModifierApostrophe) return CharClass::separator;
  const auto* property = utf8proc_get_property(code_point);
  // The zero-width space marks word boundaries where none are written.
  if (property->ignorable && code_point != kZeroWidthSpace) return CharClass::ignorable;
  switch (property->category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::number;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return CharClass::mark;
    default:
      return CharClass::separator;
  }
}

bool between(std::int32_t c, std::int32_t first, std::int32_t last) {
  return c >= first && c <= last;
}

bool is_han(std::int32_t c) {
  return between(c, 0x4E00, 0x9FFF) || between(c, 0x3400, 0x4DBF) || c == 0x3005 ||
         c == 0x3007 || between(c, 0x3021, 0x3029) || between(c, 0x3038, 0x303B) ||
         between(c, 0xF900, 0xFAFF) || between(c, 0x20000, 0x3FFFF);
}

bool is_written_without_spaces(std::int32_t c) {
  if (c < 0x0E00) return false;
  return is_han(c) || between(c, 0x3041, 0x30FF) || between(c, 0x3100, 0x312F) ||
         between(c, 0x31A0, 0x31BF) || between(c, 0x31F0, 0x31FF) ||
         between(c, 0x1B000, 0x1B16F) || between(c, 0x0E00, 0x0EFF) ||
         between(c, 0x1000, 0x109F) || between(c, 0x1780, 0x17FF);
}

struct Run {
  std::size_t end = 0;   // Where the run begins when there is no word there.
  std::size_t skip = 0;  // Bytes of the character that ended it; 0 at the end of the text.
  bool ascii = true;
};

// The word that begins at `begin`. A word begins with a letter or a number.
Run scan_run(std::string_view text, std::size_t begin) {
  Run run;
  std::size_t at = begin;
  while (at < text.size()) {
    const char c = text[at];
    if (is_ascii_word(c)) {
      ++at;
      continue;
    }
    if (byte_class(c) == ByteClass::separator) {
      run.skip = 1;
      break;
    }
    std::int32_t code_point = 0;
    const auto size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (size <= 0) {
      run.skip = 1;
      break;
    }
    // It belongs to the digit before it, and neither of them to the word.
    if (at > begin && byte_class(text[at - 1]) == ByteClass::digit &&
        is_keycap(text.substr(at, 6))) {
      --at;
      break;
    }
    const auto kind = char_class(code_point);
    const bool begins_word = kind == CharClass::letter || kind == CharClass::number;
    if (kind == CharClass::separator || (at == begin && !begins_word)) {
      run.skip = static_cast<std::size_t>(size);
      break;
    }
    run.ascii = false;
    at += static_cast<std::size_t>(size);
  }
  run.end = at;
  return run;
}

// Bytes of the apostrophe that `text` begins with, or 0.
std::size_t apostrophe_size(std::string_view text) {
  if (text.starts_with('\'')) return 1;
  if (text.starts_with("\u02BC")) return 2;
  return text.starts_with("\u2019") || text.starts_with("\uFF07") ? 3 : 0;
}

// What follows a word after its apostrophe, as English contracts it.
struct Contraction {
  std::size_t end = 0;   // Of the text taken; 0 when there is none.
  bool joins_t = false;  // "don't" keeps its t.
};

Contraction find_contraction(std::string_view text, std::size_t word_begin,
                             std::size_t word_end) {
  const std::size_t quote = apostrophe_size(text.substr(word_end));
  if (quote == 0) return {};
  const std::size_t begin = word_end + quote;
  const Run tail = scan_run(text, begin);
  const std::size_t size = tail.end - begin;
  if (!tail.ascii || size < 1 || size > 2) return {};
  const char first = lower(text[begin]);
  if (size == 2) {
    const char second = lower(text[begin + 1]);
    const bool known = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                       (first == 'l' && second == 'l');
    return known ? Contraction{tail.end, false} : Contraction{};
  }
  if (first == 's' || first == 'd' || first == 'm') return {tail.end, false};
  const bool negates =
      first == 't' && word_end > word_begin && lower(text[word_end - 1]) == 'n';
  return negates ? Contraction{tail.end, true} : Contraction{};
}

// The sign after a word that makes another word of it: "++", "#" or nothing.
std::string_view sign_after(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view rest = text.substr(end);
  const auto next = [&](std::size_t i) { return i < rest.size() ? rest[i] : ' '; };
  if (rest.starts_with("++") && next(2) != '+' &&
      byte_class(next(2)) != ByteClass::letter) {
    return "++";
  }
  if (rest.starts_with('#') && end - begin <= 2 && !is_ascii_word(next(1))) return "#";
  return {};
}

// Whether the words of a text are its runs of letters and digits, by themselves or with a
// sign: it is of ASCII, and has no apostrophe.
bool has_only_runs(std::string_view text) {
  bool others = false;
  for (const char c : text) others |= static_cast<unsigned char>(c) >= 0x80 || c == '\'';
  return !others;
}

constexpr std::string_view kBlanks = " \t\r\f\v";
constexpr std::string_view kBlanksAndBreaks = " \t\r\f\v\n";

// Where the last paragraph begins, or npos if there is no other. A line of blanks ends one.
std::size_t last_paragraph(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanksAndBreaks);
  std::size_t at = text.find_last_not_of(kBlanksAndBreaks);
  while (at != text.npos && (at = text.rfind('\n', at)) != text.npos && at > first) {
    const std::size_t begin = at + 1;
    at = text.find_last_not_of(kBlanks, at - 1);
    if (text[at] == '\n') return begin;
  }
  return text.npos;
}

// Calls visit(word) for those that may be function words, in small letters.
template <class Visit>
void for_each_run(std::string_view text, Visit&& visit) {
  char word[kFunctionWordBytesMax];
  for (std::size_t at = 0; at < text.size();) {
    if (!is_ascii_word(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_ascii_word(text[at])) ++at;
    const std::size_t size = at - begin;
    if (size > sizeof word) continue;
    for (std::size_t i = 0; i < size; ++i)
      word[i] = static_cast<char>(text[begin + i] | kSmallBit);
    visit(std::string_view(word, size));
  }
}

void append_point(std::int32_t code_point, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(code_point, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

}  // namespace

std::string_view shorten_beginning(std::string_view beginning) {
  if (beginning.size() <= kShortenedBytesMax) return beginning;
  std::size_t size = kShortenedBytesMax;
  while (size > 0 && (static_cast<unsigned char>(beginning[size]) & 0xC0) == 0x80) --size;
  return beginning.substr(0, size);
}

std::string shorten_term(std::string_view term) {
  if (term.size() <= kTermBytesMax) return std::string(term);
  static_assert(kShortenedBytesMax + 16 <= kTermBytesMax);
  count_work(term.size());
  return fmt::format("{}{:016x}", shorten_beginning(term), hash64(term));
}

bool is_known_language(std::string_view language) {
  if (language.empty() || language == kDetectLanguage) return true;
  if (language.find('\0') != std::string_view::npos) return false;
  sb_stemmer* stemmer = sb_stemmer_new(std::string(language).c_str(), nullptr);
  if (stemmer == nullptr) return false;
  sb_stemmer_delete(stemmer);
  return true;
}

std::vector<std::string> known_languages() {
  std::vector<std::string> names;
  for (const char** name = sb_stemmer_list(); *name != nullptr; ++name)
    names.emplace_back(*name);
  std::sort(names.begin(), names.end());
  return names;
}

void Analyzer::StemmerDeleter::operator()(sb_stemmer* stemmer) const {
  sb_stemmer_delete(stemmer);
}

Result<Analyzer> Analyzer::make(std::string_view language, LongTerms long_terms) {
  Analyzer analyzer;
  analyzer.long_terms_ = long_terms;
  if (language.empty()) return analyzer;
  if (language == kDetectLanguage) {
    analyzer.detects_ = analyzer.splits_words_ = true;
    analyzer.stem_by(kUndecidedLanguage);
    return analyzer;
  }
  if (!is_known_language(language)) {
    const auto names = known_languages();
    return make_error(
        ErrorCode::invalid,
        fmt::format("language '{}' has no stemmer; use {}, one of {}, or none",
                    truncate_text(language, 40), kDetectLanguage, fmt::join(names, ", ")));
  }
  analyzer.stem_by(language);
  if (!analyzer.stemmers_.front().snowball) {
    return make_error(ErrorCode::internal, "out of memory while making a stemmer");
  }
  return analyzer;
}

void Analyzer::stem_by(std::string_view language) {
  active_.clear();
  add_stemmer(language);
}

void Analyzer::add_stemmer(std::string_view language) {
  const auto found =
      std::find_if(stemmers_.begin(), stemmers_.end(),
                   [&](const Stemmer& one) { return one.language == language; });
  active_.push_back(static_cast<std::size_t>(found - stemmers_.begin()));
  if (found != stemmers_.end()) return;
  // Null where Snowball has none: the words of that language stay as they are.
  Stemmer& added = stemmers_.emplace_back();
  added.language = language;
  added.snowball.reset(sb_stemmer_new(std::string(language).c_str(), nullptr));
}

// `all` guesses too.
std::string_view Analyzer::guess_language(std::string_view text, LanguageGuess* all) {
  LanguageGuess guess;
  const auto add = [&](std::string_view word) {
    const LanguageGuess::Clue clue = LanguageGuess::clue(word);
    guess.add(clue);
    if (all != nullptr) all->add(clue);
  };
  text = text.substr(0, kGuessedBytesMax);
  if (has_only_runs(text)) {
    count_work(text.size());
    for_each_run(text, add);
    return guess.language();
  }
  // Words as they are; also where the work is stopped in the middle.
  struct Plain {
    explicit Plain(Analyzer& of) : analyzer(of), active(std::exchange(of.active_, {})) {
      of.splits_words_ = false;
    }
    ~Plain() {
      analyzer.splits_words_ = true;
      analyzer.active_ = std::move(active);
    }
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
    Analyzer& analyzer;
    std::vector<std::size_t> active;
  };
  const Plain plain(*this);
  analyze(text, add);
  return guess.language();
}

std::vector<std::string_view> Analyzer::analyze_document(
    std::span<const std::string_view> texts, const TextSink& sink) {
  std::vector<std::string_view> languages;
  if (!detects_) {
    for (std::size_t i = 0; i < texts.size(); ++i)
      analyze(texts[i], [&](std::string_view term) { sink(i, term, 1); });
    return languages;
  }
  LanguageGuess all;
  std::vector<std::string_view> guesses;
  for (const std::string_view text : texts) guesses.push_back(guess_language(text, &all));
  std::string_view usual = all.language();
  if (usual.empty()) usual = kUndecidedLanguage;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view language = guesses[i].empty() ? usual : guesses[i];
    stem_by(language);
    // The break between paragraphs separates terms, so both parts give what the whole does.
    const std::size_t end_begin = std::min(last_paragraph(texts[i]), texts[i].size());
    std::size_t count = 0;
    std::size_t twice_until = kBeginningTerms;
    const auto count_term = [&](std::string_view term) {
      sink(i, term, count < twice_until ? 2 : 1);
      ++count;
    };
    analyze(texts[i].substr(0, end_begin), count_term);
    if (end_begin < texts[i].size()) {
      twice_until = std::max(twice_until, count + kEndTerms);
      analyze(texts[i].substr(end_begin), count_term);
    }
    if (count > 0 &&
        std::find(languages.begin(), languages.end(), language) == languages.end()) {
      languages.push_back(language);
    }
  }
  if (languages.size() == 1 && languages.front() == kUndecidedLanguage) languages.clear();
  return languages;
}

void Analyzer::expect_query(std::string_view query, std::uint64_t document_count,
                            std::uint64_t other_count,
                            std::span<const LanguageCount> counts) {
  active_.clear();
  // In an order that does not depend on that of `counts`, nor therefore do the scores.
  for (const std::string_view language : detected_languages()) {
    std::uint64_t documents = language == kUndecidedLanguage ? other_count : 0;
    for (const LanguageCount& one : counts)
      if (one.language == language) documents += one.documents;
    if (documents > 0 && documents * kShareDivisor >= document_count) add_stemmer(language);
  }
  if (active_.empty()) add_stemmer(kUndecidedLanguage);
  if (active_.size() == 1) return;
  const std::string_view clear = guess_language(query, nullptr);
  for (const std::size_t one : active_) {
    if (stemmers_[one].language == clear) return stem_by(clear);
  }
}

std::vector<std::string> Analyzer::terms(std::string_view text) {
  std::vector<std::string> found;
  analyze(text, [&](std::string_view term) { found.emplace_back(term); });
  return found;
}

void Analyzer::analyze(std::string_view text, const TermSink& sink) {
  // The text before may have been given up in the middle of a run.
  word_.clear();
  word_has_digit_ = false;
  previous_.clear();
  std::size_t at = 0;
  while (at < text.size()) {
    const ByteClass first = byte_class(text[at]);
    const bool may_be_keycap = first != ByteClass::letter && at + 1 < text.size() &&
                               byte_class(text[at + 1]) == ByteClass::beyond_ascii;
    if (first == ByteClass::beyond_ascii || may_be_keycap) {
      if (const std::size_t size = emoji_size(text.substr(at)); size > 0) {
        count_work(16 + size);
        emit_emoji(text.substr(at, size), sink);
        at += size;
        continue;
      }
    }
    if (first == ByteClass::separator) {
      ++at;
      count_work();
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_ascii_word(text[end])) ++end;
    // A word costs as much as some dozens of its characters.
    count_work(16 + (end - at));
    if (end == text.size() || byte_class(text[end]) == ByteClass::separator) {
      at = emit_ascii(text, at, end, sink);
      continue;
    }
    const Run run = scan_run(text, at);
    if (run.end == at) {
      at += run.skip;
    } else if (run.ascii) {
      at = emit_ascii(text, at, run.end, sink);
    } else {
      count_work(4 * (run.end - at));
      emit_unicode(text.substr(at, run.end - at), sink);
      const Contraction tail = find_contraction(text, at, run.end);
      at = tail.end != 0 && !tail.joins_t ? tail.end : run.end;
    }
  }
}

// Returns where to go on.
std::size_t Analyzer::emit_ascii(std::string_view text, std::size_t begin, std::size_t end,
                                 const TermSink& sink) {
  constexpr std::size_t kTailMax = 2;  // What may be added behind the word.
  char buffer[kTermBytesMax + kTailMax];
  std::string large;
  std::size_t size = end - begin;
  char* word = buffer;
  if (size > kTermBytesMax) {
    large.resize(size + kTailMax);
    word = large.data();
  }
  char in_all = kLetterBit | kSmallBit;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = text[begin + i];
    in_all &= c;
    word[i] = static_cast<char>(c | kSmallBit);
  }
  const bool has_digit = (in_all & kLetterBit) == 0;
  const bool may_have_parts = splits_words_ && in_all != (kLetterBit | kSmallBit);
  const auto emit_all = [&] {
    emit_word({word, size}, has_digit, sink);
    if (may_have_parts) emit_parts(text.substr(begin, end - begin), sink);
  };
  if (end == text.size() || text[end] == ' ') {
    emit_all();
    return end;
  }
  if (const Contraction tail = find_contraction(text, begin, end); tail.end != 0) {
    if (tail.joins_t) word[size++] = 't';
    emit_all();
    return tail.end;
  }
  emit_all();
  const std::string_view sign = sign_after(text, begin, end);
  if (!sign.empty()) {
    std::memcpy(word + size, sign.data(), sign.size());
    emit({word, size + sign.size()}, sink);
    return end + sign.size();
  }
  return end;
}

void Analyzer::emit_unicode(std::string_view run, const TermSink& sink) {
  while (!run.empty()) {
    const std::size_t size = foldable_part(run, kRunBytesMax);
    if (fold_points(run.substr(0, size), FoldForm::compatible, folded_)) emit_folded(sink);
    run.remove_prefix(size);
  }
  finish_word(sink);
  finish_pairs(sink);
}

void Analyzer::finish_word(const TermSink& sink) {
  if (!word_.empty()) emit_word(word_, word_has_digit_, sink);
  word_.clear();
  word_has_digit_ = false;
}

void Analyzer::finish_pairs(const TermSink& sink) {
  if (!previous_.empty() && !previous_was_sent_) emit(previous_, sink);
  previous_.clear();
}

// Folding may bring forth separators ("½" becomes 1, fraction slash, 2), so the result is
// split once more. The run may go on in the next part.
void Analyzer::emit_folded(const TermSink& sink) {
  for (std::size_t i = 0; i < folded_.size();) {
    const std::int32_t base = folded_[i++];
    const CharClass kind = char_class(base);
    if (kind == CharClass::mark && !word_.empty()) {
      append_point(base, word_);
      continue;
    }
    if (kind != CharClass::letter && kind != CharClass::number) {
      finish_word(sink);
      finish_pairs(sink);
      continue;
    }
    if (!is_written_without_spaces(base)) {
      finish_pairs(sink);
      word_has_digit_ = word_has_digit_ || kind == CharClass::number;
      append_point(base, word_);
      continue;
    }
    finish_word(sink);
    std::string unit;
    append_point(base, unit);
    while (i < folded_.size() && char_class(folded_[i]) == CharClass::mark) {
      append_point(folded_[i++], unit);
    }
    const bool paired = !previous_.empty();
    if (paired) emit(previous_ + unit, sink);
    if (is_han(base)) emit(unit, sink);
    previous_ = std::move(unit);
    previous_was_sent_ = paired || is_han(base);
  }
}

void Analyzer::emit(std::string_view term, const TermSink& sink) {
  if (term.size() <= kTermBytesMax || long_terms_ == LongTerms::whole) return sink(term);
  sink(shorten_term(term));
}

void Analyzer::emit_emoji(std::string_view emoji, const TermSink& sink) {
  const std::string plain = emoji_term(emoji, false);
  const std::string whole = emoji_term(emoji, true);
  emit(plain, sink);
  if (whole != plain) emit(whole, sink);
}

void Analyzer::emit_word(std::string_view word, bool has_digit, const TermSink& sink) {
  // Nothing that long is a word of a language.
  if (active_.empty() || has_digit || word.size() > kTermBytesMax) return emit(word, sink);
  if (active_.size() == 1) return emit(stem_of(stemmers_[active_.front()], word), sink);
  std::vector<std::string> stems;
  for (const std::size_t one : active_) {
    std::string stem(stem_of(stemmers_[one], word));
    if (std::find(stems.begin(), stems.end(), stem) != stems.end()) continue;
    stems.push_back(std::move(stem));
  }
  for (const std::string& stem : stems) emit(stem, sink);
}

// The parts of an ASCII word as it is written: "GTKTree2" is GTK, Tree, 2. A word of one
// part has none.
void Analyzer::emit_parts(std::string_view word, const TermSink& sink) {
  if (word.size() > kTermBytesMax) return;
  enum Kind { digit, capital, small };
  const auto kind = [&](std::size_t i) {
    return (word[i] & kLetterBit) == 0  ? digit
           : (word[i] & kSmallBit) == 0 ? capital
                                        : small;
  };
  char buffer[kTermBytesMax];
  std::size_t begin = 0;
  while (begin < word.size()) {
    const Kind first = kind(begin);
    std::size_t end = begin + 1;
    while (end < word.size() && kind(end) == first) ++end;
    // The last capital before small letters begins their part.
    if (first == capital && end < word.size() && kind(end) == small) {
      if (end - begin > 1) {
        --end;
      } else {
        while (end < word.size() && kind(end) == small) ++end;
      }
    }
    const std::size_t size = end - begin;
    if (size == word.size()) return;
    if (size > 1) {
      for (std::size_t i = 0; i < size; ++i)
        buffer[i] = static_cast<char>(word[begin + i] | kSmallBit);
      emit_word({buffer, size}, first == digit, sink);
    }
    begin = end;
  }
}

// Valid until the next call with the same stemmer.
std::string_view Analyzer::stem_of(Stemmer& stemmer, std::string_view word) {
  if (!stemmer.snowball) return word;
  CachedStem* cached = nullptr;
  if (word.size() <= CachedStem::kBytesMax) {
    if (stemmer.stems.empty()) stemmer.stems.resize(kStemCacheSize);
    std::uint32_t hash = 2166136261u;
    for (const unsigned char byte : word) hash = (hash ^ byte) * 16777619u;
    cached = &stemmer.stems[(hash ^ (hash >> 15)) & (kStemCacheSize - 1)];
    if (std::string_view(cached->word, cached->word_size) == word) {
      return {cached->stem, cached->stem_size};
    }
  }
  sb_stemmer* snowball = stemmer.snowball.get();
  const sb_symbol* stemmed =
      sb_stemmer_stem(snowball, reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  std::string_view stem = word;
  if (stemmed != nullptr && sb_stemmer_length(snowball) > 0) {
    stem = {reinterpret_cast<const char*>(stemmed),
            static_cast<std::size_t>(sb_stemmer_length(snowball))};
  }
  if (cached != nullptr && stem.size() <= CachedStem::kBytesMax) {
    cached->word_size = static_cast<std::uint8_t>(word.size());
    cached->stem_size = static_cast<std::uint8_t>(stem.size());
    std::memcpy(cached->word, word.data(), word.size());
    std::memcpy(cached->stem, stem.data(), stem.size());
  }
  return stem;
}

}  // namespace trawl
