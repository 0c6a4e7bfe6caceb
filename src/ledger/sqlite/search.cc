#include "ledger/sqlite/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <queue>

#include "base/work_limit.h"
#include "ledger/execution_id_key.h"
#include "ledger/sqlite/budget.h"
#include "ledger/sqlite/conditions.h"
#include "ledger/sqlite/record_check.h"
#include "ledger/sqlite/rows.h"
#include "model/recorded_fields.h"

namespace trawl::sqlite {
namespace {

// About what one look into the table costs in steps of work.
constexpr std::size_t kLookUpSteps = 500;

// A row that matches, or may.
struct Hit {
  double value = 0;  // What the list is sorted by; 0 for time.
  TimeUs rank = 0;   // Greater ranks come first: the timestamp, negated when ascending.
  std::int64_t seq = 0;
  bool sure = false;
  std::string id = {};  // Its key, once it is needed.
};

// What both orders of a list need.
class Finder {
 public:
  Finder(Connection& connection, Words& words, const ExecutionFilter& filter,
         const ExecutionPageRequest& page, bool count, Conditions conditions,
         const Budget& budget, RenderedPage& out)
      : connection_(connection),
        words_(words),
        page_(page),
        count_(count),
        conditions_(std::move(conditions)),
        budget_(budget),
        check_(connection, words, filter, budget),
        out_(out) {
    if (page.after) {
      after_rank_ = rank_of(page.after->timestamp);
      after_id_ = page.after->execution_id.empty()
                      ? std::string()
                      : execution_id_key(page.after->execution_id);
    }
  }

  Result<void> run() {
    TRAWL_TRY(page_.sort == ExecutionSort::timestamp ? run_by_time() : run_by_value());
    if (count_) TRAWL_TRY(count_the_rest());
    return {};
  }

  // Collects keys instead of rows.
  void collect_keys(std::vector<FoundKey>& keys) { keys_ = &keys; }

 private:
  struct ByRank {
    bool operator()(const Hit& a, const Hit& b) const { return a.rank < b.rank; }
  };

  TimeUs rank_of(TimeUs time) const { return page_.ascending ? -time : time; }
  TimeUs rank_max(const GroupPlace& place) const {
    return page_.ascending ? -place.ts_min : place.ts_max;
  }
  TimeUs rank_min(const GroupPlace& place) const {
    return page_.ascending ? -place.ts_max : place.ts_min;
  }
  std::size_t skip_and_take() const { return std::size_t{page_.offset} + page_.limit + 1; }

  // --- one group -------------------------------------------------------------------

  // False where the group's conditions took too long; then the sink was not called.
  Result<bool> look_at(RowGroup& group, const std::function<Result<void>(Hit&&)>& sink) {
    TRAWL_ASSIGN(const auto evaluated, evaluate(group));
    if (!evaluated) return false;
    const Conditions::Answers& answers = *evaluated;
    if (std::find(answers.may.begin(), answers.may.end(), 1) == answers.may.end())
      return true;
    TRAWL_ASSIGN(const auto* seqs, group.integers(IntColumn::seq));
    TRAWL_ASSIGN(const auto* times, group.integers(IntColumn::timestamp));
    const std::vector<double>* reals = nullptr;
    const std::vector<std::int64_t>* counts = nullptr;
    const RecordedField& field = sort_field(page_.sort);
    if (field.kind == FieldKind::count) {
      TRAWL_ASSIGN(counts, group.integers(static_cast<IntColumn>(field.column)));
    } else if (field.kind != FieldKind::instant) {
      TRAWL_ASSIGN(reals, group.reals(static_cast<RealColumn>(field.column)));
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (answers.may[i] == 0) continue;
      Hit hit;
      if (reals != nullptr) hit.value = (*reals)[i];
      if (counts != nullptr) hit.value = static_cast<double>((*counts)[i]);
      hit.rank = rank_of((*times)[i]);
      hit.seq = (*seqs)[i];
      hit.sure = answers.sure[i] != 0;
      TRAWL_TRY(sink(std::move(hit)));
    }
    return true;
  }

  Result<std::optional<Conditions::Answers>> evaluate(RowGroup& group) {
    return budget_.in_time([&] { return conditions_.evaluate(group); });
  }

  Result<std::vector<GroupPlace>> groups() {
    TRAWL_ASSIGN(auto places,
                 read_groups(connection_, conditions_.start(), conditions_.end()));
    places.erase(std::remove_if(
                     places.begin(), places.end(),
                     [&](const GroupPlace& place) { return !conditions_.touches(place); }),
                 places.end());
    return places;
  }

