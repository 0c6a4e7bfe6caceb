#include "base/decimal.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace trawl {
namespace {

constexpr std::uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                     100'000, 1'000'000, 10'000'000, 100'000'000};

}  // namespace

Decimal to_decimal(double number) {
  Decimal out;
  out.negative = number < 0;
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(number),
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t mark = text.find('e');
  int fraction = 0;
  bool in_fraction = false;
  for (const char c : text.substr(0, mark)) {
    if (c == '.') {
      in_fraction = true;
      continue;
    }
    out.digits = out.digits * 10 + static_cast<std::uint64_t>(c - '0');
    fraction += in_fraction ? 1 : 0;
  }
  // from_chars takes no plus.
  const std::size_t sign = text[mark + 1] == '+' ? 2 : 1;
  std::from_chars(buffer + mark + sign, end, out.exponent);
  out.exponent -= fraction;
  return out;
}

Decimal to_decimal(const json::value& number) {
  if (number.is_uint64()) return {false, number.get_uint64(), 0};
  if (!number.is_int64()) return to_decimal(number.get_double());
  const std::int64_t whole = number.get_int64();
  const auto bits = static_cast<std::uint64_t>(whole);
  return {whole < 0, whole < 0 ? 0 - bits : bits, 0};
}

void DecimalSum::add(const json::value& number) {
  all_integers_ = all_integers_ && !number.is_double();
  add(to_decimal(number));
}

void DecimalSum::add(const Decimal& number) {
  if (++added_ == kAddsPerCarry) {
    carry(limbs_);
    added_ = 1;
  }
  const int place = number.exponent - kExponentMin;
  auto limb = static_cast<std::size_t>(place / kDigitsPerLimb);
  const std::uint64_t power = kPowers[place % kDigitsPerLimb];
  const std::int64_t sign = number.negative ? -1 : 1;
  for (std::uint64_t rest = number.digits; rest != 0; rest /= kBase, ++limb) {
    const std::uint64_t part = rest % kBase * power;
    limbs_[limb] += sign * static_cast<std::int64_t>(part % kBase);
    limbs_[limb + 1] += sign * static_cast<std::int64_t>(part / kBase);
  }
}

// Afterwards all limbs have the sign of the sum, and are smaller than the base.
void DecimalSum::carry(Limbs& limbs) {
  const auto pass = [&](bool negative) {
    std::int64_t carried = 0;
    for (std::size_t i = 0; i + 1 < kLimbs; ++i) {
      const std::int64_t value = limbs[i] + carried;
      constexpr auto kSignedBase = static_cast<std::int64_t>(kBase);
      std::int64_t rest = value % kSignedBase;
      carried = value / kSignedBase;
      if (negative ? rest > 0 : rest < 0) {
        rest += negative ? -kSignedBase : kSignedBase;
        carried += negative ? 1 : -1;
      }
      limbs[i] = rest;
    }
    limbs.back() += carried;
  };
  pass(false);
  // A negative sum has borrowed from the last limb.
  if (limbs.back() < 0) pass(true);
}

double DecimalSum::rounded_times_ten_to(int exponent) const {
  Limbs limbs = limbs_;
  carry(limbs);
  std::size_t end = kLimbs;
  while (end > 0 && limbs[end - 1] == 0) --end;
  if (end == 0) return 0;
  std::size_t begin = 0;
  while (limbs[begin] == 0) ++begin;
  std::string text = limbs[end - 1] < 0 ? "-" : "";
  for (std::size_t i = end; i > begin; --i) {
    const std::string digits = std::to_string(std::abs(limbs[i - 1]));
    if (i != end) text.append(kDigitsPerLimb - digits.size(), '0');
    text += digits;
  }
  const int place = kExponentMin + kDigitsPerLimb * static_cast<int>(begin) + exponent;
  text += 'e' + std::to_string(place);
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc::result_out_of_range) return number;
  // Too large, or smaller than the least double.
  const bool is_large =
      kExponentMin + kDigitsPerLimb * static_cast<int>(end) + exponent > 0;
  const double far = is_large ? std::numeric_limits<double>::infinity() : 0.0;
  return text.front() == '-' ? -far : far;
}

std::optional<json::value> DecimalSum::integer() const {
  if (!all_integers_) return std::nullopt;
  Limbs limbs = limbs_;
  carry(limbs);
  constexpr std::size_t kOnes = -kExponentMin / kDigitsPerLimb;
  static_assert(-kExponentMin % kDigitsPerLimb == 0);
  bool negative = false;
  std::uint64_t whole = 0;
  for (std::size_t i = kLimbs; i > kOnes; --i) {
    const std::int64_t limb = limbs[i - 1];
    negative = negative || limb < 0;
    if (__builtin_mul_overflow(whole, kBase, &whole) ||
        __builtin_add_overflow(whole, static_cast<std::uint64_t>(std::abs(limb)), &whole)) {
      return std::nullopt;
    }
  }
  constexpr std::uint64_t kMinMagnitude = std::uint64_t{1} << 63;
  if (!negative && whole >= kMinMagnitude) return json::value(whole);
  if (negative && whole > kMinMagnitude) return std::nullopt;
  return json::value(static_cast<std::int64_t>(negative ? 0 - whole : whole));
}

double DecimalSum::divided_by(double count) const {
  const double sum = rounded();
  if (std::isfinite(sum)) return sum / count;
  return rounded_times_ten_to(-20) / count * 1e20;
}

}  // namespace trawl
