#include "corpus/lexical/segment_writer.h"

#include <algorithm>
#include <compare>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"

namespace trawl::lexical {

SegmentWriter::SegmentWriter(ByteSink& sink, const SegmentOrigin& origin,
                             std::uint32_t first_row,
                             std::span<const std::uint32_t> lengths, std::string_view magic,
                             Checksum checksum)
    : sink_(sink), lengths_(lengths), has_checksum_(checksum == Checksum::of_all) {
  std::memcpy(footer_.magic, magic.data(), sizeof footer_.magic);
  footer_.origin = origin;
  footer_.first_row = first_row;
  footer_.row_end = first_row + static_cast<std::uint32_t>(lengths.size());
  for (const auto length : lengths) footer_.total_length += length;
  put(magic);
  put({reinterpret_cast<const char*>(lengths.data()), lengths.size_bytes()});
}

void SegmentWriter::put(std::string_view bytes) {
  if (has_checksum_) crc_ = crc32(bytes, crc_);
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
  TRAWL_TRY(encoder_.finish());
  put(encoder_.headers());
  put(encoder_.blocks());
  footer_.postings_size += encoder_.headers().size() + encoder_.blocks().size();
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
  if (has_checksum_) {
    footer_.crc = crc32(footer.substr(0, offsetof(SegmentFooter, crc)), crc_);
  }
  sink_.write(footer);
  return sink_.finish();
}

Result<void> merge_segments(std::span<const std::shared_ptr<const Segment>> segments,
                            ByteSink& sink, const RowChoice& rows, std::string_view magic,
                            Checksum checksum) {
  // Where a segment is read.
  struct Place {
    Place(const Segment& its_segment, std::uint32_t its_index)
        : segment(&its_segment), index(its_index) {
      read_term();
    }
    // False at the end.
    bool next() {
      if (++index == segment->term_count()) return false;
      read_term();
      return true;
    }
    void read_term() {
      term = segment->term(index);
      beginning = order_of_beginning(term);
    }
    std::strong_ordering operator<=>(const Place& other) const {
      if (beginning != other.beginning) return beginning <=> other.beginning;
      return term <=> other.term;
    }
    bool operator==(const Place& other) const {
      return beginning == other.beginning && term == other.term;
    }

    const Segment* segment;
    std::uint32_t index;
    std::string_view term;
    std::uint64_t beginning;
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
  std::vector<Place> places;  // In the order of the segments, which are few.
  bool are_in_order = true;   // One after another, without a row between rows of another.
  std::uint32_t end = 0;
  for (const auto& shared : segments) {
    const Segment& segment = *shared;
    are_in_order = are_in_order && segment.first_row() >= end;
    end = segment.row_end();
    for (auto row = segment.first_row(); row < segment.row_end(); ++row) {
      // Of segments of the same rows, one at most has a length.
      if (const auto length = segment.length(row); length > 0 && rows.has(row)) {
        lengths[rows.number(row) - first_row] = length;
      }
    }
    if (segment.term_count() > 0) places.emplace_back(segment, 0);
  }

  SegmentWriter writer(sink, segments.front()->origin(), first_row, lengths, magic,
                       checksum);
  const bool has_all = rows.has_all();
  std::vector<RowTf> postings;  // Of one term, unless they come in order.
  const auto in_order = [](const RowTf& a, const RowTf& b) { return a.row < b.row; };
  while (!places.empty()) {
    const Place least = *std::min_element(places.begin(), places.end());
    writer.begin_term(least.term);
    postings.clear();
    bool any_ended = false;
    for (Place& place : places) {
      if (place != least) continue;
      const auto merged = static_cast<std::ptrdiff_t>(postings.size());
      PostingsCursor cursor(place.segment->postings(place.index));
      cursor.for_each([&](std::uint32_t row, std::uint32_t tf) {
        if (!has_all && !rows.has(row)) return;
        if (are_in_order) {
          writer.add(rows.number(row), tf);
        } else {
          postings.push_back({row, tf});
        }
      });
      if (cursor.damaged()) {
        return make_error(ErrorCode::storage,
                          "damaged index segment: postings do not add up");
      }
      if (merged > 0 && merged < static_cast<std::ptrdiff_t>(postings.size()) &&
          in_order(postings[static_cast<std::size_t>(merged)],
                   postings[static_cast<std::size_t>(merged) - 1])) {
        std::inplace_merge(postings.begin(), postings.begin() + merged, postings.end(),
                           in_order);
      }
      if (!place.next()) {
        place.segment = nullptr;
        any_ended = true;
      }
    }
    for (const auto& [row, tf] : postings) writer.add(rows.number(row), tf);
    TRAWL_TRY(writer.end_term());
    if (any_ended) {
      std::erase_if(places, [](const Place& place) { return place.segment == nullptr; });
    }
  }
  return writer.finish();
}

Result<void> write_segment(const Segment& segment, ByteSink& sink) {
  constexpr std::size_t kBehind = sizeof(SegmentFooter) - offsetof(SegmentFooter, crc);
  const std::string_view bytes = segment.bytes();
  const std::string_view checked = bytes.substr(0, bytes.size() - kBehind);
  const std::uint32_t crc = crc32(checked);
  sink.write(checked);
  sink.write({reinterpret_cast<const char*>(&crc), sizeof crc});
  sink.write(bytes.substr(checked.size() + sizeof crc));
  return sink.finish();
}

}  // namespace trawl::lexical
