#include "corpus/dense/dense_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/byte_sink.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/segment_files.h"
#include "corpus/dense/segment.h"
#include "corpus/dense/tail_chunk.h"
#include "corpus/dense/vector_search.h"
#include "corpus/vector_check.h"

namespace trawl::dense {
namespace {

using SegmentPtr = std::shared_ptr<const Segment>;

// The tail is a list of chunks, each with room for about as many vectors as are before it:
// none is moved when more come, and little room stays empty.
constexpr std::uint32_t kChunkMin = 256;

// A segment is written anew to forget versions when it has so many more than this, and one
// for each so many vectors.
constexpr std::size_t kForgottenMin = 64;
constexpr std::size_t kVectorsPerForgotten = 8;

bool has_row_of(const VectorPart& part, const Bitmap& rows) {
  for (std::uint32_t i = 0; i < part.count; ++i) {
    if (rows.test(part.row(i))) return true;
  }
  return false;
}

struct TailPart {
  std::shared_ptr<TailChunk> chunk;
  VectorPart part;  // What this state has of it.

  std::uint32_t count_at(std::uint64_t version) const {
    const std::uint64_t* const versions = chunk->versions();
    return static_cast<std::uint32_t>(
        std::upper_bound(versions, versions + part.count, version) - versions);
  }
  std::vector<Breakpoint> points() const {
    std::vector<Breakpoint> points;
    const std::uint64_t* const versions = chunk->versions();
    for (std::uint32_t i = 0; i < part.count; ++i) {
      if (points.empty() || points.back().version != versions[i]) {
        points.push_back({versions[i], i, 0});
      }
      points.back().end = i + 1;
    }
    return points;
  }
};

// Vectors in the order in which they arrived. Never changes once it is shared.
struct State {
  std::uint64_t version = 0;
  std::vector<SegmentPtr> stored;
  std::vector<TailPart> tail;

  Position stored_end() const { return stored.empty() ? Position{} : stored.back()->to(); }
  std::uint64_t tail_count() const {
    std::uint64_t count = 0;
    for (const auto& some : tail) count += some.part.count;
    return count;
  }
  std::uint64_t count() const {
    std::uint64_t count = tail_count();
    for (const auto& segment : stored) count += segment->vectors().part.count;
    return count;
  }
  std::vector<VectorPart> parts_at(std::uint64_t at) const {
    std::vector<VectorPart> parts;
    const auto add = [&](VectorPart part, std::uint32_t count) {
      if (count == 0) return;
      part.count = count;
      parts.push_back(part);
    };
    for (const auto& segment : stored) {
      add(segment->vectors().part, segment->vectors().count_at(at));
    }
    for (const auto& some : tail) add(some.part, some.count_at(at));
    return parts;
  }
};

// The vectors of a state for write_segment(), from a segment on.
class Sources {
 public:
  explicit Sources(const State& state, std::size_t first_stored = 0) {
    points_.reserve(state.tail.size());
    for (std::size_t i = first_stored; i < state.stored.size(); ++i) {
      all_.push_back(state.stored[i]->vectors());
    }
    for (const auto& some : state.tail) {
      points_.push_back(some.points());
      all_.push_back({some.part, points_.back()});
    }
  }
  std::span<const VersionedPart> all() const { return all_; }

