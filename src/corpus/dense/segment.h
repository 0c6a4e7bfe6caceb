#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_sink.h"
#include "base/mapped_file.h"
#include "base/result.h"
#include "corpus/dense/vector_part.h"
#include "model/collection.h"

namespace trawl::dense {

// Layout of a segment file, all numbers little-endian, each part padded with zeros to a
// multiple of 64 bytes:
//
//   header     SegmentHeader
//   points     Breakpoint for each version or several in which vectors arrived
//   rows       u32 for each vector; none where they go on by ones from the first
//   scales     u16, the upper half of a float32
//   factors    u16, likewise
//   squares    u16, likewise; under Metric::l2 alone
//   bits       bits_stride() bytes, as BitBlocks has them; the last block is filled with 0
//   codes      a byte for each dimension
//   values     float32 for each dimension, as they were given
//   footer     SegmentFooter: without padding
//
// The checksum is the content_hash() of those of each kHashedBytes before the footer.
inline constexpr std::string_view kSegmentMagic = "TRWLVEC2";
inline constexpr std::size_t kHashedBytes = 1 << 20;
inline constexpr std::size_t kSectionAlign = 64;

inline constexpr std::string_view kSegmentFileSuffix = ".vec";

// A place in the order of arrival: behind a version, or behind a part of it where it was
// too large for one segment.
struct Position {
  static constexpr std::uint32_t kWhole = UINT32_MAX;

  std::uint64_t version = 0;
  std::uint32_t part = kWhole;

  bool is_whole() const { return part == kWhole; }
  auto operator<=>(const Position&) const = default;
};

// Vectors before `end` arrived in this version or before.
struct Breakpoint {
  std::uint64_t version = 0;
  std::uint32_t end = 0;
  std::uint32_t zero = 0;
};
static_assert(sizeof(Breakpoint) == 16);

// What a segment is of.
struct SegmentOrigin {
  std::uint64_t fingerprint = 0;
  std::uint32_t dimension = 0;
  Metric metric = Metric::cosine;
  bool operator==(const SegmentOrigin&) const = default;
};

struct SegmentHeader {
  char magic[8] = {};
  std::uint64_t fingerprint = 0;
  std::uint64_t from_version = 0;
  std::uint64_t to_version = 0;
  std::uint32_t from_part = 0;
  std::uint32_t to_part = 0;
  std::uint32_t dimension = 0;
  std::uint32_t metric = 0;
  std::uint32_t vector_count = 0;
  std::uint32_t point_count = 0;
  std::uint32_t has_rows = 0;
  std::uint32_t first_row = 0;  // Where it has none.
};
static_assert(sizeof(SegmentHeader) == 64);

struct SegmentFooter {
  std::uint64_t checksum = 0;
  char magic[8] = {};
};
static_assert(sizeof(SegmentFooter) == 16);

// Vectors, and the versions that they arrived in.
struct VersionedPart {
  VectorPart part;
  std::span<const Breakpoint> points;

  // How many arrived in the version or before.
  std::uint32_t count_at(std::uint64_t version) const;
};

// Vectors in a file that never changes. Thread-safe.
class Segment {
 public:
  // Maps the file and checks all of it against the checksum; but for one that was written a
  // moment ago, of which nothing would be read but what was written.
  //   storage  it cannot be read or is damaged
  enum class Checksum { checked, trusted };
  static Result<std::shared_ptr<const Segment>> open(const std::string& path,
                                                     Checksum checksum = Checksum::checked);

  const SegmentOrigin& origin() const { return origin_; }
  // It has what arrived after one position, up to the other.
  Position from() const { return from_; }
  Position to() const { return to_; }
  const VersionedPart& vectors() const { return vectors_; }
  std::string name() const;

 private:
  explicit Segment(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}
  Result<void> read_layout();

  const std::shared_ptr<const MappedFile> file_;
  SegmentOrigin origin_;
  Position from_;
  Position to_;
  VersionedPart vectors_;
};

std::string segment_name(Position from, Position to);

// What a new segment takes of others.
struct SegmentChoice {
  std::uint64_t after = 0;  // What arrived after this version.
  // The number that a row gets; nothing leaves it out. Empty: all as they are.
  std::function<std::optional<std::uint32_t>(std::uint32_t row)> number;
  std::uint64_t oldest = 0;  // Which of the versions before this it was is forgotten.
};

// Writes vectors as one segment, in this order.
//   storage  they are more than 2^32, or the sink failed
Result<void> write_segment(ByteSink& sink, const SegmentOrigin& origin, Position from,
                           Position to, std::span<const VersionedPart> sources,
                           const SegmentChoice& choice = {});

}  // namespace trawl::dense
