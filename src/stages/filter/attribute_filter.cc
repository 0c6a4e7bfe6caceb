#include <fmt/format.h>

#include <algorithm>

#include "query/absent.h"
#include "query/filter.h"
#include "stages/definitions.h"
#include "stages/source/collection_scope.h"
#include "stages/ticker.h"

namespace trawl {
namespace {

// What the first stage reads is held in memory, as a whole, until the pipeline ends. At a
// few kilobytes a document this is some hundred megabytes. (The prose of the contract
// stops at 1,000 for each collection, which cuts off most real questions.)
constexpr std::size_t kFirstStageDocumentsMax = 100'000;

constexpr std::string_view kDefaultField = "metadata.status";
constexpr std::string_view kDefaultOperator = "eq";

constexpr std::string_view kAttributeFilterSchema = R"json({
  "type": "object",
  "properties": {
    "field": {
      "type": "string", "default": "metadata.status",
      "description": "Dotted path, for a single condition."
    },
    "operator": {
      "type": "string",
      "enum": ["eq", "ne", "gt", "lt", "gte", "lte", "in", "nin", "contains", "starts_with", "ends_with", "regex", "exists", "is_null", "text"],
      "default": "eq",
      "description": "Comparison, for a single condition."
    },
    "value": {
      "default": null,
      "description": "What the field is compared with."
    },
    "conditions": {
      "type": ["object", "null"], "default": null,
      "description": "A filter: {AND | OR | NOT: [...]}, {field, operator, value} or {path: value}. Replaces field, operator and value. AND, OR and NOT may also be next to the other parameters."
    },
    "case_insensitive": {
      "type": "boolean", "default": false,
      "description": "Ignores letter case unless the filter says otherwise. case_sensitive: false means the same."
    },
    "batch_size": {
      "type": "integer", "default": 100, "minimum": 1, "maximum": 1000,
      "description": "Accepted for compatibility; documents are read one by one."
    },
    "collection_identifiers": {
      "type": ["array", "null"], "items": {"type": "string"}, "default": null,
      "description": "Names or ids of the collections to read as the first stage, instead of those of the request. Also read as collection_ids."
    }
  }
})json";

constexpr std::string_view kAttributeFilterFilters[] = {
    "conditions", "filters", "AND", "OR", "NOT", "field", "operator", "value"};
constexpr std::string_view kAttributeFilterBounds[] = {"collection_identifiers",
                                                       "collection_ids"};

class AttributeFilter : public Stage {
 public:
  AttributeFilter(Filter filter, CollectionScope scope)
      : filter_(std::move(filter)), scope_(std::move(scope)) {}

  Result<void> validate(StageContext& context) const override {
    if (scope_.unknown) return {};
    const auto bound = bind_scope(scope_, {}, context);
    if (!bound) return bound.error();
    return {};
  }

  Result<StageOutput> run(std::vector<Candidate> input,
                          StageContext& context) const override {
    TRAWL_ASSIGN(StageOutput output, context.stage_index == 0
                                         ? read(context)
                                         : narrow(std::move(input), context));
    for (auto& warning : filter_.warnings()) output.warnings.push_back(std::move(warning));
    return output;
  }

 private:
  Result<StageOutput> read(StageContext& context) const {
    StageOutput output;
    TRAWL_ASSIGN(const Snapshots snapshots, bind_scope(scope_, {}, context));
    bool cut = false;
    for (const auto& snapshot : snapshots) {
      TRAWL_ASSIGN(
          const auto rows,
          matching_all(*snapshot, {{&filter_, 1}, context.pre_filters}, context.check));
      output.scanned_count += snapshot->document_count();
      const std::string& collection_id = snapshot->collection().id.str();
      TRAWL_TRY(snapshot->scan(rows.get(), context.check, [&](Document&& document) {
        if (output.candidates.size() == kFirstStageDocumentsMax) {
          cut = true;
          return false;
        }
        output.candidates.push_back(to_candidate(collection_id, std::move(document)));
        return true;
      }));
      if (cut) break;
    }
    if (cut) {
      output.warnings.push_back(fmt::format(
          "more than {} documents match; the first {} were read. Narrow the filter",
          kFirstStageDocumentsMax, kFirstStageDocumentsMax));
    }
    if (snapshots.empty()) {
      output.warnings.emplace_back(
          "no collection is named, so there is nothing to read; give "
          "collection_identifiers");
    }
    return output;
  }

