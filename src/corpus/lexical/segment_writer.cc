#include "corpus/lexical/segment_writer.h"

#include <algorithm>
#include <cstring>
#include <queue>
#include <utility>

#include "base/hash.h"

namespace trawl::lexical {

SegmentWriter::SegmentWriter(ByteSink& sink, const SegmentOrigin& origin,
                             std::uint32_t first_row,
                             std::span<const std::uint32_t> lengths, std::string_view magic)
    : sink_(sink), lengths_(lengths) {
  std::memcpy(footer_.magic, magic.data(), sizeof footer_.magic);
  footer_.origin = origin;
  footer_.first_row = first_row;
  footer_.row_end = first_row + static_cast<std::uint32_t>(lengths.size());
  for (const auto length : lengths) footer_.total_length += length;
  put(magic);
  put({reinterpret_cast<const char*>(lengths.data()), lengths.size_bytes()});
}

void SegmentWriter::put(std::string_view bytes) {
  crc_ = crc32(bytes, crc_);
  sink_.write(bytes);
}

void SegmentWriter::begin_term(std::string_view term) {
  term_ = term;
  encoder_.begin(footer_.first_row);
}

Result<void> SegmentWriter::end_term() {
  if (encoder_.count() == 0) return {};
  if (text_.size() + term_.size() > UINT32_MAX || entries_.size() == UINT32_MAX) {
    return make_error(
        ErrorCode::storage,
        "an index has more than 4 GiB of distinct words; split the collection");
  }
  TermEntry entry;
  entry.postings_offset = footer_.postings_size;
  entry.text_offset = static_cast<std::uint32_t>(text_.size());
  entry.count = encoder_.count();
  encoded_.clear();
  TRAWL_TRY(encoder_.finish(encoded_));
  put(encoded_);
  footer_.postings_size += encoded_.size();
  text_.append(term_);
  entries_.push_back(entry);
  return {};
}

Result<void> SegmentWriter::finish() {
  put(std::string(kPostingsPadding, '\0'));
  put(text_);
  put({reinterpret_cast<const char*>(entries_.data()),
       entries_.size() * sizeof(TermEntry)});
  footer_.text_size = text_.size();
  footer_.term_count = static_cast<std::uint32_t>(entries_.size());
  const std::string_view footer(reinterpret_cast<const char*>(&footer_), sizeof footer_);
  footer_.crc = crc32(footer.substr(0, offsetof(SegmentFooter, crc)), crc_);
  sink_.write(footer);
  return sink_.finish();
}

Result<void> merge_segments(std::span<const std::shared_ptr<const Segment>> segments,
                            ByteSink& sink, const RowChoice& rows, std::string_view magic) {
  struct Place {
    std::string_view term;
    std::size_t segment;
    std::uint32_t index;
    // std::priority_queue gives the greatest first: the first term, in its first segment.
    bool operator<(const Place& other) const {
      const int order = term.compare(other.term);
      return order != 0 ? order > 0 : segment > other.segment;
    }
  };
  struct RowTf {
    std::uint32_t row;
    std::uint32_t tf;
  };
  std::uint32_t first_row = segments.front()->first_row();
  std::uint32_t row_end = segments.front()->row_end();
  for (const auto& segment : segments) {
    first_row = std::min(first_row, segment->first_row());
    row_end = std::max(row_end, segment->row_end());
  }
  first_row = rows.number(std::max(first_row, rows.begin));
  std::vector<std::uint32_t> lengths(rows.number(row_end) - first_row);
  std::priority_queue<Place> places;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = *segments[i];
    for (auto row = segment.first_row(); row < segment.row_end(); ++row) {
      // Of segments of the same rows, one at most has a length.
      if (const auto length = segment.length(row); length > 0 && rows.has(row)) {
        lengths[rows.number(row) - first_row] = length;
      }
    }
    if (segment.term_count() > 0) places.push({segment.term(0), i, 0});
  }

  SegmentWriter writer(sink, segments.front()->origin(), first_row, lengths, magic);
  std::vector<RowTf> postings;  // Of one term.
  const auto in_order = [](const RowTf& a, const RowTf& b) { return a.row < b.row; };
  while (!places.empty()) {
    const std::string_view term = places.top().term;
    writer.begin_term(term);
    postings.clear();
    while (!places.empty() && places.top().term == term) {
      const auto merged = static_cast<std::ptrdiff_t>(postings.size());
      const Place place = places.top();
      places.pop();
      const Segment& segment = *segments[place.segment];
      PostingsCursor cursor(segment.postings(place.index));
      std::uint32_t row = cursor.seek(segment.first_row());
      while (row != kNoRow) {
        for (std::uint32_t i = 0; i < cursor.block_size(); ++i) {
          if (rows.has(cursor.row())) postings.push_back({cursor.row(), cursor.tf()});
          row = cursor.next_in_block();
        }
        row = cursor.seek(row);
      }
      if (cursor.damaged()) {
        return make_error(ErrorCode::storage,
                          "damaged index segment: postings do not add up");
      }
      if (place.index + 1 < segment.term_count()) {
        places.push({segment.term(place.index + 1), place.segment, place.index + 1});
      }
      if (merged > 0 && merged < static_cast<std::ptrdiff_t>(postings.size()) &&
          in_order(postings[static_cast<std::size_t>(merged)],
                   postings[static_cast<std::size_t>(merged) - 1])) {
        std::inplace_merge(postings.begin(), postings.begin() + merged, postings.end(),
                           in_order);
      }
    }
    for (const auto& [row, tf] : postings) writer.add(rows.number(row), tf);
    TRAWL_TRY(writer.end_term());
  }
  return writer.finish();
}

}  // namespace trawl::lexical
