#include "corpus/lexical/ranking.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/work_limit.h"
#include "corpus/lexical/top_rows.h"

namespace trawl::lexical {
namespace {

// The dead rows of a view, ascending.
std::vector<std::uint32_t> list_dead(const RowView& view, std::uint32_t row_end) {
  std::vector<std::uint32_t> rows;
  if (view.dead == nullptr) return rows;
  view.dead->for_each([&](std::uint32_t row) {
    if (row < row_end) rows.push_back(row);
  });
  return rows;
}

// The terms of rows [first_row, row_end).
std::uint64_t sum_lengths(const Segment& segment, std::uint32_t row_end) {
  if (row_end >= segment.row_end()) return segment.total_length();
  count_work(segment.row_count() / 4);
  std::uint64_t sum = 0;
  if (row_end - segment.first_row() < segment.row_end() - row_end) {
    for (auto row = segment.first_row(); row < row_end; ++row) sum += segment.length(row);
    return sum;
  }
  for (auto row = row_end; row < segment.row_end(); ++row) sum += segment.length(row);
  return segment.total_length() - sum;
}

// Postings before row_end.
std::uint32_t count_before(const TermPostings& postings, std::uint32_t row_end,
                           bool& is_damaged) {
  if (row_end >= postings.row_end) return postings.count;
  PostingsCursor cursor(postings);
  if (!cursor.seek_block(row_end)) return postings.count;
  std::uint32_t count = cursor.block_index() * kBlockPostings;
  for (auto row = cursor.seek(postings.first_row); row < row_end;
       row = cursor.next_in_block()) {
    ++count;
  }
  is_damaged |= cursor.damaged();
  return count;
}

// Postings in dead rows, by the shorter way: through the postings or through the dead.
std::uint32_t count_dead(const TermPostings& postings, std::uint32_t row_end,
                         const Bitmap& dead, std::span<const std::uint32_t> dead_rows,
                         bool& is_damaged) {
  std::uint32_t count = 0;
  PostingsCursor cursor(postings);
  auto row = cursor.seek(postings.first_row);
  if (postings.count <= dead_rows.size()) {
    while (row < row_end && row != kNoRow) {
      for (auto left = cursor.block_size(); left > 0 && row < row_end; --left) {
        count += dead.test(row) ? 1 : 0;
        row = cursor.next_in_block();
      }
      if (row < row_end) row = cursor.seek(row);
    }
  } else {
    for (const auto dead_row : dead_rows) {
      if (row < dead_row) row = cursor.seek(dead_row);
      if (row == kNoRow) break;
      count += row == dead_row ? 1 : 0;
    }
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
  plan.row_end = std::min(view.row_end, segments.back()->row_end());
  plan.allowed = view.allowed;
  for (const auto& segment : segments) {
    if (segment->first_row() < plan.row_end) plan.segments.push_back(segment);
  }
  const auto dead_rows = list_dead(view, plan.row_end);
  if (!dead_rows.empty()) plan.dead = view.dead;
  const auto document_count = static_cast<double>(plan.row_end - dead_rows.size());

  // The slice of dead_rows in each segment.
  std::vector<std::span<const std::uint32_t>> dead_in;
  std::uint64_t total_length = 0;
  auto dead_row = dead_rows.begin();
  for (const auto& segment : plan.segments) {
    total_length += sum_lengths(*segment, plan.row_end);
    const auto begin = dead_row;
    for (; dead_row != dead_rows.end() && *dead_row < segment->row_end(); ++dead_row) {
      total_length -= segment->length(*dead_row);
    }
    dead_in.emplace_back(begin, dead_row);
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
      count += count_before(postings, plan.row_end, is_damaged);
      if (dead_in[i].empty()) continue;
      count -= count_dead(postings, plan.row_end, *plan.dead, dead_in[i], is_damaged);
      TRAWL_TRY(pace.step(std::min<std::uint32_t>(
          postings.count, static_cast<std::uint32_t>(dead_in[i].size()))));
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
