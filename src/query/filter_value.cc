#include "query/filter_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>

#include "base/work_limit.h"
#include "query/filter.h"
#include "text/analyzer.h"
#include "text/fold.h"

namespace trawl {
namespace {

// Up to here a scan is quicker than a hash.
constexpr std::size_t kScannedSetMax = 8;

constexpr double kTwoTo64 = 18'446'744'073'709'551'616.0;
constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;

template <class T>
int sign_of(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_integers(const json::value& a, const json::value& b) {
  if (a.is_int64() && b.is_int64()) return sign_of(a.get_int64(), b.get_int64());
  if (a.is_uint64() && b.is_uint64()) return sign_of(a.get_uint64(), b.get_uint64());
  if (a.is_uint64()) return -compare_integers(b, a);
  if (a.get_int64() < 0) return -1;
  return sign_of(static_cast<std::uint64_t>(a.get_int64()), b.get_uint64());
}

// The integer is not rounded to a double; the double is cut to an integer instead.
int compare_with_double(const json::value& integer, double number) {
  if (number >= kTwoTo64) return -1;
  if (number < -kTwoTo63) return 1;
  const double whole = std::trunc(number);
  const json::value cut = whole < 0 ? json::value(static_cast<std::int64_t>(whole))
                                    : json::value(static_cast<std::uint64_t>(whole));
  if (const int order = compare_integers(integer, cut); order != 0) return order;
  return sign_of(whole, number);
}

std::size_t mix(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9E3779B97F4A7C15ull + (seed << 6) + (seed >> 2));
}

std::size_t hash_text(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

// Integral numbers of every kind hash alike.
std::size_t hash_number(const json::value& value) {
  if (value.is_int64()) {
    return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(value.get_int64()));
  }
  if (value.is_uint64()) return std::hash<std::uint64_t>{}(value.get_uint64());
  const double number = value.get_double();
  if (number == std::trunc(number)) {
    if (number >= -kTwoTo63 && number < 0) {
      return std::hash<std::uint64_t>{}(
          static_cast<std::uint64_t>(static_cast<std::int64_t>(number)));
    }
    if (number >= 0 && number < kTwoTo64) {
      return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(number));
    }
  }
  return std::hash<double>{}(number);
}

// The order in which values of different types stand.
enum class Rank { number, time, text, boolean, array, object };

Rank rank_of(const json::value& value, std::optional<TimeUs>& time) {
  switch (value.kind()) {
    case json::kind::bool_:
      return Rank::boolean;
    case json::kind::string:
      time = parse_time_like(view(value.get_string()));
      return time ? Rank::time : Rank::text;
    case json::kind::array:
      return Rank::array;
    case json::kind::object:
      return Rank::object;
    default:
      return Rank::number;
  }
}

}  // namespace

json::value fold_strings(const json::value& value) {
  if (const auto* text = value.if_string()) return json::value(fold_case(view(*text)));
  if (const auto* array = value.if_array()) {
    json::array out;
    out.reserve(array->size());
    for (const auto& item : *array) out.push_back(fold_strings(item));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& field : *object) out[field.key()] = fold_strings(field.value());
    return out;
  }
  return value;
}

int compare_numbers(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_double()) return sign_of(a.get_double(), b.get_double());
  if (b.is_double()) return compare_with_double(a, b.get_double());
  if (a.is_double()) return -compare_with_double(b, a.get_double());
  return compare_integers(a, b);
}

bool values_equal(const json::value& found, const json::value& wanted, CaseMode mode) {
  count_work();
  if (is_number(found)) return is_number(wanted) && compare_numbers(found, wanted) == 0;
  if (found.kind() != wanted.kind()) return false;
  switch (found.kind()) {
    case json::kind::bool_:
      return found.get_bool() == wanted.get_bool();
    case json::kind::string: {
      const auto text = view(found.get_string());
      const auto other = view(wanted.get_string());
      count_work(std::min(text.size(), other.size()) / kBytesPerStep);
      return mode == CaseMode::sensitive ? text == other : fold_case(text) == other;
    }
    case json::kind::array: {
      const auto& a = found.get_array();
      const auto& b = wanted.get_array();
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [mode](const json::value& x, const json::value& y) {
                          return values_equal(x, y, mode);
                        });
    }
    case json::kind::object: {
      const auto& a = found.get_object();
      const auto& b = wanted.get_object();
      if (a.size() != b.size()) return false;
      for (const auto& field : a) {
        const auto* other = b.if_contains(field.key());
        if (other == nullptr || !values_equal(field.value(), *other, mode)) return false;
      }
      return true;
    }
    default:
      return true;  // Both are null.
  }
}

