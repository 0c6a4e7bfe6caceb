#include "base/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/hash.h"
#include "base/text.h"

namespace trawl {
namespace {

// The records of an archive, by the signatures that they begin with, and their lengths
// without the names and comments behind them.
constexpr std::uint32_t kLocalHeader = 0x04034B50;
constexpr std::size_t kLocalHeaderBytes = 30;
constexpr std::uint32_t kDirectoryEntry = 0x02014B50;
constexpr std::size_t kDirectoryEntryBytes = 46;
constexpr std::uint32_t kDirectoryEnd = 0x06054B50;
constexpr std::size_t kDirectoryEndBytes = 22;
constexpr std::size_t kCommentBytesMax = 0xFFFF;

constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kEncrypted = 1;  // A bit of the flags.

Error damaged(std::string_view what) {
  return make_error(ErrorCode::invalid,
                    fmt::format("this is no zip archive that can be read: {}", what));
}

// Little-endian numbers; 0 for what lies beyond the end, which callers have ruled out.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = size; i-- > 0;) {
    const std::size_t place = at + i;
    number = (number << 8) |
             (place < bytes.size() ? static_cast<unsigned char>(bytes[place]) : 0U);
  }
  return number;
}
std::uint16_t short_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number_at(bytes, at, 2));
}
std::uint32_t long_at(std::string_view bytes, std::size_t at) {
  return number_at(bytes, at, 4);
}

// So many bytes from there on, or nothing where there are fewer.
std::optional<std::string_view> part_of(std::string_view bytes, std::uint64_t at,
                                        std::uint64_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return std::nullopt;
  return bytes.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
}

// Nothing where it does not unpack to just so many bytes.
std::optional<std::string> inflated(std::string_view packed, std::uint64_t bytes) {
  constexpr std::uint64_t kPieceMax = std::numeric_limits<uInt>::max();
  if (packed.size() > kPieceMax || bytes > kPieceMax) return std::nullopt;
  std::string out(static_cast<std::size_t>(bytes), '\0');
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = inflate(&stream, Z_FINISH);
  const bool is_whole = end == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (!is_whole) return std::nullopt;
  return out;
}

}  // namespace

Result<ZipReader> ZipReader::open(std::string_view bytes) {
  ZipReader reader(bytes);
  TRAWL_TRY(reader.read_directory());
  return reader;
}

Result<void> ZipReader::read_directory() {
  if (bytes_.size() < kDirectoryEndBytes) return damaged("it is too short");
  // The end of the directory is the last thing, but for a comment.
  const std::size_t last = bytes_.size() - kDirectoryEndBytes;
  const std::size_t first = last - std::min(last, kCommentBytesMax);
  std::size_t end = last;
  while (long_at(bytes_, end) != kDirectoryEnd) {
    if (end == first) return damaged("it has no directory");
    --end;
  }
  const std::size_t count = short_at(bytes_, end + 10);
  const std::uint32_t size = long_at(bytes_, end + 12);
  const std::uint32_t begin = long_at(bytes_, end + 16);
  if (short_at(bytes_, end + 4) != 0 || short_at(bytes_, end + 8) != count) {
    return damaged("it is in several parts");
  }
  const auto directory = part_of(bytes_.substr(0, end), begin, size);
  if (!directory) return damaged("its directory lies beyond its end");
  std::string_view rest = *directory;
  for (std::size_t i = 0; i < count; ++i) {
    if (rest.size() < kDirectoryEntryBytes || long_at(rest, 0) != kDirectoryEntry) {
      return damaged("its directory is damaged");
    }
    Entry entry;
    entry.method = short_at(rest, 10);
    entry.crc = long_at(rest, 16);
    entry.packed_bytes = long_at(rest, 20);
    entry.bytes = long_at(rest, 24);
    entry.header_at = long_at(rest, 42);
    if ((short_at(rest, 8) & kEncrypted) != 0) entry.method = 0xFFFF;
    const auto name = part_of(rest, kDirectoryEntryBytes, short_at(rest, 28));
    const std::size_t whole =
        kDirectoryEntryBytes + short_at(rest, 28) + short_at(rest, 30) + short_at(rest, 32);
    if (!name || whole > rest.size()) return damaged("its directory is damaged");
    entry.name = *name;
    entries_.push_back(std::move(entry));
    rest.remove_prefix(whole);
  }
  return {};
}

Result<std::string> ZipReader::read(std::string_view name, std::uint64_t bytes_max) const {
  const auto is_it = [&](const Entry& entry) { return entry.name == name; };
  const auto entry = std::find_if(entries_.begin(), entries_.end(), is_it);
  const std::string shown = truncate_text(name, 100);
  if (entry == entries_.end()) {
    return make_error(ErrorCode::not_found, fmt::format("the archive has no {}", shown));
  }
  if (std::find_if(entry + 1, entries_.end(), is_it) != entries_.end()) {
    return damaged(fmt::format("it has {} twice", shown));
  }
  if (entry->bytes > bytes_max) {
    return make_error(ErrorCode::too_large,
                      fmt::format("{} has {} bytes, and at most {} were expected", shown,
                                  entry->bytes, bytes_max));
  }
  const auto header = part_of(bytes_, entry->header_at, kLocalHeaderBytes);
  if (!header || long_at(*header, 0) != kLocalHeader) {
    return damaged(fmt::format("{} is not where the directory says", shown));
  }
  const auto packed = part_of(
      bytes_,
      entry->header_at + kLocalHeaderBytes + short_at(*header, 26) + short_at(*header, 28),
      entry->packed_bytes);
  if (!packed) return damaged(fmt::format("{} lies beyond its end", shown));
  std::optional<std::string> content;
  if (entry->method == kStored && entry->packed_bytes == entry->bytes) {
    content.emplace(*packed);
  } else if (entry->method == kDeflated) {
    content = inflated(*packed, entry->bytes);
  } else {
    return damaged(fmt::format("{} is packed in a way that is not known here", shown));
  }
  if (!content || crc32(*content) != entry->crc) {
    return damaged(fmt::format("{} is damaged", shown));
  }
  return std::move(*content);
}

}  // namespace trawl
