#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ledger/execution_filter.h"
#include "ledger/sqlite/budget.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/terms.h"
#include "ledger/sqlite/words.h"
#include "query/filter_node.h"

namespace trawl::sqlite {

// A filter bound to one state of the history, evaluated on whole row groups. Each row gets
// one of three answers; those that may match have to be held against matches(), record by
// record. Used by one thread, within one read transaction, which it must not outlive.
class Conditions {
 public:
  // What the index of terms says is gathered for at most half of the budget; where that is
  // too short, the executions have to be looked at instead.
  //   storage  the disk refused
  static Result<Conditions> bind(Connection& connection, Words& words,
                                 const ExecutionFilter& filter, std::int64_t budget_us);

  // The history has no such namespace, status or word: nothing matches.
  bool nothing() const { return nothing_; }
  std::int64_t ns() const { return ns_; }
  TimeUs start() const { return start_; }
  TimeUs end() const { return end_; }

  // Few executions can match, and these are among them. None: any may.
  const std::optional<std::vector<std::int64_t>>& candidates() const { return candidates_; }

  // Whether a group can hold matches, apart from its time.
  bool touches(const GroupPlace& place) const;
  // How many executions of a group match, where the index of terms alone says so.
  std::optional<std::size_t> count_indexed(const GroupPlace& place) const;

  struct Answers {
    std::vector<std::uint8_t> may;   // 1 where the row may match
    std::vector<std::uint8_t> sure;  // 1 where it does; never without `may`
  };
  Result<Answers> evaluate(RowGroup& group);

 private:
  // A node of the filter in terms of columns.
  struct Test {
    enum class Kind { all, any, none, constant, integers, reals, words, set, unknown };
    Kind kind = Kind::constant;
    std::vector<Test> children;
    bool value = true;    // constant
    bool negate = false;  // integers, reals: matches outside of low..high
    IntColumn column = IntColumn::seq;
    RealColumn real = RealColumn::duration_ms;
    std::int64_t low = 0, high = 0;
    double real_low = 0, real_high = 0;
    bool is_null = false;                                 // reals: matches NaN
    const FilterNode* node = nullptr;                     // words
    std::unordered_map<std::int64_t, bool> word_answers;  // words
    std::shared_ptr<const SeqSet> set;                    // set: surely in it
    bool set_is_sure = false;  // set: what is in it matches; else it only may
  };

  Conditions(Connection& connection, Words& words, std::int64_t budget_us)
      : connection_(connection), words_(words), gathering_(budget_us / 2) {}
  Result<Test> compile(const FilterNode& node);
  Result<Test> compile_condition(const FilterNode& node);
  std::optional<Test> number_test(const FilterNode& node) const;
  Result<std::optional<Test>> exact_test(const FilterNode& node);
  Result<Test> text_test(const TextQuery& query, bool error);
  Result<void> add_error_kind(const std::string& kind, std::vector<Test>& tests);
  // What adds to a set until it is told that it is enough.
  using Gather = std::function<Result<bool>(const std::function<bool()>& is_enough)>;
  // False where the set was given up, for time or for memory.
  Result<bool> gather(const Gather& some, SeqSet& found);
  Result<bool> word_answer(Test& test, std::int64_t number);
  Result<void> read_unindexed();
  void consider(const Test& test);
  Result<Answers> evaluate(Test& test, RowGroup& group);

  Connection& connection_;
  Words& words_;
  Budget gathering_;
  std::size_t gathered_groups_ = 0;  // Of all sets together.
  bool nothing_ = false;
  std::int64_t ns_ = 0;
  TimeUs start_ = kTimeMin;
  TimeUs end_ = kTimeMax;
  std::vector<Filter> where_;  // Keeps the nodes alive.
  Test root_;
  std::shared_ptr<const SeqSet> unindexed_;  // Null until it is needed.
  std::optional<std::vector<std::int64_t>> candidates_;
};

}  // namespace trawl::sqlite
