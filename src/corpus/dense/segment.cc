#include "corpus/dense/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/segment_files.h"

namespace trawl::dense {
namespace {

Error damaged(std::string_view what) {
  return make_error(ErrorCode::storage,
                    fmt::format("damaged segment of vectors: {}", what));
}

constexpr std::uint64_t aligned(std::uint64_t size) {
  return (size + kSectionAlign - 1) / kSectionAlign * kSectionAlign;
}

// Where each part of a file begins. Nothing overflows: there are at most 2^32 vectors of at
// most 2^32 dimensions of 4 bytes, and a dimension that is out of range was refused before.
struct Layout {
  explicit Layout(const SegmentHeader& header) {
    const std::uint64_t n = header.vector_count;
    const bool has_squares = header.metric == static_cast<std::uint32_t>(Metric::l2);
    points = aligned(sizeof(SegmentHeader));
    rows = points + aligned(header.point_count * sizeof(Breakpoint));
    scales = rows + (header.has_rows != 0 ? aligned(n * 4) : 0);
    factors = scales + aligned(n * 2);
    squares = factors + aligned(n * 2);
    bits = squares + (has_squares ? aligned(n * 2) : 0);
    const std::uint64_t blocks = (n + kBlock - 1) / kBlock;
    codes = bits + aligned(blocks * kBlock * bits_stride(header.dimension));
    values = codes + aligned(n * header.dimension);
    footer = values + aligned(n * header.dimension * 4);
    size = footer + sizeof(SegmentFooter);
  }
  std::uint64_t points, rows, scales, factors, squares, bits, codes, values, footer, size;
};

constexpr std::uint32_t kDimensionLimit = 1 << 16;

std::uint64_t checksum_of(std::string_view bytes) {
  std::vector<std::uint64_t> hashes;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kHashedBytes))) {
    hashes.push_back(content_hash(bytes.substr(0, kHashedBytes)));
  }
  return content_hash({reinterpret_cast<const char*>(hashes.data()), hashes.size() * 8});
}

// Whether halves are those of finite numbers that are not below 0.
bool are_sizes(const std::uint16_t* halves, std::size_t count) {
  bool all = true;
  for (std::size_t i = 0; i < count; ++i) all = all && halves[i] < 0x7f80;
  return all;
}

// Passes bytes on, and keeps the hashes of what checksum_of() takes at a time.
class HashedSink {
 public:
  explicit HashedSink(ByteSink& sink) : sink_(sink) {}

  template <class T>
  void write(const T* values, std::size_t count) {
    write_bytes({reinterpret_cast<const char*>(values), count * sizeof(T)});
  }
  void write_bytes(std::string_view bytes) {
    sink_.write(bytes);
    written_ += bytes.size();
    while (!bytes.empty()) {
      // Of what comes in one piece nothing is copied.
      if (begun_.empty() && bytes.size() >= kHashedBytes) {
        hashes_.push_back(content_hash(bytes.substr(0, kHashedBytes)));
        bytes.remove_prefix(kHashedBytes);
        continue;
      }
      const std::size_t more = std::min(bytes.size(), kHashedBytes - begun_.size());
      begun_.append(bytes.substr(0, more));
      bytes.remove_prefix(more);
      if (begun_.size() == kHashedBytes) finish_piece();
    }
  }
  void align() {
    const std::string zeros(aligned(written_) - written_, '\0');
    write_bytes(zeros);
  }
  Result<void> finish() {
    if (!begun_.empty()) finish_piece();
    SegmentFooter footer;
    footer.checksum =
        content_hash({reinterpret_cast<const char*>(hashes_.data()), hashes_.size() * 8});
    std::memcpy(footer.magic, kSegmentMagic.data(), sizeof footer.magic);
    sink_.write({reinterpret_cast<const char*>(&footer), sizeof footer});
    return sink_.finish();
  }

 private:
  void finish_piece() {
    hashes_.push_back(content_hash(begun_));
    begun_.clear();
  }

  ByteSink& sink_;
  std::uint64_t written_ = 0;
  std::string begun_;
  std::vector<std::uint64_t> hashes_;
};

// Neighbours of one source that are taken.
struct Taken {
  const VectorPart* part;
  std::uint32_t begin;
  std::uint32_t end;
};

