#include "corpus/lexical/ranking.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/work_limit.h"
#include "corpus/lexical/top_rows.h"

namespace trawl::lexical {
namespace {

// What a view sees of a segment.
struct SeenRows {
  std::uint32_t count = 0;
  std::uint64_t length = 0;
  // The shorter list, ascending: of the rows that it sees, or of the other ones that the
  // segment holds.
  std::vector<std::uint32_t> listed;
  bool lists_seen = false;

  bool is_all() const { return !lists_seen && listed.empty(); }
};

// Of a word of a bitmap, the bits of rows before row_end.
std::uint64_t bits_before(std::uint32_t row_end, std::size_t word) {
  const std::uint64_t first = std::uint64_t{word} * 64;
  if (row_end >= first + 64) return ~std::uint64_t{0};
  return row_end <= first ? 0 : (std::uint64_t{1} << (row_end - first)) - 1;
}

SeenRows look_at(const Segment& segment, const RowView& view) {
  if (view.dead == nullptr && view.row_end >= segment.row_end()) {
    return {segment.held_count(), segment.total_length(), {}, false};
  }
  const auto seen_of = [&](std::size_t word, std::uint64_t held) {
    return held & bits_before(view.row_end, word) &
           ~(view.dead == nullptr ? 0 : view.dead->word(word));
  };
  SeenRows rows;
  segment.for_each_held_word([&](std::size_t word, std::uint64_t held) {
    rows.count += static_cast<std::uint32_t>(std::popcount(seen_of(word, held)));
  });
  count_work(segment.row_count() / 64);
  const std::uint32_t others = segment.held_count() - rows.count;
  if (rows.count == 0) return rows;
  rows.lists_seen = rows.count < others;
  rows.listed.reserve(std::min(rows.count, others));
  if (others > 0) {
    segment.for_each_held_word([&](std::size_t word, std::uint64_t held) {
      const std::uint64_t seen = seen_of(word, held);
      for (auto bits = rows.lists_seen ? seen : held & ~seen; bits != 0; bits &= bits - 1) {
        rows.listed.push_back(
            static_cast<std::uint32_t>(word * 64 + std::countr_zero(bits)));
      }
    });
  }
  count_work(rows.listed.size());
  std::uint64_t sum = 0;
  for (const std::uint32_t row : rows.listed) sum += segment.length(row);
  rows.length = rows.lists_seen ? sum : segment.total_length() - sum;
  return rows;
}

// Postings in rows that the view sees, by the shorter way: through the postings, or
// through the rows that are listed.
std::uint32_t count_seen(const TermPostings& postings, const RowView& view,
                         const SeenRows& rows, bool& is_damaged) {
  if (rows.is_all()) return postings.count;
  std::uint32_t count = 0;
  PostingsCursor cursor(postings);
  auto row = cursor.seek(postings.first_row);
  if (postings.count <= rows.listed.size()) {
    while (row < view.row_end && row != kNoRow) {
      for (auto left = cursor.block_size(); left > 0 && row < view.row_end; --left) {
        count += view.dead == nullptr || !view.dead->test(row) ? 1 : 0;
        row = cursor.next_in_block();
      }
      if (row < view.row_end) row = cursor.seek(row);
    }
  } else {
    for (const auto listed : rows.listed) {
      if (row < listed) row = cursor.seek(listed);
      if (row == kNoRow) break;
      count += row == listed ? 1 : 0;
    }
    if (!rows.lists_seen) count = postings.count - count;
  }
  is_damaged |= cursor.damaged();
  return count;
}

}  // namespace

Error damaged_postings() {
  return make_error(ErrorCode::storage,
                    "the index is damaged; restart the server so that it is rebuilt");
}

Query parse_query(Analyzer& analyzer, std::string_view text) {
  Query query;
  std::unordered_map<std::string, std::size_t> places;
  analyzer.analyze(text, [&](std::string_view term) {
    const std::string key(term);
    const auto [place, is_new] = places.try_emplace(key, places.size());
    if (place->second >= kQueryWordsMax) return;
    if (is_new) query.terms.push_back({key, 0});
    ++query.terms[place->second].count;
  });
  query.word_count = places.size();
  return query;
}

Result<RankingPlan> plan_ranking(Segments segments, const Query& query, const RowView& view,
                                 Pace& pace) {
  RankingPlan plan;
  if (segments.empty()) return plan;
  RowView seen = view;
  seen.row_end = plan.row_end = std::min(view.row_end, segments.back()->row_end());
  plan.allowed = view.allowed;
  plan.dead = view.dead;
  std::uint32_t dead_count = 0;
  if (view.dead != nullptr) {
    for (std::size_t word = 0; word * 64 < plan.row_end; ++word) {
      dead_count += static_cast<std::uint32_t>(
          std::popcount(view.dead->word(word) & bits_before(plan.row_end, word)));
    }
  }
  const auto document_count = static_cast<double>(plan.row_end - dead_count);

  std::vector<SeenRows> rows;  // As plan.segments.
  std::uint64_t total_length = 0;
  for (const auto& segment : segments) {
    if (segment->first_row() >= plan.row_end) continue;
    SeenRows of_segment = look_at(*segment, seen);
    if (of_segment.count == 0) continue;
    total_length += of_segment.length;
    plan.segments.push_back(segment);
    rows.push_back(std::move(of_segment));
  }
  // Without a single word no row scores, whatever the norm.
  const double average_length =
      total_length > 0 ? static_cast<double>(total_length) / document_count : 1.0;
  const double k1 = kBm25K1;
  const double b = kBm25B;
  plan.bm25.norm_base = k1 * (1.0 - b);
  plan.bm25.norm_per_length = k1 * b / average_length;

  for (const auto& term : query.terms) {
    count_work(64 * (plan.segments.size() + 1));
    WeightedTerm weighted;
    std::uint64_t count = 0;
    bool is_damaged = false;
    for (std::size_t i = 0; i < plan.segments.size(); ++i) {
      const TermPostings postings = plan.segments[i]->find(term.text);
      weighted.postings.push_back(postings);
      if (postings.count == 0) continue;
      count += count_seen(postings, seen, rows[i], is_damaged);
      TRAWL_TRY(pace.step(std::min<std::uint32_t>(
          postings.count, static_cast<std::uint32_t>(rows[i].listed.size()))));
    }
    if (is_damaged) return damaged_postings();
    if (count == 0) continue;
    const auto frequency = static_cast<double>(count);
    const double idf = std::log1p((document_count - frequency + 0.5) / (frequency + 0.5));
    weighted.weight = term.count * idf * (k1 + 1.0);
    plan.terms.push_back(std::move(weighted));
  }
  return plan;
}

Result<SearchResult> rank_exhaustively(const RankingPlan& plan, std::uint32_t top_k) {
  SearchResult result;
  if (plan.terms.empty() || top_k == 0) return result;
  std::vector<double> scores(plan.row_end);
  for (const auto& term : plan.terms) {
    for (std::size_t i = 0; i < plan.segments.size(); ++i) {
      const Segment& segment = *plan.segments[i];
      PostingsCursor cursor(term.postings[i]);
      for (auto row = cursor.seek(segment.first_row()); row < plan.row_end;
           row = cursor.seek(row + 1)) {
        scores[row] +=
            Bm25::score(term.weight, cursor.tf(), plan.bm25.norm(segment.length(row)));
        ++result.scanned_count;
      }
      if (cursor.damaged()) return damaged_postings();
    }
  }
  for (std::uint32_t row = 0; row < plan.row_end; ++row) {
    if (scores[row] > 0 && plan.shows(row)) {
      result.rows.push_back({row, static_cast<float>(scores[row])});
    }
  }
  std::sort(result.rows.begin(), result.rows.end(), ranks_before);
  if (result.rows.size() > top_k) result.rows.resize(top_k);
  return result;
}

}  // namespace trawl::lexical