  Result<StageOutput> narrow(std::vector<Candidate> input, StageContext& context) const {
    Ticker ticker(context.check);
    StageOutput output;
    output.scanned_count = input.size();
    for (Candidate& candidate : input) {
      TRAWL_TRY(ticker.tick());
      json::value scratch;
      const auto find = [&](std::string_view path) {
        return candidate.values(path, scratch);
      };
      const auto& more = context.pre_filters;
      if (filter_.matches(find) &&
          std::all_of(more.begin(), more.end(),
                      [&](const Filter& filter) { return filter.matches(find); })) {
        output.candidates.push_back(std::move(candidate));
      }
    }
    return output;
  }

  Filter filter_;
  CollectionScope scope_;
};

// AND, OR and NOT directly among the parameters, as one filter.
std::optional<json::value> inline_group(ObjectReader& in) {
  json::object group;
  for (const std::string_view name : {"AND", "OR", "NOT"}) {
    if (const json::value* part = in.find({name})) {
      group[json::string_view(name.data(), name.size())] = *part;
    }
  }
  if (group.empty()) return std::nullopt;
  return group;
}

// A filter in words, which only a language model could read. Typed clients send "null" for
// none; beside a tree it does not count.
Result<void> refuse_natural_language(ObjectReader& in, bool has_tree) {
  const json::value* words = in.find({"natural_language"});
  (void)in.find({"field_hints"});  // For that alone.
  if (words == nullptr || has_tree ||
      (words->is_string() && (*words == "null" || *words == ""))) {
    return {};
  }
  const std::string location = in.location_of("natural_language");
  Error error = make_error(
      ErrorCode::not_enabled,
      fmt::format("{} needs a language model, which this server does not have; write the "
                  "filter in conditions",
                  location));
  error.location = location;
  return error;
}

Result<Filter> read_filter(ObjectReader& in) {
  FilterOptions options;
  options.case_sensitive =
      in.boolean({"case_sensitive"}, !in.boolean({"case_insensitive"}, false));
  options.templates = in.templates();
  options.filled_in = in.templates() == ObjectReader::Templates::refused;

  const json::value* field = in.find({"field"});
  const json::value* op = in.find({"operator"});
  const json::value* value = in.find({"value"});
  // Typed clients send the defaults of the single condition beside a tree.
  const auto is_word = [](const json::value* found, std::string_view word) {
    return found == nullptr || (found->is_string() && view(found->get_string()) == word);
  };
  const bool single =
      !is_word(field, kDefaultField) || !is_word(op, kDefaultOperator) || value != nullptr;

  const json::value* conditions = in.find({"conditions", "filters"});
  const auto group = inline_group(in);
  if (conditions != nullptr && group) {
    in.fail("conditions", "is given together with AND, OR or NOT; put everything into one");
  }
  if ((conditions != nullptr || group) && single) {
    in.fail(conditions != nullptr ? "conditions" : "AND",
            "is given together with field, operator or value; use either the tree or the "
            "single "
            "condition");
  }
  TRAWL_TRY(in.status());
  TRAWL_TRY(refuse_natural_language(in, conditions != nullptr || group));
  if (conditions != nullptr) {
    const bool is_other = !in.has({"conditions"});
    return Filter::compile(*conditions, in.location_of(is_other ? "filters" : "conditions"),
                           options);
  }
  if (group) return Filter::compile(*group, in.location(), options);

  if ((field != nullptr && is_absent(*field)) || (op != nullptr && is_absent(*op))) {
    return Filter::compile(absent_value(), in.location(), options);
  }
  const std::string path = in.string({"field"}, kDefaultField);
  const std::string word = in.string({"operator"}, kDefaultOperator);
  TRAWL_TRY(in.status());
  return Filter::condition(path, word, value == nullptr ? json::value() : *value,
                           options.case_sensitive, in.location(), options);
}

Result<std::unique_ptr<Stage>> make_attribute_filter(ObjectReader& in) {
  in.integer({"batch_size"}, 100, 1, 1000);
  CollectionScope scope = read_collection_scope(in);
  TRAWL_ASSIGN(Filter filter, read_filter(in));
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(
      std::make_unique<AttributeFilter>(std::move(filter), std::move(scope)));
}

}  // namespace

StageDefinition attribute_filter_definition() {
  StageDefinition definition;
  definition.stage_id = "attribute_filter";
  definition.category = "filter";
  definition.description =
      "Keeps the documents that match a filter, in the order they came. As the first stage "
      "it "
      "reads the documents of the collections, in the order of their arrival, up to "
      "100,000.";
  definition.icon = "filter";
  definition.parameter_schema = kAttributeFilterSchema;
  definition.make = make_attribute_filter;
  definition.reads_collections = true;
  definition.filters = kAttributeFilterFilters;
  definition.bounds = kAttributeFilterBounds;
  return definition;
}

}  // namespace trawl
