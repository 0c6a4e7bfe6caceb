#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "base/unread_members.h"
#include "base/work_limit.h"
#include "query/value_key.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/reduce/aggregation.h"
#include "stages/sort/ordering.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::string_view kAggregateSchema = R"json({
  "type": "object",
  "required": ["aggregations"],
  "properties": {
    "aggregations": {
      "type": "array", "minItems": 1,
      "description": "What to compute.",
      "items": {
        "type": "object",
        "required": ["function", "alias"],
        "properties": {
          "function": {
            "type": "string",
            "enum": ["count", "count_distinct", "cardinality", "sum", "avg", "min", "max", "first", "last", "collect", "collect_distinct", "percentile", "histogram"],
            "description": "first and last follow the score, best first; cardinality is count_distinct. Also read as type."
          },
          "field": {"type": "string", "description": "Dotted path; required for all but count."},
          "alias": {"type": "string", "minLength": 1, "description": "Name of the result, unique. Also read as name."},
          "percentiles": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 100}, "default": [50, 95, 99], "description": "For percentile."},
          "interval": {"type": "number", "exclusiveMinimum": 0, "description": "Width of a bucket, for histogram."}
        }
      }
    },
    "group_by": {
      "type": ["array", "string", "null"], "default": null,
      "description": "One row for every combination of values of these fields; of a list, each item is one. A missing field counts as null.",
      "items": {
        "type": ["object", "string"],
        "required": ["field"],
        "properties": {
          "field": {"type": "string", "description": "Dotted path."},
          "alias": {"type": ["string", "null"], "default": null, "description": "Name in the row; null for the last segment of the path."}
        }
      }
    },
    "sort_by": {
      "type": ["string", "null"], "default": null,
      "description": "Alias to order the rows by; null for the order in which the groups first appear."
    },
    "sort_order": {
      "type": "string", "enum": ["asc", "desc"], "default": "desc",
      "description": "Direction of sort_by. Nulls come last."
    },
    "limit": {
      "type": ["integer", "null"], "default": null, "minimum": 1, "maximum": 1000,
      "description": "Rows kept; null for all."
    },
    "include_documents": {
      "type": "boolean", "default": false,
      "description": "true: the documents continue unchanged and the rows are only in the stage's metadata. false: the rows replace them."
    }
  }
})json";

// Documents times the groups that each is in: lists multiply.
constexpr std::size_t kGroupPlacesMax = 1'000'000;

constexpr std::string_view kAggregateBounds[] = {"limit"};

struct GroupField {
  std::string field;
  std::string alias;
};

// Documents with equal values in all group fields.
struct Bucket {
  json::array values;
  std::vector<std::size_t> members;
};

class Aggregate : public Stage {
 public:
  std::vector<Aggregation> aggregations;
  std::vector<GroupField> group_by;
  std::string sort_by;
  bool descending = true;
  std::optional<std::int64_t> limit;
  bool include_documents = false;

  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override {
    FieldSet fields;
    for (const GroupField& group : group_by) fields.add(group.field);
    for (const Aggregation& aggregation : aggregations) {
      if (!aggregation.field.empty()) fields.add(aggregation.field);
    }
    return fields;
  }
  FieldSet fields_needed() const override { return fields_read(); }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    Ticker ticker(run.check);
    TRAWL_ASSIGN(std::vector<Bucket> buckets, make_buckets(input, ticker));
    const auto by_score = order_by_score(input);
    std::vector<std::size_t> score_rank(input.size());
    for (std::size_t i = 0; i < by_score.size(); ++i) score_rank[by_score[i]] = i;

