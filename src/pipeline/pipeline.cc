#include "pipeline/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <span>

#include "base/hash.h"
#include "base/text.h"
#include "base/unread_members.h"
#include "pipeline/template/filter_words.h"
#include "pipeline/template/template.h"
#include "query/filter.h"

namespace trawl {
namespace {

// The four shapes in which clients send a stage, reduced to its parts.
struct StageParts {
  std::string stage_id;
  std::string stage_name;
  std::string id_location;
  json::object parameters;
  std::string location;
  bool is_named = false;              // By the client, not by what it is.
  bool is_inline = false;             // The parameters stand among the stage's own keys.
  std::vector<std::string> warnings;  // Of keys of the config that mean nothing.
  std::vector<StageFilter> pre_filters;
  std::vector<StageFilter> post_filters;
};

bool has(const json::object& object, json::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && !value->is_null();
}

// What means nothing is ignored with a warning; but not what was to narrow the result, and
// not what is a slip.
Result<void> sort_out_unread(ObjectReader& in, const std::string& what,
                             std::vector<std::string>& warnings,
                             std::string_view schema = {}) {
  for (const auto& key : in.unread()) {
    if (!reads_like_filter(key)) continue;
    const std::string place = in.location_of(key);
    return invalid_at(place,
                      fmt::format("unknown filter '{}'; use pre_filters for what the stage "
                                  "reads, or post_filters for what it hands on",
                                  place));
  }
  sort_unread(in, what, warnings, schema);
  return in.status();
}

// The filters of a config, and those next to it.
void read_filters(ObjectReader& in, StageParts& parts) {
  if (const json::value* before = in.find({"pre_filters"})) {
    parts.pre_filters.push_back({*before, in.location_of("pre_filters")});
  }
  if (const json::value* after = in.find({"post_filters"})) {
    parts.post_filters.push_back({*after, in.location_of("post_filters")});
  }
}

Result<StageParts> read_parts(ObjectReader& in) {
  StageParts parts;
  const json::object& source = in.source();
  if (in.has({"config"})) {  // {stage_name, stage_type?, config: {stage_id, parameters}}
    const json::object* config = in.object({"config"});
    if (config == nullptr) return in.error();
    ObjectReader inner = in.child(*config, "config");
    parts.stage_id = inner.required_string({"stage_id"});
    parts.id_location = inner.location_of("stage_id");
    parts.location = inner.location_of(
        !has(*config, "parameters") && has(*config, "params") ? "params" : "parameters");
    if (const json::object* parameters = inner.object({"parameters", "params"})) {
      parts.parameters = *parameters;
    }
    read_filters(inner, parts);
    read_filters(in, parts);
    TRAWL_TRY(refuse_slips(inner));
    TRAWL_TRY(inner.status());
    TRAWL_TRY(sort_out_unread(inner, "not a field of a stage", parts.warnings));
    parts.stage_name = in.string({"stage_name"}, parts.stage_id);
  } else if (has(source, "stage_id") || has(source, "parameters")) {
    // {stage_type, stage_id, parameters}, or oldest: {stage_name: id, version, parameters}
    const bool has_id = has(source, "stage_id");
    parts.stage_id = in.required_string({has_id ? "stage_id" : "stage_name"});
    parts.id_location = in.location_of(has_id ? "stage_id" : "stage_name");
    parts.stage_name = in.string({"stage_name"}, parts.stage_id);
    parts.location = in.location_of("parameters");
    if (const json::object* parameters = in.object({"parameters"})) {
      parts.parameters = *parameters;
    }
    read_filters(in, parts);
    (void)in.find({"version"});
  } else if (has(source, "type")) {  // {"type": stage_id, …parameters inline}
    parts.stage_id = in.required_string({"type"});
    parts.id_location = in.location_of("type");
    parts.stage_name = in.string({"stage_name", "name"}, parts.stage_id);
    parts.location = in.location();
    for (const auto& field : source) {
      const auto key = field.key();
      if (key != "type" && key != "stage_name" && key != "name" && key != "stage_type" &&
          key != "on_error") {
        parts.parameters[key] = field.value();
      }
    }
    parts.is_inline = true;
  } else {
    in.fail("config",
            "is required: a stage is {\"stage_name\", \"config\": {\"stage_id\", "
            "\"parameters\"}}");
  }
  parts.is_named = parts.stage_name != parts.stage_id;
  (void)in.find({"stage_type"});  // Inferred from the stage id; a wrong one is corrected.
  TRAWL_TRY(in.status());
  return parts;
}

std::string_view first_chars(std::string_view text, std::size_t chars) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins_char = (text[end] & 0xC0) != 0x80;
    if (begins_char && chars-- == 0) break;
  }
  return text.substr(0, end);
}

