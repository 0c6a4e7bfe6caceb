#include "corpus/lexical/lexical_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/segment_files.h"
#include "corpus/lexical/inverter.h"
#include "corpus/lexical/ranking.h"
#include "corpus/lexical/segment.h"
#include "corpus/lexical/segment_writer.h"
#include "corpus/lexical/stored_segment.h"
#include "text/analyzer.h"

#include <utf8proc.h>

namespace trawl::lexical {
namespace {

using SegmentPtr = std::shared_ptr<const Segment>;

// Long texts fill memory before flush_rows of them have come.
constexpr std::size_t kTailBytesMax = 64 << 20;
// Text inverted at a time; bounds what add() needs beside the index.
constexpr std::size_t kChunkTextMax = 16 << 20;
// The tail is a list of small segments. So many of about one size are merged to one of the
// next, which keeps both their number and the times a row is copied logarithmic.
constexpr std::size_t kTailFanOut = 4;

// A segment of which more than one row in so many was superseded since it was written is
// worth another.
constexpr std::uint32_t kWornShare = 32;

// Terms change with the analyzer, the stemmer and the Unicode tables.
std::uint64_t analyzer_fingerprint(std::string_view language) {
  const std::string detection =
      language == kDetectLanguage ? fmt::format("/{}", kDetectionVersion) : "";
  return hash64(fmt::format("{}/{}/{}{}", kAnalyzerVersion, utf8proc_unicode_version(),
                            language, detection));
}

// Segments in the order of their rows, without gaps, from row 0 on. Never changes once
// it is shared.
struct State {
  std::vector<StoredSegment> stored;  // In files.
  std::vector<SegmentPtr> tail;       // In memory.

  std::uint32_t stored_end() const { return stored.empty() ? 0 : stored.back().row_end(); }
  std::uint32_t row_end() const {
    return tail.empty() ? stored_end() : tail.back()->row_end();
  }
  std::uint32_t tail_rows() const { return row_end() - stored_end(); }
  std::size_t tail_bytes() const {
    std::size_t bytes = 0;
    for (const auto& segment : tail) bytes += segment->bytes().size();
    return bytes;
  }
  std::vector<SegmentPtr> all() const {
    std::vector<SegmentPtr> segments;
    for (const auto& [current, older] : stored) {
      if (older != nullptr) segments.push_back(older);
      segments.push_back(current);
    }
    segments.insert(segments.end(), tail.begin(), tail.end());
    return segments;
  }
};

// The chain of segments from row 0 that reaches furthest, by the fewest.
std::vector<StoredSegment> longest_chain(std::vector<StoredSegment> segments) {
  std::sort(segments.begin(), segments.end(),
            [](const StoredSegment& a, const StoredSegment& b) {
              return a.first_row() > b.first_row();
            });
  struct Best {
    std::uint32_t end;
    std::uint32_t count;
    std::size_t next;
  };
  // From the last segment to the first: what follows a segment has been decided before.
  std::vector<Best> best;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    Best here{segments[i].row_end(), 1, segments.size()};
    for (std::size_t j = 0; j < i; ++j) {
      if (segments[j].first_row() != segments[i].row_end()) continue;
      const Best longer{best[j].end, best[j].count + 1, j};
      if (longer.end > here.end || (longer.end == here.end && longer.count < here.count)) {
        here = longer;
      }
    }
    best.push_back(here);
  }
  std::size_t at = segments.size();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].first_row() != 0) continue;
    if (at == segments.size() || best[i].end > best[at].end ||
        (best[i].end == best[at].end && best[i].count < best[at].count)) {
      at = i;
    }
  }
  std::vector<StoredSegment> chain;
  for (; at < segments.size(); at = best[at].next) chain.push_back(segments[at]);
  return chain;
}

class SegmentedIndex final : public LexicalIndex {
 public:
  SegmentedIndex(IndexOptions options, Analyzer analyzer)
      : options_(std::move(options)),
        origin_{options_.fingerprint, analyzer_fingerprint(options_.language)},
        writer_analyzer_(std::move(analyzer)),
        state_(std::make_shared<State>()) {}

