#include "api/executions/execution_list_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "api/executions/filter_collections.h"
#include "api/executions/replayable.h"
#include "api/wire/time_value.h"
#include "base/object_reader.h"
#include "base/text.h"
#include "ledger/error_kind.h"
#include "model/recorded_fields.h"
#include "query/filter.h"

namespace trawl::api {
namespace {

constexpr std::size_t kIdsMax = 1'000;
constexpr std::size_t kLabelsMax = 16;
constexpr std::size_t kErrorCharsMax = 4'000;
constexpr std::int64_t kBudgetMaxMs = 60'000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What is not a condition on the text of one field.
constexpr std::string_view kOtherKeys[] = {"budget_ms",
                                           "cache_hit_rate",
                                           "collection_ids",
                                           "count_only",
                                           "end_time",
                                           "error",
                                           "error_kind",
                                           "execution_ids",
                                           "fields",
                                           "filters",
                                           "labels",
                                           "max_credits",
                                           "max_duration_ms",
                                           "min_credits",
                                           "min_duration_ms",
                                           "modes",
                                           "query",
                                           "returned",
                                           "returned_document",
                                           "sort",
                                           "start_time",
                                           "status",
                                           "statuses"};

const std::vector<std::string_view>& known_keys() {
  static const std::vector<std::string_view> kKeys = [] {
    std::vector<std::string_view> keys = filter_names(kCondition);
    keys.insert(keys.end(), std::begin(kOtherKeys), std::end(kOtherKeys));
    std::sort(keys.begin(), keys.end());
    return keys;
  }();
  return kKeys;
}

// Fields of an execution that go by another name elsewhere, too far from it to be near.
std::string near_field(std::string_view field, const std::vector<std::string_view>& known) {
  static constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
      {"_id", "execution_id"},     {"id", "execution_id"},     {"created_at", "timestamp"},
      {"key", "caller"},           {"query", "query_summary"}, {"start_time", "timestamp"},
      {"started_at", "timestamp"}, {"time", "timestamp"},      {"user", "caller"}};
  for (const auto& [other, name] : kOtherNames) {
    const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
    if (other == field && is_known) return fmt::format(" (did you mean '{}'?)", name);
  }
  return did_you_mean(field, known);
}

class Reader {
 public:
  Reader(const json::object& stated, TimeUs now, const FindCollectionId& find,
         ExecutionListBody& out)
      : in_(stated, ""), now_(now), find_(find), out_(out) {}

