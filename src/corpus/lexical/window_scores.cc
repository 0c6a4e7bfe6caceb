#include "corpus/lexical/window_scores.h"

#include <algorithm>

namespace trawl::lexical {

static_assert(kQueryWordsMax <= 1024, "kInaccuracy is for so many additions");

void WindowScores::begin(const Segment& segment, const Bm25& bm25, std::uint32_t begin,
                         std::uint32_t end) {
  begin_ = begin;
  end_ = end;
  sums_.assign(end - begin, 0.0F);
  norms_.resize(end - begin);
  rough_norms_.resize(end - begin);
  for (std::uint32_t row = begin; row < end; ++row) {
    norms_[row - begin] = bm25.norm(segment.length(row));
    rough_norms_[row - begin] = static_cast<float>(norms_[row - begin]);
  }
  added_.clear();
  postings_.clear();
  large_tfs_.clear();
}

std::uint32_t WindowScores::add(PostingsCursor& postings, std::size_t term, double weight) {
  const std::size_t before = postings_.size();
  added_.push_back({term, weight, before});
  const auto rough_weight = static_cast<float>(weight);
  postings.visit(
      begin_, end_,
      [&](const std::uint32_t* rows, const std::uint32_t* tfs, std::uint32_t count) {
        const std::size_t at = postings_.size();
        postings_.resize(at + count);
        Posting* out = postings_.data() + at;
        for (std::uint32_t i = 0; i < count; ++i) {
          const std::uint32_t row = rows[i] - begin_;
          const std::uint32_t tf = tfs[i];
          const auto rough_tf = static_cast<float>(tf);
          sums_[row] += rough_weight * rough_tf / (rough_tf + rough_norms_[row]);
          const bool is_large = tf > UINT16_MAX;
          out[i] = {static_cast<std::uint16_t>(row),
                    static_cast<std::uint16_t>(is_large ? 0 : tf)};
          if (is_large) large_tfs_.emplace_back(at + i, tf);
        }
      });
  return static_cast<std::uint32_t>(postings_.size() - before);
}

void WindowScores::collect(const std::vector<std::uint32_t>& rows,
                           std::vector<std::vector<Part>>& parts) const {
  constexpr std::uint16_t kUnwanted = UINT16_MAX;
  static_assert(kRowsMax < kUnwanted);
  std::vector<std::uint16_t> places(end_ - begin_, kUnwanted);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    places[rows[i] - begin_] = static_cast<std::uint16_t>(i);
  }
  for (std::size_t i = 0; i < added_.size(); ++i) {
    const std::size_t end = i + 1 < added_.size() ? added_[i + 1].begin : postings_.size();
    for (std::size_t at = added_[i].begin; at < end; ++at) {
      const Posting& posting = postings_[at];
      const std::uint16_t place = places[posting.row];
      if (place == kUnwanted) continue;
      std::uint32_t tf = posting.tf;
      if (tf == 0) {
        tf = std::lower_bound(large_tfs_.begin(), large_tfs_.end(),
                              std::pair(at, std::uint32_t{0}))
                 ->second;
      }
      parts[place].push_back(
          {added_[i].term, Bm25::score(added_[i].weight, tf, norms_[posting.row])});
    }
  }
}

}  // namespace trawl::lexical
