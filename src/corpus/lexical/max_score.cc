#include <algorithm>
#include <span>
#include <vector>

#include "base/work_limit.h"
#include "corpus/lexical/ranking.h"
#include "corpus/lexical/top_rows.h"

namespace trawl::lexical {
namespace {

// Bounds are summed in another order than scores, and scores are rounded to float in the
// end; this covers the difference, so that no row is passed over that would have entered.
constexpr double kRoundingSlack = 1.0 + 2e-7;

// When the allowed rows are this many times fewer than the postings, looking each row up
// in every list costs less than walking the lists.
constexpr std::uint64_t kLookUpFactor = 8;

// A term of the query in the segment at hand.
struct TermCursor {
  TermCursor(const TermPostings& list, double term_weight, double term_bound,
             std::size_t place)
      : postings(list), weight(term_weight), bound(term_bound), term(place) {}

  PostingsCursor postings;
  double weight;
  double bound;            // Over the segment.
  std::size_t term;        // Its place in the query.
  double block_bound = 0;  // Of the block last asked for.
  std::uint32_t bounded_block = kNoRow;
};

// MaxScore over one segment after another, with one set of best rows. The newest segment
// comes first: it has the most rows that the newest version sees, so that what is above the
// threshold in older ones is little. A row of an older one wins a tie.
//
// Terms are sorted by the most that they can add. Rows that hold only the first few terms,
// whose bounds together stay below the threshold, need not be looked at: the other terms,
// the essential ones, propose rows, and the first few are consulted only while a row may
// still enter. Windows of rows whose block bounds stay below are not even unpacked.
class MaxScore {
 public:
  MaxScore(const RankingPlan& plan, std::uint32_t top_k, Pace& pace)
      : plan_(plan), pace_(pace), top_(top_k), scores_(plan.terms.size()) {
    if (plan.allowed != nullptr && plan.allowed->count() < plan.row_end / kLookUpFactor) {
      few_allowed_ = true;
      plan.allowed->for_each([&](std::uint32_t row) { allowed_rows_.push_back(row); });
    }
  }

  Result<SearchResult> run() {
    for (std::size_t i = plan_.segments.size(); i-- > 0;) {
      segment_ = plan_.segments[i].get();
      row_end_ = std::min(plan_.row_end, segment_->row_end());
      if (const std::uint64_t postings_count = open_cursors(i); postings_count > 0) {
        TRAWL_TRY(rank_segment(postings_count));
      }
      for (const auto& cursor : cursors_) {
        if (cursor.postings.damaged()) return damaged_postings();
      }
    }
    result_.rows = top_.take();
    return std::move(result_);
  }

 private:
  // Weakest first. Returns how many postings there are.
  std::uint64_t open_cursors(std::size_t segment) {
    struct Entry {
      double bound;
      std::size_t term;
    };
    std::vector<Entry> entries;
    std::uint64_t count = 0;
    for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
      const double weight = plan_.terms[t].weight;
      const TermPostings& postings = plan_.terms[t].postings[segment];
      if (postings.count == 0) continue;
      count += postings.count;
      count_work(postings.block_count() + 1);
      double bound = 0;
      for (std::uint32_t block = 0; block < postings.block_count(); ++block) {
        const auto header =
            load<BlockHeader>(postings.headers + std::size_t{block} * sizeof(BlockHeader));
        bound = std::max(bound, plan_.bm25.bound(weight, header));
      }
      entries.push_back({bound, t});
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return a.bound != b.bound ? a.bound < b.bound : a.term < b.term;
    });
    cursors_.clear();
    cursors_.reserve(entries.size());
    bounds_.clear();
    double sum = 0;
    for (const auto& [bound, t] : entries) {
      cursors_.emplace_back(plan_.terms[t].postings[segment], plan_.terms[t].weight, bound,
                            t);
      bounds_.push_back(sum += bound);
    }
    rows_.assign(entries.size(), 0);
    return count;
  }

  Result<void> rank_segment(std::uint64_t postings_count) {
    if (few_allowed_) {
      const auto begin = std::lower_bound(allowed_rows_.begin(), allowed_rows_.end(),
                                          segment_->first_row());
      const auto end = std::lower_bound(begin, allowed_rows_.end(), row_end_);
      const auto count = static_cast<std::uint64_t>(end - begin);
      if (count * cursors_.size() * kLookUpFactor < postings_count) {
        return look_up({begin, end});
      }
    }
    std::size_t first = 0;  // The first essential term.
    std::uint32_t begin = segment_->first_row();
    while (begin < row_end_) {
      while (first < cursors_.size() && !may_enter(bounds_[first])) ++first;
      if (first == cursors_.size()) return {};
      std::uint32_t end = row_end_;
      double bound = first > 0 ? bounds_[first - 1] : 0;
      bool any = false;
      for (std::size_t i = first; i < cursors_.size(); ++i) {
        PostingsCursor& postings = cursors_[i].postings;
        if (!postings.seek_block(begin)) continue;
        any = true;
        bound += block_bound(cursors_[i]);
        end = std::min(end, postings.block().last_row + 1);
      }
      if (!any) return {};
      if (may_enter(bound)) {
        TRAWL_TRY(rank_window(first, begin, end));
      } else {
        TRAWL_TRY(pace_.step());
      }
      begin = end;
    }
    return {};
  }

