// GET /v1/analytics/…: the contract's fixed views of the history. What it calls a retriever
// is here all ad hoc executions together ("adhoc"), or those of one pipeline, by its
// fingerprint or its shape.
#include "api/analytics/analytics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "api/executions/figures.h"
#include "api/wire/endpoint.h"
#include "api/wire/time_value.h"
#include "base/amount_sum.h"
#include "base/field_path.h"
#include "base/json.h"
#include "base/text.h"
#include "ledger/rendered.h"

namespace trawl::api {
namespace {

constexpr std::string_view kAdhoc = "adhoc";
// The most that a view of single stages reads, since only the records have them.
constexpr std::uint64_t kStageExecutionsMax = 10'000;
constexpr TimeUs kStageScanUsMax = 2'000'000;

struct TimeRange {
  TimeUs start = 0;
  TimeUs end = 0;
};

void write_time_range(JsonWriter& out, const TimeRange& range) {
  out.key("time_range").begin_object();
  out.key("start").string(format_time(range.start));
  out.key("end").string(format_time(range.end));
  out.end_object();
}

// --- the query of a request ----------------------------------------------------------

Result<std::int64_t> integer_parameter(const Call& call, std::string_view name,
                                       std::int64_t fallback, std::int64_t min,
                                       std::int64_t max) {
  const auto text = call.request.query_value(name);
  if (!text || text->empty()) return fallback;
  std::int64_t value = 0;
  if (parse_integer(*text, value) && value >= min && value <= max) return value;
  return invalid_at(fmt::format("query.{}", name),
                    fmt::format("{} is '{}'; use a whole number, {} to {}", name,
                                truncate_text(*text, 64), min, max));
}

Result<double> number_parameter(const Call& call, std::string_view name, double fallback,
                                double min, double max) {
  const auto text = call.request.query_value(name);
  if (!text || text->empty()) return fallback;
  const auto value = parse_json(*text);
  if (value && is_number(*value)) {
    const double number = as_double(*value);
    if (number >= min && number <= max) return number;
  }
  return invalid_at(fmt::format("query.{}", name),
                    fmt::format("{} is '{}'; use a number, {} to {}", name,
                                truncate_text(*text, 64), min, max));
}

Result<TimeUs> time_parameter(const Call& call, std::string_view name, TimeUs fallback,
                              TimeUs now) {
  const auto text = call.request.query_value(name);
  if (!text || text->empty()) return fallback;
  return parse_time_value(text_value(*text), now, fmt::format("query.{}", name));
}

// The last ?hours= until now.
Result<TimeRange> last_hours(const Services& services, const Call& call) {
  TRAWL_ASSIGN(const auto hours, integer_parameter(call, "hours", 24, 1, 720));
  const TimeUs now = services.clock.now();
  return TimeRange{now - hours * kMicrosPerHour, now};
}

// --- what is looked at ---------------------------------------------------------------

Result<void> add_condition(ExecutionFilter& filter, std::string_view field,
                           std::string_view op, const json::value& value) {
  TRAWL_ASSIGN(Filter condition,
               Filter::condition(field, op, value, true, std::string(field)));
  filter.where.push_back(std::move(condition));
  return {};
}

Result<bool> is_there(const Ledger& ledger, const ExecutionFilter& filter) {
  bool found = false;
  TRAWL_TRY(ledger.scan(filter, {}, [&](const ScannedExecution&) -> Result<bool> {
    found = true;
    return false;
  }));
  return found;
}

// The executions that a {retriever_id} stands for, at any time.
//   not_found  none ever ran under it
Result<ExecutionFilter> executions_of(const Services& services, const Call& call) {
  const std::string& id = call.request.path_parameter("retriever_id");
  ExecutionFilter all;
  all.namespace_id = call.ns.id;
  all.modes = ModeKinds::own();
  if (id == kAdhoc) return all;
  for (const std::string_view field : {"fingerprint", "shape"}) {
    ExecutionFilter filter = all;
    TRAWL_TRY(add_condition(filter, field, "eq", text_value(id)));
    TRAWL_ASSIGN(const bool found, is_there(services.ledger, filter));
    if (found) return filter;
  }
  return make_error(
      ErrorCode::not_found,
      fmt::format("nothing ran under '{}' in the namespace '{}'; use adhoc for all ad hoc "
                  "executions, or the fingerprint or the shape that an execution shows",
                  truncate_text(id, 100), call.ns.name));
}

ExecutionFilter within(ExecutionFilter filter, const TimeRange& range) {
  filter.start_time = range.start;
  filter.end_time = range.end;
  return filter;
}

// --- performance ---------------------------------------------------------------------

Result<http::Response> show_performance(const Services& services, Call& call) {
  const TimeUs now = services.clock.now();
  TimeRange range;
  TRAWL_ASSIGN(range.end, time_parameter(call, "end_date", now, now));
  TRAWL_ASSIGN(range.start,
               time_parameter(call, "start_date",
                              std::max(kTimeMin, range.end - kMicrosPerDay), now));
  if (range.start > range.end) {
    return invalid_at("query.start_date",
                      fmt::format("start_date ({}) is after end_date ({}); swap them",
                                  format_time(range.start), format_time(range.end)));
  }
  const std::string unit(call.request.query_value("group_by").value_or("hour"));
  FiguresRequest request;
  std::vector<std::string_view> known;
  for (const TimeBucket bucket : {TimeBucket::minute, TimeBucket::hour, TimeBucket::day,
                                  TimeBucket::week, TimeBucket::month}) {
    known.push_back(bucket_name(bucket));
    if (unit == bucket_name(bucket)) request.bucket = bucket;
  }
  if (!request.bucket) {
    return invalid_at(
        "query.group_by",
        fmt::format("group_by is '{}'{}; use one of {}", truncate_text(unit, 64),
                    did_you_mean(unit, known), fmt::join(known, ", ")));
  }
  std::string zone(call.request.query_value("time_zone").value_or("UTC"));
  // An unescaped plus of "+05:30" arrives as a space.
  if (zone.starts_with(' ')) zone.front() = '+';
  TRAWL_ASSIGN(request.zone, read_time_zone(zone, "query.time_zone"));
  TRAWL_ASSIGN(const ExecutionFilter filter, executions_of(services, call));
  auto figures = gather_figures(services.ledger, within(filter, range), request);
  if (!figures) {
    Error error = std::move(figures).error();
    if (error.location == "bucket") error.location = "query.group_by";
    return error;
  }
  const Aggregate& aggregate = figures->aggregate;
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("retriever_id").string(call.request.path_parameter("retriever_id"));
  write_time_range(out, range);
  out.key("metrics").begin_array();
  for (const auto& row : aggregate.rows) {
    out.begin_object();
    write_bucket(out, figures->bucket, row.bucket, request.zone);
    write_figures(out, row.figures);
    out.end_object();
  }
  out.end_array();
  out.key("summary").begin_object();
  write_figures(out, aggregate.total);
  out.end_object();
  if (aggregate.partial) out.key("partial").boolean(true);
  out.end_object();
  return json_response(std::move(text));
}

// --- stages --------------------------------------------------------------------------

struct StageFigures {
  std::uint64_t count = 0;
  AmountSum duration_ms;
  double documents_in = 0;
  double documents_out = 0;
  QuantileSketch durations_ms;
};
// By name, stage_id and type: pipelines call different stages by the same name.
using StageKey = std::tuple<std::string, std::string, std::string>;

struct StageBreakdown {
  std::map<StageKey, StageFigures> stages;
  AmountSum duration_ms;
  std::uint64_t execution_count = 0;
  bool partial = false;  // Older executions of the window were not read.
};

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && value->is_string() ? view(value->get_string())
                                                : std::string_view();
}

double number_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && is_number(*value) ? as_double(*value) : 0;
}

