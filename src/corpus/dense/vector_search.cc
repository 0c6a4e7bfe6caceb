#include "corpus/dense/vector_search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <unordered_set>

#include "base/work_limit.h"
#include "corpus/dense/best_estimates.h"
#include "corpus/dense/top_rows.h"
#include "corpus/dense/visible_vectors.h"

namespace trawl::dense {
namespace {

// How many vectors the bits choose for each row that is asked for, and at least.
constexpr std::uint64_t kChosenPerRow = 40;
constexpr std::uint64_t kChosenMin = 2048;

// Values that are compared as bytes or bits within one step of work.
constexpr std::size_t kCodesPerStep = 128;
constexpr std::size_t kBitsPerStep = 1024;

void prefetch(const void* from, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 64) {
    __builtin_prefetch(static_cast<const char*>(from) + at);
  }
}

// Looks at the blocks of a part that have visible vectors, some at once.
class BlockScan {
 public:
  BlockScan(const VectorPart& part, std::uint32_t number, const QueryVector& query,
            BestEstimates& best)
      : part_(part), number_(number), tables_(query.tables()), best_(best) {}

  void run(std::span<const std::uint64_t> words) {
    const std::size_t open = part_.own_bits == nullptr ? SIZE_MAX : part_.count / kBlock;
    for (std::size_t w = 0; w < words.size(); ++w) {
      std::uint64_t word = words[w];
      for (std::size_t block = w * (64 / kBlock); word != 0; ++block, word >>= kBlock) {
        const auto visible = static_cast<std::uint16_t>(word);
        if (visible == 0) continue;
        if (block == open) {
          look_at_open(block, visible);
          return;
        }
        if (block > next_ + kGap) {
          prefetch(part_.bits + block * kBlock * tables_.stride, kBlock * tables_.stride);
          next_ = block;
        }
        while (next_ < block) take(0);
        take(visible);
      }
    }
    look();
  }

 private:
  // So few blocks are sooner looked at than left out: the processor reads ahead of what is
  // read without gaps.
  static constexpr std::size_t kGap = 8;

  void take(std::uint16_t visible) {
    at_[count_] = static_cast<std::uint32_t>(next_++);
    visible_[count_++] = visible;
    if (count_ == kBlocksAtOnce) look();
  }
  void look() { look({part_.bits, part_.factors, part_.squares}, 0); }
  // Vector 0 of block 0 is number `first`.
  void look(const BitBlocks& blocks, std::size_t first) {
    count_work(count_ * kBlock * part_.dimension / kBitsPerStep + 1);
    float estimates[kBlocksAtOnce * kBlock];
    std::uint16_t found[kBlocksAtOnce];
    kernels().estimate(blocks, at_, count_, tables_, best_.threshold(), estimates, found);
    for (std::size_t i = 0; i < count_; ++i) {
      for (unsigned better = found[i] & visible_[i]; better != 0; better &= better - 1) {
        const auto v = static_cast<unsigned>(std::countr_zero(better));
        const auto vector = static_cast<std::uint32_t>(first + at_[i] * kBlock + v);
        best_.add({estimates[i * kBlock + v], part_.row(vector), number_, vector});
      }
    }
    count_ = 0;
  }
  // The last block of the tail, which others may still be writing: out of what they do not
  // write any more.
  void look_at_open(std::size_t block, std::uint16_t visible) {
    look();
    const std::size_t first = block * kBlock;
    std::vector<std::uint8_t> bits(kBlock * tables_.stride);
    std::uint16_t factors[kBlock] = {};
    std::uint16_t squares[kBlock] = {};
    for (std::size_t i = first; i < part_.count; ++i) {
      part_.copy_bits(i, bits.data(), i - first);
      factors[i - first] = part_.factors[i];
      squares[i - first] = part_.square(i);
    }
    at_[0] = 0;
    visible_[0] = visible;
    count_ = 1;
    look({bits.data(), factors, part_.squares == nullptr ? nullptr : squares}, first);
  }

  const VectorPart& part_;
  const std::uint32_t number_;
  const BitTables& tables_;
  BestEstimates& best_;
  std::uint32_t at_[kBlocksAtOnce];
  std::uint16_t visible_[kBlocksAtOnce];
  std::size_t count_ = 0;
  std::size_t next_ = 0;  // The block after the last that was taken.
};

std::vector<Estimate> best_by_bits(std::span<const VectorPart> parts,
                                   const VisibleVectors& visible, const QueryVector& query,
                                   std::size_t count) {
  BestEstimates best(count);
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    BlockScan(parts[p], p, query, best).run(visible.words(p));
  }
  return best.take();
}

