#include "corpus/lexical/segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/hash.h"

namespace trawl::lexical {
namespace {

Error damaged(std::string_view what) {
  return make_error(ErrorCode::storage, fmt::format("damaged index segment: {}", what));
}

}  // namespace

Result<std::shared_ptr<const Segment>> Segment::open(const std::string& path) {
  const auto failed = [&](const char* what) {
    return make_error(ErrorCode::storage,
                      fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    Error error = failed("inspect");
    ::close(fd);
    return error;
  }
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    ::close(fd);
    return damaged("the file is empty");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  Error map_error = mapping == MAP_FAILED ? failed("map") : Error{};
  ::close(fd);
  if (mapping == MAP_FAILED) return map_error;
  std::shared_ptr<Segment> segment(new Segment(mapping, size));

  constexpr std::size_t kChecksumEnd = offsetof(SegmentFooter, crc);
  if (size < sizeof(SegmentFooter)) return damaged("the file is too short");
  const std::string_view bytes = segment->bytes_;
  const std::size_t checked = size - sizeof(SegmentFooter) + kChecksumEnd;
  if (crc32(bytes.substr(0, checked)) != load<std::uint32_t>(bytes.data() + checked)) {
    return damaged("the checksum does not match");
  }
  TRAWL_TRY(segment->read_layout());
  return std::shared_ptr<const Segment>(std::move(segment));
}

Result<std::shared_ptr<const Segment>> Segment::from_bytes(std::string bytes) {
  std::shared_ptr<Segment> segment(new Segment(std::move(bytes)));
  TRAWL_TRY(segment->read_layout());
  return std::shared_ptr<const Segment>(std::move(segment));
}

Segment::~Segment() {
  if (mapping_ != nullptr) ::munmap(mapping_, bytes_.size());
}

Result<void> Segment::read_layout() {
  if (bytes_.size() < kSegmentMagic.size() + sizeof(SegmentFooter) ||
      !bytes_.starts_with(kSegmentMagic) || !bytes_.ends_with(kSegmentMagic)) {
    return damaged("it does not begin and end as a segment of this version");
  }
  footer_ = load<SegmentFooter>(bytes_.data() + bytes_.size() - sizeof(SegmentFooter));
  // One comparison each before the sum, so the sum cannot overflow.
  const std::uint64_t size = bytes_.size();
  if (footer_.row_end < footer_.first_row || footer_.postings_size > size ||
      footer_.text_size > size) {
    return damaged("a size is out of range");
  }
  const std::uint64_t lengths_size = std::uint64_t{row_count()} * 4;
  const std::uint64_t entries_size = std::uint64_t{footer_.term_count} * sizeof(TermEntry);
  if (kSegmentMagic.size() + lengths_size + footer_.postings_size + kPostingsPadding +
          footer_.text_size + entries_size + sizeof(SegmentFooter) !=
      size) {
    return damaged("its parts do not add up to its size");
  }
  lengths_ = bytes_.data() + kSegmentMagic.size();
  postings_ = lengths_ + lengths_size;
  text_ = postings_ + footer_.postings_size + kPostingsPadding;
  entries_ = text_ + footer_.text_size;
  return check_terms();
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
