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

// Counts the living rows that have a term.
class TermCounter {
 public:
  // All of them outlive the counter. `rows` are as the segments.
  TermCounter(std::span<const std::shared_ptr<const Segment>> segments,
              const std::vector<SeenRows>& rows, const RowView& view, Pace& pace)
      : segments_(segments), rows_(rows), view_(view), pace_(pace) {}

  // Leaves the term's postings, one for each segment, in `postings`.
  //   storage  a segment is damaged
  Result<std::uint64_t> count(std::string_view term, std::vector<TermPostings>& postings) {
    count_work(64 * (segments_.size() + 1));
    postings.clear();
    std::uint64_t count = 0;
    bool is_damaged = false;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const TermPostings found = segments_[i]->find(term);
      postings.push_back(found);
      if (found.count == 0) continue;
      count += count_seen(found, view_, rows_[i], is_damaged);
      TRAWL_TRY(pace_.step(std::min<std::uint32_t>(
          found.count, static_cast<std::uint32_t>(rows_[i].listed.size()))));
    }
    if (is_damaged) return damaged_postings();
    return count;
  }

 private:
  const std::span<const std::shared_ptr<const Segment>> segments_;
  const std::vector<SeenRows>& rows_;
  const RowView& view_;
  Pace& pace_;
};

// Tells the analyzer which languages the rows have.
Result<void> expect_query(Analyzer& analyzer, std::string_view text,
                          std::uint32_t row_count, TermCounter& counter) {
  std::vector<TermPostings> postings;
  std::vector<LanguageCount> counts;
  TRAWL_ASSIGN(const std::uint64_t marked, counter.count(kLanguageMark, postings));
  if (marked > 0) {
    for (const std::string_view language : detected_languages()) {
      TRAWL_ASSIGN(const std::uint64_t rows,
                   counter.count(language_mark(language), postings));
      counts.push_back({language, rows});
    }
  }
  analyzer.expect_query(text, row_count, row_count - marked, counts);
  return {};
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

}  // namespace

Error damaged_postings() {
  return make_error(ErrorCode::storage,
                    "the index is damaged; restart the server so that it is rebuilt");
}

Result<RankingPlan> plan_ranking(Segments segments, Analyzer& analyzer,
                                 std::string_view text, const RowView& view, Pace& pace) {
  RankingPlan plan;
  plan.b = analyzer.detects_language() ? kBm25DetectedB : kBm25B;
  if (segments.empty()) {
    plan.query = parse_query(analyzer, text);
    return plan;
  }
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
  plan.row_count = plan.row_end - dead_count;
  const auto document_count = static_cast<double>(plan.row_count);

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
  plan.average_length = average_length;
  const double k1 = kBm25K1;
  plan.bm25.norm_base = k1 * (1.0 - plan.b);
  plan.bm25.norm_per_length = k1 * plan.b / average_length;

  TermCounter counter(plan.segments, rows, seen, pace);
  if (analyzer.detects_language()) {
    TRAWL_TRY(expect_query(analyzer, text, plan.row_count, counter));
  }
  plan.query = parse_query(analyzer, text);
  for (std::size_t place = 0; place < plan.query.terms.size(); ++place) {
    const QueryTerm& term = plan.query.terms[place];
    WeightedTerm weighted;
    weighted.place = place;
    TRAWL_ASSIGN(const std::uint64_t count, counter.count(term.text, weighted.postings));
    if (count == 0) continue;
    const auto frequency = static_cast<double>(count);
    weighted.row_count = count;
    weighted.idf = std::log1p((document_count - frequency + 0.5) / (frequency + 0.5));
    weighted.weight = term.count * weighted.idf * (k1 + 1.0);
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

Result<TakenApart> take_row_apart(const RankingPlan& plan, std::uint32_t row) {
  TakenApart out;
  out.row_count = plan.row_count;
  out.average_length = plan.average_length;
  out.b = plan.b;
  for (const auto& segment : plan.segments) {
    if (row < segment->first_row() || row >= segment->row_end()) continue;
    // One that does not hold the row says 0.
    out.length = std::max(out.length, segment->length(row));
  }
  out.norm = plan.bm25.norm(out.length);
  for (const QueryTerm& term : plan.query.terms) {
    ScoredTerm& scored = out.terms.emplace_back();
    scored.text = term.text;
    scored.query_count = term.count;
  }
  for (const WeightedTerm& term : plan.terms) {
    ScoredTerm& scored = out.terms[term.place];
    scored.row_count = term.row_count;
    scored.idf = term.idf;
    scored.weight = term.weight;
    for (const TermPostings& postings : term.postings) {
      count_work(64);
      if (row < postings.first_row || row >= postings.row_end) continue;
      PostingsCursor cursor(postings);
      if (cursor.seek(row) == row) {
        scored.tf = cursor.tf();
        scored.score = Bm25::score(term.weight, scored.tf, out.norm);
      }
      if (cursor.damaged()) return damaged_postings();
    }
    out.sum += scored.score;
  }
  out.score = static_cast<float>(out.sum);
  return out;
}

}  // namespace trawl::lexical