std::size_t row_count_of(const std::vector<Estimate>& all,
                         std::span<const VectorPart> parts) {
  const bool has_one_each = std::all_of(
      parts.begin(), parts.end(), [](const VectorPart& part) { return part.is_ascending; });
  if (has_one_each) return all.size();
  std::unordered_set<std::uint32_t> rows;
  for (const Estimate& one : all) rows.insert(one.row);
  return rows.size();
}

// Leaves of the visible vectors those that are worth to be compared exactly. What it leaves
// depends on which these are, and on nothing else.
void choose_by_bits(std::span<const VectorPart> parts, VisibleVectors& visible,
                    const QueryVector& query, std::uint32_t top_k) {
  const std::uint64_t visible_count = visible.count();
  const std::uint64_t wanted = std::max(kChosenMin, kChosenPerRow * top_k);
  // Where rows have many vectors, the best ones may be of few rows.
  for (std::uint64_t count = wanted; count < visible_count; count *= 4) {
    const auto best = best_by_bits(parts, visible, query, count);
    if (row_count_of(best, parts) < wanted / 4) continue;
    visible.clear();
    for (const Estimate& one : best) visible.add_row(one.part, one.vector);
    return;
  }
}

struct Candidate {
  double high;
  std::uint32_t part;
  std::uint32_t begin;
  std::uint32_t end;
};

// Finds out which rows can be among the best by what their codes tell.
class Candidates {
 public:
  explicit Candidates(std::uint32_t top_k) : top_k_(top_k) {}

  bool can_enter(double high) const { return high >= threshold_; }
  void add(const Candidate& candidate, double low) {
    if (!can_enter(candidate.high)) return;
    all_.push_back(candidate);
    if (lows_.size() == top_k_) {
      if (low <= lows_.top()) return;
      lows_.pop();
    }
    lows_.push(low);
    if (lows_.size() == top_k_) threshold_ = lows_.top();
  }
  // The one that can be best first.
  std::vector<Candidate> take() {
    std::erase_if(all_, [&](const Candidate& one) { return !can_enter(one.high); });
    std::sort(all_.begin(), all_.end(),
              [](const Candidate& a, const Candidate& b) { return a.high > b.high; });
    return std::move(all_);
  }

 private:
  const std::uint32_t top_k_;
  std::vector<Candidate> all_;
  // The top_k greatest lower bounds of rows: no row that stays below the least of them is
  // among the best.
  std::priority_queue<double, std::vector<double>, std::greater<>> lows_;
  double threshold_ = -INFINITY;
};

// The bounds of a row's score from those of its vectors: for each vector of the query the
// greatest, and their sum.
class RowBounds {
 public:
  explicit RowBounds(std::size_t query_count) : greatest_(query_count) {}

  void clear() { std::fill(greatest_.begin(), greatest_.end(), kNone); }
  void add(std::size_t query, const Bounds& bounds) {
    greatest_[query].low = std::max(greatest_[query].low, bounds.low);
    greatest_[query].high = std::max(greatest_[query].high, bounds.high);
  }
  Bounds sum() const {
    if (greatest_.size() == 1) return greatest_.front();
    Bounds all;
    double size = 0;
    for (const Bounds& one : greatest_) {
      all.low += one.low;
      all.high += one.high;
      size += std::max(std::fabs(one.low), std::fabs(one.high));
    }
    // Of as many sums of float32.
    const double rounding = size * static_cast<double>(greatest_.size()) * 0x1p-22;
    return {all.low - rounding, all.high + rounding};
  }

 private:
  static constexpr Bounds kNone{-INFINITY, -INFINITY};
  std::vector<Bounds> greatest_;
};

void add_candidates(const VectorPart& part, std::uint32_t number,
                    std::span<const std::uint64_t> words,
                    std::span<const QueryVector> query, Candidates& candidates) {
  const Kernels& kernel = kernels();
  std::vector<std::int32_t> dots(query.size() * kBatch);
  RowBounds bounds(query.size());
  Candidate row{0, number, 0, 0};  // Without vectors at first.
  const auto finish_row = [&] {
    if (row.begin == row.end) return;
    const Bounds sum = bounds.sum();
    row.high = sum.high;
    candidates.add(row, sum.low);
  };
  const auto ahead = [&](std::uint32_t vector) {
    prefetch(part.codes + std::size_t{vector} * part.dimension, part.dimension);
  };
  for_each_batch(words, ahead, [&](const std::uint32_t* at, std::size_t size) {
    count_work(query.size() * (kBatch * part.dimension / kCodesPerStep + 1));
    for (std::size_t q = 0; q < query.size(); ++q) {
      kernel.code_dots(part.codes, part.dimension, at, size, query[q].codes(),
                       dots.data() + q * kBatch);
    }
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t vector = at[i];
      const auto bounds_for = [&](std::size_t q) {
        return query[q].bounds(dots[q * kBatch + i], part.scales[vector],
                               part.factors[vector], part.square(vector));
      };
      if (query.size() == 1 && part.is_ascending) {
        const Bounds own = bounds_for(0);
        candidates.add({own.high, number, vector, vector + 1}, own.low);
        continue;
      }
      // All vectors of a row are visible, and lie one after the other.
      const bool goes_on = row.begin < row.end && part.row(row.begin) == part.row(vector);
      if (!goes_on) {
        finish_row();
        bounds.clear();
        row.begin = vector;
      }
      row.end = vector + 1;
      for (std::size_t q = 0; q < query.size(); ++q) bounds.add(q, bounds_for(q));
    }
  });
  finish_row();
}

}  // namespace

