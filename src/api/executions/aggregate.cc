// POST /v1/retrievers/executions/aggregate: the figures of all executions that a list of
// the same body has.
#include "api/executions/aggregate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/executions/collection_condition.h"
#include "api/executions/execution_list_body.h"
#include "api/executions/figures.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_time.h"
#include "api/wire/time_value.h"
#include "base/text.h"
#include "ledger/duration_bins.h"

namespace trawl::api {
namespace {

constexpr std::array<std::string_view, 3> kOwnKeys = {"bucket", "group_by", "time_zone"};

// What a group is called in the body, and its key in a row of the reply.
struct Grouping {
  std::string_view name;
  std::string_view member;
  AggregateBy by;
};
constexpr Grouping kGroupings[] = {
    {"status", "status", AggregateBy::status},
    {"collection", "collection_id", AggregateBy::collection},
    {"stage", "stage_id", AggregateBy::stage},
    {"caller", "caller", AggregateBy::caller},
    {"shape", "shape", AggregateBy::shape},
    {"error", "error", AggregateBy::error},
    {"failed_stage", "failed_stage", AggregateBy::failed_stage},
    {"label_name", "label_name", AggregateBy::label_name},
    {"duration", "", AggregateBy::duration},  // write_bin() has its members.
};
constexpr std::string_view kLabelPrefix = "label:";

std::string_view member_of(AggregateBy by) {
  for (const Grouping& group : kGroupings) {
    if (group.by == by) return group.member;
  }
  return "label";
}

std::string group_name(const FiguresRequest& request) {
  for (const Grouping& group : kGroupings) {
    if (group.by == request.by) return std::string(group.name);
  }
  return std::string(kLabelPrefix) + request.label;
}

void write_bin(JsonWriter& out, const AggregateKey& key) {
  const DurationBin bin = duration_bin_at(bin_of_duration_key(key.value_or("")));
  out.key("bin_start_ms").number(bin.start_ms);
  out.key("bin_end_ms");
  bin.end_ms ? out.number(*bin.end_ms) : out.null();
}

struct AggregateBody {
  ExecutionListBody list;
  FiguresRequest figures;
};

Result<void> read_group(ObjectReader& in, FiguresRequest& out) {
  std::string name;
  if (const json::value* group = in.find({"group_by"}); group && group->is_object()) {
    ObjectReader label = in.child(group->get_object(), "group_by");
    name = std::string(kLabelPrefix) + label.required_string({"label"});
    TRAWL_TRY(label.status());
    if (const auto unread = label.unread(); !unread.empty()) {
      const std::string key = truncate_text(unread.front(), 64);
      return invalid_at("group_by." + key,
                        fmt::format("group_by has no '{}'; use {{\"label\": NAME}}", key));
    }
  } else {
    name = in.string({"group_by"});
    TRAWL_TRY(in.status());
    if (group == nullptr) return {};
  }
  if (name.starts_with(kLabelPrefix) && name.size() > kLabelPrefix.size()) {
    out.by = AggregateBy::label;
    out.label = name.substr(kLabelPrefix.size());
    return {};
  }
  std::vector<std::string_view> known;
  for (const Grouping& group : kGroupings) {
    if (group.name == name) {
      out.by = group.by;
      return {};
    }
    known.push_back(group.name);
  }
  return invalid_at(
      "group_by",
      fmt::format("executions cannot be grouped by '{}'{}; use one of {}, or label:NAME",
                  truncate_text(name, 64), did_you_mean(name, known),
                  fmt::join(known, ", ")));
}

Result<AggregateBody> parse_body(const Services& services, const json::object& sent,
                                 const NamespaceId& ns) {
  json::object filter;
  json::object own;
  for (const auto& field : sent) {
    const std::string_view key(field.key().data(), field.key().size());
    if (std::find(kOwnKeys.begin(), kOwnKeys.end(), key) != kOwnKeys.end()) {
      own[field.key()] = field.value();
      continue;
    }
    if (key == "sort" || key == "fields" || key == "count_only") {
      return invalid_at(std::string(key),
                        fmt::format("an aggregate has no {}; leave it out", key));
    }
    // The parser of the list knows only its own keys.
    if (const auto near = nearest_name(key, kOwnKeys); !near.empty()) {
      const std::string name = truncate_text(key, 64);
      return invalid_at(name,
                        fmt::format("unknown member '{}' of an aggregate (did you mean "
                                    "'{}'?)",
                                    name, near));
    }
    filter[field.key()] = field.value();
  }
  AggregateBody out;
  ObjectReader in(own, {});
  TRAWL_TRY(read_group(in, out.figures));
  using Bucket = std::optional<TimeBucket>;
  const Bucket fallback =
      out.figures.by == AggregateBy::none ? Bucket() : Bucket(TimeBucket::none);
  out.figures.bucket = in.one_of<Bucket>({"bucket"}, fallback,
                                         {{"auto", Bucket()},
                                          {"none", TimeBucket::none},
                                          {"minute", TimeBucket::minute},
                                          {"hour", TimeBucket::hour},
                                          {"day", TimeBucket::day},
                                          {"week", TimeBucket::week},
                                          {"month", TimeBucket::month}});
  const std::string zone = in.string({"time_zone"}, "UTC");
  TRAWL_TRY(in.status());
  TRAWL_ASSIGN(out.figures.zone, read_time_zone(zone, "time_zone"));
  TRAWL_ASSIGN(out.list,
               parse_execution_list_body(filter, ns, services.clock.now(),
                                         find_collection_id_in(services.catalog, ns)));
  out.figures.budget_us = out.list.budget_us;
  return out;
}

Result<http::Response> aggregate_executions(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object sent, read_body(call));
  TRAWL_ASSIGN(AggregateBody body, parse_body(services, sent, call.ns.id));
  TRAWL_TRY(refuse_unknown_collections(services, body.list));
  body.figures.budget_us = 1'000 * capped_ms(services, body.figures.budget_us / 1'000);
  TRAWL_ASSIGN(const Figures figures,
               gather_figures(services.ledger, body.list.filter, body.figures));

