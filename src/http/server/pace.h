#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace trawl::http {

// Whether the other side of a connection keeps up. It has some patience to use up, which
// passes while we wait for it, and which each byte that it moves restores a little of. A
// client that moves as many bytes a second as asked for never uses it up; one that moves a
// byte now and then is at its end about as soon as one that moves none.
class Pace {
 public:
  Pace() = default;
  // `bytes_per_s_min` 0: only a wait that is longer than the patience is too slow.
  Pace(std::int64_t patience_ms, std::int64_t bytes_per_s_min)
      : patience_us_(patience_ms * 1000),
        left_us_(patience_us_),
        us_per_byte_(bytes_per_s_min > 0 ? 1'000'000 / bytes_per_s_min : 0),
        is_on_(bytes_per_s_min > 0) {}

  // How long the next wait may last.
  std::int64_t left_ms() const { return std::max<std::int64_t>(0, left_us_ / 1000); }
  // A wait has ended with so many bytes.
  void waited(std::int64_t us, std::size_t bytes) {
    if (!is_on_) return;
    // Bytes first: it is the mean that counts, not how they are grouped.
    const auto earned = static_cast<std::int64_t>(
        std::min<std::uint64_t>(bytes, static_cast<std::uint64_t>(patience_us_)));
    left_us_ = std::min(patience_us_, left_us_ - us + earned * us_per_byte_);
  }

 private:
  std::int64_t patience_us_ = 0;
  std::int64_t left_us_ = 0;
  std::int64_t us_per_byte_ = 0;
  bool is_on_ = false;
};

}  // namespace trawl::http
