#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/text_query.h"
#include "model/execution.h"

namespace trawl::sqlite {

// The inverted index of the history, an FTS5 table that is given ready terms: one for each
// word of the text, one for each word of the error, and one for each value that is looked
// up exactly. Every term begins with the number of its namespace.

// The terms of an execution, separated by blanks, each once.
std::string text_terms(std::int64_t ns, const Execution& execution);

// A set of seqs.
class SeqSet {
 public:
  void add(std::int64_t seq) {
    const auto bit = static_cast<std::size_t>(seq % kRowGroupRows);
    auto& bits = groups_[group_of(seq)];
    if (!bits.test(bit)) ++size_;
    bits.set(bit);
  }
  bool contains(std::int64_t seq) const {
    const auto found = groups_.find(group_of(seq));
    return found != groups_.end() &&
           found->second.test(static_cast<std::size_t>(seq % kRowGroupRows));
  }
  bool touches(std::int64_t group) const { return groups_.contains(group); }
  std::size_t size() const { return size_; }
  void append_to(std::vector<std::int64_t>& seqs) const;

 private:
  std::unordered_map<std::int64_t, std::bitset<kRowGroupRows>> groups_;
  std::size_t size_ = 0;
};

// An expression of FTS5 for the executions that may match. `error` asks for the words of
// errors instead of those of summaries and inputs.
std::string match_expression(std::int64_t ns, const TextQuery& query, bool error);

// Fields that are looked up by their exact value, without regard to case.
bool has_exact_terms(std::string_view path);
std::string exact_expression(std::int64_t ns, std::string_view path,
                             std::string_view value);

Result<SeqSet> match_terms(Connection& connection, const std::string& expression);

// Executions that are not in the index, or not with their last text: pending and running.
Result<SeqSet> unindexed(Connection& connection);

// Within the caller's write transaction. `terms` is text_terms() of the execution.
Result<void> index_terms(Connection& connection, std::int64_t seq,
                         const std::string& terms);
Result<void> unindex_terms(Connection& connection, std::int64_t seq,
                           const std::string& terms);

}  // namespace trawl::sqlite