  Result<void> load();
  std::uint32_t row_count() const override { return state()->row_end(); }
  Result<void> add(std::span<const RowTexts> rows) override;
  Result<void> flush() override;
  Result<void> tidy(const Bitmap& gone, const Bitmap& superseded) override;
  Result<std::uint32_t> copy_to(const std::string& directory, std::uint32_t begin,
                                const Renumbering& renumber,
                                const Bitmap& superseded) override;
  Result<SearchResult> search(std::string_view query, std::uint32_t top_k,
                              const RowView& view, const Checkpoint& check) const override;
  Result<SearchResult> search_exhaustively(std::string_view query, std::uint32_t top_k,
                                           const RowView& view) const override;
  Result<TakenApart> take_apart(std::string_view query, std::uint32_t row,
                                const RowView& view,
                                const Checkpoint& check) const override;

 private:
  std::shared_ptr<const State> state() const {
    const MutexLock lock(state_mutex_);
    return state_;
  }
  void publish(State next) {
    auto shared = std::make_shared<const State>(std::move(next));
    // The old state, and with it maybe the last hold on its segments, goes after the lock.
    const MutexLock lock(state_mutex_);
    state_.swap(shared);
  }
  std::string path_of(const StoredSegment& stored) const {
    return options_.directory + "/" + stored.name();
  }
  Result<SegmentPtr> merge_in_memory(std::span<const SegmentPtr> segments) const;
  Result<void> add_chunk(std::span<const RowTexts> rows) TRAWL_REQUIRES(writer_mutex_);
  Result<void> flush_locked() TRAWL_REQUIRES(writer_mutex_);
  Result<void> merge_stored() TRAWL_REQUIRES(writer_mutex_);
  Result<RankingPlan> make_plan(std::string_view query, const RowView& view,
                                Pace& pace) const;

  const IndexOptions options_;
  const SegmentOrigin origin_;
  // One writer at a time. Everything slow happens under this lock, which no search takes.
  Mutex writer_mutex_;
  Analyzer writer_analyzer_ TRAWL_GUARDED_BY(writer_mutex_);
  // After a disk has refused: the size of the tail at which add() asks it again.
  std::uint32_t retry_rows_ TRAWL_GUARDED_BY(writer_mutex_) = 0;
  mutable Mutex state_mutex_;
  std::shared_ptr<const State> state_ TRAWL_GUARDED_BY(state_mutex_);
};

Result<void> SegmentedIndex::load() {
  TRAWL_TRY(make_index_directory(options_.directory));
  std::vector<StoredSegment> found;
  for (const auto& name : list_segment_files(options_.directory, kSegmentFileSuffix)) {
    if (name.ends_with(FileSink::kTemporarySuffix)) continue;
    auto stored = open_stored_segment(options_.directory + "/" + name);
    if (!stored) {
      spdlog::warn("dropping {}/{}: {}", options_.directory, name, stored.error().message);
    } else if (stored->current->origin() != origin_) {
      spdlog::info("dropping {}/{}: made from other settings", options_.directory, name);
    } else if (stored->current->row_count() > 0 && name == stored->name()) {
      found.push_back(std::move(*stored));
    }
  }
  State state;
  state.stored = longest_chain(std::move(found));
  for (const auto& name : list_segment_files(options_.directory, kSegmentFileSuffix)) {
    const bool kept =
        std::any_of(state.stored.begin(), state.stored.end(),
                    [&](const StoredSegment& stored) { return name == stored.name(); });
    if (!kept) remove_index_file(options_.directory + "/" + name);
  }
  publish(std::move(state));
  return {};
}

Result<void> SegmentedIndex::add(std::span<const RowTexts> rows) {
  const MutexLock lock(writer_mutex_);
  std::uint32_t expected = row_count();
  for (const auto& row : rows) {
    if (row.row != expected || row.row == kNoRow - 1) {
      return make_error(ErrorCode::internal,
                        fmt::format("row {} was added to an index whose next row is {}",
                                    row.row, expected));
    }
    ++expected;
  }
  Result<void> flushed;
  while (!rows.empty()) {
    const std::uint32_t tail_rows = state()->tail_rows();
    const std::size_t room = options_.flush_rows > tail_rows
                                 ? options_.flush_rows - tail_rows
                                 : std::max<std::size_t>(options_.flush_rows, 1);
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < std::min(room, rows.size()) && bytes < kChunkTextMax) {
      for (const auto& text : rows[count].texts) bytes += text.text.size();
      ++count;
    }
    TRAWL_TRY(add_chunk(rows.first(count)));
    rows = rows.subspan(count);
    const auto now = state();
    const bool full =
        now->tail_rows() >= options_.flush_rows || now->tail_bytes() >= kTailBytesMax;
    if (!full || now->tail_rows() < retry_rows_) continue;
    if (auto result = flush_locked(); !result) flushed = std::move(result);
  }
  return flushed;
}