    std::vector<json::object> rows;
    rows.reserve(buckets.size());
    StageOutput output;
    for (const Bucket& bucket : buckets) {
      TRAWL_ASSIGN(json::object row,
                   make_row(bucket, input, score_rank, ticker, output.warnings));
      rows.push_back(std::move(row));
    }
    // A warning that many groups share is given once.
    std::sort(output.warnings.begin(), output.warnings.end());
    output.warnings.erase(std::unique(output.warnings.begin(), output.warnings.end()),
                          output.warnings.end());
    output.metadata["total_groups"] = rows.size();
    output.metadata["total_documents"] = input.size();
    if (!sort_by.empty()) rows = sorted(std::move(rows));
    if (limit && rows.size() > static_cast<std::size_t>(*limit)) {
      rows.resize(static_cast<std::size_t>(*limit));
    }
    output.metadata["aggregations"] = summary(rows);
    if (include_documents) {
      output.candidates = std::move(input);
      return output;
    }
    for (json::object& row : rows) output.candidates.add_row(std::move(row));
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun&) const override {
    if (!lost.position) return not_given();
    Loss out;
    out.reason = "in_row";
    out.sentence = "documents became rows here, and it is counted in one of them";
    json::object values;
    for (const GroupField& group : group_by) {
      json::value scratch;
      const json::value* value = lost.values(group.field, scratch).as_one(scratch);
      values[group.alias] = value == nullptr ? json::value() : *value;
    }
    out.evidence = {{"group", std::move(values)}};
    out.changes.push_back(change_parameter("include_documents", true));
    return out;
  }

 private:
  Result<std::vector<Bucket>> make_buckets(const CandidateList& input,
                                           Ticker& ticker) const {
    std::vector<Bucket> buckets;
    // Without group fields there is one row, even where there are no documents.
    if (group_by.empty()) buckets.emplace_back();
    std::unordered_map<std::string, std::size_t> by_key;
    std::size_t places = 0;
    for (std::size_t i = 0; i < input.size(); ++i) {
      TRAWL_TRY(ticker.tick());
      if (group_by.empty()) {
        buckets.front().members.push_back(i);
        continue;
      }
      // Of a list, each item; of several lists, each combination of their items.
      std::vector<KeyedValues> columns;
      for (const GroupField& group : group_by) {
        columns.push_back(different_items(input, i, group.field));
      }
      std::vector<std::size_t> at(columns.size(), 0);
      for (bool more = true; more;) {
        TRAWL_TRY(ticker.tick());
        if (++places > kGroupPlacesMax) {
          return make_error(ErrorCode::invalid,
                            fmt::format("group_by puts the documents into more than {} "
                                        "places, as their lists are long; group by fewer "
                                        "fields, or filter the documents first",
                                        kGroupPlacesMax));
        }
        std::string key;
        for (std::size_t c = 0; c < columns.size(); ++c) key += columns[c][at[c]].first;
        const auto [found, is_new] = by_key.try_emplace(std::move(key), buckets.size());
        if (is_new) {
          Bucket& bucket = buckets.emplace_back();
          for (std::size_t c = 0; c < columns.size(); ++c) {
            bucket.values.push_back(columns[c][at[c]].second);
          }
        }
        buckets[found->second].members.push_back(i);
        more = false;
        for (std::size_t c = columns.size(); c-- > 0 && !more;) {
          more = ++at[c] < columns[c].size();
          if (!more) at[c] = 0;
        }
      }
    }
    return buckets;
  }

  // Values with their keys.
  using KeyedValues = std::vector<std::pair<std::string, json::value>>;

  // The value of a field, or the different items of a list; null where there is none.
  static KeyedValues different_items(const CandidateList& input, std::size_t i,
                                     std::string_view field) {
    json::value scratch;
    KeyedValues out;
    std::unordered_set<std::string> seen;
    const PathValues values = input.values(i, field, scratch);
    const bool several =
        values.through_list() || (values.one() != nullptr && values.one()->is_array());
    values.for_each_item([&](const json::value& item) {
      if (item.is_null()) return;
      std::string key = value_key(&item);
      if (several && !seen.insert(key).second) return;
      out.emplace_back(std::move(key), item);
    });
    if (out.empty()) out.emplace_back(value_key(nullptr), nullptr);
    return out;
  }

  Result<json::object> make_row(const Bucket& bucket, const CandidateList& input,
                                const std::vector<std::size_t>& score_rank, Ticker& ticker,
                                std::vector<std::string>& warnings) const {
    json::object row;
    for (std::size_t i = 0; i < group_by.size(); ++i) {
      row[group_by[i].alias] = bucket.values[i];
    }
    for (const Aggregation& aggregation : aggregations) {
      FieldValues values;
      values.document_count = bucket.members.size();
      std::deque<json::value> scratches;  // A deque keeps its elements where they are.
      std::vector<std::pair<std::size_t, const json::value*>> ranked;
      if (!aggregation.field.empty()) {
        for (const std::size_t member : bucket.members) {
          TRAWL_TRY(ticker.tick());
          json::value scratch;
          const PathValues found = input.values(member, aggregation.field, scratch);
          const std::size_t before = ranked.size();
          found.for_each([&](const json::value& value) {
            if (value.is_null()) return;
            const json::value* kept =
                &value == &scratch ? &scratches.emplace_back(scratch) : &value;
            values.by_position.push_back(kept);
            ranked.emplace_back(score_rank[member], kept);
          });
          if (ranked.size() > before) ++values.holder_count;
        }
      }
      if (aggregation.function == AggregateFunction::first ||
          aggregation.function == AggregateFunction::last) {
        std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
          count_work();
          return a.first < b.first;
        });
        for (const auto& [rank, value] : ranked) values.by_score.push_back(value);
      }
      row[aggregation.alias] = compute(aggregation, values, warnings);
    }
    return row;
  }

  std::vector<json::object> sorted(std::vector<json::object> rows) const {
    SortColumn column;
    for (const json::object& row : rows) column.add(row.if_contains(sort_by));
    column.prepare();
    std::vector<json::object> out;
    out.reserve(rows.size());
    for (const std::size_t i : sorted_order(column, descending, MissingPlace::last)) {
      out.push_back(std::move(rows[i]));
    }
    return out;
  }

  // The groups as members of an object: a text as it is, anything else as JSON. A text that
  // reads like another group ("1" beside 1) is JSON too, with its quotes.
  std::vector<std::string> group_names(const std::vector<json::object>& rows) const {
    std::vector<const json::value*> groups;
    std::unordered_map<std::string, std::size_t> taken;
    for (const json::object& row : rows) {
      groups.push_back(&row.at(group_by.front().alias));
      const std::size_t i = groups.size() - 1;
      if (!groups[i]->is_string()) taken.emplace(to_json_text(*groups[i]), i);
    }
    // One that got quotes may look like one that has them.
    std::vector<std::string> names(groups.size());
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!names[i].empty()) continue;
        if (groups[i]->is_string() && !taken.contains(value_text(*groups[i]))) continue;
        names[i] = to_json_text(*groups[i]);
        taken.emplace(names[i], i);
        changed = true;
      }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (names[i].empty()) names[i] = value_text(*groups[i]);
    }
    return names;
  }

  // {alias: value} without groups, {value of the group: {alias: value}} with one group
  // field, the list of rows with several.
  json::value summary(const std::vector<json::object>& rows) const {
    if (group_by.empty()) return rows.empty() ? json::object() : rows.front();
    if (group_by.size() > 1) return json::array(rows.begin(), rows.end());
    const std::vector<std::string> names = group_names(rows);
    json::object out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      json::object values = rows[i];
      values.erase(group_by.front().alias);
      out[names[i]] = std::move(values);
    }
    return out;
  }
};