// What the ledger stored; no request's depth limit applies.
Result<json::object> parse_detail(std::string_view text) {
  TRAWL_ASSIGN(json::value detail, parse_json(text, kJsonDepthMax + 16));
  if (!detail.is_object()) {
    return make_error(ErrorCode::storage, "the stored data is damaged",
                      "a record is not a JSON object");
  }
  return std::move(detail.get_object());
}

void add_stages(const Execution& execution, StageBreakdown& out) {
  ++out.execution_count;
  for (const StageRecord& stage : execution.stages) {
    StageFigures& figures =
        out.stages[{stage.stage_name, stage.stage_id, stage.stage_type}];
    const double duration_ms = static_cast<double>(stage.duration_us) / 1'000;
    ++figures.count;
    figures.duration_ms.add(duration_ms);
    figures.durations_ms.add(duration_ms);
    figures.documents_in += static_cast<double>(stage.input_count);
    figures.documents_out += static_cast<double>(stage.output_count);
    out.duration_ms.add(duration_ms);
  }
}

Result<StageBreakdown> read_stages(const Ledger& ledger, const ExecutionFilter& filter) {
  StageBreakdown out;
  ScanRequest request;
  request.detail = true;
  const TimeUs deadline_us = monotonic_us() + kStageScanUsMax;
  TRAWL_TRY(
      ledger.scan(filter, request, [&](const ScannedExecution& found) -> Result<bool> {
        // Seen only when there is one more.
        if (out.execution_count == kStageExecutionsMax || monotonic_us() > deadline_us) {
          out.partial = true;
          return false;
        }
        add_stages(found.execution, out);
        return true;
      }));
  return out;
}