Result<void> SegmentedIndex::add_chunk(std::span<const RowTexts> rows) {
  Inverter inverter(writer_analyzer_, rows.front().row);
  for (const auto& row : rows) inverter.add(row.texts);
  TRAWL_ASSIGN(auto bytes, inverter.finish(origin_));
  TRAWL_ASSIGN(auto segment, Segment::from_bytes(std::move(bytes)));
  State next = *state();
  next.tail.push_back(std::move(segment));
  const auto size_class = [](const SegmentPtr& s) {
    return (std::bit_width(s->row_count()) - 1) / 2;
  };
  while (next.tail.size() >= kTailFanOut) {
    // The last few segments that are no larger than the last of a full set.
    const std::span<const SegmentPtr> last(next.tail.end() - kTailFanOut, next.tail.end());
    const auto largest = size_class(last.back());
    if (std::any_of(last.begin(), last.end(),
                    [&](const SegmentPtr& s) { return size_class(s) > largest; })) {
      break;
    }
    auto merged = merge_in_memory(last);
    if (!merged) break;  // Many small segments still give the right answers.
    next.tail.erase(next.tail.end() - kTailFanOut, next.tail.end());
    next.tail.push_back(std::move(*merged));
  }
  publish(std::move(next));
  return {};
}

Result<SegmentPtr> SegmentedIndex::merge_in_memory(
    std::span<const SegmentPtr> segments) const {
  StringSink sink;
  std::size_t bytes = 0;
  for (const SegmentPtr& segment : segments) bytes += segment->bytes().size();
  sink.reserve(bytes);
  TRAWL_TRY(merge_segments(segments, sink, {}, kSegmentMagic, Checksum::none));
  return Segment::from_bytes(sink.take());
}

Result<void> SegmentedIndex::flush() {
  const MutexLock lock(writer_mutex_);
  return flush_locked();
}

Result<void> SegmentedIndex::flush_locked() {
  State next = *state();
  if (!next.tail.empty()) {
    // Forgotten below once the segment is written.
    retry_rows_ = next.tail_rows() + options_.flush_rows / 8 + 1;
    FileSink sink(options_.directory, segment_file_name(next.stored_end(), next.row_end()));
    if (next.tail.size() == 1) {
      TRAWL_TRY(write_segment(*next.tail.front(), sink));
    } else {
      TRAWL_TRY(merge_segments(next.tail, sink));
    }
    TRAWL_ASSIGN(auto stored,
                 open_stored_segment(options_.directory + "/" +
                                     segment_file_name(next.stored_end(), next.row_end())));
    next.stored.push_back(std::move(stored));
    next.tail.clear();
    publish(std::move(next));
    retry_rows_ = 0;
  }
  // The rows are safe by now: without the merge there are only more files than wished for.
  if (auto merged = merge_stored(); !merged) {
    spdlog::warn("index segments in {} were not merged: {}", options_.directory,
                 merged.error().message);
  }
  return {};
}

Result<void> SegmentedIndex::tidy(const Bitmap& gone, const Bitmap& superseded) {
  const auto is_worn = [&](const SegmentPtr& current) {
    return std::uint64_t{current->count_held(superseded)} * kWornShare >
           current->held_count();
  };
  const auto needs = [&](const StoredSegment& stored) {
    return stored.current->count_held(gone) > 0 || is_worn(stored.current) ||
           (stored.older != nullptr && stored.older->count_held(gone) > 0);
  };
  {
    const MutexLock lock(writer_mutex_);
    const auto now = state();
    if (std::any_of(now->tail.begin(), now->tail.end(), [&](const SegmentPtr& segment) {
          return segment->count_held(gone) > 0 || is_worn(segment);
        })) {
      TRAWL_TRY(flush_locked());
    }
  }
  // Up to here all is done. Segments may be merged between two steps, but not across it.
  std::uint32_t done = 0;
  while (true) {
    const MutexLock lock(writer_mutex_);
    State next = *state();
    const auto at = std::find_if(next.stored.begin(), next.stored.end(),
                                 [&](const StoredSegment& stored) {
                                   return stored.row_end() > done && needs(stored);
                                 });
    if (at == next.stored.end()) return {};
    const StoredSegment old[] = {*at};
    // Searches that still read the old file keep it mapped.
    FileSink sink(options_.directory, old[0].name());
    TRAWL_TRY(merge_stored_segments(old, sink, {&gone, &superseded}));
    TRAWL_ASSIGN(*at, open_stored_segment(path_of(old[0])));
    done = old[0].row_end();
    publish(std::move(next));
  }
}