std::string last_segment(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? path : path.substr(dot + 1);
}

void read_group_by(ObjectReader& in, std::vector<GroupField>& out) {
  const json::value* value = in.find({"group_by"});
  if (value == nullptr || in.is_template(*value)) return;
  if (value->is_string()) {
    const std::string path(view(value->get_string()));
    if (path.empty()) return in.fail("group_by", "is empty; give the path of a field");
    out.push_back({path, last_segment(path)});
    return;
  }
  const json::array single{*value};
  const json::array* list = value->is_object() ? &single : in.array({"group_by"});
  if (list == nullptr) return;
  if (value->is_object()) {
    ObjectReader group = in.child(value->get_object(), "group_by");
    group.required_string({"field"});
    group.optional_string({"alias"});
    refuse_unread(group, "not a key of a group");
    if (!group.ok()) return in.fail(group.error());  // With the place as it was sent.
  }
  for (std::size_t i = 0; i < list->size() && in.ok(); ++i) {
    const json::value& item = (*list)[i];
    const std::string name = fmt::format("group_by[{}]", i);
    if (in.is_template(item)) {
      continue;
    } else if (item.is_string()) {
      const std::string path(view(item.get_string()));
      if (path.empty()) return in.fail(name, "is empty; give the path of a field");
      out.push_back({path, last_segment(path)});
    } else if (item.is_object()) {
      ObjectReader group = in.child(item.get_object(), "group_by", i);
      GroupField field;
      field.field = group.required_string({"field"});
      field.alias = group.string({"alias"}, last_segment(field.field));
      refuse_unread(group, "not a key of a group");
      if (!group.ok()) return in.fail(group.error());
      out.push_back(std::move(field));
    } else {
      in.fail(name, fmt::format("is {}; use {{\"field\", \"alias\"}} or a path",
                                type_name(item)));
    }
  }
}