// What is taken of a source need not begin where a block does.
void write_bits(HashedSink& out, std::span<const Taken> taken, std::uint32_t dimension) {
  std::vector<std::uint8_t> block(kBlock * bits_stride(dimension));
  std::size_t filled = 0;
  for (const Taken& some : taken) {
    for (std::uint32_t i = some.begin; i < some.end;) {
      if (filled == 0 && i % kBlock == 0) {
        const std::size_t whole = (some.end - i) / kBlock;
        const std::size_t first = i / kBlock;
        out.write(some.part->bits + first * block.size(), whole * block.size());
        i += static_cast<std::uint32_t>(whole * kBlock);
        if (i == some.end) break;
      }
      some.part->copy_bits(i++, block.data(), filled++);
      if (filled < kBlock) continue;
      out.write(block.data(), block.size());
      filled = 0;
    }
  }
  if (filled > 0) {
    for (std::size_t b = 0; b < block.size(); ++b) {
      if (b % kBlock >= filled) block[b] = 0;
    }
    out.write(block.data(), block.size());
  }
  out.align();
}

}  // namespace

std::uint32_t VersionedPart::count_at(std::uint64_t version) const {
  const auto after = std::upper_bound(
      points.begin(), points.end(), version,
      [](std::uint64_t wanted, const Breakpoint& point) { return wanted < point.version; });
  return after == points.begin() ? 0 : std::prev(after)->end;
}

std::string segment_name(Position from, Position to) {
  const auto text = [](Position at) {
    return at.is_whole() ? fmt::format("{:020}", at.version)
                         : fmt::format("{:020}.{}", at.version, at.part);
  };
  return fmt::format("{}{}-{}{}", kSegmentFilePrefix, text(from), text(to),
                     kSegmentFileSuffix);
}

std::string Segment::name() const {
  return segment_name(from_, to_);
}

Result<std::shared_ptr<const Segment>> Segment::open(const std::string& path,
                                                     Checksum checksum) {
  TRAWL_ASSIGN(auto file, MappedFile::open(path));
  const std::string_view bytes = file->bytes();
  if (bytes.size() < sizeof(SegmentHeader) + sizeof(SegmentFooter)) {
    return damaged("the file is too short");
  }
  const std::size_t hashed = bytes.size() - sizeof(SegmentFooter);
  const auto footer = load<SegmentFooter>(bytes.data() + hashed);
  if (!bytes.starts_with(kSegmentMagic) || !bytes.ends_with(kSegmentMagic)) {
    return damaged("it does not begin and end as a segment of this version");
  }
  if (checksum == Checksum::checked &&
      checksum_of(bytes.substr(0, hashed)) != footer.checksum) {
    return damaged("the checksum does not match");
  }
  std::shared_ptr<Segment> segment(new Segment(std::move(file)));
  TRAWL_TRY(segment->read_layout());
  return std::shared_ptr<const Segment>(std::move(segment));
}

Result<void> Segment::read_layout() {
  const char* const bytes = file_->bytes().data();
  const auto header = load<SegmentHeader>(bytes);
  if (header.dimension == 0 || header.dimension >= kDimensionLimit ||
      header.metric > static_cast<std::uint32_t>(Metric::l2)) {
    return damaged("its kind is out of range");
  }
  const Layout layout(header);
  if (layout.size != file_->bytes().size()) {
    return damaged("its parts do not add up to its size");
  }
  origin_ = {header.fingerprint, header.dimension, static_cast<Metric>(header.metric)};
  from_ = {header.from_version, header.from_part};
  to_ = {header.to_version, header.to_part};
  if (!(from_ < to_)) return damaged("it ends before it begins");

  // A mapping begins at a page, and each part at a multiple of 64 bytes.
  VectorPart& part = vectors_.part;
  part.count = header.vector_count;
  part.dimension = header.dimension;
  if (header.has_rows != 0) {
    part.rows = reinterpret_cast<const std::uint32_t*>(bytes + layout.rows);
  }
  part.scales = reinterpret_cast<const std::uint16_t*>(bytes + layout.scales);
  part.factors = reinterpret_cast<const std::uint16_t*>(bytes + layout.factors);
  if (origin_.metric == Metric::l2) {
    part.squares = reinterpret_cast<const std::uint16_t*>(bytes + layout.squares);
  }
  part.bits = reinterpret_cast<const std::uint8_t*>(bytes + layout.bits);
  part.codes = reinterpret_cast<const std::uint8_t*>(bytes + layout.codes);
  part.values = reinterpret_cast<const float*>(bytes + layout.values);
  vectors_.points = {reinterpret_cast<const Breakpoint*>(bytes + layout.points),
                     header.point_count};

  std::uint32_t end = 0;
  std::uint64_t version = from_.is_whole() ? from_.version : from_.version - 1;
  for (const Breakpoint& point : vectors_.points) {
    if (point.version <= version || point.version > to_.version || point.end <= end) {
      return damaged("its versions are not in order");
    }
    version = point.version;
    end = point.end;
  }
  if (end != part.count) return damaged("its versions do not reach its end");
  if (!are_sizes(part.scales, part.count) || !are_sizes(part.factors, part.count) ||
      (part.squares != nullptr && !are_sizes(part.squares, part.count))) {
    return damaged("a size is no number");
  }
  if (part.rows == nullptr && part.count > 0) {
    if (part.count - 1 > UINT32_MAX - header.first_row) {
      return damaged("its rows are too many");
    }
    part.row_min = header.first_row;
    part.row_max = header.first_row + (part.count - 1);
  }
  for (std::uint32_t i = 0; part.rows != nullptr && i < part.count; ++i) {
    part.row_min = std::min(part.row_min, part.rows[i]);
    part.row_max = std::max(part.row_max, part.rows[i]);
    if (i > 0 && part.rows[i] <= part.rows[i - 1]) part.is_ascending = false;
  }
  file_->expect_scattered_reads(layout.values, layout.footer - layout.values);
  return {};
}

