#include <fmt/format.h>

#include <algorithm>

#include "pipeline/absent_fields.h"
#include "pipeline/filter_loss.h"
#include "query/absent.h"
#include "query/filter.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/source/collection_scope.h"
#include "stages/source/query_text.h"
#include "stages/ticker.h"

namespace trawl {
namespace {

// A later stage may read all fields of what the first one finds, and they are held in
// memory until the pipeline ends: at a few kilobytes a document some hundred megabytes.
// (The prose of the contract stops at 1,000 for each collection, which cuts off most real
// questions.)
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
  AttributeFilter(Filter filter, CollectionScope scope, std::optional<std::string> summary)
      : filter_(std::move(filter)),
        scope_(std::move(scope)),
        summary_(std::move(summary)) {}

  StageTraits traits() const override {
    return {.source = reads_, .per_item = !reads_, .keeps_order = true};
  }
  FieldSet fields_read() const override { return FieldSet(filter_.paths()); }
  std::vector<NamedCollection> collections() const override { return scope_.named; }
  bool may_read_others() const override { return scope_.unknown; }
  std::optional<std::string> summary_text() const override { return summary_; }

  Result<void> bind(BindContext& context) override {
    reads_ = context.first;
    if (scope_.unknown) return {};
    TRAWL_ASSIGN(snapshots_, bind_scope(scope_, {}, context));
    return {};
  }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    TRAWL_ASSIGN(StageOutput output, reads_ ? read(run) : narrow(std::move(input), run));
    for (auto& warning : filter_.warnings()) output.warnings.push_back(std::move(warning));
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    if (!reads_ && !lost.position) return not_given();
    if (reads_ && !reads_from(snapshots_, lost.snapshot)) return not_read(lost.snapshot);
    json::value scratch;
    const auto find = [&](std::string_view path) { return lost.values(path, scratch); };
    if (auto loss = filter_loss({&filter_, 1}, find, lost.config)) return std::move(*loss);
    if (reads_) {
      if (auto loss = filter_loss(run.pre_filters, find, lost.config)) {
        return std::move(*loss);
      }
    }
    Loss out;
    out.reason = "beyond_limit";
    out.sentence = fmt::format("more than {} documents match, and only so many are read",
                               kFirstStageDocumentsMax);
    out.evidence = {{"limit", kFirstStageDocumentsMax}};
    return out;
  }

 private:
  Result<StageOutput> read(StageRun& run) const {
    StageOutput output;
    Selection wanted = Selection::of(filter_);
    for (const Filter& filter : run.pre_filters) wanted.any_of[0].push_back(&filter);
    bool cut = false;
    for (const auto& snapshot : snapshots_) {
      output.scanned_count += snapshot->document_count();
      const std::uint32_t source = output.candidates.source(snapshot);
      TRAWL_TRY(snapshot->scan(
          wanted, run.check, [&](std::span<const DocumentRef> found) -> bool {
            const std::size_t room = kFirstStageDocumentsMax - output.candidates.size();
            cut = found.size() > room;
            output.candidates.add(source, found.first(std::min(found.size(), room)));
            return !cut;
          }));
      if (cut) break;
    }
    if (cut) {
      output.warnings.push_back(fmt::format(
          "more than {} documents match; the first {} were read. Narrow the filter",
          kFirstStageDocumentsMax, kFirstStageDocumentsMax));
    }
    if (output.candidates.empty()) {
      FieldSet fields = fields_read();
      for (const Filter& filter : run.pre_filters) fields.add(FieldSet(filter.paths()));
      TRAWL_TRY(warn_of_fields_of_filter(snapshots_, fields, run.check, output.warnings));
    }
    if (snapshots_.empty()) {
      output.warnings.emplace_back(
          "no collection is named, so there is nothing to read; give "
          "collection_identifiers");
    }
    return output;
  }

  // What stands beside it narrowed the documents already.
  Result<StageOutput> narrow(CandidateList input, StageRun& run) const {
    Ticker ticker(run.check);
    StageOutput output;
    output.scanned_count = input.size();
    CandidateList::Positions kept;
    for (std::size_t i = 0; i < input.size(); ++i) {
      TRAWL_TRY(ticker.tick());
      json::value scratch;
      const auto find = [&](std::string_view path) {
        return input.values(i, path, scratch);
      };
      if (filter_.matches(find)) kept.push_back(i);
    }
    output.candidates = input.picked(kept);
    return output;
  }

  const Filter filter_;
  const CollectionScope scope_;
  const std::optional<std::string> summary_;
  bool reads_ = false;
  Snapshots snapshots_;
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
  return std::unique_ptr<Stage>(std::make_unique<AttributeFilter>(
      std::move(filter), std::move(scope), find_query_text(in.source())));
}

}  // namespace

StageDefinition attribute_filter_definition() {
  static constexpr std::string_view kAliases[] = {"structured_filter"};
  StageDefinition definition;
  definition.stage_id = "attribute_filter";
  definition.aliases = kAliases;
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
  definition.filter_parameter = "conditions";
  definition.filters = kAttributeFilterFilters;
  definition.bounds = kAttributeFilterBounds;
  return definition;
}

}  // namespace trawl