  // Nothing where the conditions took too long for this one record.
  Result<std::optional<bool>> verify(const Hit& hit) {
    if (hit.sure) return std::optional(true);
    return check_.matches(hit.seq);
  }

  void count_only(const Hit& hit) {
    if (hit.sure) {
      ++out_.total;
    } else if (count_) {
      unverified_.push_back(hit.seq);
    }
  }

  Result<void> load_id(Hit& hit) {
    if (hit.id.empty()) {
      count_work(kLookUpSteps);
      TRAWL_ASSIGN(hit.id, read_id_key(connection_, hit.seq));
    }
    return {};
  }

  ExecutionKey key_of(const Hit& hit) const {
    return {page_.ascending ? -hit.rank : hit.rank, ExecutionId(execution_id_text(hit.id)),
            hit.value};
  }

  Result<void> emit(Hit& hit) {
    TRAWL_TRY(load_id(hit));
    out_.last = key_of(hit);
    ++out_.row_count;
    if (keys_ != nullptr) {
      keys_->push_back({hit.seq, out_.last->timestamp, hit.id});
      return {};
    }
    if (out_.row_count > 1) out_.rows.push_back(',');
    if (page_.detail) {
      TRAWL_ASSIGN(const std::string detail, read_detail(connection_, words_, hit.seq));
      out_.rows += detail;
      return {};
    }
    TRAWL_ASSIGN(auto rows, RowReader::make(connection_, words_));
    return rows.append(hit.seq, out_.rows);
  }

  // --- by time ---------------------------------------------------------------------

  // Groups are read in the order of their greatest rank. A hit is final once no group that
  // is still to be read can hold a greater one.
  Result<void> run_by_time() {
    if (conditions_.candidates()) {
      TRAWL_ASSIGN(RowGroup group,
                   RowGroup::read_some(connection_, *conditions_.candidates()));
      TRAWL_ASSIGN(const bool done, gather(group));
      if (!done) return too_slow();
      return drain(std::numeric_limits<TimeUs>::min());
    }
    TRAWL_ASSIGN(auto places, groups());
    std::sort(places.begin(), places.end(), [&](const GroupPlace& a, const GroupPlace& b) {
      return rank_max(a) > rank_max(b);
    });
    std::vector<GroupPlace> page_places;
    for (const GroupPlace& place : places) {
      // What lies wholly before the cursor is only counted, when the page is done.
      const bool before = page_.after && rank_min(place) > after_rank_;
      (before ? uncounted_ : page_places).push_back(place);
    }
    for (std::size_t i = 0; i < page_places.size(); ++i) {
      if (full_ && !count_) return {};
      if (full_ && budget_.used_up()) {
        out_.total_exact = false;
        return {};
      }
      if (full_) {
        TRAWL_TRY(
            drain(std::numeric_limits<TimeUs>::min()));  // What waits only counts now.
        TRAWL_TRY(count_place(page_places[i]));
        continue;
      }
      TRAWL_ASSIGN(RowGroup group, read_group(connection_, page_places[i]));
      TRAWL_ASSIGN(const bool done, gather(group));
      if (!done) return stop_before(rank_max(page_places[i]));
      TRAWL_TRY(drain(i + 1 < page_places.size() ? rank_max(page_places[i + 1])
                                                 : std::numeric_limits<TimeUs>::min()));
      if (out_.partial) return {};
    }
    return {};
  }

  Result<void> count_place(const GroupPlace& place) {
    if (const auto count = conditions_.count_indexed(place)) {
      out_.total += *count;
      return {};
    }
    TRAWL_ASSIGN(RowGroup group, read_group(connection_, place));
    return count_group(group);
  }

  // All that matches in a group, without a thought for the page.
  Result<void> count_group(RowGroup& group) {
    TRAWL_ASSIGN(const auto evaluated, evaluate(group));
    if (!evaluated) {
      out_.total_exact = false;
      return {};
    }
    const Conditions::Answers& answers = *evaluated;
    const std::vector<std::int64_t>* seqs = nullptr;
    for (std::size_t i = 0; i < group.size(); ++i) {
      out_.total += answers.sure[i];
      if (answers.may[i] == answers.sure[i]) continue;
      if (seqs == nullptr) {
        TRAWL_ASSIGN(seqs, group.integers(IntColumn::seq));
      }
      unverified_.push_back((*seqs)[i]);
    }
    return {};
  }