  // Rows [begin, end) of which each essential term has at most one block. Lowers `end` to
  // where it stops when another term ceases to be essential.
  Result<void> rank_window(std::size_t first, std::uint32_t begin, std::uint32_t& end) {
    std::uint32_t next = kNoRow;
    for (std::size_t i = first; i < cursors_.size(); ++i) {
      rows_[i] = cursors_[i].postings.seek(begin);
      next = std::min(next, rows_[i]);
    }
    while (next < end) {
      const std::uint32_t row = next;
      next = kNoRow;
      if (!plan_.shows(row)) {
        for (std::size_t i = first; i < cursors_.size(); ++i) {
          if (rows_[i] == row) rows_[i] = cursors_[i].postings.next_in_block();
          next = std::min(next, rows_[i]);
        }
        TRAWL_TRY(pace_.step());
        continue;
      }
      const double norm = plan_.bm25.norm(segment_->length(row));
      const auto scanned_before = result_.scanned_count;
      double sum = 0;
      for (std::size_t i = first; i < cursors_.size(); ++i) {
        if (rows_[i] == row) {
          sum += score(cursors_[i], norm);
          rows_[i] = cursors_[i].postings.next_in_block();
        }
        next = std::min(next, rows_[i]);
      }
      const bool enters = consult_others(first, row, norm, sum) && enter(row);
      std::fill(scores_.begin(), scores_.end(), 0.0);
      TRAWL_TRY(
          pace_.step(static_cast<std::uint32_t>(result_.scanned_count - scanned_before)));
      if (enters && !may_enter(bounds_[first])) end = std::min(end, row + 1);
    }
    return {};
  }

  // Adds the terms that are not essential, the strongest first; false as soon as the row
  // cannot enter.
  bool consult_others(std::size_t first, std::uint32_t row, double norm, double sum) {
    for (std::size_t i = first; i > 0; --i) {
      if (!may_enter(sum + bounds_[i - 1])) return false;
      TermCursor& cursor = cursors_[i - 1];
      const double below = i > 1 ? bounds_[i - 2] : 0;
      if (!cursor.postings.seek_block(row)) continue;
      if (!may_enter(sum + below + block_bound(cursor))) return false;
      if (cursor.postings.seek(row) == row) sum += score(cursor, norm);
    }
    return may_enter(sum);
  }

  // Scores each of these rows by itself.
  Result<void> look_up(std::span<const std::uint32_t> rows) {
    for (const auto row : rows) {
      TRAWL_TRY(pace_.step(static_cast<std::uint32_t>(cursors_.size())));
      if (!plan_.shows(row)) continue;
      const double norm = plan_.bm25.norm(segment_->length(row));
      for (auto& cursor : cursors_) {
        if (cursor.postings.seek(row) == row) score(cursor, norm);
      }
      enter(row);
      std::fill(scores_.begin(), scores_.end(), 0.0);
    }
    return {};
  }

  double score(TermCursor& cursor, double norm) {
    ++result_.scanned_count;
    return scores_[cursor.term] = Bm25::score(cursor.weight, cursor.postings.tf(), norm);
  }

  double block_bound(TermCursor& cursor) const {
    if (cursor.bounded_block != cursor.postings.block_index()) {
      cursor.bounded_block = cursor.postings.block_index();
      cursor.block_bound = plan_.bm25.bound(cursor.weight, cursor.postings.block());
    }
    return cursor.block_bound;
  }

  bool may_enter(double bound) const { return bound * kRoundingSlack > top_.threshold(); }

  // In the order of the query, for the sake of equal rounding. Absent terms add nothing.
  bool enter(std::uint32_t row) {
    double sum = 0;
    for (const double score : scores_) sum += score;
    const auto rounded = static_cast<float>(sum);
    return top_.add(row, rounded);
  }

  const RankingPlan& plan_;
  Pace& pace_;
  TopRows top_;
  SearchResult result_;
  bool few_allowed_ = false;
  std::vector<std::uint32_t> allowed_rows_;  // Ascending; only when they are few.

  const Segment* segment_ = nullptr;
  std::uint32_t row_end_ = 0;        // Within the segment.
  std::vector<TermCursor> cursors_;  // Weakest first.
  std::vector<std::uint32_t> rows_;  // Where each cursor stands; kNoRow at its end.
  std::vector<double> bounds_;       // Of the terms up to each, together.
  std::vector<double> scores_;       // What each term adds to the row at hand.
};

}  // namespace

Result<SearchResult> rank(const RankingPlan& plan, std::uint32_t top_k, Pace& pace) {
  if (plan.terms.empty() || top_k == 0) return SearchResult{};
  return MaxScore(plan, top_k, pace).run();
}

}  // namespace trawl::lexical
