#include "ledger/follow/follow_cursor.h"

#include "base/hash.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr char kFollowVersion = 'T';  // No list cursor begins with it.
constexpr std::size_t kFollowNumbers = 6;
constexpr std::size_t kFollowChecksumSize = 4;
constexpr std::size_t kFollowIdBytesMax = 800;
constexpr std::size_t kFollowTextMax = 1'200;

void put_number(std::string& out, std::uint64_t number, int bytes = 8) {
  for (int shift = bytes * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
}

std::uint64_t take_number(std::string_view& bytes, std::size_t size = 8) {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(0, size)) {
    number = (number << 8) | static_cast<unsigned char>(byte);
  }
  bytes.remove_prefix(size);
  return number;
}

}  // namespace

// version (1 byte) · epoch · sent_all · sent_to_place · as_of · running_since · timestamp
// of the place (8 each, big-endian) · its execution id · CRC-32 of all before it (4)
std::string encode_follow_cursor(const FollowCursor& cursor) {
  std::string bytes(1, kFollowVersion);
  put_number(bytes, cursor.epoch);
  put_number(bytes, cursor.sent_all);
  put_number(bytes, cursor.sent_to_place);
  put_number(bytes, static_cast<std::uint64_t>(cursor.as_of));
  put_number(bytes, static_cast<std::uint64_t>(cursor.running_since));
  put_number(bytes, static_cast<std::uint64_t>(cursor.place.timestamp));
  bytes += cursor.place.execution_id.str();
  put_number(bytes, crc32(bytes), kFollowChecksumSize);
  return base64url_encode(bytes);
}

std::optional<FollowCursor> decode_follow_cursor(std::string_view text) {
  std::string decoded;
  if (text.size() > kFollowTextMax || !base64url_decode(text, decoded)) return std::nullopt;
  std::string_view bytes = decoded;
  if (bytes.size() < 1 + kFollowNumbers * 8 + kFollowChecksumSize ||
      bytes.front() != kFollowVersion) {
    return std::nullopt;
  }
  std::string_view checksum = bytes.substr(bytes.size() - kFollowChecksumSize);
  bytes.remove_suffix(kFollowChecksumSize);
  if (take_number(checksum, kFollowChecksumSize) != crc32(bytes)) return std::nullopt;
  bytes.remove_prefix(1);
  FollowCursor cursor;
  cursor.epoch = take_number(bytes);
  cursor.sent_all = take_number(bytes);
  cursor.sent_to_place = take_number(bytes);
  cursor.as_of = static_cast<TimeUs>(take_number(bytes));
  cursor.running_since = static_cast<TimeUs>(take_number(bytes));
  cursor.place.timestamp = static_cast<TimeUs>(take_number(bytes));
  // The checksum keeps out accidents, not people: whatever it holds may still be forged.
  for (const TimeUs time : {cursor.as_of, cursor.running_since, cursor.place.timestamp}) {
    if (time < kTimeMin || time > kTimeMax) return std::nullopt;
  }
  if (bytes.size() > kFollowIdBytesMax || !is_valid_utf8(bytes)) return std::nullopt;
  cursor.place.execution_id = ExecutionId(std::string(bytes));
  return cursor;
}

FollowCursor follow_cursor_since(TimeUs time) {
  FollowCursor cursor;
  cursor.place.timestamp = time;
  cursor.as_of = kTimeMax;
  cursor.running_since = time;
  return cursor;
}

bool is_due(const FollowCursor& cursor, const FollowRow& row,
            std::optional<std::uint64_t> sequence) {
  const bool beyond = row.key > cursor.place;
  if (sequence) return *sequence > (beyond ? cursor.sent_all : cursor.sent_to_place);
  if (beyond) return true;
  const TimeUs late = cursor.as_of - kFollowOverlapUs;
  if (row.running) return row.key.timestamp >= late;
  // What a crash left running was ended by the next start, and has no duration.
  if (row.failed && row.duration_us == 0) return true;
  return row.key.timestamp + row.duration_us >= late;
}

}  // namespace trawl
