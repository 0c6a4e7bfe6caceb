#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/text_query.h"
#include "model/execution.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// The inverted index of the history, an FTS5 table that is given ready terms: one for each
// word of the text, one for each word of the error, and one for each value that is looked
// up exactly. Every term begins with the number of its namespace.

// The terms of an execution, separated by blanks, each once; the first without the number
// of a namespace, which in_namespace() adds to each.
std::string bare_terms(const Execution& execution);
std::string in_namespace(std::int64_t ns, std::string_view bare_terms);
std::string text_terms(std::int64_t ns, const Execution& execution);

// A set of seqs, as bits of their row groups.
class SeqSet {
 public:
  using Bits = std::bitset<kRowGroupRows>;
  // Sets of up to so many can also be listed.
  static constexpr std::size_t kFew = 4'096;

  void add(std::int64_t seq) {
    if (last_ == nullptr || group_of(seq) != last_group_) {
      last_group_ = group_of(seq);
      last_ = &groups_[last_group_];
    }
    const auto bit = static_cast<std::size_t>(seq % kRowGroupRows);
    if (last_->test(bit)) return;
    last_->set(bit);
    if (++size_ <= kFew) few_.push_back(seq);
  }
  bool contains(std::int64_t seq) const {
    const Bits* bits = of_group(group_of(seq));
    return bits != nullptr && bits->test(static_cast<std::size_t>(seq % kRowGroupRows));
  }
  // Those of one group; null when there are none. Valid as long as the set.
  const Bits* of_group(std::int64_t group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : &found->second;
  }
  std::size_t size() const { return size_; }
  // Row groups that it has bits of: what it takes in memory.
  std::size_t group_count() const { return groups_.size(); }
  // All of them, in the order of their adding, where they are few.
  const std::vector<std::int64_t>& few() const { return few_; }

 private:
  std::unordered_map<std::int64_t, Bits> groups_;
  std::int64_t last_group_ = 0;
  Bits* last_ = nullptr;  // Of last_group_: most come in order.
  std::size_t size_ = 0;
  std::vector<std::int64_t> few_;
};

// Makes the table that match_query() reads beginnings of words from; for each connection
// (OpenOptions::temporary).
inline constexpr const char* kTermEntriesSql =
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.term_entries USING fts5vocab(main, terms, "
    "instance);";

// Adds the executions that may match until `is_enough`, which is asked every few
// milliseconds. False where that ended it, so the set lacks some. `error` asks for the
// words of errors instead of those of summaries and inputs.
Result<bool> match_query(Connection& connection, std::int64_t ns, const TextQuery& query,
                         bool error, SeqSet& found, const std::function<bool()>& is_enough);

// Fields that are looked up by their value. What has the term may have the value: terms are
// hashes, and of most fields they do not regard case.
bool has_exact_terms(std::string_view path);
std::string exact_expression(std::int64_t ns, std::string_view path,
                             std::string_view value);
// Labels, which many executions share, also have a term of 64 bits that regards case, and
// what has it has the value.
bool is_label(std::string_view path);
std::string label_expression(std::int64_t ns, std::string_view path,
                             std::string_view value);

// The same for the expression of one value.
Result<bool> match_terms(Connection& connection, const std::string& expression,
                         SeqSet& found, const std::function<bool()>& is_enough);

// Executions that are not in the index, or not with their last text: pending and running.
Result<void> find_unindexed(Connection& connection, SeqSet& found);

// Within the caller's write transaction. `terms` is text_terms() of the execution.
Result<void> index_terms(Connection& connection, std::int64_t seq,
                         const std::string& terms);
Result<void> unindex_terms(Connection& connection, std::int64_t seq,
                           const std::string& terms);

}  // namespace trawl::sqlite
