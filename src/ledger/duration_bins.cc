#include "ledger/duration_bins.h"

#include <algorithm>
#include <array>

namespace trawl {
namespace {

constexpr int kDecades = 9;  // From 0.01 ms on.
constexpr double kMantissas[] = {100, 125, 160, 200, 250, 320, 400, 500, 630, 800};
constexpr double kFirst = 10'000;  // What 100 is divided by to be 0.01.
constexpr std::size_t kPerDecade = std::size(kMantissas);

// A quotient, or a product, of two whole numbers is the nearest double to each bound, and
// so the one that its text reads back as.
constexpr auto kBounds = [] {
  std::array<double, kDecades * kPerDecade + 1> out{};
  double divisor = kFirst;
  double factor = 1;
  std::size_t next = 0;
  const auto add = [&](double mantissa) { out[next++] = mantissa * factor / divisor; };
  for (int decade = 0; decade < kDecades; ++decade) {
    for (const double mantissa : kMantissas) add(mantissa);
    divisor > 1 ? divisor /= 10 : factor *= 10;
  }
  add(kMantissas[0]);
  return out;
}();

}  // namespace

std::span<const double> duration_bounds_ms() {
  return kBounds;
}

std::size_t duration_bin(double duration_ms) {
  if (!(duration_ms >= kBounds.front())) return 0;
  return static_cast<std::size_t>(
      std::upper_bound(kBounds.begin(), kBounds.end(), duration_ms) - kBounds.begin());
}

DurationBin duration_bin_at(std::size_t bin) {
  DurationBin out;
  if (bin > 0) out.start_ms = kBounds[std::min(bin, kBounds.size()) - 1];
  if (bin < kBounds.size()) out.end_ms = kBounds[bin];
  return out;
}

}  // namespace trawl