 private:
  std::vector<std::vector<Breakpoint>> points_;
  std::vector<VersionedPart> all_;
};

// The chain of segments from the beginning that reaches furthest, by the fewest; it ends
// with a whole version.
std::vector<SegmentPtr> longest_chain(std::vector<SegmentPtr> segments) {
  std::sort(segments.begin(), segments.end(),
            [](const SegmentPtr& a, const SegmentPtr& b) { return a->from() > b->from(); });
  struct Best {
    std::optional<Position> end;  // None where no whole version is reached.
    std::uint32_t count = 0;
    std::size_t next = 0;
    bool is_before(const Best& other) const {
      if (end != other.end) return end > other.end;
      return count < other.count;
    }
  };
  // From the last segment to the first: what follows a segment has been decided before.
  std::vector<Best> best;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Position to = segments[i]->to();
    Best here{to.is_whole() ? std::optional(to) : std::nullopt, 1, segments.size()};
    for (std::size_t j = 0; j < i; ++j) {
      if (segments[j]->from() != to) continue;
      const Best longer{best[j].end, best[j].count + 1, j};
      if (longer.end && longer.is_before(here)) here = longer;
    }
    best.push_back(here);
  }
  std::size_t at = segments.size();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i]->from() != Position{} || !best[i].end) continue;
    if (at == segments.size() || best[i].is_before(best[at])) at = i;
  }
  std::vector<SegmentPtr> chain;
  for (; at < segments.size(); at = best[at].next) chain.push_back(segments[at]);
  return chain;
}

class SegmentedIndex final : public DenseIndex {
 public:
  explicit SegmentedIndex(IndexOptions options)
      : options_(std::move(options)),
        origin_{options_.fingerprint, options_.dimension, options_.metric},
        state_(std::make_shared<State>()) {}

  Result<void> load();
  std::uint64_t version() const override { return state()->version; }
  std::uint64_t vector_count() const override { return state()->count(); }
  Result<void> add(std::uint64_t version, std::span<const RowVectors> rows) override;
  Result<void> flush() override;
  Result<void> tidy(const Bitmap& gone, std::uint64_t oldest) override;
  Result<std::uint64_t> copy_to(const std::string& directory, std::uint64_t after,
                                const NewNumber& number) const override;
  Result<SearchResult> search(std::span<const float> query, std::uint32_t top_k,
                              const VectorView& view,
                              const Checkpoint& check) const override;
  Result<SearchResult> search_exhaustively(std::span<const float> query,
                                           std::uint32_t top_k,
                                           const VectorView& view) const override;
  Result<std::optional<float>> score(std::span<const float> query, std::uint32_t row,
                                     const VectorView& view) const override;
  Result<std::vector<float>> vectors_of(std::uint32_t row,
                                        std::uint64_t version) const override;
  std::uint64_t row_count(const VectorView& view) const override;

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
  std::string path_of(std::string_view name) const {
    return fmt::format("{}/{}", options_.directory, name);
  }
  Result<std::vector<QueryVector>> checked_query(std::span<const float> values) const;
  void add_to_tail(State& next, std::uint64_t version, const RowVectors& row,
                   std::uint64_t following) const;
  Result<SegmentPtr> write(Position from, Position to, std::span<const VersionedPart> parts,
                           const Bitmap* gone) const TRAWL_REQUIRES(writer_mutex_);
  Result<void> flush_tail(State& next, Position to, const Bitmap* gone = nullptr)
      TRAWL_REQUIRES(writer_mutex_);
  void merge_stored() TRAWL_REQUIRES(writer_mutex_);
  bool needs_tidying(const Segment& segment, const Bitmap& gone) const
      TRAWL_REQUIRES(writer_mutex_);

  const IndexOptions options_;
  const SegmentOrigin origin_;
  // One writer at a time. Everything slow happens under this lock, which no search takes.
  Mutex writer_mutex_;
  std::uint64_t oldest_ TRAWL_GUARDED_BY(writer_mutex_) = 0;
  // After a disk has refused: the size of the tail at which add() asks it again.
  std::uint64_t retry_count_ TRAWL_GUARDED_BY(writer_mutex_) = 0;
  mutable Mutex state_mutex_;
  std::shared_ptr<const State> state_ TRAWL_GUARDED_BY(state_mutex_);
};

