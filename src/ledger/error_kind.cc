#include "ledger/error_kind.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace trawl {
namespace {

constexpr std::size_t kKindCharsMax = 300;
// From this length on a word that has digits is taken for an id or a hash.
constexpr std::size_t kIdSizeMin = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The end of what a quote at `begin` opens, behind its closing one; 0 where it opens
// nothing, such as the apostrophe of "doesn't".
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  if (quote != '\'' && quote != '"' && quote != '`') return 0;
  if (begin > 0 && is_word(text[begin - 1])) return 0;
  // The one that closes it is followed by no word. What is quoted may hold quotes.
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\n') return 0;
    if (text[i] == quote && (i + 1 == text.size() || !is_word(text[i + 1]))) return i + 1;
  }
  return 0;
}

// The end of a number at `begin`, with its sign, fraction and exponent.
std::size_t end_of_number(std::string_view text, std::size_t begin) {
  std::size_t i = begin;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && (is_digit(text[i]) || text[i] == ',')) ++i;
    while (i > from && text[i - 1] == ',') --i;
    return i > from;
  };
  if (!digits()) return 0;
  if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
    ++i;
    digits();
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    const std::size_t before = i++;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) i = before;
  }
  return i;
}

std::string strip(std::string_view error) {
  std::string out;
  for (std::size_t i = 0; i < error.size();) {
    if (const auto end = end_of_quoted(error, i)) {
      out.append(1, error[i]).append("…").append(1, error[i]);
      i = end;
      continue;
    }
    if (!is_word(error[i])) {
      out.push_back(error[i++]);
      continue;
    }
    const std::size_t begin = i;
    // Hyphens join the parts of a UUID.
    const auto goes_on = [&](std::size_t at) {
      return at < error.size() &&
             (is_word(error[at]) ||
              (error[at] == '-' && at + 1 < error.size() && is_word(error[at + 1])));
    };
    while (goes_on(i)) ++i;
    const std::string_view word = error.substr(begin, i - begin);
    if (word.size() >= kIdSizeMin && std::any_of(word.begin(), word.end(), is_digit)) {
      out += "…";
    } else if (const auto end = end_of_number(error, begin)) {
      out.push_back('N');
      i = end;
    } else {
      out += word;
    }
  }
  return truncate_text(out, kKindCharsMax);
}

}  // namespace

std::string error_kind(std::string_view error) {
  // What is left of a word may look like an id, where a number was taken from it or its end
  // was cut off. Each time there are fewer digits, or the text is shorter.
  constexpr int kTimesMax = 100;
  std::string kind = strip(error);
  for (int i = 0; i < kTimesMax; ++i) {
    std::string again = strip(kind);
    if (again == kind) break;
    kind = std::move(again);
  }
  return kind;
}

std::string words_of_error_kind(std::string_view kind) {
  constexpr std::string_view kSpace = " \t\r\n";
  constexpr std::size_t kWordsMax = 12;  // Each is looked up.
  std::string out;
  std::size_t words = 0;
  for (std::size_t at = 0; at < kind.size() && words < kWordsMax;) {
    const std::size_t end = std::min(kind.find_first_of(kSpace, at), kind.size());
    const std::string_view word = kind.substr(at, end - at);
    at = end + 1;
    // Letters alone: signs mean something in a query, or stand for what was taken away. So
    // may an N, the sign of a number.
    const bool is_plain = std::all_of(word.begin(), word.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z' && c != 'N');
    });
    if (word.empty() || !is_plain) continue;
    if (words++ > 0) out += ' ';
    out += word;
  }
  return out;
}

}  // namespace trawl
