#include "stages/reduce/aggregation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_set>

#include "base/work_limit.h"
#include "query/value_key.h"
#include "stages/sort/ordering.h"
#include "stages/values.h"

namespace trawl {
namespace {

using Values = std::vector<const json::value*>;

// Sums without losing small terms beside large ones (Neumaier).
class CompensatedSum {
 public:
  void add(double term) {
    const double next = sum_ + term;
    lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - next) + term : (term - next) + sum_;
    sum_ = next;
  }
  // Past the range of doubles the correction is not a number.
  double value() const { return std::isfinite(sum_ + lost_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

std::vector<double> numbers_of(const Values& values) {
  std::vector<double> out;
  for (const json::value* value : values) {
    if (is_number(*value)) out.push_back(as_double(*value));
  }
  return out;
}

double sum_of(const std::vector<double>& numbers) {
  CompensatedSum sum;
  for (const double number : numbers) sum.add(number);
  return sum.value();
}

// Integers add up to an integer, while it fits.
json::value sum(const Values& values) {
  std::int64_t whole = 0;
  for (const json::value* value : values) {
    if (!is_number(*value)) continue;
    if (!value->is_int64() || __builtin_add_overflow(whole, value->get_int64(), &whole)) {
      return sum_of(numbers_of(values));
    }
  }
  return whole;
}

json::value average(const Values& values) {
  const auto numbers = numbers_of(values);
  if (numbers.empty()) return nullptr;
  return sum_of(numbers) / static_cast<double>(numbers.size());
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

json::value histogram(const Values& values, double interval) {
  std::map<double, std::int64_t> counts;
  for (const double number : numbers_of(values)) {
    ++counts[std::floor(number / interval) * interval];
  }
  json::array buckets;
  buckets.reserve(counts.size());
  for (const auto& [key, count] : counts) {
    buckets.push_back(json::object{{"key", key}, {"count", count}});
  }
  return json::object{{"buckets", std::move(buckets)}};
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
  if (out.interval == 0) in.fail("interval", "is 0; give a width above 0");
  return out;
}

json::value compute(const Aggregation& aggregation, const FieldValues& values) {
  const Values& found = values.by_position;
  count_work(4 * found.size() + 1);
  switch (aggregation.function) {
    case AggregateFunction::count:
      return aggregation.field.empty() ? values.document_count : found.size();
    case AggregateFunction::count_distinct:
      return distinct(found).size();
    case AggregateFunction::sum:
      return sum(found);
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
      return histogram(found, aggregation.interval);
  }
  return nullptr;
}

}  // namespace trawl