// A long name gives way to its suffix.
std::string unique_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = wanted;
  for (int n = 2; !taken.insert(name).second; ++n) {
    const std::string suffix = fmt::format("_{}", n);
    name = first_chars(wanted, kStageNameCharsMax - suffix.size());
    name += suffix;
  }
  return name;
}

// Among the parameters they mean the same, to a stage that does not read them itself.
void take_filters(StageParts& parts, const StageDefinition& definition) {
  const auto take = [&](std::string_view name, std::vector<StageFilter>& out) {
    const auto& own = definition.filters;
    if (std::find(own.begin(), own.end(), name) != own.end()) return;
    const json::string_view key(name.data(), name.size());
    if (has(parts.parameters, key)) {
      out.push_back({parts.parameters.at(key), fmt::format("{}.{}", parts.location, name)});
    }
    parts.parameters.erase(key);
  };
  take("pre_filters", parts.pre_filters);
  take("post_filters", parts.post_filters);
}

Result<void> check_filter(const StageFilter& filter) {
  TRAWL_TRY(check_templates(filter.source, filter.location));
  FilterOptions options;
  options.case_sensitive = filter.case_sensitive;
  options.templates = ObjectReader::Templates::allowed;
  TRAWL_TRY(Filter::compile(filter.source, filter.location, options));
  return {};
}

void warn_of_statement(const json::value& value, const std::string& location,
                       std::vector<std::string>& warnings) {
  const auto found = find_statement(value);
  if (!found) return;
  warnings.push_back(fmt::format(
      "{}{}{}: '{{% … %}}' stays as it is; only {{{{ … }}}} is filled in, which may hold a "
      "choice, as in {{{{ a if b else c }}}}",
      location, found->empty() || found->front() == '[' ? "" : ".", *found));
}