Result<void> SegmentedIndex::load() {
  TRAWL_TRY(make_index_directory(options_.directory));
  std::vector<SegmentPtr> found;
  for (const auto& name : list_segment_files(options_.directory, kSegmentFileSuffix)) {
    if (name.ends_with(FileSink::kTemporarySuffix)) continue;
    auto segment = Segment::open(path_of(name));
    if (!segment) {
      spdlog::warn("dropping {}: {}", path_of(name), segment.error().message);
    } else if ((*segment)->origin() != origin_) {
      spdlog::info("dropping {}: made from other settings", path_of(name));
    } else if (name == (*segment)->name()) {
      found.push_back(std::move(*segment));
    }
  }
  State state;
  state.stored = longest_chain(std::move(found));
  state.version = state.stored_end().version;
  for (const auto& name : list_segment_files(options_.directory, kSegmentFileSuffix)) {
    const bool kept =
        std::any_of(state.stored.begin(), state.stored.end(),
                    [&](const SegmentPtr& segment) { return name == segment->name(); });
    if (!kept) remove_index_file(path_of(name));
  }
  publish(std::move(state));
  return {};
}

void SegmentedIndex::add_to_tail(State& next, std::uint64_t version, const RowVectors& row,
                                 std::uint64_t following) const {
  const std::uint64_t count = row.values.size() / options_.dimension;
  if (next.tail.empty() || next.tail.back().chunk->room() < count) {
    const std::uint64_t before = next.tail_count();
    const std::uint64_t most =
        options_.flush_vectors > before ? options_.flush_vectors - before : kChunkMin;
    const std::uint64_t room =
        std::min(most, std::max({before, following, std::uint64_t{kChunkMin}}));
    next.tail.push_back(
        {std::make_shared<TailChunk>(options_.metric, options_.dimension,
                                     static_cast<std::uint32_t>(std::max(room, count))),
         {}});
  }
  TailPart& last = next.tail.back();
  last.chunk->add(version, row.row, row.values);
  last.part = last.chunk->part();
}

Result<void> SegmentedIndex::add(std::uint64_t version, std::span<const RowVectors> rows) {
  const MutexLock lock(writer_mutex_);
  State next = *state();
  if (version <= next.version) {
    return make_error(ErrorCode::internal,
                      fmt::format("version {} was added to an index that has version {}",
                                  version, next.version));
  }
  std::uint64_t following = 0;  // Vectors that are still to come.
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].values.empty() || rows[i].values.size() % options_.dimension != 0 ||
        (i > 0 && rows[i].row <= rows[i - 1].row)) {
      return make_error(
          ErrorCode::internal,
          fmt::format("row {} with {} values does not fit an index of {} "
                      "dimensions, or its place",
                      rows[i].row, rows[i].values.size(), options_.dimension));
    }
    following += rows[i].values.size() / options_.dimension;
  }
  // Of a call that ended with an exception something may be there.
  if (!next.tail.empty()) next.tail.back().chunk->cut_to(next.tail.back().part);

  Result<void> flushed;
  std::uint32_t part = 0;
  next.version = version;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    add_to_tail(next, version, rows[i], following);
    following -= rows[i].values.size() / options_.dimension;
    const std::uint64_t count = next.tail_count();
    if (count < options_.flush_vectors || count < retry_count_) continue;
    const Position to{version, i + 1 == rows.size() ? Position::kWhole : ++part};
    if (auto result = flush_tail(next, to); !result) flushed = std::move(result);
  }
  publish(std::move(next));
  merge_stored();
  return flushed;
}

Result<SegmentPtr> SegmentedIndex::write(Position from, Position to,
                                         std::span<const VersionedPart> parts,
                                         const Bitmap* gone) const {
  SegmentChoice choice;
  choice.oldest = oldest_;
  if (gone != nullptr) {
    choice.number = [gone](std::uint32_t row) {
      return gone->test(row) ? std::nullopt : std::optional(row);
    };
  }
  const std::string name = segment_name(from, to);
  FileSink sink(options_.directory, name);
  TRAWL_TRY(write_segment(sink, origin_, from, to, parts, choice));
  return Segment::open(path_of(name), Segment::Checksum::trusted);
}