std::vector<QueryVector> read_query(Metric metric, std::uint32_t dimension,
                                    std::span<const float> values) {
  std::vector<QueryVector> query;
  query.reserve(values.size() / dimension);
  for (; values.size() >= dimension; values = values.subspan(dimension)) {
    query.emplace_back(metric, values.first(dimension));
  }
  return query;
}

float score_row(const VectorPart& part, std::uint32_t begin, std::uint32_t end,
                std::span<const QueryVector> query) {
  float sum = 0;
  for (const QueryVector& one : query) {
    float best = -INFINITY;
    for (std::uint32_t i = begin; i < end; ++i) {
      best = std::max(best, one.exact_score(part.values_at(i)));
    }
    sum += best;
  }
  return sum;
}

SearchResult search_parts(std::span<const VectorPart> parts, std::span<QueryVector> query,
                          std::uint32_t top_k, const VectorView& view,
                          std::uint32_t exact_max) {
  SearchResult result;
  VisibleVectors visible(parts, view);
  result.scanned_count = visible.count();
  if (top_k == 0 || query.empty() || result.scanned_count == 0) return result;
  if (result.scanned_count > exact_max && query.size() == 1) {
    query.front().make_tables();
    choose_by_bits(parts, visible, query.front(), top_k);
  }
  Candidates found(top_k);
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    add_candidates(parts[p], p, visible.words(p), query, found);
  }
  const std::vector<Candidate> candidates = found.take();
  constexpr std::size_t kAhead = 4;
  TopRows best(top_k);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& row = candidates[i];
    if (row.high < best.threshold()) break;
    if (i + kAhead < candidates.size()) {
      const Candidate& next = candidates[i + kAhead];
      prefetch(parts[next.part].values_at(next.begin), parts[next.part].dimension * 4);
    }
    const VectorPart& part = parts[row.part];
    count_work((row.end - row.begin) * query.size() * (part.dimension / kCodesPerStep + 1));
    best.add({part.row(row.begin), score_row(part, row.begin, row.end, query)});
  }
  result.rows = best.take();
  return result;
}

SearchResult search_parts_exhaustively(std::span<const VectorPart> parts,
                                       std::span<const QueryVector> query,
                                       std::uint32_t top_k, const VectorView& view) {
  SearchResult result;
  const VisibleVectors visible(parts, view);
  result.scanned_count = visible.count();
  if (top_k == 0 || query.empty()) return result;
  TopRows best(top_k);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const VectorPart& part = parts[p];
    const auto words = visible.words(p);
    for (std::uint32_t i = 0; i < part.count;) {
      const std::uint32_t end = part.run_end(i);
      if ((words[i / 64] >> (i % 64) & 1) != 0) {
        best.add({part.row(i), score_row(part, i, end, query)});
      }
      i = end;
    }
  }
  result.rows = best.take();
  return result;
}

std::uint64_t visible_row_count(std::span<const VectorPart> parts, const VectorView& view) {
  return VisibleVectors(parts, view).row_count();
}

std::optional<RowPlace> find_row(std::span<const VectorPart> parts, std::uint32_t row) {
  for (const VectorPart& part : parts) {
    if (row < part.row_min || row > part.row_max) continue;
    if (part.rows == nullptr) {
      const std::uint32_t begin = row - part.row_min;
      if (begin < part.count) return RowPlace{&part, begin, begin + 1};
      continue;
    }
    const std::uint32_t* const end = part.rows + part.count;
    const std::uint32_t* at = part.is_ascending ? std::lower_bound(part.rows, end, row)
                                                : std::find(part.rows, end, row);
    if (at == end || *at != row) continue;
    const auto begin = static_cast<std::uint32_t>(at - part.rows);
    return RowPlace{&part, begin, part.run_end(begin)};
  }
  return std::nullopt;
}

}  // namespace trawl::dense
