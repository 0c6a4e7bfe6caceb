#include "ledger/sqlite/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_set>

#include "base/hash.h"
#include "ledger/execution_filter.h"
#include "model/recorded_fields.h"
#include "text/analyzer.h"
#include "text/fold.h"

namespace trawl::sqlite {
namespace {

// What kind of term it is. FTS5's ascii tokenizer folds case, so these are lower case.
constexpr char kText = 'w';
constexpr char kError = 'e';
constexpr char kExact = 'x';
constexpr char kLabel = 'y';

constexpr std::string_view kLabels = "labels.";

std::string bare_term(char kind, std::string_view word) {
  return fmt::format("{}{}", kind, word);
}

std::string term(std::int64_t ns, const std::string& bare) {
  return fmt::format("{}{}", ns, bare);
}

// Forty bits: what has the term is compared with the value anyway, and shorter terms make a
// smaller index. Folding twice gives what folding once gives, so a folded value may
// come in.
std::string exact_term(std::string_view path, std::string_view value) {
  const std::string whole = fmt::format("{}={}", path, fold_case(value));
  return bare_term(kExact, fmt::format("{:010x}", hash64(whole) >> 24));
}

std::string label_term(std::string_view path, std::string_view value) {
  return bare_term(kLabel,
                   fmt::format("{:016x}", hash64(fmt::format("{}={}", path, value))));
}

// The text of a field whose value is in the index; only texts are (kTerm).
template <class Value>
std::string_view exact_text(const Value& value) {
  if constexpr (std::is_convertible_v<const Value&, std::string_view>) return value;
  if constexpr (std::is_same_v<Value, std::optional<std::string>>) {
    return value ? std::string_view(*value) : std::string_view();
  }
  return {};
}

// Adds the seqs that a statement gives, of those in `among`, if given.
Result<bool> add_rows(Statement& select, const SeqSet* among, SeqSet& found,
                      const std::function<bool()>& is_enough) {
  constexpr std::uint32_t kRowsPerLook = 1024;
  for (std::uint32_t count = 1;; ++count) {
    TRAWL_ASSIGN(const bool row, select.step());
    if (!row) return true;
    const std::int64_t seq = select.integer(0);
    if (among == nullptr || among->contains(seq)) found.add(seq);
    if (count % kRowsPerLook == 0 && is_enough()) return false;
  }
}

// Several words at once. FTS5 continues until it has an execution with all of them, however
// long that takes, so it is asked about one stretch of the history after the other; longer
// ones while they take little time.
Result<bool> match_all_terms(Connection& connection, const std::string& expression,
                             SeqSet& found, const std::function<bool()>& is_enough) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kShort = std::chrono::milliseconds(4);
  TRAWL_ASSIGN(const std::int64_t last,
               connection.integer("SELECT ifnull(max(seq), 0) FROM executions"));
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT rowid FROM terms WHERE terms MATCH ? AND rowid "
                                  "BETWEEN ? AND ?"));
  std::int64_t length = 64 * kRowGroupRows;
  for (std::int64_t first = 0; first <= last;) {
    const auto begin = Clock::now();
    select.reset();
    select.bind(std::string_view(expression), first, first + length - 1);
    TRAWL_ASSIGN(const bool whole, add_rows(select, nullptr, found, is_enough));
    if (!whole) return false;
    first += length;
    if (Clock::now() - begin < kShort) length *= 2;
    if (first <= last && is_enough()) return false;
  }
  return true;
}

// All words with a beginning. FTS5 would first merge what all of them have, and cannot be
// stopped while it does; its vocabulary gives them one by one.
Result<bool> match_beginning(Connection& connection, const std::string& beginning,
                             const SeqSet* among, SeqSet& found,
                             const std::function<bool()>& is_enough) {
  std::string end = beginning;
  ++end.back();  // No byte of UTF-8 is 0xFF.
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT doc FROM temp.term_entries WHERE term >= ? AND "
                                  "term < ?"));
  select.bind(std::string_view(beginning), std::string_view(end));
  return add_rows(select, among, found, is_enough);
}

}  // namespace

std::string bare_terms(const Execution& execution) {
  thread_local Analyzer analyzer = Analyzer::make("").value();
  std::unordered_set<std::string> seen;
  std::string out;
  const auto add = [&](std::string text) {
    const auto [place, added] = seen.insert(std::move(text));
    if (!added) return;
    if (!out.empty()) out += ' ';
    out += *place;
  };
  for_each_text(
      execution.summary.query_summary, execution.inputs, [&](std::string_view text) {
        analyzer.analyze(text, [&](std::string_view word) { add(bare_term(kText, word)); });
      });
  if (execution.error) {
    analyzer.analyze(*execution.error,
                     [&](std::string_view word) { add(bare_term(kError, word)); });
  }
  const auto add_exact = [&](std::string_view path, std::string_view value) {
    if (!value.empty()) add(exact_term(path, value));
  };
  const auto add_fields = [&](bool of_definition) {
    for_each_recorded([&](const auto& field) {
      if (!field.is(kTerm) || (field.kept == Kept::definition) != of_definition) return;
      add_exact(field.filter_name, exact_text(value_of(field, execution)));
    });
  };
  // The order is that of 0.1: of a long text a part may be in the index already.
  add_fields(true);
  add_fields(false);
  for (const auto& [name, value] : execution.labels) {
    const std::string path = fmt::format("{}{}", kLabels, name);
    add_exact(path, value);
    add(label_term(path, value));
  }
  return out;
}