Result<http::Response> show_stages(const Services& services, Call& call) {
  TRAWL_ASSIGN(const TimeRange range, last_hours(services, call));
  TRAWL_ASSIGN(const ExecutionFilter filter, executions_of(services, call));
  TRAWL_ASSIGN(const StageBreakdown breakdown,
               read_stages(services.ledger, within(filter, range)));
  std::vector<std::pair<StageKey, StageFigures>> stages(breakdown.stages.begin(),
                                                        breakdown.stages.end());
  // What takes the most time stands first.
  std::stable_sort(stages.begin(), stages.end(), [](const auto& a, const auto& b) {
    return a.second.duration_ms.value() > b.second.duration_ms.value();
  });
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("retriever_id").string(call.request.path_parameter("retriever_id"));
  out.key("stages").begin_array();
  for (const auto& [key, figures] : stages) {
    const auto& [name, stage_id, type] = key;
    const auto count = static_cast<double>(figures.count);
    out.begin_object();
    out.key("stage_name").string(name);
    out.key("stage_id").string(stage_id);
    out.key("stage_type").string(type);
    out.key("execution_count").unsigned_integer(figures.count);
    out.key("avg_latency_ms").number(to_micros(figures.duration_ms.value() / count));
    out.key("p95_latency_ms").number(to_micros(figures.durations_ms.quantile(0.95)));
    out.key("avg_documents_in").number(figures.documents_in / count);
    out.key("avg_documents_out").number(figures.documents_out / count);
    out.end_object();
  }
  out.end_array();
  // Of all stages together, an execution.
  out.key("total_latency_ms")
      .number(breakdown.execution_count == 0
                  ? 0
                  : breakdown.duration_ms.value() /
                        static_cast<double>(breakdown.execution_count));
  write_time_range(out, range);
  out.key("execution_count").unsigned_integer(breakdown.execution_count);
  if (breakdown.partial) out.key("partial").boolean(true);
  out.end_object();
  return json_response(std::move(text));
}

// --- slow queries --------------------------------------------------------------------

// The fields and features that a pipeline names in the parameters of its stages.
void collect_fields(const json::value& value, std::set<std::string>& out) {
  if (const json::array* items = value.if_array()) {
    for (const json::value& item : *items) collect_fields(item, out);
    return;
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    const bool names_one = key == "field" || key == "feature_uri";
    if (names_one && member.value().is_string()) {
      out.emplace(view(member.value().get_string()));
    } else if (key == "fields" && member.value().is_array()) {
      for (const json::value& item : member.value().get_array()) {
        if (item.is_string()) out.emplace(view(item.get_string()));
      }
    } else {
      collect_fields(member.value(), out);
    }
  }
}

