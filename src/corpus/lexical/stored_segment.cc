#include "corpus/lexical/stored_segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/segment_files.h"

namespace trawl::lexical {

std::string segment_file_name(std::uint32_t first_row, std::uint32_t row_end) {
  return fmt::format("{}{:010}-{:010}{}", kSegmentFilePrefix, first_row, row_end,
                     kSegmentFileSuffix);
}

Result<StoredSegment> open_stored_segment(const std::string& path) {
  TRAWL_ASSIGN(auto segments, Segment::open(path));
  StoredSegment stored{segments.back(), segments.size() > 1 ? segments.front() : nullptr};
  if (segments.size() > 2 || stored.current->is_older() ||
      (stored.older != nullptr &&
       (!stored.older->is_older() || stored.older->origin() != stored.current->origin() ||
        stored.older->first_row() < stored.first_row() ||
        stored.older->row_end() > stored.row_end()))) {
    return make_error(ErrorCode::storage, "its segments do not belong together");
  }
  return stored;
}

Result<void> merge_stored_segments(std::span<const StoredSegment> stored, ByteSink& sink,
                                   const StoredChoice& choice) {
  std::vector<std::shared_ptr<const Segment>> current;
  std::vector<std::shared_ptr<const Segment>> older;
  for (const auto& each : stored) {
    current.push_back(each.current);
    if (each.older != nullptr && each.older->row_end() > choice.begin) {
      older.push_back(each.older);
    }
  }
  RowChoice staying;
  staying.without = choice.superseded != nullptr ? choice.superseded : choice.gone;
  staying.begin = choice.begin;
  staying.renumber = choice.renumber;
  RowChoice leaving = staying;
  leaving.without = choice.gone;
  if (choice.superseded != nullptr) {
    older.insert(older.end(), current.begin(), current.end());
    leaving.only = choice.superseded;
  }
  const auto keeps = [&](const std::shared_ptr<const Segment>& segment) {
    const std::uint32_t all = leaving.only == nullptr ? segment->held_count()
                                                      : segment->count_held(*leaving.only);
    return all > (choice.gone == nullptr ? 0 : segment->count_held(*choice.gone));
  };
  if (std::any_of(older.begin(), older.end(), keeps)) {
    PartSink part(sink);
    TRAWL_TRY(merge_segments(older, part, leaving, kOlderMagic));
  }
  return merge_segments(current, sink, staying);
}

}  // namespace trawl::lexical
