#include "api/executions/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace trawl::api {
namespace {

constexpr std::pair<TimeBucket, std::string_view> kUnits[] = {
    {TimeBucket::minute, "minute"}, {TimeBucket::hour, "hour"},   {TimeBucket::day, "day"},
    {TimeBucket::week, "week"},     {TimeBucket::month, "month"},
};

TimeBucket coarser(TimeBucket bucket) {
  return static_cast<TimeBucket>(static_cast<int>(bucket) + 1);
}
TimeBucket finer(TimeBucket bucket) {
  return static_cast<TimeBucket>(static_cast<int>(bucket) - 1);
}

// From the first to the last instant that buckets have to cover.
struct Reach {
  TimeUs first = 0;
  TimeUs last = 0;
};

// How many buckets a reach needs; max + 1 when it needs more than `max`.
std::uint32_t bucket_count(TimeBucket bucket, const TimeZone& zone, const Reach& reach,
                           std::uint32_t max) {
  std::uint32_t count = 0;
  for (TimeUs time = reach.first; time <= reach.last && count <= max; ++count) {
    time = bucket_span(bucket, time, zone).end;
  }
  return count;
}

class Gathering {
 public:
  Gathering(const Ledger& ledger, const ExecutionFilter& filter,
            const FiguresRequest& request)
      : ledger_(ledger), filter_(filter), request_(request) {}

  Result<Figures> run() {
    Figures out;
    if (request_.bucket) {
      TRAWL_TRY(check(*request_.bucket));
      out.bucket = *request_.bucket;
      TRAWL_ASSIGN(out.aggregate, aggregate(out.bucket, request_.by));
    } else {
      TRAWL_TRY(choose(out));
    }
    if (request_.by == AggregateBy::none) {
      TRAWL_TRY(fill_gaps(out));
    } else {
      TRAWL_TRY(order(out));
    }
    return out;
  }

 private:
  bool fits(TimeBucket bucket, const Reach& reach, std::uint32_t max) const {
    return bucket_count(bucket, request_.zone, reach, max) <= max;
  }
  BucketSpan span_of(TimeBucket bucket, TimeUs time) const {
    return bucket_span(bucket, time, request_.zone);
  }

  Error too_many_rows(TimeBucket bucket, const std::optional<Reach>& reach) const {
    std::string remedy = "ask for fewer executions";
    if (bucket != TimeBucket::none) {
      TimeBucket unit = bucket;
      while (unit != TimeBucket::month &&
             (unit == bucket || (reach && !fits(unit, *reach, kFiguresRowsMax)))) {
        unit = coarser(unit);
      }
      const bool helps = unit != bucket && (!reach || fits(unit, *reach, kFiguresRowsMax));
      remedy = fmt::format(
          "use {}a shorter time range",
          helps ? fmt::format("the bucket {}, or ", bucket_name(unit)) : std::string());
    }
    return invalid_at("bucket",
                      fmt::format("the reply would have more than {} rows with the "
                                  "bucket {}; {}",
                                  kFiguresRowsMax, bucket_name(bucket), remedy));
  }

  Result<Aggregate> aggregate(TimeBucket bucket, AggregateBy by) const {
    AggregateRequest request;
    request.bucket = bucket;
    request.zone = request_.zone;
    request.by = by;
    request.label = request_.label;
    request.budget_us =
        std::max<std::int64_t>(0, request_.budget_us - (monotonic_us() - begun_us_));
    return ledger_.aggregate(filter_, request);
  }

  // What was asked for; where that is open, as far as there are executions.
  std::optional<Reach> reach_of(TimeBucket bucket, const Aggregate& found) const {
    if (found.rows.empty()) return std::nullopt;
    return Reach{
        filter_.start_time.value_or(found.rows.front().bucket),
        filter_.end_time.value_or(span_of(bucket, found.rows.back().bucket).end - 1)};
  }

