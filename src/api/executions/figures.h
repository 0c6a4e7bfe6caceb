#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace trawl::api {

// A reply has at most so many rows, filled gaps included.
inline constexpr std::uint32_t kFiguresRowsMax = 10'000;
// `auto` chooses the finest unit that needs no more buckets than this.
inline constexpr std::uint32_t kAutoBucketsMax = 120;

struct FiguresRequest {
  std::optional<TimeBucket> bucket;  // Nothing: `auto`.
  TimeZone zone;                     // Of the buckets.
  AggregateBy by = AggregateBy::none;
  std::string label;
  std::int64_t budget_us = 2'000'000;  // Of all that is read for the reply together.
};

struct Figures {
  TimeBucket bucket = TimeBucket::none;  // As asked for, or what `auto` chose.
  // By bucket; in a bucket the key with the most executions first, but of durations the
  // shortest. Without a group the
  // buckets from the first to the last that has executions are all there.
  Aggregate aggregate;
  // Except where those would be too many months: then those without executions are not.
  bool has_gaps = false;
};

// Ledger::aggregate for replies: bounded, without gaps. Fails as that does, and
//   invalid  there are more than kFiguresRowsMax rows; the location is `bucket`
Result<Figures> gather_figures(const Ledger& ledger, const ExecutionFilter& filter,
                               const FiguresRequest& request);

// As it is on the wire: "minute", …, "none".
std::string_view bucket_name(TimeBucket bucket);

// Members of the object that is open: bucket_start and bucket_end, the first instant of
// the next one, with the offset of the zone. Nothing for TimeBucket::none.
void write_bucket(JsonWriter& out, TimeBucket bucket, TimeUs begin, const TimeZone& zone);

// Milliseconds as they are written, to the microsecond: figures that were computed have
// more digits than anything was measured with.
double to_micros(double millis);

// Members of the object that is open: count, error_rate, duration_ms {…} and the rest.
// A figure is null where no execution has a value.
void write_figures(JsonWriter& out, const AggregateFigures& figures);

}  // namespace trawl::api