  Result<bool> gather(RowGroup& group) {
    return look_at(group, [&](Hit&& hit) -> Result<void> {
      if (page_.after && hit.rank > after_rank_) {
        count_only(hit);
      } else {
        waiting_.push(std::move(hit));
      }
      return {};
    });
  }

  // Takes the hits whose rank is greater than that of all that may still come.
  Result<void> drain(TimeUs next_rank) {
    const bool is_last = next_rank == std::numeric_limits<TimeUs>::min();
    while (!waiting_.empty() && (is_last || waiting_.top().rank > next_rank)) {
      std::vector<Hit> tied;
      do {
        tied.push_back(waiting_.top());
        waiting_.pop();
      } while (!waiting_.empty() && waiting_.top().rank == tied.front().rank);
      TRAWL_TRY(take_tied(tied));
      if (out_.partial) return {};
      // Records are looked at one by one, and a group has thousands of them.
      if (!tied.front().sure && !waiting_.empty() && stop_if_due(next_rank)) return {};
    }
    if (!is_last || !waiting_.empty()) stop_if_due(next_rank);
    return {};
  }

  // Where the budget is used up before the page is full, stops behind what is done, if that
  // is further than where the page began.
  bool stop_if_due(TimeUs next_rank) {
    if (full_ || !budget_.used_up()) return false;
    // All of a greater rank than `frontier` is done.
    const TimeUs frontier =
        waiting_.empty() ? next_rank : std::max(next_rank, waiting_.top().rank);
    return stop_at_rank(frontier);
  }

  // False where the page would not have moved on.
  bool stop_at_rank(TimeUs frontier) {
    const ExecutionKey reached{page_.ascending ? -frontier : frontier + 1, ExecutionId()};
    if (!moves_on(reached)) return false;
    stop_at(reached);
    return true;
  }

  // Stops before what took too long, so the next page may give it all of its budget.
  // What waits has a smaller rank, or comes again.
  Result<void> stop_before(TimeUs frontier) {
    if (full_) {
      out_.total_exact = false;
      return {};
    }
    if (!waiting_.empty()) frontier = std::max(frontier, waiting_.top().rank);
    if (!stop_at_rank(frontier)) return too_slow();
    return {};
  }

