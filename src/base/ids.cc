#include "base/ids.h"

#include <array>
#include <cstring>

#include "base/hash.h"
#include "base/mutex.h"

namespace trawl {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

constexpr std::size_t kSortableDigits = 26;

constexpr std::array<std::int8_t, 256> digit_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < kCrockford.size(); ++i) {
    values[static_cast<unsigned char>(kCrockford[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto kDigitValues = digit_values();

// Two digits at a time: a page of history writes a thousand ids.
constexpr auto kDigitPairs = [] {
  std::array<std::array<char, 2>, 1024> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kCrockford[i >> 5], kCrockford[i & 31]};
  }
  return pairs;
}();

// From the system's generator, a hundred ids' worth at a time: each call costs more than an
// id.
unsigned char next_random_byte() {
  thread_local std::string bytes;
  thread_local std::size_t used = 0;
  if (used == bytes.size()) {
    bytes = random_bytes(2048);
    used = 0;
  }
  return static_cast<unsigned char>(bytes[used++]);
}

// 128 bits: milliseconds in the upper 48, a counter begun at random in the lower 80.
class SortableIds {
 public:
  std::array<unsigned char, 16> next(TimeUs now) {
    const MutexLock lock(mutex_);
    const std::uint64_t millis = now > 0 ? static_cast<std::uint64_t>(now) / 1000 : 0;
    if (millis > last_millis_) {
      last_millis_ = millis;
      for (int i = 0; i < 6; ++i) {
        last_[i] = static_cast<unsigned char>(millis >> (8 * (5 - i)));
      }
      const std::string random = random_bytes(10);
      std::memcpy(last_.data() + 6, random.data(), random.size());
      // Room to count upwards within the millisecond without a carry into the time.
      last_[6] &= 0x7F;
    } else {
      for (int i = 15; i >= 0 && ++last_[i] == 0; --i) {
      }
    }
    return last_;
  }

 private:
  Mutex mutex_;
  std::uint64_t last_millis_ TRAWL_GUARDED_BY(mutex_) = 0;
  std::array<unsigned char, 16> last_ TRAWL_GUARDED_BY(mutex_){};
};

}  // namespace

std::string make_sortable_id(std::string_view prefix, TimeUs now) {
  static SortableIds ids;
  const auto bytes = ids.next(now);
  return encode_sortable_id(
      prefix, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string encode_sortable_id(std::string_view prefix, std::string_view bytes) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (const char byte : bytes) {
    high = high << 8 | low >> 56;
    low = low << 8 | static_cast<unsigned char>(byte);
  }
  std::string out(prefix.size() + kSortableDigits, '\0');
  std::memcpy(out.data(), prefix.data(), prefix.size());
  // 26 digits of five bits hold 130 bits: the first digit has only three of them.
  char* digit = out.data() + out.size();
  for (std::size_t pairs = kSortableDigits / 2; pairs > 0; --pairs) {
    digit -= 2;
    std::memcpy(digit, kDigitPairs[low & 1023].data(), 2);
    low = low >> 10 | high << 54;
    high >>= 10;
  }
  return out;
}

bool decode_sortable_id(std::string_view prefix, std::string_view id, std::string& bytes) {
  if (!id.starts_with(prefix) || id.size() != prefix.size() + kSortableDigits) return false;
  bytes.clear();
  std::uint32_t buffer = 0;
  int bits = -2;  // The first digit has three bits.
  for (const char digit : id.substr(prefix.size())) {
    const auto value = kDigitValues[static_cast<unsigned char>(digit)];
    if (value < 0 || (bits == -2 && value > 7)) return false;
    buffer = (buffer << 5) | static_cast<std::uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(buffer >> bits));
    }
  }
  return true;
}

std::string make_random_id(std::string_view prefix, std::size_t length) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string out(prefix);
  while (out.size() < prefix.size() + length) {
    for (std::size_t i = 0; i < length; ++i) {
      const unsigned char byte = next_random_byte();
      // 252 is the largest multiple of 36 in a byte; the rest would favour some digits.
      if (byte < 252 && out.size() < prefix.size() + length) {
        out.push_back(kAlphabet[byte % 36]);
      }
    }
  }
  return out;
}

ExecutionId make_execution_id(TimeUs now) {
  return ExecutionId(make_sortable_id(kExecutionIdPrefix, now));
}

}  // namespace trawl