std::size_t hash_value(const json::value& value, CaseMode mode) {
  count_work();
  switch (value.kind()) {
    case json::kind::null:
      return 1;
    case json::kind::bool_:
      return value.get_bool() ? 3 : 2;
    case json::kind::string: {
      const auto text = view(value.get_string());
      return mode == CaseMode::sensitive ? hash_text(text) : hash_text(fold_case(text));
    }
    case json::kind::array: {
      std::size_t hash = 5;
      for (const auto& item : value.get_array()) hash = mix(hash, hash_value(item, mode));
      return hash;
    }
    case json::kind::object: {
      std::size_t sum = 7;  // A sum, because the order of keys means nothing.
      for (const auto& field : value.get_object()) {
        sum += mix(hash_text({field.key().data(), field.key().size()}),
                   hash_value(field.value(), mode));
      }
      return sum;
    }
    default:
      return hash_number(value);
  }
}

std::optional<json::value> parse_number(std::string_view text) {
  // from_chars reads more than JSON does: "inf", "nan", ".5" and "1." are not numbers here.
  const std::string_view digits =
      !text.empty() && text.front() == '-' ? text.substr(1) : text;
  constexpr std::size_t kNumberLengthMax = 400;
  if (digits.empty() || digits.front() < '0' || digits.front() > '9' ||
      digits.back() < '0' || digits.back() > '9' || text.size() > kNumberLengthMax) {
    return std::nullopt;
  }
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto read = [begin, end](auto& number) {
    const auto [stop, error] = std::from_chars(begin, end, number);
    return error == std::errc{} && stop == end;
  };
  if (std::int64_t integer = 0; read(integer)) return json::value(integer);
  if (std::uint64_t integer = 0; read(integer)) return json::value(integer);
  const auto dot = digits.find('.');
  if (dot != std::string_view::npos &&
      (dot + 1 >= digits.size() || digits[dot + 1] < '0' || digits[dot + 1] > '9')) {
    return std::nullopt;
  }
  if (double number = 0; read(number) && std::isfinite(number)) return json::value(number);
  return std::nullopt;
}

std::optional<TimeUs> parse_time_like(std::string_view text) {
  // The refusal of parse_time costs a formatted message, and most strings are not dates.
  if (text.size() < 10 || text[4] != '-' || text[7] != '-' || text[0] < '0' ||
      text[0] > '9') {
    return std::nullopt;
  }
  const auto time = parse_time(text);
  if (!time) return std::nullopt;
  return *time;
}

Comparable to_comparable(const json::value& value) {
  Comparable out;
  if (is_number(value)) {
    out.kind = Comparable::Kind::number;
    out.number = value;
  } else if (const auto* text = value.if_string()) {
    if (auto number = parse_number(view(*text))) {
      out.kind = Comparable::Kind::number;
      out.number = std::move(*number);
    } else if (const auto time = parse_time_like(view(*text))) {
      out.kind = Comparable::Kind::time;
      out.time = *time;
    }
  }
  return out;
}

std::optional<int> compare(const Comparable& a, const Comparable& b) {
  if (a.kind != b.kind || a.kind == Comparable::Kind::none) return std::nullopt;
  if (a.kind == Comparable::Kind::time) return sign_of(a.time, b.time);
  return compare_numbers(a.number, b.number);
}

