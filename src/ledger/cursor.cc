#include "ledger/cursor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "base/hash.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasStart = 1;
constexpr std::uint8_t kHasEnd = 2;
constexpr std::uint8_t kHasValue = 4;  // A value other than 0.
constexpr std::uint8_t kBetween = 8;   // The id is empty.
constexpr std::uint8_t kFlags = kHasStart | kHasEnd | kHasValue | kBetween;

// The longest id (200 characters of four bytes) and all that stands around it make 1,118
// characters of text.
constexpr std::size_t kIdBytesMax = 800;
constexpr std::size_t kTextMax = 1'200;
constexpr std::size_t kChecksumSize = 4;

template <class Unsigned>
void put(std::string& out, Unsigned number) {
  for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
}

// Takes a big-endian number off the front; false when too few bytes are left.
template <class Unsigned>
bool take_number(std::string_view& bytes, Unsigned& number) {
  if (bytes.size() < sizeof number) return false;
  number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number = static_cast<Unsigned>((static_cast<std::uint64_t>(number) << 8) |
                                   static_cast<unsigned char>(bytes[i]));
  }
  bytes.remove_prefix(sizeof number);
  return true;
}

bool take_time(std::string_view& bytes, TimeUs& time) {
  std::uint64_t bits = 0;
  if (!take_number(bytes, bits)) return false;
  time = static_cast<TimeUs>(bits);
  return true;
}

std::uint64_t binding_of(const NamespaceId& namespace_id, std::string_view filter_text) {
  std::string bound = namespace_id.str();
  bound.push_back('\0');  // Neither part can run into the other.
  bound.append(filter_text);
  return hash64(bound);
}

Error refuse(std::string_view why) {
  return invalid_at("cursor", "cursor " + std::string(why) +
                                  "; use next_cursor of a page unchanged, or leave "
                                  "the cursor out to start from the first page");
}

}  // namespace

std::string encode_cursor(const NamespaceId& namespace_id, std::string_view filter_text,
                          const Cursor& cursor) {
  std::string bytes;
  put(bytes, kVersion);
  put(bytes, binding_of(namespace_id, filter_text));
  const bool has_value = cursor.after.value != 0;
  put(bytes, static_cast<std::uint8_t>((cursor.start_time ? kHasStart : 0) |
                                       (cursor.end_time ? kHasEnd : 0) |
                                       (has_value ? kHasValue : 0) |
                                       (cursor.after.execution_id.empty() ? kBetween : 0)));
  if (cursor.start_time) put(bytes, static_cast<std::uint64_t>(*cursor.start_time));
  if (cursor.end_time) put(bytes, static_cast<std::uint64_t>(*cursor.end_time));
  if (has_value) put(bytes, std::bit_cast<std::uint64_t>(cursor.after.value));
  put(bytes, static_cast<std::uint64_t>(cursor.after.timestamp));
  bytes += cursor.after.execution_id.str();
  put(bytes, crc32(bytes));
  return base64url_encode(bytes);
}

Result<Cursor> decode_cursor(const NamespaceId& namespace_id, std::string_view filter_text,
                             std::string_view text) {
  if (text.empty()) return refuse("is empty");
  if (text.size() > kTextMax) return refuse("is longer than any cursor of this server");
  std::string decoded;
  if (!base64url_decode(text, decoded)) {
    return refuse("is not unpadded base64url text");
  }
  std::string_view bytes = decoded;
  if (bytes.size() <= kChecksumSize) return refuse("is cut short");
  std::string_view checksum_bytes = bytes.substr(bytes.size() - kChecksumSize);
  bytes.remove_suffix(kChecksumSize);
  std::uint32_t checksum = 0;
  take_number(checksum_bytes, checksum);
  if (checksum != crc32(bytes)) return refuse("is damaged");

  std::uint8_t version = 0;
  std::uint64_t binding = 0;
  std::uint8_t flags = 0;
  take_number(bytes, version);
  if (version != kVersion) return refuse("was made by another version of the server");
  if (!take_number(bytes, binding)) return refuse("is cut short");
  if (binding != binding_of(namespace_id, filter_text)) {
    return refuse("was made for another namespace or under another filter");
  }

  // The checksum keeps out accidents, not people: whatever follows may still be forged.
  Cursor cursor;
  if (!take_number(bytes, flags)) return refuse("is cut short");
  if ((flags & ~kFlags) != 0) return refuse("has unknown flags");
  if ((flags & kHasStart) != 0 && !take_time(bytes, cursor.start_time.emplace())) {
    return refuse("is cut short");
  }
  if ((flags & kHasEnd) != 0 && !take_time(bytes, cursor.end_time.emplace())) {
    return refuse("is cut short");
  }
  if ((flags & kHasValue) != 0) {
    std::uint64_t bits = 0;
    if (!take_number(bytes, bits)) return refuse("is cut short");
    cursor.after.value = std::bit_cast<double>(bits);
    if (!std::isfinite(cursor.after.value) || cursor.after.value == 0) {
      return refuse("holds a number that is not needed");
    }
  }
  if (!take_time(bytes, cursor.after.timestamp)) return refuse("is cut short");
  for (const TimeUs time : {cursor.start_time.value_or(0), cursor.end_time.value_or(0),
                            cursor.after.timestamp}) {
    if (time < kTimeMin || time > kTimeMax) {
      return refuse("names a time outside the years 1 to 9999");
    }
  }
  if (bytes.empty() != ((flags & kBetween) != 0) || bytes.size() > kIdBytesMax ||
      !is_valid_utf8(bytes)) {
    return refuse("names no execution");
  }
  cursor.after.execution_id = ExecutionId(std::string(bytes));
  return cursor;
}

}  // namespace trawl
