#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "base/object_reader.h"
#include "base/result.h"

namespace trawl {

// Filters inside filters, the outermost counted.
inline constexpr std::size_t kFilterDepthMax = 16;
// Conditions of one filter, groups included, and values of all its lists (in, nin)
// together: each is looked at again for every document.
inline constexpr std::size_t kFilterConditionsMax = 1'000;
inline constexpr std::size_t kFilterValuesMax = 10'000;
// A compiled pattern keeps a state cache of up to a megabyte; a request must not make
// thousands of them.
inline constexpr std::size_t kFilterRegexCountMax = 32;

struct FilterOptions {
  // Applies where neither the group nor the condition says otherwise.
  bool case_sensitive = false;
  // Every template has been filled in: what looks like {"type": "dynamic"} now came from
  // an input, and is a value like any other.
  bool filled_in = false;
  // Accepts strings with "{{" and {"type": "dynamic"} objects in place of values; such a
  // filter can be checked but not evaluated.
  ObjectReader::Templates templates = ObjectReader::Templates::refused;
};

// The boolean filter grammar of the wire contract (section G), compiled once and evaluated
// many times:
//   group     {"AND"|"OR"|"NOT": [filter…], "case_sensitive"?}
//   condition {"field", "operator"? = eq, "value", "case_sensitive"?}
//   shorthand {path: value, …, case_sensitive?}
// An object with a "field" key is a condition. {} and null match every document; AND and
// NOT of nothing are true, OR of nothing is false.
//
// What the operators mean:
//   - eq, in: equal values; 1 is 1.0, and also "1", and two spellings of an RFC 3339 time
//     are equal, but not "1" and "1.0". Inside arrays and objects values are what they are.
//     A value of `in` that is not an array counts as an array of one.
//   - ne, nin: exactly where eq and in do not match, so also where the field is missing.
//   - gt, gte, lt, lte: numbers, numeric strings and RFC 3339 times; anything else never
//     matches.
//   - For all of these, a field that is an array matches if any of its items does.
//   - contains: a part of a string, or an item of an array.
//   - starts_with, ends_with, regex: strings only; a regular expression (RE2) may match
//     anywhere.
//   - text: a string with all the words of the value, as a search without stemming finds
//     them, never minding case. Without a word it matches nothing, unless it is blank.
//   - exists, is_null: take true or false. A field that is null exists, and is null.
//   - A path that passes through a list (base/field_path.h) has several values. A condition
//     matches where it matches any of them alone; ne and nin where eq and in match none of
//     them; contains also where one equals the value; is_null where all are null.
// Where the case does not count, strings are compared folded and composed (text/fold.h),
// and regular expressions search composed text.
//
// A condition whose path, operator or value is absent_value() (query/absent.h) is
// undecided: neither it nor its negation matches, so a filter finds only what it would
// find whatever the value were.
//
// Immutable; evaluation is thread-safe. It counts its work (base/work_limit.h), and where a
// text is too long for a pattern it ends as WorkStopped: evaluate within bounded().
class Filter {
 public:
  // `location` names the value in messages ("filters",
  // "stages[0].config.parameters.conditions").
  //   invalid  not of the grammar, an unknown operator (with the nearest), a bad regular
  //            expression (text_pattern.h) or more than kFilterRegexCountMax, deeper than
  //            kFilterDepthMax, more than kFilterConditionsMax or kFilterValuesMax
  static Result<Filter> compile(const json::value& source, const std::string& location,
                                const FilterOptions& options = {});
  // One condition, as attribute_filter spells it in its own parameters.
  static Result<Filter> condition(std::string_view field, std::string_view op,
                                  const json::value& value, bool case_sensitive,
                                  const std::string& location,
                                  const FilterOptions& options = {});

  // Looks up the values at a dotted path. What it returns has to last until the next call.
  using Lookup = std::function<PathValues(std::string_view path)>;
  bool matches(const Lookup& lookup) const;
  bool matches(const json::object& document) const;  // Looks up by find_values().

  // Whether templates stand in it, so it can be checked only: it matches nothing.
  bool has_templates() const;

  // What to tell whoever wrote it: of conditions with `text` that match nothing, since
  // there is no word in them.
  std::vector<std::string> warnings() const;

  // Why it should not choose what is deleted or changed: a condition with `text` that has
  // no word, whose negation holds everywhere, or a blank one, which holds for every text.
  // Nothing where there is no such condition.
  std::optional<std::string> vague_condition() const;

  // Every path that evaluation may look up, once each. This and the next two are valid as
  // long as the filter or a copy of it.
  const std::vector<std::string>& paths() const;
  // Equal for filters that mean the same by construction: canonical text with options.
  const std::string& fingerprint() const;

  // The tree behind it, for those who answer parts of it from an index; see filter_node.h.
  struct Compiled;
  const struct FilterNode& root() const;

 private:
  explicit Filter(std::shared_ptr<const Compiled> compiled)
      : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

// Names in a filter whose values belong to its shape, which tells filters that differ in
// constants only from others. More than `field` and `operator`, as shapes have been
// recorded that way; the list is never changed.
inline constexpr std::string_view kFilterShapeNames[] = {
    "stage_id", "stage_type", "feature_uri", "field",    "operator",    "function",
    "alias",    "direction",  "fusion",      "strategy", "output_mode", "group_by_field"};

// Says that a search for `text`, which `name` names, finds nothing: it has no words.
std::string wordless_warning(std::string_view name, std::string_view text);

// The order of sort stages and sorted lists: numbers numerically, times (strings that parse
// as RFC 3339) chronologically, other strings by their bytes, false before true, arrays and
// objects by their JSON text. Values of different types stand in the order of this list:
// comparing those by their text would put 9 < 10 < "1z" < 9, and sorting needs one order.
// Neither side should be null; null comes first. Neither may be or hold absent_value().
// Counts its work.
int compare_values(const json::value& a, const json::value& b);

// The one of the values at a path that it is sorted by: the first of the smallest in this
// order, or of the greatest when `descending`. Null where there is none but null; else it
// points into `values`.
const json::value* sort_value(const PathValues& values, bool descending);

}  // namespace trawl
