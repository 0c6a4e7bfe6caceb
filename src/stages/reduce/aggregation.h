#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/object_reader.h"

namespace trawl {

enum class AggregateFunction {
  count,           // documents, or with a field: those that have it
  count_distinct,  // different values
  sum,             // of numbers, exact; others do not count. 0 when there are none
  avg,             // of numbers; null when there are none
  min,             // in the order of sort_attribute; null when there are none
  max,
  first,    // of the best scored document that has the field; null when there is none
  last,     // of the worst scored
  collect,  // all values, in the order of the documents
  collect_distinct,
  percentile,  // {"p50": …} of numbers, linear between neighbours
  histogram,   // {"buckets": [{key, count}]} of numbers, empty buckets left out
};

// One column of the result.
struct Aggregation {
  AggregateFunction function = AggregateFunction::count;
  std::string field;  // Empty only for count.
  std::string alias;
  std::vector<double> percentiles;  // 0..100; 50, 95 and 99 where none are named.
  double interval = 0;  // Width of a histogram bucket, at least kHistogramIntervalMin.
};

// Reads one operation: {function | type, field, alias | name, percentiles?, interval?}.
// Errors stay in the reader.
Aggregation read_aggregation(ObjectReader& in);

// The values of one field in a group of documents. Missing and null values are left out;
// where a path passes through a list, a document has several.
// They point into the documents, which must outlive this.
struct FieldValues {
  std::vector<const json::value*> by_position;  // In the order of the documents.
  std::vector<const json::value*> by_score;     // Best score first.
  std::size_t document_count = 0;               // With those that lack the field.
  std::size_t holder_count = 0;                 // Documents that have it.
};

// Adds to `warnings` what has no result that it should have. Counts its work
// (base/work_limit.h).
json::value compute(const Aggregation& aggregation, const FieldValues& values,
                    std::vector<std::string>& warnings);

}  // namespace trawl
