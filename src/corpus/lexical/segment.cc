#include "corpus/lexical/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "base/mapped_file.h"

namespace trawl::lexical {
namespace {

Error damaged(std::string_view what) {
  return make_error(ErrorCode::storage, fmt::format("damaged index segment: {}", what));
}

// One comparison each before a sum, so that it cannot overflow.
std::optional<std::uint64_t> size_of(const SegmentFooter& footer, std::uint64_t most) {
  if (footer.row_end < footer.first_row || footer.postings_size > most ||
      footer.text_size > most) {
    return std::nullopt;
  }
  return kSegmentMagic.size() + std::uint64_t{footer.row_end - footer.first_row} * 4 +
         footer.postings_size + kPostingsPadding + footer.text_size +
         std::uint64_t{footer.term_count} * sizeof(TermEntry) + sizeof(SegmentFooter);
}

}  // namespace

Result<std::vector<std::shared_ptr<const Segment>>> Segment::open(const std::string& path) {
  TRAWL_ASSIGN(const std::shared_ptr<const MappedFile> owner, MappedFile::open(path));
  const std::size_t size = owner->bytes().size();

  constexpr std::size_t kChecksumEnd = offsetof(SegmentFooter, crc);
  std::vector<std::shared_ptr<const Segment>> segments;
  // From the last to the first: where one begins is known from its end.
  for (std::string_view rest = owner->bytes(); !rest.empty();) {
    if (rest.size() < sizeof(SegmentFooter)) return damaged("the file is too short");
    const auto own = size_of(
        load<SegmentFooter>(rest.data() + rest.size() - sizeof(SegmentFooter)), size);
    if (!own || *own > rest.size()) return damaged("a size is out of range");
    const std::string_view bytes = rest.substr(rest.size() - *own);
    rest.remove_suffix(bytes.size());
    const std::size_t checked = bytes.size() - sizeof(SegmentFooter) + kChecksumEnd;
    if (crc32(bytes.substr(0, checked)) != load<std::uint32_t>(bytes.data() + checked)) {
      return damaged("the checksum does not match");
    }
    std::shared_ptr<Segment> segment(new Segment(owner, bytes));
    TRAWL_TRY(segment->read_layout());
    segments.push_back(std::move(segment));
  }
  std::reverse(segments.begin(), segments.end());
  return segments;
}

Result<std::shared_ptr<const Segment>> Segment::from_bytes(std::string bytes) {
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  std::shared_ptr<Segment> segment(new Segment(owner, *owner));
  TRAWL_TRY(segment->read_layout());
  return std::shared_ptr<const Segment>(std::move(segment));
}

Result<void> Segment::read_layout() {
  if (bytes_.size() < kSegmentMagic.size() + sizeof(SegmentFooter) ||
      !(bytes_.ends_with(kSegmentMagic) || is_older()) ||
      !bytes_.starts_with(bytes_.substr(bytes_.size() - kSegmentMagic.size()))) {
    return damaged("it does not begin and end as a segment of this version");
  }
  footer_ = load<SegmentFooter>(bytes_.data() + bytes_.size() - sizeof(SegmentFooter));
  const auto size = size_of(footer_, bytes_.size());
  if (!size) return damaged("a size is out of range");
  if (*size != bytes_.size()) return damaged("its parts do not add up to its size");
  lengths_ = bytes_.data() + kSegmentMagic.size();
  postings_ = lengths_ + std::size_t{row_count()} * 4;
  text_ = postings_ + footer_.postings_size + kPostingsPadding;
  entries_ = text_ + footer_.text_size;
  read_held();
  return check_terms();
}

void Segment::read_held() {
  const std::uint32_t first = footer_.first_row / 64 * 64;
  held_.resize((std::size_t{footer_.row_end - first} + 63) / 64);
  for (auto row = footer_.first_row; row < footer_.row_end; ++row) {
    if (length(row) == 0) continue;
    held_[(row - first) / 64] |= std::uint64_t{1} << (row % 64);
    ++held_count_;
  }
}

Result<void> Segment::check_terms() const {
  for (std::uint32_t i = 0; i < footer_.term_count; ++i) {
    const TermEntry term = entry(i);
    const std::uint64_t text_end =
        i + 1 < footer_.term_count ? entry(i + 1).text_offset : footer_.text_size;
    if (term.text_offset > text_end || text_end > footer_.text_size) {
      return damaged("a term lies outside");
    }
    const std::uint64_t blocks =
        (std::uint64_t{term.count} + kBlockPostings - 1) / kBlockPostings;
    if (term.count == 0 || term.count > row_count() ||
        term.postings_offset > footer_.postings_size ||
        blocks * sizeof(BlockHeader) > footer_.postings_size - term.postings_offset) {
      return damaged("the postings of a term lie outside");
    }
  }
  return {};
}

TermEntry Segment::entry(std::uint32_t index) const {
  return load<TermEntry>(entries_ + std::size_t{index} * sizeof(TermEntry));
}

std::string_view Segment::term(std::uint32_t index) const {
  const std::size_t begin = entry(index).text_offset;
  const std::size_t end =
      index + 1 < footer_.term_count ? entry(index + 1).text_offset : footer_.text_size;
  return {text_ + begin, end - begin};
}

TermPostings Segment::postings(std::uint32_t index) const {
  const TermEntry term = entry(index);
  TermPostings found;
  found.count = term.count;
  found.first_row = footer_.first_row;
  found.row_end = footer_.row_end;
  found.headers = postings_ + term.postings_offset;
  found.blocks = found.headers + std::size_t{found.block_count()} * sizeof(BlockHeader);
  found.blocks_end = postings_ + footer_.postings_size;
  return found;
}

TermPostings Segment::find(std::string_view wanted) const {
  std::uint32_t low = 0;
  std::uint32_t high = footer_.term_count;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const int order = term(middle).compare(wanted);
    if (order == 0) return postings(middle);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {};
}

}  // namespace trawl::lexical