  // Refuses minutes and hours of a long history before they are gathered, since each takes
  // memory. A look at the days tells how long it is, to a day at either end.
  Result<void> check(TimeBucket bucket) const {
    if (bucket != TimeBucket::minute && bucket != TimeBucket::hour) return {};
    if (filter_.start_time && filter_.end_time &&
        fits(bucket, {*filter_.start_time, *filter_.end_time}, kFiguresRowsMax)) {
      return {};
    }
    TRAWL_ASSIGN(const Aggregate days, aggregate(TimeBucket::day, AggregateBy::none));
    if (days.rows.empty()) return {};
    const Reach reach{days.rows.front().bucket,
                      span_of(TimeBucket::day, days.rows.back().bucket).end - 1};
    constexpr std::uint32_t kTwoDays = 2 * 24 * 60;
    if (!fits(bucket, reach, kFiguresRowsMax + kTwoDays)) {
      return too_many_rows(bucket, reach);
    }
    return {};
  }

  // With both ends given the unit is plain. Else it starts with days and goes to what is
  // finer while that stays within bounds, or coarser until it does.
  Result<void> choose(Figures& out) {
    if (filter_.start_time && filter_.end_time) {
      const Reach reach{*filter_.start_time, *filter_.end_time};
      out.bucket = TimeBucket::minute;
      while (out.bucket != TimeBucket::month && !fits(out.bucket, reach, kAutoBucketsMax)) {
        out.bucket = coarser(out.bucket);
      }
      TRAWL_ASSIGN(out.aggregate, aggregate(out.bucket, request_.by));
      return {};
    }
    out.bucket = TimeBucket::day;
    TRAWL_ASSIGN(out.aggregate, aggregate(out.bucket, AggregateBy::none));
    std::optional<Reach> reach = reach_of(out.bucket, out.aggregate);
    if (!reach) return {};
    while (out.bucket != TimeBucket::minute && !out.aggregate.partial) {
      // The reach is known to a bucket at either end, so what is a little too much now may
      // turn out to fit.
      const TimeBucket unit = finer(out.bucket);
      if (!fits(unit, *reach, 2 * kAutoBucketsMax)) break;
      TRAWL_ASSIGN(Aggregate closer, aggregate(unit, AggregateBy::none));
      const auto closer_reach = reach_of(unit, closer);
      if (!closer_reach || closer.partial) break;
      if (!fits(unit, *closer_reach, kAutoBucketsMax)) break;
      out.bucket = unit;
      out.aggregate = std::move(closer);
      reach = closer_reach;
    }
    const TimeBucket gathered = out.bucket;
    while (out.bucket != TimeBucket::month && !fits(out.bucket, *reach, kAutoBucketsMax)) {
      out.bucket = coarser(out.bucket);
    }
    if (request_.by != AggregateBy::none) {
      TRAWL_ASSIGN(out.aggregate, aggregate(out.bucket, request_.by));
    } else if (out.bucket != gathered) {
      fold(out);
    }
    return {};
  }

  // Days into weeks or months.
  void fold(Figures& figures) const {
    Aggregator folded;
    for (const auto& row : figures.aggregate.rows) {
      folded.add(span_of(figures.bucket, row.bucket).begin, row.key, row.figures);
    }
    folded.add_total(figures.aggregate.total);
    if (figures.aggregate.partial) folded.set_partial();
    figures.aggregate = std::move(folded).finish();
  }

  Result<void> fill_gaps(Figures& figures) const {
    auto& rows = figures.aggregate.rows;
    if (figures.bucket == TimeBucket::none || rows.empty()) return {};
    const Reach reach{rows.front().bucket, rows.back().bucket};
    if (!fits(figures.bucket, reach, kFiguresRowsMax)) {
      // Nobody chose the bucket, so there has to be an answer: one wrong clock may have
      // recorded an execution of the year 1.
      figures.has_gaps = !request_.bucket && rows.size() <= kFiguresRowsMax;
      return figures.has_gaps ? Result<void>() : too_many_rows(figures.bucket, reach);
    }
    std::vector<Aggregate::Row> filled;
    TimeUs next = reach.first;
    for (auto& row : rows) {
      for (; next < row.bucket; next = span_of(figures.bucket, next).end) {
        filled.emplace_back().bucket = next;
      }
      next = span_of(figures.bucket, row.bucket).end;
      filled.push_back(std::move(row));
    }
    rows = std::move(filled);
    return {};
  }

