#include "ledger/sqlite/terms_check.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/terms.h"

namespace trawl::sqlite {
namespace {

// Entries between two words about progress.
constexpr std::uint64_t kProgressEntries = 1'000'000;
constexpr std::uint64_t kTermsProgressRows = 10'000;

// Sums of hashes of what is in the index, and of what should be. Two sums of a row group
// are the same if its entries are; addition does not mind the order.
using Sums = std::unordered_map<std::int64_t, std::uint64_t>;

std::uint64_t entry_hash(std::string_view term, std::int64_t seq) {
  std::uint64_t hash =
      hash64(term) ^ (static_cast<std::uint64_t>(seq) * 0x9E3779B97F4A7C15);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
  return hash ^ (hash >> 31);
}

// As the tokenizer of the table takes terms apart.
bool is_token_byte(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
         (code >= 'A' && code <= 'Z') || code >= 0x80 || byte == '+' || byte == '#';
}

std::uint64_t sum_of(std::string_view terms, std::int64_t seq) {
  std::unordered_set<std::string> seen;
  std::uint64_t sum = 0;
  std::string token;
  for (std::size_t i = 0; i <= terms.size(); ++i) {
    if (i < terms.size() && is_token_byte(terms[i])) {
      const char byte = terms[i];
      token += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
      continue;
    }
    if (!token.empty() && seen.insert(token).second) sum += entry_hash(token, seq);
    token.clear();
  }
  return sum;
}

class TermsCheck {
 public:
  TermsCheck(
      Connection& connection, Words& words,
      const std::function<void(std::string_view, std::uint64_t, std::uint64_t)>& tell)
      : connection_(connection), words_(words), tell_(tell) {}

  Result<std::vector<std::int64_t>> run() {
    TRAWL_TRY(
        connection_.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms_seen USING "
                            "fts5vocab(main, terms, instance)"));
    Sums groups;
    TRAWL_TRY(visit_index([&](std::string_view term, std::int64_t seq) {
      groups[group_of(seq)] += entry_hash(term, seq);
    }));
    TRAWL_TRY(visit_rows(
        [&](std::int64_t seq, std::uint64_t sum) { groups[group_of(seq)] -= sum; }));
    std::erase_if(groups, [](const auto& group) { return group.second == 0; });
    std::vector<std::int64_t> wrong;
    // It waits to be indexed, too.
    TRAWL_ASSIGN(const std::int64_t partly, read_setting(connection_, kPartlyIndexed));
    if (groups.empty()) return wrong;
    // The same for each execution of the groups that differ.
    Sums rows;
    TRAWL_TRY(visit_index([&](std::string_view term, std::int64_t seq) {
      if (groups.contains(group_of(seq))) rows[seq] += entry_hash(term, seq);
    }));
    TRAWL_TRY(visit_rows([&](std::int64_t seq, std::uint64_t sum) {
      if (groups.contains(group_of(seq))) rows[seq] -= sum;
    }));
    for (const auto& [seq, sum] : rows) {
      if (sum != 0 && seq != partly) wrong.push_back(seq);
    }
    return wrong;
  }

 private:
  template <class Visit>
  Result<void> visit_index(const Visit& visit) {
    TRAWL_ASSIGN(auto entries,
                 connection_.prepare("SELECT term, doc FROM temp.terms_seen"));
    for (std::uint64_t done = 1;; ++done) {
      TRAWL_ASSIGN(const bool found, entries.step());
      if (!found) return {};
      visit(entries.text(0), entries.integer(1));
      if (tell_ && done % kProgressEntries == 0)
        tell_("reading the index of terms", done, 0);
    }
  }

  // What ended and does not wait to be indexed has its terms there; nothing else has any.
  template <class Visit>
  Result<void> visit_rows(const Visit& visit) {
    TRAWL_ASSIGN(const std::uint64_t total, count_all_executions(connection_));
    TRAWL_ASSIGN(auto rows,
                 connection_.prepare("SELECT seq, ns FROM executions e WHERE running = 0 "
                                     "AND NOT EXISTS (SELECT 1 FROM terms_pending p WHERE "
                                     "p.seq = e.seq)"));
    for (std::uint64_t done = 1;; ++done) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) return {};
      // One that cannot be read is told by the check of the records.
      if (const auto execution = read_execution(connection_, words_, rows.integer(0))) {
        visit(rows.integer(0),
              sum_of(text_terms(rows.integer(1), *execution), rows.integer(0)));
      }
      if (tell_ && done % kTermsProgressRows == 0) tell_("comparing words", done, total);
    }
  }

  Connection& connection_;
  Words& words_;
  const std::function<void(std::string_view, std::uint64_t, std::uint64_t)>& tell_;
};

}  // namespace

Result<std::vector<std::int64_t>> find_wrong_terms(
    Connection& connection, Words& words,
    const std::function<void(std::string_view, std::uint64_t, std::uint64_t)>& progress) {
  return TermsCheck(connection, words, progress).run();
}

}  // namespace trawl::sqlite
