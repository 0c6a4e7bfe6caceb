#include "ledger/quantile_sketch.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace trawl {
namespace {

constexpr double kLeast = 0.001;
constexpr double kGamma =
    (1 + QuantileSketch::kRelativeError) / (1 - QuantileSketch::kRelativeError);
const double kLogGamma = std::log(kGamma);

// Bucket i holds the numbers in (gamma^(i-1), gamma^i].
std::int32_t index_of(double number) {
  return static_cast<std::int32_t>(std::ceil(std::log(number) / kLogGamma));
}

// As far from both ends of the bucket, in proportion.
double middle_of(std::int32_t index) {
  return 2 * std::pow(kGamma, index) / (kGamma + 1);
}

}  // namespace

void QuantileSketch::add(double number, std::uint64_t count) {
  if (std::isnan(number)) return;
  count_ += count;
  if (number < kLeast) {
    zeros_ += count;
  } else {
    buckets_[index_of(std::min(number, kGreatest))] += count;
  }
}

void QuantileSketch::merge(const QuantileSketch& other) {
  count_ += other.count_;
  zeros_ += other.zeros_;
  for (const auto& [index, count] : other.buckets_) buckets_[index] += count;
}

double QuantileSketch::quantile(double quantile) const {
  if (count_ == 0) return 0;
  // The nearest rank: the first number that so many do not exceed.
  const auto rank = static_cast<std::uint64_t>(
      std::max(1.0, std::ceil(quantile * static_cast<double>(count_))));
  std::uint64_t seen = zeros_;
  if (rank <= seen) return 0;
  for (const auto& [index, count] : buckets_) {
    seen += count;
    if (rank <= seen) return middle_of(index);
  }
  return 0;
}

void QuantileSketch::append_to(std::string& out) const {
  append(out, zeros_);
  append(out, static_cast<std::uint32_t>(buckets_.size()));
  for (const auto& [index, count] : buckets_) {
    append(out, static_cast<std::int16_t>(index));
    append(out, static_cast<std::uint32_t>(count));
  }
}

bool QuantileSketch::take(std::string_view& bytes, QuantileSketch& out) {
  out = QuantileSketch();
  std::uint32_t buckets = 0;
  if (!trawl::take(bytes, out.zeros_) || !trawl::take(bytes, buckets)) return false;
  out.count_ = out.zeros_;
  const std::int32_t least = index_of(kLeast);
  for (; buckets > 0; --buckets) {
    std::int16_t index = 0;
    std::uint32_t count = 0;
    if (!trawl::take(bytes, index) || !trawl::take(bytes, count)) return false;
    // No number has such a bucket: one over kGreatest, stored by 0.2 without its high bits.
    const bool cut = index < least;
    out.buckets_[cut ? index_of(kGreatest) : index] += count;
    out.count_ += count;
  }
  return true;
}

}  // namespace trawl