void check_aliases(ObjectReader& in, const Aggregate& stage) {
  std::set<std::string> taken;
  const auto is_template = [](const std::string& text) {
    return text.find("{{") != std::string::npos;
  };
  bool all_known = true;
  const auto take = [&](const std::string& alias, const std::string& name) {
    if (in.templates() == ObjectReader::Templates::allowed && is_template(alias)) {
      all_known = false;
    } else if (!taken.insert(alias).second) {
      in.fail(name, fmt::format("is '{}', the name of another column; give every column "
                                "its own alias",
                                truncate_text(alias, 64)));
    }
  };
  for (std::size_t i = 0; i < stage.group_by.size(); ++i) {
    take(stage.group_by[i].alias, fmt::format("group_by[{}].alias", i));
  }
  for (std::size_t i = 0; i < stage.aggregations.size(); ++i) {
    take(stage.aggregations[i].alias, fmt::format("aggregations[{}].alias", i));
  }
  if (in.templates() == ObjectReader::Templates::allowed) {
    const json::value* group_by = in.find({"group_by"});
    const json::value* aggregations = in.find({"aggregations"});
    if ((group_by != nullptr && in.is_template(*group_by)) ||
        (aggregations != nullptr && in.is_template(*aggregations))) {
      all_known = false;
    }
  }
  if (!stage.sort_by.empty() && all_known && !taken.contains(stage.sort_by)) {
    const std::vector<std::string> names(taken.begin(), taken.end());
    const auto nearest = nearest_name(stage.sort_by, std::span<const std::string>(names));
    in.fail(
        "sort_by",
        fmt::format("is '{}', which is not an alias of this stage{}",
                    truncate_text(stage.sort_by, 64),
                    nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest)));
  }
}

Result<std::unique_ptr<Stage>> make_aggregate(ObjectReader& in) {
  auto stage = std::make_unique<Aggregate>();
  const json::value* operations = in.find({"aggregations"});
  if (operations == nullptr) {
    in.fail("aggregations", "is required; list at least one {function, field, alias}");
  } else if (const json::array* list = in.array({"aggregations"})) {
    if (list->empty()) in.fail("aggregations", "is empty; list at least one operation");
    for (std::size_t i = 0; i < list->size() && in.ok(); ++i) {
      const json::value& item = (*list)[i];
      if (in.is_template(item)) continue;
      if (!item.is_object()) {
        in.fail(fmt::format("aggregations[{}]", i),
                fmt::format("is {}; use {{\"function\", \"field\", \"alias\"}}",
                            type_name(item)));
        break;
      }
      ObjectReader operation = in.child(item.get_object(), "aggregations", i);
      stage->aggregations.push_back(read_aggregation(operation));
      refuse_unread(operation, "not a key of an aggregation");
      if (!operation.ok()) in.fail(operation.error());
    }
  }
  read_group_by(in, stage->group_by);
  stage->sort_by = in.string({"sort_by"});
  stage->descending = in.one_of({"sort_order"}, true, {{"asc", false}, {"desc", true}});
  stage->limit = in.optional_integer({"limit"}, 1, 1000);
  stage->include_documents = in.boolean({"include_documents"}, false);
  if (in.ok()) check_aliases(in, *stage);
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition aggregate_definition() {
  static constexpr std::string_view kShapeNames[] = {"alias", "field", "function"};
  static constexpr std::string_view kTextPlaces[] = {"group_by[]"};
  StageDefinition definition;
  definition.stage_id = "aggregate";
  definition.category = "reduce";
  definition.description =
      "Computes counts, sums, averages, extremes and lists over the documents that the "
      "earlier stages found, in total or for every group. The rows replace the documents "
      "and are in the stage's metadata too.";
  definition.icon = "sigma";
  definition.parameter_schema = kAggregateSchema;
  definition.make = make_aggregate;
  definition.shape_names = kShapeNames;
  definition.bounds = kAggregateBounds;
  definition.text_places = kTextPlaces;
  return definition;
}

}  // namespace trawl