Result<void> write_segment(ByteSink& sink, const SegmentOrigin& origin, Position from,
                           Position to, std::span<const VersionedPart> sources,
                           const SegmentChoice& choice) {
  std::vector<Taken> taken;
  std::vector<std::uint32_t> rows;
  std::vector<Breakpoint> points;
  std::uint64_t count = 0;
  for (const VersionedPart& source : sources) {
    std::uint32_t i = source.count_at(choice.after);
    for (const Breakpoint& point : source.points) {
      const std::uint64_t before = count;
      while (i < point.end) {
        const std::uint32_t row = source.part.row(i);
        const auto number = choice.number ? choice.number(row) : std::optional(row);
        const std::uint32_t run_end = source.part.run_end(i);
        if (number) {
          if (!taken.empty() && taken.back().part == &source.part &&
              taken.back().end == i) {
            taken.back().end = run_end;
          } else {
            taken.push_back({&source.part, i, run_end});
          }
          rows.insert(rows.end(), run_end - i, *number);
          count += run_end - i;
        }
        i = run_end;
      }
      if (count == before) continue;
      if (count > UINT32_MAX) {
        return make_error(ErrorCode::storage,
                          "a segment would have more than 2^32 vectors; split the "
                          "collection");
      }
      const bool joins = !points.empty() && (points.back().version == point.version ||
                                             point.version <= choice.oldest);
      if (!joins) points.emplace_back();
      points.back() = {point.version, static_cast<std::uint32_t>(count), 0};
    }
  }

  SegmentHeader header;
  std::memcpy(header.magic, kSegmentMagic.data(), sizeof header.magic);
  header.fingerprint = origin.fingerprint;
  header.from_version = from.version;
  header.from_part = from.part;
  header.to_version = to.version;
  header.to_part = to.part;
  header.dimension = origin.dimension;
  header.metric = static_cast<std::uint32_t>(origin.metric);
  header.vector_count = static_cast<std::uint32_t>(count);
  header.point_count = static_cast<std::uint32_t>(points.size());

  bool has_rows = false;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    has_rows = has_rows || rows[i] != rows[i - 1] + 1 || rows[i] == 0;
  }
  header.has_rows = has_rows;
  header.first_row = has_rows || rows.empty() ? 0 : rows.front();

  HashedSink out(sink);
  out.write(&header, 1);
  out.align();
  out.write(points.data(), points.size());
  out.align();
  if (has_rows) out.write(rows.data(), rows.size());
  out.align();
  const auto put = [&](const auto* VectorPart::*array, std::size_t each) {
    for (const Taken& some : taken) {
      out.write(some.part->*array + some.begin * each, (some.end - some.begin) * each);
    }
    out.align();
  };
  put(&VectorPart::scales, 1);
  put(&VectorPart::factors, 1);
  if (origin.metric == Metric::l2) put(&VectorPart::squares, 1);
  write_bits(out, taken, origin.dimension);
  put(&VectorPart::codes, origin.dimension);
  put(&VectorPart::values, origin.dimension);
  return out.finish();
}

}  // namespace trawl::dense
