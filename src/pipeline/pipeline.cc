#include "pipeline/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "pipeline/template.h"

namespace trawl {
namespace {

// The four shapes in which clients send a stage, reduced to its parts.
struct StageParts {
  std::string stage_id;
  std::string stage_name;
  std::string id_location;
  json::object parameters;
  std::string location;
  bool is_inline = false;           // The parameters stand among the stage's own keys.
  std::vector<std::string> unread;  // Keys of the config that mean nothing.
};

bool has(const json::object& object, json::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && !value->is_null();
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
    parts.location = inner.location_of("parameters");
    if (const json::object* parameters = inner.object({"parameters", "params"})) {
      parts.parameters = *parameters;
    }
    TRAWL_TRY(inner.status());
    for (const auto& key : inner.unread()) parts.unread.push_back(inner.location_of(key));
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
  if (!parts.is_inline) {
    for (const auto& key : in.unread()) parts.unread.push_back(in.location_of(key));
  }
  for (const auto& key : parts.unread) {
    warnings.push_back(
        fmt::format("{} is no field of a stage and was ignored", truncate_text(key, 200)));
  }
  stage.stage_name = unique_name(parts.stage_name, names);
  stage.parameters = std::move(parts.parameters);
  stage.location = std::move(parts.location);

  TRAWL_TRY(check_templates(json::value(stage.parameters), stage.location));
  ObjectReader parameters(stage.parameters, stage.location,
                          ObjectReader::Templates::allowed);
  auto made = stage.definition->make(parameters);
  if (!made) return std::move(made).error();
  TRAWL_TRY(parameters.status());
  for (const auto& key : parameters.unread()) {
    if (key == "collection_ids" || key == "collection_identifiers") continue;  // Hoisted.
    warnings.push_back(fmt::format("{}.{} is no parameter of {} and was ignored",
                                   stage.location, key, stage.definition->stage_id));
  }
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

// The one-line client asks for {"type": "attribute_filter", "conditions"} and then {"type":
// "feature_search"}, and means one thing: a search among what passes. A search starts anew,
// so the conditions go into it; nothing has to be read twice either.
json::array with_filter_in_search(const json::array& stages) {
  const auto* first = stages.front().if_object();
  const auto* second = stages.size() < 2 ? nullptr : stages[1].if_object();
  const auto is = [](const json::object* stage, std::string_view type) {
    const auto* found = stage == nullptr ? nullptr : stage->if_contains("type");
    return found != nullptr && found->is_string() && view(found->get_string()) == type;
  };
  if (!is(first, "attribute_filter") || first->size() != 2 || !has(*first, "conditions") ||
      !is(second, "feature_search") || has(*second, "config")) {
    return stages;
  }
  json::array out(stages.begin() + 1, stages.end());
  json::value& slot = out.front().get_object()["filters"];
  const json::value& conditions = first->at("conditions");
  slot = slot.is_null() ? conditions
                        : json::value(json::object{{"AND", json::array{slot, conditions}}});
  return out;
}

// Filters beside the stages narrow what the first stage reads.
Result<json::array> with_request_filters(const json::array& stages,
                                         const json::value& filters,
                                         const StageRegistry& registry) {
  json::array out = stages;
  if (!out.empty() && out.front().is_object()) {
    ObjectReader in(out.front().get_object(), "stages[0]");
    if (auto parts = read_parts(in)) {
      const auto definition = registry.find(parts->stage_id, parts->id_location);
      if (definition && (*definition)->stage_id == "feature_search") {
        json::object parameters = std::move(parts->parameters);
        json::value& slot = parameters["filters"];
        slot = slot.is_null()
                   ? filters
                   : json::value(json::object{{"AND", json::array{slot, filters}}});
        json::object stage{{"stage_name", parts->stage_name},
                           {"config", json::object{{"stage_id", parts->stage_id},
                                                   {"parameters", std::move(parameters)}}}};
        for (const auto* key : {"batch_size", "description", "on_error"}) {
          if (parts->is_inline && std::string_view(key) != "on_error") continue;
          if (has(in.source(), key)) stage[key] = in.source().at(key);
        }
        out.front() = std::move(stage);
        return out;
      }
    }
  }
  out.insert(
      out.begin(),
      json::object{
          {"stage_name", "request_filters"},
          {"config", json::object{{"stage_id", "attribute_filter"},
                                  {"parameters", json::object{{"conditions", filters}}}}}});
  return out;
}

// Every scalar becomes the name of its type; field paths and enums are literals as well,
// but names that choose what runs are kept.
json::value strip_literals(const json::value& value, std::string_view key) {
  static constexpr std::string_view kKept[] = {
      "stage_id", "stage_type", "feature_uri", "field",    "operator",    "function",
      "alias",    "direction",  "fusion",      "strategy", "output_mode", "group_by_field"};
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& field : *object) {
      out[field.key()] =
          strip_literals(field.value(), {field.key().data(), field.key().size()});
    }
    return out;
  }
  if (const auto* array = value.if_array()) {
    // The values of a list differ from request to request in number too.
    json::array out;
    for (const auto& item : *array) {
      json::value stripped = strip_literals(item, key);
      if (out.empty() || stripped.is_object() || out.back() != stripped) {
        out.push_back(std::move(stripped));
      }
    }
    return out;
  }
  if (std::find(std::begin(kKept), std::end(kKept), key) != std::end(kKept)) return value;
  const auto type = type_name(value);
  return json::string(type.data(), type.size());
}

}  // namespace

json::object Pipeline::to_json() const {
  json::array stage_list;
  for (const auto& stage : stages) {
    json::object config{{"stage_id", json::string_view(stage.definition->stage_id.data(),
                                                       stage.definition->stage_id.size())},
                        {"parameters", stage.parameters}};
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

Result<Pipeline> parse_pipeline(ObjectReader& body, const StageRegistry& registry) {
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
  const json::value* filters = body.find({"filters"});
  const json::value* pre_filters = body.find({"pre_filters"});
  TRAWL_TRY(body.status());
  if (sent == nullptr || sent->empty()) {
    return invalid_at("stages", "stages is missing or empty; give at least one stage");
  }
  if (sent->size() > kPipelineStagesMax) {
    return invalid_at("stages", fmt::format("stages has {} entries; use 1 to {}",
                                            sent->size(), kPipelineStagesMax));
  }
  json::array stages = with_filter_in_search(*sent);
  // Both at once narrow one after the other, as they would alone.
  for (const json::value* narrow : {filters, pre_filters}) {
    if (narrow == nullptr) continue;
    TRAWL_ASSIGN(stages, with_request_filters(stages, *narrow, registry));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    TRAWL_ASSIGN(PipelineStage stage, parse_stage(stages[i], fmt::format("stages[{}]", i),
                                                  registry, names, pipeline.warnings));
    pipeline.stages.push_back(std::move(stage));
  }
  if (pipeline.collection_identifiers.empty()) hoist_collections(pipeline);
  return pipeline;
}

std::string fingerprint_of(const json::object& pipeline) {
  return sha256_hex(canonical_json(pipeline));
}

std::string shape_of(const json::object& pipeline) {
  const auto* stages = pipeline.if_contains("stages");
  return sha256_hex(canonical_json(stages == nullptr ? json::value()
                                                     : strip_literals(*stages, "stages")));
}

}  // namespace trawl