  Result<void> order(Figures& figures) const {
    auto& rows = figures.aggregate.rows;
    if (rows.size() > kFiguresRowsMax) return too_many_rows(figures.bucket, std::nullopt);
    // Bins are in their own order already.
    if (request_.by == AggregateBy::duration) return {};
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.bucket != b.bucket ? a.bucket < b.bucket : a.figures.count > b.figures.count;
    });
    return {};
  }

  const Ledger& ledger_;
  const ExecutionFilter& filter_;
  const FiguresRequest& request_;
  const TimeUs begun_us_ = monotonic_us();
};

void write_ratio(JsonWriter& out, double sum, std::uint64_t count) {
  if (count == 0) {
    out.null();
  } else {
    out.number(sum / static_cast<double>(count));
  }
}

}  // namespace

Result<Figures> gather_figures(const Ledger& ledger, const ExecutionFilter& filter,
                               const FiguresRequest& request) {
  return Gathering(ledger, filter, request).run();
}

std::string_view bucket_name(TimeBucket bucket) {
  for (const auto& [unit, name] : kUnits) {
    if (unit == bucket) return name;
  }
  return "none";
}

double to_micros(double millis) {
  // What is so large has no fraction that could be told.
  return millis < 1e12 ? std::round(millis * 1e3) / 1e3 : millis;
}

void write_bucket(JsonWriter& out, TimeBucket bucket, TimeUs begin, const TimeZone& zone) {
  if (bucket == TimeBucket::none) return;
  // The first and the last bucket reach beyond what RFC 3339 can write.
  const auto text = [&](TimeUs time) {
    return format_time(std::clamp(time, kTimeMin, kTimeMax), zone);
  };
  out.key("bucket_start").string(text(begin));
  out.key("bucket_end").string(text(bucket_span(bucket, begin, zone).end));
}

void write_figures(JsonWriter& out, const AggregateFigures& figures) {
  out.key("count").unsigned_integer(figures.count);
  out.key("error_count").unsigned_integer(figures.failed);
  write_ratio(out.key("error_rate"), static_cast<double>(figures.failed), figures.count);
  out.key("completed_count").unsigned_integer(figures.completed);
  out.key("zero_result_count").unsigned_integer(figures.zero_results);
  write_ratio(out.key("zero_result_rate"), static_cast<double>(figures.zero_results),
              figures.completed);
  out.key("duration_ms").begin_object();
  out.key("avg");
  figures.count == 0 ? out.null()
                     : out.number(to_micros(figures.duration_ms.value() /
                                            static_cast<double>(figures.count)));
  for (const auto& [name, quantile] : {std::pair<std::string_view, double>{"p50", 0.5},
                                       {"p90", 0.9},
                                       {"p95", 0.95},
                                       {"p99", 0.99}}) {
    out.key(name);
    if (figures.count == 0) {
      out.null();
    } else {
      // A sketch may answer a little more than the greatest number that it saw.
      out.number(std::min(to_micros(std::min(figures.durations_ms.quantile(quantile),
                                             figures.duration_ms_max)),
                          figures.duration_ms_max));
    }
  }
  out.key("max");
  figures.count == 0 ? out.null() : out.number(figures.duration_ms_max);
  out.end_object();
  out.key("credits_used").begin_object();
  out.key("total").number(figures.credits.value());
  write_ratio(out.key("avg"), figures.credits.value(), figures.count);
  out.end_object();
  write_ratio(out.key("cache_hit_rate"), figures.cache_rate_sum, figures.cache_rate_count);
}

}  // namespace trawl::api
