#include "ledger/aggregate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "ledger/duration_bins.h"
#include "ledger/error_kind.h"
#include "ledger/ledger_rules.h"

namespace trawl {
namespace {

constexpr TimeUs kMicrosPerWeek = 7 * kMicrosPerDay;
// 1970-01-05 was a Monday.
constexpr TimeUs kFirstMonday = 4 * kMicrosPerDay;

BucketSpan span_of_length(TimeUs time, TimeUs length, TimeUs origin = 0) {
  TimeUs offset = (time - origin) % length;
  if (offset < 0) offset += length;
  return {time - offset, time - offset + length};
}

BucketSpan month_span(TimeUs time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{time}};
  const year_month_day date{floor<days>(point)};
  const year_month month = date.year() / date.month();
  const auto first = [](const year_month& of) {
    return TimeUs{sys_days{of / 1}.time_since_epoch().count() * kMicrosPerDay};
  };
  return {first(month), first(month + months{1})};
}

// As bucket_span(), with times as clocks show them.
BucketSpan shown_span(TimeBucket bucket, TimeUs shown) {
  switch (bucket) {
    case TimeBucket::none:
      break;
    case TimeBucket::minute:
      return span_of_length(shown, kMicrosPerMinute);
    case TimeBucket::hour:
      return span_of_length(shown, kMicrosPerHour);
    case TimeBucket::day:
      return span_of_length(shown, kMicrosPerDay);
    case TimeBucket::week:
      return span_of_length(shown, kMicrosPerWeek, kFirstMonday);
    case TimeBucket::month:
      return month_span(shown);
  }
  // Every instant; begins where Aggregate::Row says.
  return {0, 0};
}

// Ends where the clocks change, so that 2:00 in summer time and 2:00 an hour later differ.
BucketSpan clock_span(TimeBucket bucket, TimeUs time, const TimeZone& zone) {
  const TimeZone::Stretch stretch = zone.stretch_at(time);
  const BucketSpan shown = shown_span(bucket, time + stretch.offset_us);
  BucketSpan out{shown.begin - stretch.offset_us, shown.end - stretch.offset_us};
  // A stretch may also end where only the zone's name changes.
  if (out.begin < stretch.begin &&
      zone.offset_us_at(stretch.begin - 1) != stretch.offset_us) {
    out.begin = stretch.begin;
  }
  if (out.end > stretch.end && zone.offset_us_at(stretch.end) != stretch.offset_us) {
    out.end = stretch.end;
  }
  return out;
}

// From the first midnight to that of another day.
BucketSpan calendar_span(TimeBucket bucket, TimeUs time, const TimeZone& zone) {
  BucketSpan shown = shown_span(bucket, time + zone.offset_us_at(time));
  BucketSpan out{zone.instant_of(shown.begin), zone.instant_of(shown.end)};
  // Where clocks go back over midnight, they show the end of a day twice; the second time
  // counts to the day that has begun.
  while (time >= out.end) {
    shown = shown_span(bucket, shown.end);
    out = {out.end, zone.instant_of(shown.end)};
  }
  return out;
}

}  // namespace

BucketSpan bucket_span(TimeBucket bucket, TimeUs time, const TimeZone& zone) {
  if (bucket == TimeBucket::none || zone.is_utc()) return shown_span(bucket, time);
  const bool by_clock = bucket == TimeBucket::minute || bucket == TimeBucket::hour;
  return by_clock ? clock_span(bucket, time, zone) : calendar_span(bucket, time, zone);
}

void AggregateFigures::add(std::string_view status, double duration, double credits_used,
                           std::int64_t total_returned,
                           std::optional<double> cache_hit_rate) {
  ++count;
  if (status == status::kFailed) ++failed;
  if (status == status::kCompleted) {
    ++completed;
    if (total_returned == 0) ++zero_results;
  }
  duration_ms.add(duration);
  duration_ms_max = std::max(duration_ms_max, duration);
  credits.add(credits_used);
  if (cache_hit_rate) {
    cache_rate_sum += *cache_hit_rate;
    ++cache_rate_count;
  }
  durations_ms.add(duration);
}

void AggregateFigures::merge(const AggregateFigures& other) {
  count += other.count;
  failed += other.failed;
  completed += other.completed;
  zero_results += other.zero_results;
  duration_ms.merge(other.duration_ms);
  duration_ms_max = std::max(duration_ms_max, other.duration_ms_max);
  credits.merge(other.credits);
  cache_rate_sum += other.cache_rate_sum;
  cache_rate_count += other.cache_rate_count;
  durations_ms.merge(other.durations_ms);
}

std::vector<AggregateKey> once_each(std::vector<AggregateKey> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) keys.emplace_back();
  return keys;
}

std::vector<AggregateKey> aggregate_keys(const AggregateRequest& request,
                                         const Execution& execution) {
  std::vector<AggregateKey> keys;
  const auto add_known = [&](const std::string& text) {
    if (!text.empty()) keys.emplace_back(text);
  };
  switch (request.by) {
    case AggregateBy::none:
      break;
    case AggregateBy::status:
      add_known(execution.summary.status);
      break;
    case AggregateBy::collection:
      if (const auto& ids = execution.summary.collection_ids) {
        keys.assign(ids->begin(), ids->end());
      }
      break;
    case AggregateBy::stage:
      for (const auto& stage : execution.stages) keys.emplace_back(stage.stage_id);
      break;
    case AggregateBy::caller:
      add_known(execution.caller_key_id);
      break;
    case AggregateBy::label:
      for (const auto& [name, value] : execution.labels) {
        if (name == request.label) keys.emplace_back(value);
      }
      break;
    case AggregateBy::label_name:
      for (const auto& [name, value] : execution.labels) keys.emplace_back(name);
      break;
    case AggregateBy::duration:
      keys.emplace_back(
          duration_key(duration_bin(finite_amount(execution.summary.duration_ms))));
      break;
    case AggregateBy::shape:
      add_known(execution.shape);
      break;
    case AggregateBy::error:
      if (execution.summary.status != status::kCompleted && execution.error) {
        add_known(error_kind(*execution.error));
      }
      break;
    case AggregateBy::failed_stage:
      if (execution.summary.status != status::kCompleted) {
        add_known(execution.failed_stage.value_or(""));
      }
      break;
  }
  return once_each(std::move(keys));
}

std::string duration_key(std::size_t bin) {
  return fmt::format("{:03}", bin);
}

std::size_t bin_of_duration_key(std::string_view key) {
  std::int64_t bin = 0;
  return parse_integer(key, bin) && bin >= 0 ? static_cast<std::size_t>(bin) : 0;
}

Aggregate Aggregator::finish() && {
  for (auto& [key, figures] : rows_) {
    out_.rows.push_back({key.first, key.second, std::move(figures)});
  }
  return std::move(out_);
}

}  // namespace trawl