Result<PipelineStage> parse_stage(const json::value& value, const std::string& location,
                                  const StageRegistry& registry,
                                  std::set<std::string>& names,
                                  std::vector<std::string>& warnings) {
  if (!value.is_object()) {
    return invalid_at(location,
                      fmt::format("{} is not an object; a stage is {{\"stage_name\", "
                                  "\"config\": {{\"stage_id\", \"parameters\"}}}}",
                                  location));
  }
  ObjectReader in(value.get_object(), location);
  TRAWL_ASSIGN(StageParts parts, read_parts(in));
  PipelineStage stage;
  TRAWL_ASSIGN(stage.definition, registry.find(parts.stage_id, parts.id_location));
  if (parts.stage_name.empty() ||
      truncate_text(parts.stage_name, kStageNameCharsMax) != parts.stage_name) {
    in.fail("stage_name", fmt::format("is empty or longer than {} characters; use 1 to {}",
                                      kStageNameCharsMax, kStageNameCharsMax));
  }
  stage.batch_size = in.has({"batch_size"}) && in.find({"batch_size"})->is_string()
                         ? in.optional_string({"batch_size"})
                         : std::nullopt;
  stage.description = in.optional_string({"description"});
  stage.skip_on_error =
      in.one_of<bool>({"on_error"}, false, {{"error", false}, {"skip", true}});
  TRAWL_TRY(in.status());
  warnings.insert(warnings.end(), parts.warnings.begin(), parts.warnings.end());
  if (!parts.is_inline) TRAWL_TRY(sort_out_unread(in, "not a field of a stage", warnings));
  stage.stage_name = unique_name(parts.stage_name, names);
  if (stage.stage_name != parts.stage_name && parts.is_named) {
    warnings.push_back(
        fmt::format("{}.stage_name is '{}', as that of a stage before, so this one is "
                    "called '{}'; give "
                    "each a name of its own",
                    location, truncate_text(parts.stage_name, 64),
                    truncate_text(stage.stage_name, 68)));
  }
  take_filters(parts, *stage.definition);
  stage.parameters = std::move(parts.parameters);
  if (!stage.definition->defaults.empty()) {
    const json::value defaults = parse_json(stage.definition->defaults).value();
    for (const auto& each : defaults.get_object()) {
      if (!stage.parameters.contains(each.key())) {
        stage.parameters[each.key()] = each.value();
      }
    }
  }
  stage.location = std::move(parts.location);
  stage.pre_filters = std::move(parts.pre_filters);
  stage.post_filters = std::move(parts.post_filters);
  for (const auto* filters : {&stage.pre_filters, &stage.post_filters}) {
    for (const auto& filter : *filters) {
      TRAWL_TRY(check_filter(filter));
      warn_of_statement(filter.source, filter.location, warnings);
    }
  }

  TRAWL_TRY(check_templates(json::value(stage.parameters), stage.location));
  warn_of_statement(json::value(stage.parameters), stage.location, warnings);
  ObjectReader parameters(stage.parameters, stage.location,
                          ObjectReader::Templates::allowed);
  auto made = stage.definition->make(parameters);
  if (!made) return std::move(made).error();
  TRAWL_TRY(parameters.status());
  (void)parameters.find({"collection_identifiers", "collection_ids"});  // Hoisted.
  TRAWL_TRY(sort_out_unread(
      parameters, fmt::format("not a parameter of {}", stage.definition->stage_id),
      warnings, stage.definition->parameter_schema));
  return stage;
}

// A request without collections of its own may carry them in its stages, as the one-line
// client sends them.
void hoist_collections(Pipeline& pipeline) {
  for (const auto& stage : pipeline.stages) {
    ObjectReader in(stage.parameters, {});
    for (auto& name : in.strings({"collection_identifiers", "collection_ids"})) {
      auto& all = pipeline.collection_identifiers;
      if (name.find("{{") == std::string::npos &&
          std::find(all.begin(), all.end(), name) == all.end()) {
        all.push_back(std::move(name));
      }
    }
  }
}

// The one-line client asks for {"type": FILTER, "conditions"} and then {"type": SEARCH},
// and means one thing: a search among what passes. A search starts anew, so the conditions
// go to it; nothing has to be read twice either. They stay what they are in the filter,
// case-sensitive.
std::optional<StageFilter> filter_of_next(const json::array& stages,
                                          const StageRegistry& registry) {
  const auto* first = stages.front().if_object();
  const auto* second = stages.size() < 2 ? nullptr : stages[1].if_object();
  const auto definition = [&](const json::object* stage) -> const StageDefinition* {
    const auto* type = stage == nullptr ? nullptr : stage->if_contains("type");
    if (type == nullptr || !type->is_string() || has(*stage, "config")) return nullptr;
    return registry.find_exactly(view(type->get_string()));
  };
  const StageDefinition* filter = definition(first);
  const StageDefinition* search = definition(second);
  if (filter == nullptr || filter->filter_parameter.empty() || search == nullptr ||
      !search->starts_anew) {
    return std::nullopt;
  }
  const std::string_view name = filter->filter_parameter;
  const json::string_view key(name.data(), name.size());
  if (first->size() != 2 || !has(*first, key)) return std::nullopt;
  return StageFilter{first->at(key), fmt::format("stages[0].{}", name), true};
}

