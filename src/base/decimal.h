#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/json.h"

// Numbers as they are written: 0.1 is a tenth, and not the double next to it.
namespace trawl {

// (-1)^negative * digits * 10^exponent.
struct Decimal {
  bool negative = false;
  std::uint64_t digits = 0;
  int exponent = 0;
};
// The shortest decimal that reads back as this number, which must be finite.
Decimal to_decimal(double number);
Decimal to_decimal(const json::value& number);

// The sum of numbers, without any rounding on the way: in any order the same, and 1e308 +
// 1e308 - 1e308 is 1e308.
class DecimalSum {
 public:
  void add(const json::value& number);
  void add(const Decimal& number);
  // The nearest double; infinite where the sum is beyond their range.
  double rounded() const { return rounded_times_ten_to(0); }
  // The sum, if it is an integer of 64 bits and nothing else was added.
  std::optional<json::value> integer() const;
  // The sum divided by a count above 0, also where the sum itself is beyond the range.
  double divided_by(double count) const;

 private:
  // Limbs of nine digits, the first of 10^kExponentMin; with room for carries.
  static constexpr std::uint64_t kBase = 1'000'000'000;
  static constexpr int kDigitsPerLimb = 9;
  static constexpr int kExponentMin = -360;
  static constexpr std::size_t kLimbs = 80;
  static constexpr std::uint32_t kAddsPerCarry = 1u << 30;
  using Limbs = std::array<std::int64_t, kLimbs>;

  static void carry(Limbs& limbs);
  double rounded_times_ten_to(int exponent) const;

  Limbs limbs_{};
  std::uint32_t added_ = 0;  // Since the last carry.
  bool all_integers_ = true;
};

}  // namespace trawl