Result<std::uint32_t> SegmentedIndex::copy_to(const std::string& directory,
                                              std::uint32_t begin,
                                              const Renumbering& renumber,
                                              const Bitmap& superseded) {
  TRAWL_TRY(flush());
  TRAWL_TRY(make_index_directory(directory));
  const auto now = state();
  for (const auto& stored : now->stored) {
    if (stored.row_end() <= begin) continue;
    const std::uint32_t first = renumber(std::max(stored.first_row(), begin));
    const std::uint32_t end = renumber(stored.row_end());
    if (first == end) continue;
    FileSink sink(directory, segment_file_name(first, end));
    TRAWL_TRY(merge_stored_segments({&stored, 1}, sink,
                                    {&renumber.gone(), &superseded, begin, &renumber}));
  }
  return now->stored_end();
}

Result<void> SegmentedIndex::merge_stored() {
  State next = *state();
  while (next.stored.size() > std::max<std::uint32_t>(options_.segments_max, 1)) {
    std::size_t smallest = 0;
    const auto pair_rows = [&](std::size_t i) {
      return next.stored[i + 1].row_end() - next.stored[i].first_row();
    };
    for (std::size_t i = 1; i + 1 < next.stored.size(); ++i) {
      if (pair_rows(i) < pair_rows(smallest)) smallest = i;
    }
    const StoredSegment pair[] = {next.stored[smallest], next.stored[smallest + 1]};
    const std::string name = segment_file_name(pair[0].first_row(), pair[1].row_end());
    FileSink sink(options_.directory, name);
    TRAWL_TRY(merge_stored_segments(pair, sink));
    TRAWL_ASSIGN(auto merged, open_stored_segment(options_.directory + "/" + name));
    next.stored[smallest] = std::move(merged);
    next.stored.erase(next.stored.begin() + static_cast<std::ptrdiff_t>(smallest) + 1);
    publish(next);
    // Searches that still read the old files keep them mapped.
    for (const auto& old : pair) remove_index_file(path_of(old));
  }
  return {};
}

Result<RankingPlan> SegmentedIndex::make_plan(std::string_view query, const RowView& view,
                                              Pace& pace) const {
  TRAWL_ASSIGN(auto analyzer, Analyzer::make(options_.language));
  return plan_ranking(state()->all(), analyzer, query, view, pace);
}

Result<SearchResult> SegmentedIndex::search(std::string_view query, std::uint32_t top_k,
                                            const RowView& view,
                                            const Checkpoint& check) const {
  Pace pace(check);
  TRAWL_ASSIGN(const auto plan, make_plan(query, view, pace));
  TRAWL_ASSIGN(SearchResult result, rank(plan, top_k, pace));
  result.query_words = plan.query.word_count;
  return result;
}

Result<SearchResult> SegmentedIndex::search_exhaustively(std::string_view query,
                                                         std::uint32_t top_k,
                                                         const RowView& view) const {
  const Checkpoint none;
  Pace pace(none);
  TRAWL_ASSIGN(const auto plan, make_plan(query, view, pace));
  TRAWL_ASSIGN(SearchResult result, rank_exhaustively(plan, top_k));
  result.query_words = plan.query.word_count;
  return result;
}

Result<TakenApart> SegmentedIndex::take_apart(std::string_view query, std::uint32_t row,
                                              const RowView& view,
                                              const Checkpoint& check) const {
  Pace pace(check);
  TRAWL_ASSIGN(const auto plan, make_plan(query, view, pace));
  return take_row_apart(plan, row);
}

}  // namespace

Result<std::unique_ptr<LexicalIndex>> LexicalIndex::open(IndexOptions options) {
  TRAWL_ASSIGN(auto analyzer, Analyzer::make(options.language));
  auto index = std::make_unique<SegmentedIndex>(std::move(options), std::move(analyzer));
  TRAWL_TRY(index->load());
  return std::unique_ptr<LexicalIndex>(std::move(index));
}

void remove_index(const std::string& directory) {
  remove_segment_files(directory, kSegmentFileSuffix);
}

}  // namespace trawl::lexical