Result<void> SegmentedIndex::flush_tail(State& next, Position to, const Bitmap* gone) {
  if (next.stored_end() == to) return {};
  // Forgotten below once the segment is written.
  retry_count_ = next.tail_count() + options_.flush_vectors / 8 + 1;
  const Sources sources(next, next.stored.size());
  TRAWL_ASSIGN(auto segment, write(next.stored_end(), to, sources.all(), gone));
  next.stored.push_back(std::move(segment));
  next.tail.clear();
  retry_count_ = 0;
  return {};
}

Result<void> SegmentedIndex::flush() {
  const MutexLock lock(writer_mutex_);
  State next = *state();
  if (next.version > 0) TRAWL_TRY(flush_tail(next, {next.version, Position::kWhole}));
  publish(std::move(next));
  merge_stored();
  return {};
}

void SegmentedIndex::merge_stored() {
  State next = *state();
  const std::size_t most = std::max<std::uint32_t>(options_.segments_max, 1);
  while (next.stored.size() > most) {
    // The neighbours of which the fewest vectors are written for each segment less.
    std::size_t first = 0;
    std::size_t last = 0;
    double least = 0;
    for (std::size_t i = 0; i < next.stored.size(); ++i) {
      double vectors = next.stored[i]->vectors().part.count;
      for (std::size_t j = i + 1; j < next.stored.size(); ++j) {
        vectors += next.stored[j]->vectors().part.count;
        const double cost = (vectors + 1) / static_cast<double>(j - i);
        if (last == 0 || cost < least) {
          first = i;
          last = j;
          least = cost;
        }
      }
    }
    std::vector<VersionedPart> parts;
    std::vector<std::string> names;
    for (std::size_t i = first; i <= last; ++i) {
      parts.push_back(next.stored[i]->vectors());
      names.push_back(next.stored[i]->name());
    }
    auto merged =
        write(next.stored[first]->from(), next.stored[last]->to(), parts, nullptr);
    if (!merged) {
      // The vectors are safe: there are only more files than wished for.
      spdlog::warn("index segments in {} were not merged: {}", options_.directory,
                   merged.error().message);
      return;
    }
    const auto begin = next.stored.begin() + static_cast<std::ptrdiff_t>(first);
    *begin = std::move(*merged);
    next.stored.erase(begin + 1,
                      next.stored.begin() + static_cast<std::ptrdiff_t>(last) + 1);
    publish(next);
    // Searches that still read the old files keep them mapped.
    for (const auto& name : names) remove_index_file(path_of(name));
  }
}

bool SegmentedIndex::needs_tidying(const Segment& segment, const Bitmap& gone) const {
  const VersionedPart& vectors = segment.vectors();
  const std::uint64_t oldest = oldest_;
  const auto known =
      std::count_if(vectors.points.begin(), vectors.points.end(),
                    [&](const Breakpoint& point) { return point.version <= oldest; });
  if (static_cast<std::size_t>(known) >
      kForgottenMin + vectors.part.count / kVectorsPerForgotten) {
    return true;
  }
  return gone.size() > 0 && has_row_of(vectors.part, gone);
}

Result<void> SegmentedIndex::tidy(const Bitmap& gone, std::uint64_t oldest) {
  {
    const MutexLock lock(writer_mutex_);
    oldest_ = std::max(oldest_, oldest);
    State next = *state();
    const bool has_gone =
        std::any_of(next.tail.begin(), next.tail.end(),
                    [&](const TailPart& some) { return has_row_of(some.part, gone); });
    if (has_gone) {
      TRAWL_TRY(flush_tail(next, {next.version, Position::kWhole}, &gone));
      publish(std::move(next));
      merge_stored();
    }
  }
  // Up to here all is done. Segments may be merged between two steps, but not across it.
  Position done;
  while (true) {
    const MutexLock lock(writer_mutex_);
    State next = *state();
    const auto at = std::find_if(
        next.stored.begin(), next.stored.end(), [&](const SegmentPtr& segment) {
          writer_mutex_.assert_held();
          return segment->to() > done && needs_tidying(*segment, gone);
        });
    if (at == next.stored.end()) return {};
    const SegmentPtr old = *at;
    done = old->to();
    // Searches that still read the old file keep it mapped.
    TRAWL_ASSIGN(*at, write(old->from(), old->to(), {&old->vectors(), 1}, &gone));
    publish(std::move(next));
  }
}