// Filters beside the stages narrow what the first stage reads; what reads nothing itself is
// given the documents that pass.
Result<void> narrow_first(std::vector<StageFilter> filters, const StageRegistry& registry,
                          std::set<std::string>& names, Pipeline& pipeline) {
  if (!pipeline.stages.front().definition->reads_collections) {
    PipelineStage stage;
    stage.definition = registry.plain_reader();
    if (stage.definition == nullptr) {
      return invalid_at(filters.front().location,
                        fmt::format("{} needs a stage that reads collections, and there is "
                                    "none; leave it out",
                                    filters.front().location));
    }
    stage.stage_name = unique_name("request_filters", names);
    const std::string_view name = stage.definition->filter_parameter;
    stage.parameters[json::string_view(name.data(), name.size())] = json::object();
    stage.location = filters.front().location;
    pipeline.stages.insert(pipeline.stages.begin(), std::move(stage));
  }
  auto& out = pipeline.stages.front().pre_filters;
  out.insert(out.end(), std::make_move_iterator(filters.begin()),
             std::make_move_iterator(filters.end()));
  return {};
}

// As one filter that means the same wherever it is read again.
json::value joined(const std::vector<StageFilter>& filters) {
  json::array all;
  for (const auto& filter : filters) {
    all.push_back(filter.case_sensitive
                      ? json::value(json::object{{"AND", json::array{filter.source}},
                                                 {"case_sensitive", true}})
                      : filter.source);
  }
  if (all.size() == 1) return all.front();
  return json::object{{"AND", std::move(all)}};
}

// Every scalar becomes the name of its type; field paths and enums are literals as well,
// but values under the names that choose what runs are kept.
class LiteralStripper {
 public:
  explicit LiteralStripper(const StageDefinition& definition) : definition_(definition) {}

  json::value strip(const json::value& value, std::string_view key,
                    bool in_filter = false) const {
    if (const auto* object = value.if_object()) {
      json::object out;
      for (const auto& field : *object) {
        const std::string_view inner(field.key().data(), field.key().size());
        out[field.key()] = strip(field.value(), inner, in_filter || is_filter(inner));
      }
      return out;
    }
    if (const auto* array = value.if_array()) {
      // The values of a list differ from request to request in number too.
      json::array out;
      for (const auto& item : *array) {
        json::value stripped = strip(item, key, in_filter);
        if (out.empty() || stripped.is_object() || out.back() != stripped) {
          out.push_back(std::move(stripped));
        }
      }
      return out;
    }
    if (is_kept(key, in_filter)) return value;
    const auto type = type_name(value);
    return json::string(type.data(), type.size());
  }

 private:
  static bool is_among(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  bool is_filter(std::string_view name) const {
    return name == "pre_filters" || name == "post_filters" ||
           is_among(definition_.filters, name);
  }
  bool is_kept(std::string_view name, bool in_filter) const {
    if (name == "stage_id" || name == "stage_type") return true;
    return is_among(in_filter ? std::span<const std::string_view>(kFilterShapeNames)
                              : definition_.shape_names,
                    name);
  }

  const StageDefinition& definition_;
};

}  // namespace

json::object Pipeline::to_json() const {
  json::array stage_list;
  for (const auto& stage : stages) {
    json::object config{{"stage_id", json::string_view(stage.definition->stage_id.data(),
                                                       stage.definition->stage_id.size())},
                        {"parameters", stage.parameters}};
    if (!stage.pre_filters.empty()) config["pre_filters"] = joined(stage.pre_filters);
    if (!stage.post_filters.empty()) {
      config["post_filters"] = joined(stage.post_filters);
    }
    json::object entry{{"stage_name", stage.stage_name},
                       {"stage_type", json::string_view(stage.definition->category.data(),
                                                        stage.definition->category.size())},
                       {"config", std::move(config)}};
    if (stage.batch_size) entry["batch_size"] = *stage.batch_size;
    if (stage.description) entry["description"] = *stage.description;
    if (stage.skip_on_error) entry["on_error"] = "skip";
    stage_list.push_back(std::move(entry));
  }
  json::array collections(collection_identifiers.begin(), collection_identifiers.end());
  json::object out{
      {"collection_identifiers", std::move(collections)},
      {"input_schema", input_schema.is_null() ? json::value(json::object()) : input_schema},
      {"stages", std::move(stage_list)}};
  json::object limits;
  if (budget.max_credits) limits["max_credits"] = *budget.max_credits;
  if (budget.max_time_ms) limits["max_time_ms"] = *budget.max_time_ms;
  if (!limits.empty()) out["budget_limits"] = std::move(limits);
  return out;
}

