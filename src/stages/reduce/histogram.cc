#include "stages/reduce/histogram.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <system_error>

#include "base/decimal.h"
#include "base/work_limit.h"
#include "query/filter_value.h"

namespace trawl {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

constexpr Uint128 kLargest = static_cast<Uint128>(std::numeric_limits<Int128>::max());

// False where it does not fit.
bool times_ten_to(int exponent, Uint128& number) {
  for (; exponent > 0 && number != 0; --exponent) {
    if (number > kLargest / 10) return false;
    number *= 10;
  }
  return true;
}

// floor(number / width), or nothing where that has more digits than are counted exactly.
std::optional<Int128> bucket_of(const Decimal& number, const Decimal& width) {
  Uint128 above = number.digits;
  Uint128 below = width.digits;
  const int shift = number.exponent - width.exponent;
  if (!times_ten_to(shift, above)) return std::nullopt;
  // Wider than any number with these digits.
  if (!times_ten_to(-shift, below)) below = kLargest;
  const auto whole = static_cast<Int128>(above / below);
  if (!number.negative) return whole;
  return -whole - (above % below != 0 ? 1 : 0);
}

std::string digits_of(Uint128 number) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  } while (number != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

// Near enough where the digits are too many to be counted.
double rounded_key(Int128 bucket, double interval) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::clamp(static_cast<double>(bucket) * interval, -kMax, kMax);
}

// The beginning of a bucket.
json::value key_of(Int128 bucket, const Decimal& width, double interval, bool integers) {
  const bool negative = bucket < 0;
  const auto count = static_cast<Uint128>(negative ? -bucket : bucket);
  if (count > kLargest / width.digits) return rounded_key(bucket, interval);
  const Uint128 product = count * width.digits;
  if (Uint128 whole = product; integers && times_ten_to(width.exponent, whole)) {
    if (!negative && whole <= std::numeric_limits<std::int64_t>::max()) {
      return json::value(static_cast<std::int64_t>(whole));
    }
    if (!negative && whole <= std::numeric_limits<std::uint64_t>::max()) {
      return json::value(static_cast<std::uint64_t>(whole));
    }
    if (negative && whole <= Uint128{1} << 63) {
      return json::value(static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(whole)));
    }
  }
  const std::string text =
      (negative ? "-" : "") + digits_of(product) + 'e' + std::to_string(width.exponent);
  double key = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), key);
  return read.ec == std::errc{} ? key : rounded_key(bucket, interval);
}

}  // namespace

json::array histogram(const std::vector<const json::value*>& values, double interval) {
  const Decimal width = to_decimal(interval);
  bool integers = width.exponent >= 0;
  for (const json::value* value : values) integers = integers && !value->is_double();
  std::map<Int128, std::int64_t> counts;
  std::map<double, std::int64_t> own_counts;  // Of numbers with buckets of their own.
  for (const json::value* value : values) {
    if (!is_number(*value)) continue;
    count_work(8);
    if (const auto bucket = bucket_of(to_decimal(*value), width)) {
      ++counts[*bucket];
    } else {
      ++own_counts[as_double(*value)];
    }
  }
  json::array buckets;
  buckets.reserve(counts.size() + own_counts.size());
  for (const auto& [bucket, count] : counts) {
    buckets.push_back(
        json::object{{"key", key_of(bucket, width, interval, integers)}, {"count", count}});
  }
  for (const auto& [key, count] : own_counts) {
    buckets.push_back(json::object{{"key", key}, {"count", count}});
  }
  const auto before = [](const json::value& a, const json::value& b) {
    return compare_numbers(a.at("key"), b.at("key")) < 0;
  };
  std::stable_sort(buckets.begin(), buckets.end(), before);
  return buckets;
}

}  // namespace trawl