void write_slow_query(JsonWriter& out, std::string_view retriever_id,
                      const json::object& detail) {
  std::set<std::string> fields;
  if (const auto* stages = find_path(detail, "pipeline.stages")) {
    collect_fields(*stages, fields);
  }
  out.begin_object();
  out.key("retriever_id").string(retriever_id);
  out.key("execution_id").string(text_of(detail, "execution_id"));
  out.key("timestamp").string(text_of(detail, "timestamp"));
  out.key("status").string(text_of(detail, "status"));
  out.key("query").string(text_of(detail, "query_summary"));
  out.key("latency_ms").number(number_of(detail, "duration_ms"));
  out.key("results_count")
      .integer(static_cast<std::int64_t>(number_of(detail, "total_returned")));
  out.key("queried_fields").begin_array();
  for (const std::string& field : fields) out.string(field);
  out.end_array();
  out.end_object();
}

struct SlowestFound {
  std::uint64_t total = 0;  // How many match in all.
  bool total_exact = true;
  std::uint64_t written = 0;
};

// Writes the slowest matches as an array.
Result<SlowestFound> write_slowest(const Services& services, const Call& call,
                                   std::string_view retriever_id,
                                   const ExecutionFilter& filter, std::int64_t limit,
                                   JsonWriter& out) {
  ExecutionPageRequest page;
  page.limit = static_cast<std::uint32_t>(limit);
  page.sort = ExecutionSort::duration_ms;
  TRAWL_ASSIGN(const ExecutionPage found, services.ledger.list(filter, page));
  SlowestFound result{found.total, found.total_exact, 0};
  out.begin_array();
  for (const Execution& row : found.executions) {
    TRAWL_ASSIGN(const auto text,
                 find_json(services.ledger, call.ns.id, row.summary.execution_id));
    // Deleted since the page was read.
    if (!text) continue;
    TRAWL_ASSIGN(const json::object detail, parse_detail(*text));
    write_slow_query(out, retriever_id, detail);
    ++result.written;
  }
  out.end_array();
  return result;
}

Result<http::Response> list_slow_queries(const Services& services, Call& call) {
  TRAWL_ASSIGN(const auto limit, integer_parameter(call, "limit", 10, 1, 1000));
  TRAWL_ASSIGN(const TimeRange range, last_hours(services, call));
  TRAWL_ASSIGN(const ExecutionFilter filter, executions_of(services, call));
  std::string text;
  JsonWriter out(text);
  TRAWL_TRY(write_slowest(services, call, call.request.path_parameter("retriever_id"),
                          within(filter, range), limit, out));
  return json_response(std::move(text));
}