  const bool is_grouped = body.figures.by != AggregateBy::none;
  const bool is_binned = body.figures.by == AggregateBy::duration;
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("bucket").string(bucket_name(figures.bucket));
  if (sent.contains("time_zone")) out.key("time_zone").string(body.figures.zone.name());
  out.key("group_by");
  is_grouped ? out.string(group_name(body.figures)) : out.null();
  if (is_binned) {
    out.key("bin_bounds_ms").begin_array();
    for (const double bound : duration_bounds_ms()) out.number(bound);
    out.end_array();
  }
  out.key("filter").value(echo_of(body.list));
  out.key("total").begin_object();
  write_figures(out, figures.aggregate.total);
  out.end_object();
  out.key("results").begin_array();
  for (const auto& row : figures.aggregate.rows) {
    out.begin_object();
    write_bucket(out, figures.bucket, row.bucket, body.figures.zone);
    if (is_binned) {
      write_bin(out, row.key);
    } else if (is_grouped) {
      out.key(member_of(body.figures.by));
      row.key ? out.string(*row.key) : out.null();
    }
    write_figures(out, row.figures);
    out.end_object();
  }
  out.end_array();
  // Each is said only where it is so.
  if (figures.has_gaps) out.key("has_gaps").boolean(true);
  if (figures.aggregate.partial) out.key("partial").boolean(true);
  const auto& warnings = body.list.warnings;
  if (!warnings.empty()) {
    out.key("warnings").value(json::array(warnings.begin(), warnings.end()));
  }
  out.end_object();
  return json_response(std::move(text));
}

}  // namespace

void add_aggregate_routes(http::Router& router, const Services& services) {
  static const ObjectShape kGroup{{{"label"}}};
  const RequestShape shape(
      Query{}, execution_conditions_shape().with(
                   {{"budget_ms"}, {"bucket"}, {"group_by", &kGroup}, {"time_zone"}}));
  router.add(
      {"POST", "/v1/retrievers/executions/aggregate", http::RunOn::worker,
       http::Body::buffered,
       endpoint(services, Permission::read, Scope::in_namespace, shape,
                [&services](Call& call) { return aggregate_executions(services, call); })});
}

}  // namespace trawl::api
