#include "base/ids.h"

#include <array>
#include <cstring>
#include <mutex>

#include "base/hash.h"

namespace trawl {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// 128 bits: milliseconds in the upper 48, a counter begun at random in the lower 80.
class SortableIds {
 public:
  std::array<unsigned char, 16> next(TimeUs now) {
    const std::lock_guard lock(mutex_);
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
  std::mutex mutex_;
  std::uint64_t last_millis_ = 0;
  std::array<unsigned char, 16> last_{};
};

}  // namespace

std::string make_sortable_id(std::string_view prefix, TimeUs now) {
  static SortableIds ids;
  const auto bytes = ids.next(now);
  std::string out(prefix);
  // 26 digits of five bits hold 130 bits: the first digit has only three of them.
  int bits = 2;
  std::uint32_t buffer = 0;
  for (const unsigned char byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kCrockford[(buffer >> bits) & 31]);
    }
  }
  return out;
}

std::string make_random_id(std::string_view prefix, std::size_t length) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string out(prefix);
  while (out.size() < prefix.size() + length) {
    for (const unsigned char byte : random_bytes(length)) {
      // 252 is the largest multiple of 36 in a byte; the rest would favour some digits.
      if (byte < 252 && out.size() < prefix.size() + length)
        out.push_back(kAlphabet[byte % 36]);
    }
  }
  return out;
}

ExecutionId make_execution_id(TimeUs now) {
  return ExecutionId(make_sortable_id("exec_", now));
}

}  // namespace trawl
