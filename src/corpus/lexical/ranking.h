#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/lexical/lexical_index.h"
#include "corpus/lexical/scored_row.h"
#include "corpus/lexical/segment.h"
#include "text/analyzer.h"

namespace trawl::lexical {

// A word counts as often as the query has it: "new new york" weighs new twice.
struct QueryTerm {
  std::string text;
  std::uint32_t count = 0;
};
struct Query {
  std::vector<QueryTerm>
      terms;                   // In the order of first occurrence; kQueryWordsMax of them.
  std::size_t word_count = 0;  // Distinct words, also beyond that.
};

// In the order of their rows, from row 0 on. Some are of the same rows as the one before,
// and then hold others of them.
using Segments = std::span<const std::shared_ptr<const Segment>>;

// The score of a row is the sum over the query's terms, in their order, of
//   weight * tf / (tf + norm(length)),  weight = count * idf * (k1 + 1)
// in double precision, rounded to float at the end. The order matters: only so do pruned
// and exhaustive ranking agree to the last bit.
struct Bm25 {
  double norm_base = 0;
  double norm_per_length = 0;

  double norm(std::uint32_t length) const { return norm_base + norm_per_length * length; }
  static double score(double weight, std::uint32_t tf, double norm) {
    return weight * tf / (tf + norm);
  }
  // No posting of the block scores more, but for rounding.
  double bound(double weight, const BlockHeader& block) const {
    return weight / (1.0 + norm_base / block.tf_max + norm_per_length / block.ratio_max);
  }
};

// A term with its weight among the living rows and its postings in each segment.
struct WeightedTerm {
  std::size_t place = 0;        // In the query.
  std::uint64_t row_count = 0;  // Living rows that have it.
  double idf = 0;
  double weight = 0;
  std::vector<TermPostings> postings;
};

// A query against one view: what both ways of ranking start from.
struct RankingPlan {
  Query query;
  std::vector<std::shared_ptr<const Segment>>
      segments;  // Those that hold a row that the view sees.
  std::uint32_t row_end = 0;
  const Bitmap* dead = nullptr;     // Null when no row is dead.
  const Bitmap* allowed = nullptr;  // Null when all are.
  std::uint32_t row_count = 0;      // Of the living rows.
  double average_length = 0;
  double b = 0;
  Bm25 bm25;
  std::vector<WeightedTerm> terms;  // Those that occur, in the order of the query.

  bool shows(std::uint32_t row) const {
    return !(dead != nullptr && dead->test(row)) &&
           (allowed == nullptr || allowed->test(row));
  }
};

// Calls a checkpoint once in so many steps.
class Pace {
 public:
  explicit Pace(const Checkpoint& check) : check_(check) {}
  Result<void> step(std::uint32_t count = 1) {
    steps_ += count;
    if (steps_ < kStepsPerCheck || !check_) return {};
    steps_ = 0;
    return check_();
  }

 private:
  static constexpr std::uint32_t kStepsPerCheck = 4096;
  const Checkpoint& check_;
  std::uint32_t steps_ = 0;
};

// The analyzer is that of the segments; it reads the query as the languages of the view's
// rows want it.
//   storage  a segment is damaged
Result<RankingPlan> plan_ranking(Segments segments, Analyzer& analyzer,
                                 std::string_view text, const RowView& view, Pace& pace);

// By MaxScore: rows and whole blocks that cannot enter the top are passed over.
Result<SearchResult> rank(const RankingPlan& plan, std::uint32_t top_k, Pace& pace);

// By scoring every posting.
Result<SearchResult> rank_exhaustively(const RankingPlan& plan, std::uint32_t top_k);

// What rank() gives a row, term by term of the query.
Result<TakenApart> take_row_apart(const RankingPlan& plan, std::uint32_t row);

Error damaged_postings();

}  // namespace trawl::lexical