Result<Pipeline> parse_pipeline(ObjectReader& body, const StageRegistry& registry,
                                std::size_t kept) {
  Pipeline pipeline;
  pipeline.collection_identifiers =
      body.strings({"collection_identifiers", "collection_ids", "collections"});
  if (const json::object* schema = body.object({"input_schema"}))
    pipeline.input_schema = *schema;
  if (const json::object* limits = body.object({"budget_limits"})) {
    ObjectReader in = body.child(*limits, "budget_limits");
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    pipeline.budget.max_credits = in.optional_number({"max_credits"}, 0.0, kInfinity);
    pipeline.budget.max_time_ms = in.optional_integer(
        {"max_time_ms"}, 0, std::numeric_limits<std::int64_t>::max() / 1000);
    TRAWL_TRY(in.status());
  }
  const json::array* sent = body.array({"stages"});
  std::vector<StageFilter> filters;
  for (const std::string_view name : {"filters", "pre_filters"}) {
    if (const json::value* filter = body.find({name})) {
      filters.push_back({*filter, body.location_of(name)});
    }
  }
  TRAWL_TRY(body.status());
  if (sent == nullptr || sent->empty()) {
    return invalid_at("stages", "stages is missing or empty; give at least one stage");
  }
  if (sent->size() > kPipelineStagesMax) {
    return invalid_at("stages",
                      fmt::format("stages has {} entries; use 1 to {}", sent->size() - kept,
                                  kPipelineStagesMax - kept));
  }
  for (const auto& field : body.source()) {
    const std::string_view key(field.key().data(), field.key().size());
    // What has a meaning is looked up, which is much cheaper than to compare spellings.
    const auto& asked = body.asked();
    if (std::find(asked.begin(), asked.end(), key) != asked.end()) continue;
    if (!reads_like_filter(key)) continue;
    return invalid_at(body.location_of(truncate_text(key, 64)),
                      fmt::format("unknown filter '{}'; use filters, or pre_filters and "
                                  "post_filters in the config of a stage",
                                  truncate_text(key, 64)));
  }
  for (const auto& filter : filters) TRAWL_TRY(check_filter(filter));
  auto first_filter = filter_of_next(*sent, registry);
  if (first_filter) TRAWL_TRY(check_filter(*first_filter));
  std::set<std::string> names;
  for (std::size_t i = first_filter ? 1 : 0; i < sent->size(); ++i) {
    const std::string location =
        i < kept ? fmt::format("kept_stages[{}]", i) : fmt::format("stages[{}]", i - kept);
    TRAWL_ASSIGN(PipelineStage stage,
                 parse_stage((*sent)[i], location, registry, names, pipeline.warnings));
    pipeline.stages.push_back(std::move(stage));
  }
  if (first_filter) filters.insert(filters.begin(), std::move(*first_filter));
  if (!filters.empty()) {
    TRAWL_TRY(narrow_first(std::move(filters), registry, names, pipeline));
  }
  if (pipeline.collection_identifiers.empty()) hoist_collections(pipeline);
  return pipeline;
}

std::string shape_of(const Pipeline& pipeline) {
  const json::object all = pipeline.to_json();
  json::array shapes;
  std::size_t i = 0;
  for (const auto& stage : all.at("stages").get_array()) {
    shapes.push_back(
        LiteralStripper(*pipeline.stages[i++].definition).strip(stage, "stages"));
  }
  return sha256_hex(canonical_json(json::value(std::move(shapes))));
}

}  // namespace trawl