Result<http::Response> list_slow_queries_of_namespace(const Services& services,
                                                      Call& call) {
  TRAWL_ASSIGN(const auto days, integer_parameter(call, "days", 30, 1, 90));
  TRAWL_ASSIGN(const double threshold_ms,
               number_parameter(call, "latency_threshold_ms", 500, 100, 10'000));
  TRAWL_ASSIGN(const auto limit, integer_parameter(call, "limit", 100, 1, 500));
  const TimeUs now = services.clock.now();
  ExecutionFilter filter;
  filter.namespace_id = call.ns.id;
  TRAWL_TRY(add_condition(filter, "duration_ms", "gte", threshold_ms));
  std::string slowest;
  JsonWriter rows(slowest);
  TRAWL_ASSIGN(
      const SlowestFound found,
      write_slowest(services, call, kAdhoc,
                    within(filter, {now - days * kMicrosPerDay, now}), limit, rows));
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("namespace_id").string(call.ns.id.str());
  out.key("time_range_days").integer(days);
  out.key("latency_threshold_ms").number(threshold_ms);
  out.key("slow_queries").raw(slowest);
  out.key("total_slow_queries").unsigned_integer(found.total);
  out.key("returned_count").unsigned_integer(found.written);
  out.key("total_is_exact").boolean(found.total_exact);
  out.end_object();
  return json_response(std::move(text));
}

// --- the stage cache -----------------------------------------------------------------

// Executions of one kind, in all and by the hour.
struct CacheSide {
  AggregateFigures total;
  std::map<TimeUs, AggregateFigures> hours;
  bool partial = false;
};

Result<CacheSide> read_cache_side(const Ledger& ledger, ExecutionFilter filter,
                                  std::string_view op) {
  TRAWL_TRY(add_condition(filter, "cache_hit_rate", op, 0));
  AggregateRequest request;
  request.bucket = TimeBucket::hour;
  TRAWL_ASSIGN(Aggregate found, ledger.aggregate(filter, request));
  CacheSide out;
  for (auto& row : found.rows) out.hours[row.bucket] = std::move(row.figures);
  out.total = std::move(found.total);
  out.partial = found.partial;
  return out;
}

double share(std::uint64_t hits, std::uint64_t misses) {
  const auto total = static_cast<double>(hits + misses);
  return total > 0 ? static_cast<double>(hits) / total : 0;
}

double average_ms(const AggregateFigures& figures) {
  return figures.count == 0
             ? 0
             : figures.duration_ms.value() / static_cast<double>(figures.count);
}

// An execution is a hit when the cache answered at least one of its stages, and a miss when
// it completed stages without; one that completed none is neither.
Result<http::Response> show_cache_performance(const Services& services, Call& call) {
  TRAWL_ASSIGN(const TimeRange range, last_hours(services, call));
  TRAWL_ASSIGN(const ExecutionFilter any_time, executions_of(services, call));
  const ExecutionFilter filter = within(any_time, range);
  TRAWL_ASSIGN(CacheSide hits, read_cache_side(services.ledger, filter, "gt"));
  TRAWL_ASSIGN(CacheSide misses, read_cache_side(services.ledger, filter, "eq"));

  std::string text;
  JsonWriter out(text);
  const auto write_side = [&](std::string_view hits_key, std::string_view misses_key,
                              const AggregateFigures& hit, const AggregateFigures& miss) {
    out.key("cache_hit_rate").number(share(hit.count, miss.count));
    out.key(hits_key).unsigned_integer(hit.count);
    out.key(misses_key).unsigned_integer(miss.count);
    out.key("avg_cache_hit_latency_ms").number(average_ms(hit));
    out.key("avg_cache_miss_latency_ms").number(average_ms(miss));
  };
  out.begin_object();
  out.key("retriever_id").string(call.request.path_parameter("retriever_id"));
  write_time_range(out, range);
  write_side("total_cache_hits", "total_cache_misses", hits.total, misses.total);
  std::set<TimeUs> hours;
  for (const CacheSide* side : {&hits, &misses}) {
    for (const auto& hour : side->hours) hours.insert(hour.first);
  }
  out.key("hourly_breakdown").begin_array();
  for (const TimeUs hour : hours) {
    out.begin_object();
    out.key("hour").string(format_time(hour));
    write_side("cache_hits", "cache_misses", hits.hours[hour], misses.hours[hour]);
    out.end_object();
  }
  out.end_array();
  if (hits.partial || misses.partial) out.key("partial").boolean(true);
  out.end_object();
  return json_response(std::move(text));
}

}  // namespace

void add_analytics_routes(http::Router& router, const Services& services) {
  const auto add = [&](std::string_view path, Query query,
                       Result<http::Response> (*show)(const Services&, Call&)) {
    router.add({"GET", "/v1/analytics/" + std::string(path), http::RunOn::worker,
                http::Body::buffered,
                endpoint(services, Permission::read, Scope::in_namespace, std::move(query),
                         [&services, show](Call& call) { return show(services, call); })});
  };
  add("retrievers/{retriever_id}/performance",
      {{"start_date"}, {"end_date"}, {"group_by"}, {"time_zone"}}, show_performance);
  add("retrievers/{retriever_id}/stages", {{"hours"}}, show_stages);
  add("retrievers/{retriever_id}/slow-queries", {{"hours"}, {"limit"}}, list_slow_queries);
  add("retrievers/{retriever_id}/cache-performance", {{"hours"}}, show_cache_performance);
  add("namespaces/queries/slow", {{"days"}, {"latency_threshold_ms"}, {"limit"}},
      list_slow_queries_of_namespace);
}

}  // namespace trawl::api