Result<std::uint64_t> SegmentedIndex::copy_to(const std::string& directory,
                                              std::uint64_t after,
                                              const NewNumber& number) const {
  TRAWL_TRY(make_index_directory(directory));
  const auto now = state();
  if (now->version <= after) return after;
  const Position from{after, Position::kWhole};
  const Position to{now->version, Position::kWhole};
  const Sources sources(*now);
  FileSink sink(directory, segment_name(from, to));
  TRAWL_TRY(write_segment(sink, origin_, from, to, sources.all(), {after, number, 0}));
  return now->version;
}

Result<std::vector<QueryVector>> SegmentedIndex::checked_query(
    std::span<const float> values) const {
  if (values.empty() || values.size() % options_.dimension != 0) {
    return make_error(ErrorCode::internal,
                      fmt::format("a query of {} values does not fit an index of {} "
                                  "dimensions",
                                  values.size(), options_.dimension));
  }
  return read_query(options_.metric, options_.dimension, values);
}

Result<SearchResult> SegmentedIndex::search(std::span<const float> query,
                                            std::uint32_t top_k, const VectorView& view,
                                            const Checkpoint& check) const {
  TRAWL_ASSIGN(auto vectors, checked_query(query));
  const auto now = state();
  const auto parts = now->parts_at(view.version);
  return bounded(check, [&]() -> Result<SearchResult> {
    return search_parts(parts, vectors, top_k, view, options_.exact_max);
  });
}

Result<SearchResult> SegmentedIndex::search_exhaustively(std::span<const float> query,
                                                         std::uint32_t top_k,
                                                         const VectorView& view) const {
  TRAWL_ASSIGN(const auto vectors, checked_query(query));
  const auto now = state();
  return search_parts_exhaustively(now->parts_at(view.version), vectors, top_k, view);
}

Result<std::optional<float>> SegmentedIndex::score(std::span<const float> query,
                                                   std::uint32_t row,
                                                   const VectorView& view) const {
  TRAWL_ASSIGN(const auto vectors, checked_query(query));
  std::optional<float> score;
  if (row >= view.row_end || (view.dead != nullptr && view.dead->test(row))) return score;
  const auto now = state();
  const auto parts = now->parts_at(view.version);
  if (const auto place = find_row(parts, row)) {
    score = score_row(*place->part, place->begin, place->end, vectors);
  }
  return score;
}

Result<std::vector<float>> SegmentedIndex::vectors_of(std::uint32_t row,
                                                      std::uint64_t version) const {
  const auto now = state();
  const auto parts = now->parts_at(version);
  const auto place = find_row(parts, row);
  if (!place) return std::vector<float>();
  return std::vector<float>(place->part->values_at(place->begin),
                            place->part->values_at(place->end));
}

std::uint64_t SegmentedIndex::row_count(const VectorView& view) const {
  const auto now = state();
  const auto parts = now->parts_at(view.version);
  return visible_row_count(parts, view);
}

}  // namespace

Result<std::unique_ptr<DenseIndex>> DenseIndex::open(IndexOptions options) {
  if (options.dimension == 0 || options.dimension > kDimensionMax) {
    return make_error(ErrorCode::internal,
                      fmt::format("an index of {} dimensions; use 1 to {}",
                                  options.dimension, kDimensionMax));
  }
  auto index = std::make_unique<SegmentedIndex>(std::move(options));
  TRAWL_TRY(index->load());
  return std::unique_ptr<DenseIndex>(std::move(index));
}

void remove_index(const std::string& directory) {
  remove_segment_files(directory, kSegmentFileSuffix);
}

}  // namespace trawl::dense
