#pragma once

#include <cmath>
#include <cstdint>

namespace trawl {

// The sum of amounts in whole millionths: credits, milliseconds. Ten times 0.1 is 1, in any
// order and however often parts are merged. Each amount is rounded to a millionth; those of
// 10^12 and more, and sums beyond 9 * 10^12, are added as doubles.
class AmountSum {
 public:
  static constexpr double kUnitsPerOne = 1e6;

  // As it counts in a sum.
  static double rounded(double amount) {
    AmountSum sum;
    sum.add(amount);
    return sum.value();
  }
  static std::int64_t to_units(double amount) {
    return std::llround(amount * kUnitsPerOne);
  }
  static double to_amount(std::int64_t units) {
    return static_cast<double>(static_cast<long double>(units) / kUnitsPerOne);
  }

  void add(double amount) {
    if (std::abs(amount) < kLarge) {
      add_units(to_units(amount));
    } else {
      large_ += amount;
    }
  }
  void merge(const AmountSum& other) {
    add_units(other.units_);
    large_ += other.large_;
  }
  double value() const {
    return large_ == 0 ? to_amount(units_) : to_amount(units_) + large_;
  }

  bool operator==(const AmountSum&) const = default;

 private:
  static constexpr double kLarge = 1e12;

  void add_units(std::int64_t units) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(units_, units, &sum)) {
      large_ += to_amount(units_);
      sum = units;
    }
    units_ = sum;
  }

  std::int64_t units_ = 0;
  double large_ = 0;
};

}  // namespace trawl
