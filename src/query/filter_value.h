#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

// How single values are compared: the vocabulary that filters, sorted lists and templates
// share. Every function is pure and thread-safe; those that look at whole values count
// their work (base/work_limit.h). Values that are
// compared may not be or hold absent_value().
namespace trawl {

enum class CaseMode { sensitive, folded };

// The value with every string inside it folded (fold_case); the keys of objects stay as
// they are.
json::value fold_strings(const json::value& value);

// The sign of a - b for numbers of any kind, exact where a double would round. Both must be
// numbers.
int compare_numbers(const json::value& a, const json::value& b);

// The same value: numbers by what they are (1 is 1.0), objects in any order of keys, no
// coercion between types. With CaseMode::folded strings of `found` are folded on the way,
// and `wanted` is folded already.
bool values_equal(const json::value& found, const json::value& wanted,
                  CaseMode mode = CaseMode::sensitive);

// Equal for values that values_equal() calls equal. For the life of the process only: never
// store it.
std::size_t hash_value(const json::value& value, CaseMode mode = CaseMode::sensitive);

// The whole text as a finite decimal number (-12, 0.5, 1e3), or nothing; at most 400 bytes.
std::optional<json::value> parse_number(std::string_view text);

// parse_time for text that at least looks like a date; cheap when it does not.
std::optional<TimeUs> parse_time_like(std::string_view text);

// What an ordering comparison sees in a value: a number, also one written as a string; an
// instant; or neither, and then nothing compares with it.
struct Comparable {
  enum class Kind { none, number, time };
  Kind kind = Kind::none;
  json::value number;
  TimeUs time = 0;
};
Comparable to_comparable(const json::value& value);
// The sign of a - b, or nothing when they are not of one kind.
std::optional<int> compare(const Comparable& a, const Comparable& b);

// What eq, ne, in, nin and contains take for the same: what values_equal() does, a number
// and a text that is this number, and two texts that name one instant, as gte and lte see
// them. Two texts of one number are two: "007" is not "7". `bound` is
// to_comparable(wanted).
bool values_match(const json::value& found, const json::value& wanted,
                  const Comparable& bound, CaseMode mode);

// A set of values, by what values_match() takes for the same; with CaseMode::folded they
// are folded already. Immutable once built.
class ValueSet {
 public:
  ValueSet(std::vector<json::value> values, CaseMode mode);
  bool contains(const json::value& found) const;
  const std::vector<json::value>& values() const { return values_; }

 private:
  bool contains_hashed(const json::value& found, std::size_t hash) const;

  CaseMode mode_;
  std::vector<json::value> values_;
  std::vector<Comparable> bounds_;  // Of each value.
  bool has_numbers_ = false;        // Not counting texts.
  bool has_times_ = false;
  // Hash to position, of a value and of the number or instant that it is as a text; empty
  // for small sets, which a scan serves faster.
  std::unordered_multimap<std::size_t, std::size_t> positions_;
};

// The words of a text as Analyzer finds them without stemming; sorted, once each.
std::vector<std::string> text_words(std::string_view text);

}  // namespace trawl
