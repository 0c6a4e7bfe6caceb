#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/amount_sum.h"
#include "base/clock.h"
#include "base/time_zone.h"
#include "ledger/quantile_sketch.h"
#include "model/execution.h"

namespace trawl {

// Stretches of time that executions are counted by: as the clocks of a time zone show them,
// so a day may have 23 hours. Weeks begin on Monday.
enum class TimeBucket { none, minute, hour, day, week, month };

// The first instant of the stretch that an instant lies in, and of the next one; both 0 for
// TimeBucket::none. Spans of a unit follow each other without gaps; an hour that clocks
// show twice is two.
struct BucketSpan {
  TimeUs begin = 0;
  TimeUs end = 0;
};
BucketSpan bucket_span(TimeBucket bucket, TimeUs time, const TimeZone& zone = {});

// What executions are told apart by. One that searched two collections, or ran two stages,
// counts for each, and so does one with two labels, by their names. Errors are those of
// executions that did not complete, by their kind (error_kind.h), and durations by their
// bin (duration_bins.h).
enum class AggregateBy {
  none,
  status,
  collection,
  stage,
  caller,
  label,
  shape,
  error,
  failed_stage,
  label_name,
  duration
};
inline constexpr int kAggregateBys = static_cast<int>(AggregateBy::duration) + 1;

struct AggregateRequest {
  TimeBucket bucket = TimeBucket::none;
  TimeZone zone;  // Of the buckets.
  AggregateBy by = AggregateBy::none;
  std::string label;                   // The name, for AggregateBy::label.
  std::int64_t budget_us = 2'000'000;  // How long to look; see Aggregate::partial.
};

// Sums over executions.
struct AggregateFigures {
  std::uint64_t count = 0;
  std::uint64_t failed = 0;
  std::uint64_t completed = 0;
  std::uint64_t zero_results = 0;  // Of the completed ones.
  AmountSum duration_ms;
  double duration_ms_max = 0;
  AmountSum credits;
  double cache_rate_sum = 0;
  std::uint64_t cache_rate_count = 0;  // Executions that have a rate.
  QuantileSketch durations_ms;

  // One execution more; `duration` in milliseconds, amounts as finite_amount() gives them.
  void add(std::string_view status, double duration, double credits_used,
           std::int64_t total_returned, std::optional<double> cache_hit_rate);
  void merge(const AggregateFigures& other);
};

// Nothing without a group, and for executions that have none; a label may be an empty text.
using AggregateKey = std::optional<std::string>;

// The key of a bin of durations, and the bin of such a key; longer durations have greater
// keys.
std::string duration_key(std::size_t bin);
std::size_t bin_of_duration_key(std::string_view key);

struct Aggregate {
  struct Row {
    TimeUs bucket = 0;  // Its first instant; 0 without buckets.
    AggregateKey key;
    AggregateFigures figures;
  };
  std::vector<Row> rows;   // By bucket, then by key.
  AggregateFigures total;  // Each execution once.
  bool partial = false;    // The budget ran out: some executions are missing.
};

// The keys that an execution counts for, once each.
std::vector<AggregateKey> aggregate_keys(const AggregateRequest& request,
                                         const Execution& execution);
// The same of keys that were gathered otherwise: sorted, once each, nothing for none.
std::vector<AggregateKey> once_each(std::vector<AggregateKey> keys);

// Gathers figures of executions, or of whole groups of them, into an Aggregate. Not
// thread-safe.
class Aggregator {
 public:
  using Key = std::pair<TimeUs, AggregateKey>;

  void add_total(const AggregateFigures& figures) { out_.total.merge(figures); }
  void add(TimeUs bucket, const AggregateKey& key, const AggregateFigures& figures) {
    rows_[{bucket, key}].merge(figures);
  }
  void set_partial() { out_.partial = true; }
  Aggregate finish() &&;

 private:
  std::map<Key, AggregateFigures> rows_;
  Aggregate out_;
};

}  // namespace trawl