  Result<void> read() {
    TRAWL_TRY(read_times());
    TRAWL_TRY(read_texts());
    TRAWL_TRY(read_lists());
    TRAWL_TRY(read_returned_document());
    TRAWL_TRY(read_numbers());
    TRAWL_TRY(read_labels());
    TRAWL_TRY(read_filters());
    TRAWL_TRY(read_modes());
    TRAWL_TRY(read_sort());
    TRAWL_TRY(read_fields());
    out_.count_only = in_.boolean({"count_only"}, false);
    out_.has_budget = in_.has({"budget_ms"});
    out_.budget_us = in_.integer({"budget_ms"}, 2'000, 0, kBudgetMaxMs) * 1'000;
    return in_.status();
  }

 private:
  Result<void> add(std::string_view field, std::string_view op, const json::value& value,
                   std::string_view location) {
    TRAWL_ASSIGN(Filter filter,
                 Filter::condition(field, op, value, true, std::string(location)));
    out_.filter.where.push_back(std::move(filter));
    return {};
  }

  Result<void> read_times() {
    auto& filter = out_.filter;
    if (const auto* value = in_.find({"start_time"})) {
      TRAWL_ASSIGN(filter.start_time, parse_time_value(*value, now_, "start_time"));
    }
    if (const auto* value = in_.find({"end_time"})) {
      TRAWL_ASSIGN(filter.end_time, parse_time_value(*value, now_, "end_time"));
    }
    if (filter.start_time && filter.end_time && *filter.start_time > *filter.end_time) {
      return invalid_at(
          "start_time",
          fmt::format("start_time ({}) is after end_time ({}); swap them",
                      format_time(*filter.start_time), format_time(*filter.end_time)));
    }
    return {};
  }

  Result<std::optional<TextQuery>> read_query(std::string_view name) {
    std::optional<TextQuery> query;
    const auto text = in_.optional_string({name});
    TRAWL_TRY(in_.status());
    if (!text) return query;
    if (truncate_text(*text, kTextQueryCharsMax) != *text) {
      return invalid_at(std::string(name),
                        fmt::format("{} is longer than {} characters; use fewer words",
                                    name, kTextQueryCharsMax));
    }
    query = TextQuery::parse(*text);
    out_.echo[name] = text_value(query->matches_nothing() ? *text : query->normalized());
    if (query->matches_nothing()) out_.warnings.push_back(wordless_warning(name, *text));
    if (query->matches_everything()) query.reset();
    return query;
  }

  Result<void> read_texts() {
    out_.filter.status = in_.optional_string({"status"});
    TRAWL_TRY(in_.status());
    if (out_.filter.status) out_.echo["status"] = *out_.filter.status;
    TRAWL_ASSIGN(out_.filter.query, read_query("query"));
    TRAWL_ASSIGN(out_.filter.error, read_query("error"));
    TRAWL_TRY(read_error_kind());
    for (const RecordedField& field : kRecordedFields) {
      if (!field.is(kCondition)) continue;
      const std::string_view name = field.filter_name;
      const auto text = in_.optional_string({name});
      TRAWL_TRY(in_.status());
      if (!text) continue;
      out_.echo[name] = *text;
      TRAWL_TRY(add(name, "eq", text_value(*text), name));
    }
    const auto returned =
        in_.one_of<std::string_view>({"returned"}, {}, {{"zero", "eq"}, {"nonzero", "gt"}});
    TRAWL_TRY(in_.status());
    if (!returned.empty()) {
      out_.echo["returned"] = returned == "eq" ? "zero" : "nonzero";
      TRAWL_TRY(add("total_returned", returned, 0, "returned"));
    }
    return {};
  }

  // An error, or the kind of one, which is of its own kind.
  Result<void> read_error_kind() {
    const auto text = in_.optional_string({"error_kind"});
    TRAWL_TRY(in_.status());
    if (!text) return {};
    if (text->empty()) {
      return invalid_at("error_kind",
                        "error_kind is empty; give an error, or a kind as an aggregate by "
                        "error has it, or leave it out");
    }
    if (truncate_text(*text, kErrorCharsMax) != *text) {
      return invalid_at(
          "error_kind",
          fmt::format("error_kind is longer than {} characters; give the kind "
                      "that an aggregate by error has",
                      kErrorCharsMax));
    }
    out_.filter.error_kind = error_kind(*text);
    out_.echo["error_kind"] = text_value(*out_.filter.error_kind);
    return {};
  }

  Result<std::vector<std::string>> read_strings(std::string_view name) {
    auto items = in_.strings({name});
    TRAWL_TRY(in_.status());
    if (!in_.has({name})) return items;
    if (items.empty() || items.size() > kIdsMax) {
      return invalid_at(std::string(name), fmt::format("{} has {} items; use 1 to {}", name,
                                                       items.size(), kIdsMax));
    }
    json::array echo;
    for (const auto& item : items) echo.push_back(text_value(item));
    out_.echo[name] = std::move(echo);
    return items;
  }

  Result<void> read_lists() {
    TRAWL_ASSIGN(const auto ids, read_strings("execution_ids"));
    if (!ids.empty()) {
      auto& wanted = out_.filter.execution_ids.emplace();
      for (const auto& id : ids) wanted.emplace_back(id);
    }
    TRAWL_ASSIGN(const auto statuses, read_strings("statuses"));
    if (!statuses.empty()) {
      TRAWL_TRY(add("status", "in", out_.echo["statuses"], "statuses"));
    }
    return read_collections();
  }

  Result<void> read_collections() {
    constexpr std::string_view kName = "collection_ids";
    TRAWL_ASSIGN(const auto items, read_strings(kName));
    if (items.empty()) return {};
    json::array wanted;
    for (std::size_t i = 0; i < items.size(); ++i) {
      TRAWL_TRY(add_collection(items[i], fmt::format("{}[{}]", kName, i), find_, wanted,
                               out_.unknown_collections));
    }
    return add(kName, "in", wanted, kName);
  }

  Result<void> read_returned_document() {
    constexpr std::string_view kName = "returned_document";
    const json::value* sent = in_.find({kName});
    if (sent == nullptr) return {};
    ReturnedDocument wanted;
    if (const auto* object = sent->if_object()) {
      ObjectReader document = in_.child(*object, kName);
      wanted.document_id = document.required_string({"document_id"});
      const auto collection = document.optional_string({"collection_id"});
      TRAWL_TRY(document.status());
      if (const auto unread = document.unread(); !unread.empty()) {
        const std::string key = truncate_text(unread.front(), 64);
        return invalid_at(fmt::format("{}.{}", kName, key),
                          fmt::format("{} has no '{}'; use document_id, and collection_id "
                                      "where it matters",
                                      kName, key));
      }
      if (collection) {
        json::array ids;
        TRAWL_TRY(add_collection(*collection, "returned_document.collection_id", find_, ids,
                                 out_.unknown_collections));
        for (const json::value& id : ids) {
          wanted.collection_ids.emplace_back(view(id.get_string()));
        }
      }
    } else {
      wanted.document_id = in_.required_string({kName});
      TRAWL_TRY(in_.status());
    }
    out_.echo["returned_document"] = *sent;
    out_.filter.returned_document = std::move(wanted);
    return {};
  }

  Result<void> read_bound(std::string_view name, std::string_view field,
                          std::string_view op, double max = kInfinity) {
    const auto number = in_.optional_number({name}, 0, max);
    TRAWL_TRY(in_.status());
    if (!number) return {};
    out_.echo[name] = *number;
    return add(field, op, *number, name);
  }

  Result<void> read_numbers() {
    TRAWL_TRY(read_bound("min_duration_ms", "duration_ms", "gte"));
    TRAWL_TRY(read_bound("max_duration_ms", "duration_ms", "lte"));
    TRAWL_TRY(read_bound("min_credits", "credits_used", "gte"));
    TRAWL_TRY(read_bound("max_credits", "credits_used", "lte"));
    const json::value* rate = in_.find({"cache_hit_rate"});
    if (rate == nullptr) return {};
    if (!rate->is_object()) return read_bound("cache_hit_rate", "cache_hit_rate", "eq", 1);
    ObjectReader range = in_.child(rate->get_object(), "cache_hit_rate");
    const auto low = range.optional_number({"min"}, 0, 1);
    const auto high = range.optional_number({"max"}, 0, 1);
    TRAWL_TRY(range.status());
    if (const auto unread = range.unread(); !unread.empty()) {
      const std::string key = truncate_text(unread.front(), 64);
      return invalid_at("cache_hit_rate." + key,
                        fmt::format("cache_hit_rate has no '{}'; use min and max", key));
    }
    out_.echo["cache_hit_rate"] = *rate;
    if (low) TRAWL_TRY(add("cache_hit_rate", "gte", *low, "cache_hit_rate.min"));
    if (high) TRAWL_TRY(add("cache_hit_rate", "lte", *high, "cache_hit_rate.max"));
    return {};
  }

  Result<void> read_labels() {
    const json::object* labels = in_.object({"labels"});
    TRAWL_TRY(in_.status());
    if (labels == nullptr) return {};
    if (labels->size() > kLabelsMax) {
      return invalid_at("labels", fmt::format("labels has {} keys; use at most {}",
                                              labels->size(), kLabelsMax));
    }
    for (const auto& label : *labels) {
      const std::string location = fmt::format(
          "labels.{}", truncate_text({label.key().data(), label.key().size()}, 64));
      if (!label.value().is_string()) {
        return invalid_at(location, fmt::format("{} is of type {}; use a string", location,
                                                type_name(label.value())));
      }
      TRAWL_TRY(add(fmt::format("labels.{}",
                                std::string_view(label.key().data(), label.key().size())),
                    "eq", label.value(), location));
    }
    out_.echo["labels"] = *labels;
    return {};
  }

  Result<void> read_filters() {
    const json::value* filters = in_.find({"filters"});
    if (filters == nullptr) return {};
    TRAWL_ASSIGN(Filter filter, Filter::compile(*filters, "filters"));
    for (const std::string& path : filter.paths()) {
      const std::string first = path.substr(0, path.find('.'));
      const auto& known = execution_fields();
      if (std::find(known.begin(), known.end(), first) == known.end()) {
        const std::string name = truncate_text(first, 64);
        return invalid_at(
            "filters", fmt::format("unknown field '{}' of an execution{}; use one of {}",
                                   name, near_field(first, known), fmt::join(known, ", ")));
      }
    }
    const auto& paths = filter.paths();
    if (std::find(paths.begin(), paths.end(), "collection_ids") != paths.end()) {
      TRAWL_ASSIGN(const json::value resolved,
                   with_collection_ids(*filters, find_, out_.unknown_collections));
      TRAWL_ASSIGN(filter, Filter::compile(resolved, "filters"));
    }
    out_.echo["filters"] = *filters;
    for (auto& warning : filter.warnings()) out_.warnings.push_back(std::move(warning));
    if (!filter.paths().empty() || !filter.matches(json::object())) {
      out_.filter.where.push_back(std::move(filter));
    }
    return {};
  }

  Result<void> read_modes() {
    TRAWL_ASSIGN(const auto modes, read_strings("modes"));
    out_.has_modes = !modes.empty();
    if (modes.empty()) {
      if (means_some_executions()) out_.filter.modes = ModeKinds::all();
      return {};
    }
    out_.filter.modes = ModeKinds::none();
    for (std::size_t i = 0; i < modes.size(); ++i) {
      std::optional<ModeKind> found;
      std::vector<std::string_view> known;
      for (ModeKind kind = 0; kind < kModeKinds; ++kind) {
        known.push_back(mode_kind_name(kind));
        if (known.back() == modes[i]) found = kind;
      }
      if (!found) {
        const std::string name = truncate_text(modes[i], 64);
        return invalid_at(fmt::format("modes[{}]", i),
                          fmt::format("unknown mode '{}'{}; use one of {}", name,
                                      did_you_mean(name, known), fmt::join(known, ", ")));
      }
      out_.filter.modes.add(*found);
    }
    return {};
  }

  // Whoever names executions, or what they descend from, means them whatever their mode.
  bool means_some_executions() const {
    static constexpr std::string_view kNames[] = {
        "execution_id", "execution_mode", "parent_execution_id", "relation", "request_id"};
    if (out_.filter.execution_ids) return true;
    for (const Filter& where : out_.filter.where) {
      for (const std::string& path : where.paths()) {
        if (std::find(std::begin(kNames), std::end(kNames), path) != std::end(kNames)) {
          return true;
        }
      }
    }
    return false;
  }

  Result<void> read_sort() {
    const json::value* sort = in_.find({"sort"});
    if (sort == nullptr) return {};
    std::string field;
    if (sort->is_object()) {
      ObjectReader order = in_.child(sort->get_object(), "sort");
      field = order.required_string({"field"});
      out_.ascending =
          order.one_of<bool>({"direction"}, false, {{"asc", true}, {"desc", false}});
      TRAWL_TRY(order.status());
    } else {
      field = in_.string({"sort"});
      TRAWL_TRY(in_.status());
      if (field.starts_with('+') || field.starts_with('-')) {
        out_.ascending = field.front() == '+';
        field.erase(0, 1);
      }
    }
    for (std::size_t i = 0; i < kRecordedFields.size(); ++i) {
      if (kRecordedFields[i].is(kSort) && kRecordedFields[i].name == field) {
        out_.sort = static_cast<ExecutionSort>(i);
        return {};
      }
    }
    const std::vector<std::string_view> known = filter_names(kSort);
    return invalid_at("sort",
                      fmt::format("a list cannot be sorted by '{}'{}; use one of {}",
                                  truncate_text(field, 64), near_field(field, known),
                                  fmt::join(known, ", ")));
  }

  Result<void> read_fields() {
    out_.fields = in_.strings({"fields"});
    TRAWL_TRY(in_.status());
    const auto& known = field_choices();
    for (const std::string& field : out_.fields) {
      if (std::find(known.begin(), known.end(), field) != known.end()) continue;
      return invalid_at("fields",
                        fmt::format("unknown field '{}' of an execution{}; use one of {}",
                                    truncate_text(field, 64), near_field(field, known),
                                    fmt::join(known, ", ")));
    }
    return {};
  }

  ObjectReader in_;
  TimeUs now_;
  const FindCollectionId& find_;
  ExecutionListBody& out_;
};

}  // namespace

const std::vector<std::string_view>& field_choices() {
  static const std::vector<std::string_view> kChoices = [] {
    std::vector<std::string_view> choices = detail_field_names();
    for (const RecordedField& field : kRecordedFields) {
      const bool is_other = field.kept != Kept::derived && field.filter_name != field.name;
      if (is_other) choices.push_back(field.filter_name);
    }
    choices.insert(choices.end(), std::begin(kReplayableMembers),
                   std::end(kReplayableMembers));
    return choices;
  }();
  return kChoices;
}

std::string_view member_of_choice(std::string_view choice) {
  const auto named = std::find_if(
      kRecordedFields.begin(), kRecordedFields.end(), [&](const RecordedField& field) {
        return field.kept != Kept::derived && field.filter_name == choice;
      });
  return named == kRecordedFields.end() ? choice : named->name;
}

Result<ExecutionListBody> parse_execution_list_body(const json::object& body,
                                                    const NamespaceId& namespace_id,
                                                    TimeUs now,
                                                    const FindCollectionId& find) {
  ExecutionListBody out;
  out.filter.namespace_id = namespace_id;
  out.filter.modes = ModeKinds::own();
  json::object stated;
  json::object chosen;
  for (const auto& field : body) {
    const std::string_view key(field.key().data(), field.key().size());
    const auto& known = known_keys();
    if (!std::binary_search(known.begin(), known.end(), key)) {
      const std::string name = truncate_text(key, 64);
      return invalid_at(name,
                        fmt::format("unknown filter '{}'{}; use one of {}", name,
                                    did_you_mean(key, known), fmt::join(known, ", ")));
    }
    if (field.value().is_null()) continue;
    stated[field.key()] = field.value();
    if (key != "fields" && key != "budget_ms" && key != "count_only")
      chosen[field.key()] = field.value();
  }
  if (!stated.empty()) {
    TRAWL_TRY(Reader(stated, now, find, out).read());
  }
  out.canonical = canonical_json(chosen);
  return out;
}

Result<void> refuse_page_keys(const json::object& body, std::string_view what,
                              FieldsKey fields) {
  for (const std::string_view key : {"sort", "fields", "budget_ms", "count_only"}) {
    const json::value* value = body.if_contains(key);
    if (value == nullptr || value->is_null()) continue;
    if (key == "fields" && fields == FieldsKey::taken) continue;
    return invalid_at(std::string(key),
                      fmt::format("{} has no {}; leave it out", what, key));
  }
  return {};
}

json::object echo_of(const ExecutionListBody& body) {
  json::object out = body.echo;
  if (body.filter.start_time) out["start_time"] = format_time(*body.filter.start_time);
  if (body.filter.end_time) out["end_time"] = format_time(*body.filter.end_time);
  return out;
}

}  // namespace trawl::api
