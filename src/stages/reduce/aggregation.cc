#include "stages/reduce/aggregation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/decimal.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "query/value_key.h"
#include "stages/reduce/histogram.h"
#include "stages/sort/ordering.h"
#include "stages/values.h"

namespace trawl {
namespace {

using Values = std::vector<const json::value*>;

std::vector<double> numbers_of(const Values& values) {
  std::vector<double> out;
  for (const json::value* value : values) {
    if (is_number(*value)) out.push_back(as_double(*value));
  }
  return out;
}

struct Total {
  DecimalSum sum;
  std::size_t count = 0;
};

Total total_of(const Values& values) {
  Total total;
  for (const json::value* value : values) {
    if (!is_number(*value)) continue;
    count_work(8);
    total.sum.add(*value);
    ++total.count;
  }
  return total;
}

// Integers add up to an integer, while it fits. Null where it is beyond all doubles.
json::value sum(const Values& values) {
  const DecimalSum sum = total_of(values).sum;
  if (const auto whole = sum.integer()) return *whole;
  const double rounded = sum.rounded();
  return std::isfinite(rounded) ? json::value(rounded) : json::value();
}

json::value average(const Values& values) {
  const Total total = total_of(values);
  if (total.count == 0) return nullptr;
  return total.sum.divided_by(static_cast<double>(total.count));
}

json::value extreme(const Values& values, bool largest) {
  if (values.empty()) return nullptr;
  SortColumn column;
  for (const json::value* value : values) column.add(value);
  column.prepare();
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const int compared = column.compare(i, best);
    if (largest ? compared > 0 : compared < 0) best = i;
  }
  return *values[best];
}

json::array distinct(const Values& values) {
  json::array out;
  std::unordered_set<std::string> seen;
  for (const json::value* value : values) {
    if (seen.insert(value_key(value)).second) out.push_back(*value);
  }
  return out;
}

json::value percentiles(const Values& values, const std::vector<double>& wanted) {
  auto numbers = numbers_of(values);
  std::sort(numbers.begin(), numbers.end(), [](double a, double b) {
    count_work();
    return a < b;
  });
  json::object out;
  for (const double percent : wanted) {
    json::value& slot = out[fmt::format("p{}", percent)];
    if (numbers.empty()) continue;
    const double at = percent / 100.0 * static_cast<double>(numbers.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, numbers.size() - 1);
    slot = std::lerp(numbers[below], numbers[above], at - static_cast<double>(below));
  }
  return out;
}

}  // namespace

Aggregation read_aggregation(ObjectReader& in) {
  Aggregation out;
  const json::value* function = in.find({"function", "type"});
  if (function == nullptr) {
    in.fail("function",
            "is required; use one of count, count_distinct, sum, avg, min, max, "
            "first, last, collect, collect_distinct");
  }
  out.function = in.one_of({"function", "type"}, AggregateFunction::count,
                           {{"count", AggregateFunction::count},
                            {"count_distinct", AggregateFunction::count_distinct},
                            {"cardinality", AggregateFunction::count_distinct},
                            {"sum", AggregateFunction::sum},
                            {"avg", AggregateFunction::avg},
                            {"min", AggregateFunction::min},
                            {"max", AggregateFunction::max},
                            {"first", AggregateFunction::first},
                            {"last", AggregateFunction::last},
                            {"collect", AggregateFunction::collect},
                            {"collect_distinct", AggregateFunction::collect_distinct},
                            {"percentile", AggregateFunction::percentile},
                            {"histogram", AggregateFunction::histogram}});
  const json::value* field = in.find({"field"});
  out.field = in.string({"field"});
  const bool field_known = field == nullptr || !in.is_template(*field);
  const bool function_known = function != nullptr && !in.is_template(*function);
  if (out.field.empty() && field_known && function_known &&
      out.function != AggregateFunction::count) {
    in.fail("field", "is required for every function but count");
  }
  out.alias = in.required_string({"alias", "name"});

  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (const json::array* list = in.array({"percentiles"})) {
    for (const json::value& item : *list) {
      if (in.is_template(item)) continue;
      if (!is_number(item) || !(as_double(item) >= 0 && as_double(item) <= 100)) {
        in.fail("percentiles", "holds something other than numbers from 0 to 100");
        break;
      }
      out.percentiles.push_back(as_double(item));
    }
  }
  if (out.percentiles.empty()) out.percentiles = {50, 95, 99};
  const bool has_interval = in.has({"interval"});
  out.interval = in.number({"interval"}, 1.0, 0.0, kInfinity);
  if (function_known && out.function == AggregateFunction::histogram && !has_interval) {
    in.fail("interval", "is required for histogram; give the width of a bucket");
  }
  if (out.interval < kHistogramIntervalMin) {
    in.fail("interval", fmt::format("is {}; give a width of at least {}", out.interval,
                                    kHistogramIntervalMin));
  }
  return out;
}

json::value compute(const Aggregation& aggregation, const FieldValues& values,
                    std::vector<std::string>& warnings) {
  const Values& found = values.by_position;
  count_work(4 * found.size() + 1);
  switch (aggregation.function) {
    case AggregateFunction::count:
      return aggregation.field.empty() ? values.document_count : values.holder_count;
    case AggregateFunction::count_distinct:
      return distinct(found).size();
    case AggregateFunction::sum: {
      json::value result = sum(found);
      if (result.is_null()) {
        warnings.push_back(
            fmt::format("the sum of '{}' is too large for a number, so '{}' is null",
                        truncate_text(aggregation.field, 64), aggregation.alias));
      }
      return result;
    }
    case AggregateFunction::avg:
      return average(found);
    case AggregateFunction::min:
      return extreme(found, false);
    case AggregateFunction::max:
      return extreme(found, true);
    case AggregateFunction::first:
      return values.by_score.empty() ? json::value() : *values.by_score.front();
    case AggregateFunction::last:
      return values.by_score.empty() ? json::value() : *values.by_score.back();
    case AggregateFunction::collect: {
      json::array out;
      out.reserve(found.size());
      for (const json::value* value : found) out.push_back(*value);
      return out;
    }
    case AggregateFunction::collect_distinct:
      return distinct(found);
    case AggregateFunction::percentile:
      return percentiles(found, aggregation.percentiles);
    case AggregateFunction::histogram:
      return json::object{{"buckets", histogram(found, aggregation.interval)}};
  }
  return nullptr;
}

}  // namespace trawl
