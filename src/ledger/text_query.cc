#include "ledger/text_query.h"

#include <algorithm>

#include "base/text.h"

namespace trawl {
namespace {

constexpr std::string_view kBlank = " \t\r\n\v\f";

// One stretch of the query: a quoted part, or what stands between blanks.
std::string_view take_chunk(std::string_view& rest) {
  if (rest.front() == '"') {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('"'), rest.size());
    const std::string_view chunk = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return chunk;
  }
  const auto end = std::min(rest.find_first_of(" \t\r\n\v\f\""), rest.size());
  const std::string_view chunk = rest.substr(0, end);
  rest.remove_prefix(end);
  return chunk;
}

bool phrase_at(const TextQuery::Phrase& phrase, const std::vector<std::string>& terms,
               std::size_t begin) {
  for (std::size_t i = 0; i < phrase.terms.size(); ++i) {
    const std::string& term = terms[begin + i];
    const bool is_prefix = phrase.prefix && i + 1 == phrase.terms.size();
    if (is_prefix ? !term.starts_with(phrase.terms[i]) : term != phrase.terms[i]) {
      return false;
    }
  }
  return true;
}

bool phrase_in(const TextQuery::Phrase& phrase, const std::vector<std::string>& terms) {
  for (std::size_t begin = 0; begin + phrase.terms.size() <= terms.size(); ++begin) {
    if (phrase_at(phrase, terms, begin)) return true;
  }
  return false;
}

}  // namespace

TextQuery TextQuery::parse(std::string_view text) {
  TextQuery query;
  Analyzer analyzer = Analyzer::make("", LongTerms::whole).value();
  bool wanted_something = false;
  for (std::string_view rest = text; !rest.empty();) {
    if (kBlank.find(rest.front()) != std::string_view::npos) {
      rest.remove_prefix(1);
      continue;
    }
    std::string_view chunk = take_chunk(rest);
    // A star may stand within the quotes or right behind them.
    bool prefix = chunk.ends_with('*');
    if (!prefix && rest.starts_with('*')) {
      prefix = true;
      rest.remove_prefix(1);
    }
    while (chunk.ends_with('*')) chunk.remove_suffix(1);
    Phrase phrase{analyzer.terms(chunk), prefix, {}};
    if (phrase.terms.empty()) {
      wanted_something = wanted_something || !chunk.empty();
      continue;
    }
    for (const std::string& term : phrase.terms) {
      if (!phrase.spelling.empty()) phrase.spelling += ' ';
      phrase.spelling += term;
    }
    // Scripts without spaces give overlapping terms, which cannot be read as text again.
    if (analyzer.terms(phrase.spelling) != phrase.terms) phrase.spelling = chunk;
    if (std::find(query.phrases_.begin(), query.phrases_.end(), phrase) ==
        query.phrases_.end()) {
      query.phrases_.push_back(std::move(phrase));
    }
  }
  if (!query.phrases_.empty()) {
    query.kind_ = Kind::phrases;
  } else if (wanted_something) {
    query.kind_ = Kind::nothing;
  }
  return query;
}

std::string TextQuery::normalized() const {
  std::string out;
  for (const Phrase& phrase : phrases_) {
    if (!out.empty()) out += ' ';
    const bool quoted = phrase.spelling.find(' ') != std::string::npos;
    if (quoted) out += '"';
    out += phrase.spelling;
    if (phrase.prefix) out += '*';
    if (quoted) out += '"';
  }
  return out;
}

bool TextQuery::matches(const std::vector<std::vector<std::string>>& values) const {
  if (kind_ != Kind::phrases) return kind_ == Kind::everything;
  return std::all_of(phrases_.begin(), phrases_.end(), [&](const Phrase& phrase) {
    return std::any_of(values.begin(), values.end(),
                       [&](const auto& terms) { return phrase_in(phrase, terms); });
  });
}

}  // namespace trawl