bool values_match(const json::value& found, const json::value& wanted,
                  const Comparable& bound, CaseMode mode) {
  if (values_equal(found, wanted, mode)) return true;
  if (bound.kind == Comparable::Kind::none) return false;
  if (is_number(found)) {
    return wanted.is_string() && bound.kind == Comparable::Kind::number &&
           compare_numbers(found, bound.number) == 0;
  }
  const auto* text = found.if_string();
  if (text == nullptr) return false;
  if (bound.kind == Comparable::Kind::time) {
    return parse_time_like(view(*text)) == bound.time;
  }
  if (!is_number(wanted)) return false;
  const auto number = parse_number(view(*text));
  return number && compare_numbers(*number, wanted) == 0;
}

ValueSet::ValueSet(std::vector<json::value> values, CaseMode mode)
    : mode_(mode), values_(std::move(values)) {
  bounds_.reserve(values_.size());
  for (const json::value& value : values_) {
    bounds_.push_back(to_comparable(value));
    has_numbers_ = has_numbers_ || is_number(value);
    has_times_ = has_times_ || bounds_.back().kind == Comparable::Kind::time;
  }
  if (values_.size() <= kScannedSetMax) return;
  positions_.reserve(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    // The values are folded already, so their own hash needs no folding.
    positions_.emplace(hash_value(values_[i]), i);
    if (!values_[i].is_string()) continue;
    if (bounds_[i].kind == Comparable::Kind::number) {
      positions_.emplace(hash_value(bounds_[i].number), i);
    } else if (bounds_[i].kind == Comparable::Kind::time) {
      positions_.emplace(hash_value(bounds_[i].time), i);
    }
  }
}

bool ValueSet::contains_hashed(const json::value& found, std::size_t hash) const {
  const auto [first, last] = positions_.equal_range(hash);
  return std::any_of(first, last, [&](const auto& entry) {
    return values_match(found, values_[entry.second], bounds_[entry.second], mode_);
  });
}

bool ValueSet::contains(const json::value& found) const {
  if (positions_.empty()) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_match(found, values_[i], bounds_[i], mode_)) return true;
    }
    return false;
  }
  if (contains_hashed(found, hash_value(found, mode_))) return true;
  const auto* text = found.if_string();
  if (text == nullptr) return false;
  if (has_numbers_) {
    const auto number = parse_number(view(*text));
    if (number && contains_hashed(found, hash_value(*number))) return true;
  }
  if (!has_times_) return false;
  const auto time = parse_time_like(view(*text));
  return time && contains_hashed(found, hash_value(*time));
}

std::vector<std::string> text_words(std::string_view text) {
  thread_local Analyzer analyzer = Analyzer::make("").value();
  std::vector<std::string> words = analyzer.terms(text);
  std::sort(words.begin(), words.end(), [](const std::string& a, const std::string& b) {
    count_work();
    return a < b;
  });
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

int compare_values(const json::value& a, const json::value& b) {
  count_work(4);
  std::optional<TimeUs> time_a;
  std::optional<TimeUs> time_b;
  const Rank rank = rank_of(a, time_a);
  if (const int order = sign_of(rank, rank_of(b, time_b)); order != 0) return order;
  switch (rank) {
    case Rank::number:
      return a.is_null() || b.is_null() ? sign_of(b.is_null(), a.is_null())
                                        : compare_numbers(a, b);
    case Rank::time:
      return sign_of(*time_a, *time_b);
    case Rank::text:
      count_work(std::min(a.get_string().size(), b.get_string().size()) / kBytesPerStep);
      return sign_of(view(a.get_string()), view(b.get_string()));
    case Rank::boolean:
      return sign_of(a.get_bool(), b.get_bool());
    case Rank::array:
    case Rank::object:
      return sign_of(canonical_json(a), canonical_json(b));
  }
  return 0;
}

const json::value* sort_value(const PathValues& values, bool descending) {
  const json::value* best = nullptr;
  values.for_each([&](const json::value& value) {
    if (value.is_null()) return;
    if (best != nullptr) {
      const int order = compare_values(value, *best);
      if (descending ? order <= 0 : order >= 0) return;
    }
    best = &value;
  });
  return best;
}

}  // namespace trawl