std::string in_namespace(std::int64_t ns, std::string_view bare_terms) {
  const std::string number = fmt::format("{}", ns);
  std::string out;
  out.reserve(bare_terms.size() * 5 / 4);
  bool at_start = true;
  for (const char byte : bare_terms) {
    if (at_start) out += number;
    at_start = byte == ' ';
    out += byte;
  }
  return out;
}

std::string text_terms(std::int64_t ns, const Execution& execution) {
  return in_namespace(ns, bare_terms(execution));
}

bool has_exact_terms(std::string_view path) {
  const RecordedField* field = find_filter_field(path);
  return is_label(path) || (field != nullptr && field->is(kTerm));
}

std::string exact_expression(std::int64_t ns, std::string_view path,
                             std::string_view value) {
  return fmt::format("\"{}\"", term(ns, exact_term(path, value)));
}

bool is_label(std::string_view path) {
  return path.starts_with(kLabels);
}

std::string label_expression(std::int64_t ns, std::string_view path,
                             std::string_view value) {
  return fmt::format("\"{}\"", term(ns, label_term(path, value)));
}

Result<bool> match_query(Connection& connection, std::int64_t ns, const TextQuery& query,
                         bool error, SeqSet& found,
                         const std::function<bool()>& is_enough) {
  std::string words;
  std::size_t word_count = 0;
  std::vector<std::string> beginnings;
  for (const TextQuery::Phrase& phrase : query.phrases()) {
    for (std::size_t i = 0; i < phrase.terms.size(); ++i) {
      const char kind = error ? kError : kText;
      const std::string& text = phrase.terms[i];
      if (phrase.prefix && i + 1 == phrase.terms.size()) {
        beginnings.push_back(term(ns, bare_term(kind, shorten_beginning(text))));
        continue;
      }
      words += fmt::format("{}\"{}\"", word_count++ == 0 ? "" : " AND ",
                           term(ns, bare_term(kind, shorten_term(text))));
    }
  }
  SeqSet among;  // What has all of what was looked up so far.
  const SeqSet* all = nullptr;
  if (word_count > 0) {
    SeqSet& into = beginnings.empty() ? found : among;
    TRAWL_ASSIGN(const bool whole,
                 word_count == 1 ? match_terms(connection, words, into, is_enough)
                                 : match_all_terms(connection, words, into, is_enough));
    if (!whole) return false;
    all = &among;
  }
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    SeqSet some;
    SeqSet& into = i + 1 == beginnings.size() ? found : some;
    TRAWL_ASSIGN(const bool whole,
                 match_beginning(connection, beginnings[i], all, into, is_enough));
    if (!whole) return false;
    if (&into == &some) among = std::move(some);
    all = &among;
  }
  return true;
}

Result<bool> match_terms(Connection& connection, const std::string& expression,
                         SeqSet& found, const std::function<bool()>& is_enough) {
  TRAWL_ASSIGN(auto select,
               connection.prepare("SELECT rowid FROM terms WHERE terms MATCH ?"));
  select.bind(std::string_view(expression));
  return add_rows(select, nullptr, found, is_enough);
}

Result<void> find_unindexed(Connection& connection, SeqSet& found) {
  for (const std::string_view sql :
       {"SELECT seq FROM terms_pending",
        "SELECT seq FROM executions INDEXED BY executions_running WHERE running = 1"}) {
    TRAWL_ASSIGN(auto select, connection.prepare(sql));
    while (true) {
      TRAWL_ASSIGN(const bool row, select.step());
      if (!row) break;
      found.add(select.integer(0));
    }
  }
  return {};
}

Result<void> index_terms(Connection& connection, std::int64_t seq,
                         const std::string& terms) {
  TRAWL_ASSIGN(auto insert,
               connection.prepare("INSERT INTO terms (rowid, body) VALUES (?, ?)"));
  return insert.bind(seq, terms).run();
}

Result<void> unindex_terms(Connection& connection, std::int64_t seq,
                           const std::string& terms) {
  TRAWL_ASSIGN(auto remove, connection.prepare("INSERT INTO terms (terms, rowid, body) "
                                               "VALUES ('delete', ?, ?)"));
  return remove.bind(seq, terms).run();
}

}  // namespace trawl::sqlite