  Error too_slow() const {
    return make_error(ErrorCode::timeout,
                      fmt::format("the conditions took longer than the budget of {} ms for "
                                  "one part of the history; use fewer or simpler ones, or "
                                  "raise budget_ms",
                                  budget_.micros() / 1'000));
  }

  bool moves_on(const ExecutionKey& key) const {
    if (!page_.after) return true;
    return page_.ascending ? key > *page_.after : key < *page_.after;
  }

  void stop_at(const ExecutionKey& key) {
    out_.partial = true;
    out_.total_exact = false;
    out_.has_more = true;
    out_.last = key;
  }

  Result<void> take_tied(std::vector<Hit>& tied) {
    const bool at_cursor = page_.after && tied.front().rank == after_rank_;
    if (!full_ && (tied.size() > 1 || at_cursor)) {
      for (Hit& hit : tied) TRAWL_TRY(load_id(hit));
      std::sort(tied.begin(), tied.end(), [&](const Hit& a, const Hit& b) {
        return page_.ascending ? a.id < b.id : a.id > b.id;
      });
    }
    for (std::size_t i = 0; i < tied.size(); ++i) {
      Hit& hit = tied[i];
      const bool is_behind =
          at_cursor && (page_.ascending ? hit.id <= after_id_ : hit.id >= after_id_);
      if (full_ || is_behind) {
        count_only(hit);
        continue;
      }
      TRAWL_ASSIGN(const auto matches, verify(hit));
      if (!matches && i > 0 && moves_on(key_of(tied[i - 1]))) {
        stop_at(key_of(tied[i - 1]));
        return {};
      }
      if (!matches) return stop_before(tied.front().rank);
      if (*matches) {
        ++out_.total;
        if (skipped_ < page_.offset) {
          ++skipped_;
        } else if (out_.row_count == page_.limit) {
          out_.has_more = true;
          full_ = true;
        } else {
          TRAWL_TRY(emit(hit));
        }
      }
      // Within a great many of one instant, it can stop between two of them.
      if (!hit.sure && !full_ && i + 1 < tied.size() && budget_.used_up()) {
        stop_at(key_of(hit));
        return {};
      }
    }
    return {};
  }

  // --- by another field --------------------------------------------------------------

  // Which of two hits the list shows first.
  bool precedes(const Hit& a, const Hit& b) const {
    if (a.value != b.value) return page_.ascending ? a.value < b.value : a.value > b.value;
    if (a.rank != b.rank) return a.rank > b.rank;
    return page_.ascending ? a.id < b.id : a.id > b.id;
  }

  Result<bool> is_after_cursor(Hit& hit) {
    if (!page_.after) return true;
    if (hit.value != page_.after->value) {
      return page_.ascending ? hit.value > page_.after->value
                             : hit.value < page_.after->value;
    }
    if (hit.rank != after_rank_) return hit.rank < after_rank_;
    TRAWL_TRY(load_id(hit));
    return page_.ascending ? hit.id > after_id_ : hit.id < after_id_;
  }

  // Which rows come first is known only when all have been looked at: what was found in
  // time would be another list than the one that was asked for.
  Result<void> check_budget() const {
    if (!budget_.used_up()) return {};
    return make_error(
        ErrorCode::timeout,
        fmt::format("the list could not be sorted within its budget of {} ms; narrow it, "
                    "such as with start_time, sort by timestamp, or raise budget_ms",
                    budget_.micros() / 1'000));
  }

  // Keeps the first skip_and_take() hits, the last of them on top.
  Result<void> run_by_value() {
    const auto sink = [&](Hit&& hit) -> Result<void> {
      if (!hit.sure) TRAWL_TRY(check_budget());
      TRAWL_ASSIGN(const bool wanted, is_after_cursor(hit));
      if (!wanted) {
        count_only(hit);
        return {};
      }
      const auto order = [this](const Hit& a, const Hit& b) { return precedes(a, b); };
      if (best_.size() == skip_and_take()) {
        Hit& worst = best_.front();
        if (hit.value == worst.value && hit.rank == worst.rank) {
          TRAWL_TRY(load_id(hit));
        }
        if (!precedes(hit, worst)) {
          count_only(hit);
          return {};
        }
      }
      TRAWL_ASSIGN(const auto matches, verify(hit));
      if (!matches) return too_slow();
      if (!*matches) return {};
      ++out_.total;
      TRAWL_TRY(load_id(hit));
      best_.push_back(std::move(hit));
      std::push_heap(best_.begin(), best_.end(), order);
      if (best_.size() > skip_and_take()) {
        std::pop_heap(best_.begin(), best_.end(), order);
        best_.pop_back();
      }
      return {};
    };
    if (conditions_.candidates()) {
      TRAWL_ASSIGN(RowGroup group,
                   RowGroup::read_some(connection_, *conditions_.candidates()));
      TRAWL_ASSIGN(const bool done, look_at(group, sink));
      if (!done) return too_slow();
    } else {
      TRAWL_ASSIGN(const auto places, groups());
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (i > 0) TRAWL_TRY(check_budget());
        TRAWL_ASSIGN(RowGroup group, read_group(connection_, places[i]));
        TRAWL_ASSIGN(const bool done, look_at(group, sink));
        if (!done) return too_slow();
      }
    }
    std::sort(best_.begin(), best_.end(),
              [this](const Hit& a, const Hit& b) { return precedes(a, b); });
    for (std::size_t i = page_.offset; i < best_.size(); ++i) {
      if (out_.row_count == page_.limit) {
        out_.has_more = true;
        break;
      }
      TRAWL_TRY(emit(best_[i]));
    }
    return {};
  }

  // --- the total ---------------------------------------------------------------------

  Result<void> count_the_rest() {
    if (!out_.total_exact) return {};
    for (const GroupPlace& place : uncounted_) {
      if (budget_.used_up()) {
        out_.total_exact = false;
        return {};
      }
      TRAWL_TRY(count_place(place));
    }
    for (const std::int64_t seq : unverified_) {
      if (budget_.used_up()) {
        out_.total_exact = false;
        return {};
      }
      Hit hit;
      hit.seq = seq;
      TRAWL_ASSIGN(const auto matches, verify(hit));
      if (!matches) {
        out_.total_exact = false;
        return {};
      }
      if (*matches) ++out_.total;
    }
    return {};
  }

  Connection& connection_;
  Words& words_;
  const ExecutionPageRequest& page_;
  const bool count_;
  Conditions conditions_;
  const Budget& budget_;
  const RecordCheck check_;
  RenderedPage& out_;
  TimeUs after_rank_ = 0;
  std::string after_id_;
  std::uint32_t skipped_ = 0;
  bool full_ = false;  // The page has its rows, and one more was seen.
  std::priority_queue<Hit, std::vector<Hit>, ByRank> waiting_;
  std::vector<Hit> best_;
  std::vector<GroupPlace> uncounted_;
  std::vector<std::int64_t> unverified_;
  std::vector<FoundKey>* keys_ = nullptr;
};

}  // namespace

Result<void> search_page(Connection& connection, Words& words,
                         const ExecutionFilter& filter, const ExecutionPageRequest& page,
                         bool count, RenderedPage& out) {
  const Budget budget(page.budget_us);
  TRAWL_ASSIGN(Conditions conditions,
               Conditions::bind(connection, words, filter, page.budget_us));
  if (conditions.nothing()) return {};
  const std::uint64_t known_total = out.total;
  Finder finder(connection, words, filter, page, count, std::move(conditions), budget, out);
  TRAWL_TRY(finder.run());
  if (!count) {
    out.total = known_total;
    out.total_exact = true;
  }
  return {};
}

Result<std::vector<FoundKey>> search_keys(Connection& connection, Words& words,
                                          const ExecutionFilter& filter,
                                          const ExecutionPageRequest& page,
                                          RenderedPage& out) {
  std::vector<FoundKey> keys;
  const Budget budget(page.budget_us);
  TRAWL_ASSIGN(Conditions conditions,
               Conditions::bind(connection, words, filter, page.budget_us));
  if (conditions.nothing()) return keys;
  Finder finder(connection, words, filter, page, false, std::move(conditions), budget, out);
  finder.collect_keys(keys);
  TRAWL_TRY(finder.run());
  return keys;
}

Result<std::vector<FoundKey>> oldest_matches(Connection& connection, Words& words,
                                             const ExecutionFilter& filter,
                                             std::uint32_t limit) {
  std::vector<FoundKey> ended;
  TRAWL_ASSIGN(auto running,
               connection.prepare("SELECT running FROM executions WHERE seq = ?"));
  ExecutionPageRequest next;
  next.limit = std::min(limit, kExecutionLimitMax);
  next.ascending = true;
  next.budget_us = std::numeric_limits<std::int32_t>::max();
  while (true) {
    RenderedPage page;
    TRAWL_ASSIGN(auto keys, search_keys(connection, words, filter, next, page));
    for (FoundKey& key : keys) {
      if (ended.size() == limit) return ended;
      TRAWL_ASSIGN(const bool found, running.bind(key.seq).step());
      if (found && running.integer(0) == 0) ended.push_back(std::move(key));
      running.reset();
    }
    if (!page.has_more || ended.size() == limit) return ended;
    next.after = page.last;
  }
}

Result<bool> visit_matches(Connection& connection, Words& words,
                           const ExecutionFilter& filter, std::int64_t budget_us,
                           const GroupVisitor& visit) {
  const Budget budget(budget_us);
  TRAWL_ASSIGN(Conditions conditions,
               Conditions::bind(connection, words, filter, budget_us));
  if (conditions.nothing()) return true;
  const RecordCheck check(connection, words, filter, budget);
  const auto look_at = [&](RowGroup& group) -> Result<bool> {
    TRAWL_ASSIGN(auto evaluated,
                 budget.in_time([&] { return conditions.evaluate(group); }));
    if (!evaluated) return false;
    Conditions::Answers& answers = *evaluated;
    bool any = false;
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (answers.may[i] != 0 && answers.sure[i] == 0) {
        if (budget.used_up()) return false;
        TRAWL_ASSIGN(const auto* seqs, group.integers(IntColumn::seq));
        TRAWL_ASSIGN(const auto fits, check.matches((*seqs)[i]));
        if (!fits) return false;
        answers.may[i] = *fits ? 1 : 0;
      }
      any = any || answers.may[i] != 0;
    }
    if (any) TRAWL_TRY(visit(group, answers.may));
    return true;
  };
  if (conditions.candidates()) {
    TRAWL_ASSIGN(RowGroup group, RowGroup::read_some(connection, *conditions.candidates()));
    return look_at(group);
  }
  TRAWL_ASSIGN(const auto places,
               read_groups(connection, conditions.start(), conditions.end()));
  for (const GroupPlace& place : places) {
    if (!conditions.touches(place)) continue;
    if (budget.used_up()) return false;
    TRAWL_ASSIGN(RowGroup group, read_group(connection, place));
    TRAWL_ASSIGN(const bool go_on, look_at(group));
    if (!go_on) return false;
  }
  return true;
}

}  // namespace trawl::sqlite
