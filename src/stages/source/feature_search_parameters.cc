#include "stages/source/feature_search_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"
#include "base/unread_members.h"
#include "pipeline/template/filter_words.h"
#include "stages/source/query_text.h"

namespace trawl {
namespace {

constexpr std::size_t kSearchesMax = 10;
constexpr std::size_t kFacetsMax = 50;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool contains(const json::object& object, std::string_view key) {
  return object.contains(json::string_view(key.data(), key.size()));
}

// A filter that nothing reads would widen the result.
void refuse_filters(ObjectReader& in) {
  for (const std::string& key : in.unread()) {
    if (!reads_like_filter(key)) continue;
    in.fail(truncate_text(key, 64),
            "is an unknown filter; use filters, in the stage or in one of its searches");
  }
}

// Keys of a nested object that mean nothing; those at the top are the caller's.
void sort_out_unread(ObjectReader& in, std::vector<std::string>& warnings) {
  refuse_filters(in);
  sort_unread(in, "not a parameter of feature_search", warnings);
}

// The same where it changes no result, so names that only others know are not mistakes.
void warn_unread(ObjectReader& in, std::vector<std::string>& warnings) {
  refuse_filters(in);
  for (const std::string& key : in.unread()) {
    warnings.push_back(
        fmt::format("{} is not a parameter of feature_search and was ignored",
                    in.location_of(truncate_text(key, 64))));
  }
}

Error no_content(std::string location, std::string_view mode) {
  Error error = make_error(
      ErrorCode::not_enabled,
      fmt::format("{} asks for a search by {}, for which this server has no model; send a "
                  "text, a vector or a document",
                  location, mode));
  error.location = std::move(location);
  return error;
}

void read_filters(ObjectReader& in, std::vector<Filter>& out) {
  FilterOptions options;
  options.templates = in.templates();
  options.filled_in = in.templates() == ObjectReader::Templates::refused;
  for (const std::string_view name : {"filters", "pre_filters"}) {
    const json::value* value = in.find({name});
    if (value == nullptr || (value->is_object() && value->get_object().empty())) continue;
    auto filter = Filter::compile(*value, in.location_of(name), options);
    if (!filter) return in.fail(std::move(filter).error());
    out.push_back(std::move(*filter));
  }
}

// Checked although nothing here uses it: a pipeline that another server would refuse
// should not pass unnoticed.
void read_query_preprocessing(ObjectReader& in, std::vector<std::string>& warnings) {
  const json::object* object = in.object({"query_preprocessing"});
  if (object == nullptr) return;
  ObjectReader inner = in.child(*object, "query_preprocessing");
  inner.optional_string({"feature_uri"});
  inner.object({"params"});
  inner.integer({"max_chunks"}, 20, 1, 100);
  inner.string({"aggregation"}, "rrf");
  inner.optional_string({"dedup_field"});
  warn_unread(inner, warnings);
  if (!inner.ok()) in.fail(inner.error());
}

void read_learning_config(ObjectReader& in, bool learned,
                          std::vector<std::string>& warnings) {
  const json::value* value = in.find({"learning_config"});
  if (learned && value == nullptr) {
    in.fail("learning_config",
            "is required when fusion is learned; {} takes the defaults, or "
            "use fusion rrf");
  }
  const json::object* object = in.object({"learning_config"});
  if (object == nullptr) return;
  ObjectReader inner = in.child(*object, "learning_config");
  inner.one_of({"algorithm"}, 0,
               {{"thompson_sampling", 0}, {"epsilon_greedy", 1}, {"ucb", 2}});
  inner.strings({"context_features"});
  inner.strings({"demographic_features"});
  inner.one_of({"fallback_strategy"}, 0, {{"hierarchical", 0}, {"global", 1}});
  inner.integer({"min_interactions"}, 5, 1, 100);
  inner.string({"reward_signal"}, "click");
  inner.number({"exploration_bonus"}, 1.0, 0.1, 10.0);
  inner.number({"prior_alpha"}, 1.0, 0.1, kInfinity);
  inner.number({"prior_beta"}, 1.0, 0.1, kInfinity);
  warn_unread(inner, warnings);
  if (!inner.ok()) in.fail(inner.error());
}

enum class InputMode { text, content, multi_content, document, vector };

InputMode implied_mode(const json::object& query) {
  if (contains(query, "document_ref")) return InputMode::document;
  if (contains(query, "values")) return InputMode::multi_content;
  if (contains(query, "content") || contains(query, "url") || contains(query, "base64")) {
    return InputMode::content;
  }
  const json::value* value = query.if_contains("value");
  if (contains(query, "vector") || (value != nullptr && value->is_array())) {
    return InputMode::vector;
  }
  return InputMode::text;
}

constexpr std::string_view word(InputMode mode) {
  switch (mode) {
    case InputMode::text:
      return "text";
    case InputMode::content:
      return "content";
    case InputMode::multi_content:
      return "multi_content";
    case InputMode::document:
      return "document";
    case InputMode::vector:
      return "vector";
  }
  return "";
}

// The text that a query value stands for; inputs that are numbers or booleans are searched
// for as they are written.
void take_text(ObjectReader& in, std::string_view name, const json::value* value,
               SearchSpec& spec) {
  if (value == nullptr) {
    spec.empty = true;
  } else if (in.is_template(*value)) {
    return;
  } else if (const auto* text = value->if_string()) {
    spec.text = std::string(view(*text));
    spec.empty = trim(spec.text).empty();
  } else if (value->is_bool() || is_number(*value)) {
    spec.text = to_json_text(*value);
  } else {
    in.fail(name, fmt::format("is {}; use a text", type_name(*value)));
  }
}

// A number of a vector: what float32 cannot hold is refused with the others that are not
// finite.
bool add_value(const json::value& value, std::vector<float>& out) {
  if (!is_number(value)) return false;
  out.push_back(static_cast<float>(as_double(value)));
  return true;
}

// A list of numbers, or a list of such lists; whether they fit the feature is seen when it
// is bound.
void take_vectors(ObjectReader& in, std::string_view name, const json::value* value,
                  SearchSpec& spec) {
  spec.vectors_location = in.location_of(name);
  if (value == nullptr || (value->is_array() && value->get_array().empty())) {
    spec.empty = true;
    return;
  }
  if (in.is_template(*value)) {
    spec.query_unknown = true;
    return;
  }
  const auto* list = value->if_array();
  if (list == nullptr) {
    return in.fail(name, fmt::format("is {}; use a list of numbers, or several such lists",
                                     type_name(*value)));
  }
  std::optional<std::size_t> length;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::value& item = (*list)[i];
    const auto* inner = item.if_array();
    const std::string place = fmt::format("{}[{}]", name, i);
    if (inner == nullptr) {
      if (length || !add_value(item, spec.vectors)) {
        return in.fail(place, fmt::format("is {}; use numbers alone, or lists of numbers "
                                          "alone",
                                          type_name(item)));
      }
      continue;
    }
    if (i > 0 && !length) {
      return in.fail(place, "is an array among numbers; use one or the other");
    }
    if (length && inner->size() != *length) {
      return in.fail(place, fmt::format("has {} values, and the first vector {}; use "
                                        "vectors of one feature",
                                        inner->size(), *length));
    }
    length = inner->size();
    for (std::size_t k = 0; k < inner->size(); ++k) {
      if (add_value((*inner)[k], spec.vectors)) continue;
      return in.fail(fmt::format("{}[{}]", place, k),
                     fmt::format("is {}; use a number", type_name((*inner)[k])));
    }
  }
  if (spec.vectors.empty()) spec.empty = true;
  spec.vector_length = length.value_or(spec.vectors.size());
}

void take_document(ObjectReader& in, SearchSpec& spec, std::vector<std::string>& warnings) {
  const json::value* value = in.find({"document_ref", "value"});
  if (value == nullptr) {
    spec.empty = true;
    return;
  }
  if (in.is_template(*value)) {
    spec.query_unknown = true;
    return;
  }
  const auto* object = value->if_object();
  if (object == nullptr) {
    return in.fail("document_ref", fmt::format("is {}; use {{\"collection_id\", "
                                               "\"document_id\"}}",
                                               type_name(*value)));
  }
  ObjectReader reference = in.child(*object, "document_ref");
  DocumentReference out;
  out.collection = reference.string({"collection_id", "collection_identifier"});
  const json::value* id = reference.find({"document_id"});
  const json::value* collection = reference.find({"collection_id"});
  for (const json::value* part : {id, collection}) {
    spec.query_unknown |= part != nullptr && reference.is_template(*part);
  }
  out.document_id = reference.string({"document_id"});
  sort_out_unread(reference, warnings);
  if (!reference.ok()) return in.fail(reference.error());
  if (out.document_id.empty() && !spec.query_unknown) {
    spec.empty = true;
  } else {
    spec.document = std::move(out);
  }
}

void read_query(ObjectReader& in, SearchSpec& spec, std::vector<std::string>& warnings) {
  const json::value* value = in.find({"query", "input"});
  const std::string_view name =
      contains(in.source(), "query") || !contains(in.source(), "input") ? "query" : "input";
  if (value == nullptr && !contains(in.source(), name)) {
    return in.fail(name,
                   "is required; give a text, or {\"input_mode\": \"text\", \"value\": …}");
  }
  if (value != nullptr && value->is_array()) {
    take_vectors(in, name, value, spec);
  } else if (value == nullptr || !value->is_object()) {
    take_text(in, name, value, spec);
  } else {
    const json::object& object = value->get_object();
    ObjectReader query = in.child(object, name);
    const json::value* input_mode = query.find({"input_mode"});
    const bool mode_unknown = input_mode != nullptr && query.is_template(*input_mode);
    const InputMode mode = query.one_of({"input_mode"}, implied_mode(object),
                                        {{"text", InputMode::text},
                                         {"content", InputMode::content},
                                         {"multi_content", InputMode::multi_content},
                                         {"document", InputMode::document},
                                         {"vector", InputMode::vector}});
    if (!query.ok()) return in.fail(query.error());
    if (mode_unknown) {
      spec.query_unknown = true;
      query.find({"value", "text", "vector", "document_ref", "content"});
    } else if (mode == InputMode::content || mode == InputMode::multi_content) {
      return in.fail(no_content(query.location(), word(mode)));
    } else if (mode == InputMode::document) {
      take_document(query, spec, warnings);
    } else if (mode == InputMode::vector) {
      const std::string_view key = contains(object, "value") ? "value" : "vector";
      if (!contains(object, key)) {
        query.fail("value", "is required; give the numbers of the vector");
      } else {
        take_vectors(query, key, query.find({"value", "vector"}), spec);
      }
    } else if (!contains(object, "value") && !contains(object, "text")) {
      query.fail("value", "is required; give the text to search for");
    } else {
      take_text(query, contains(object, "value") ? "value" : "text",
                query.find({"value", "text"}), spec);
      const std::string task = query.string({"embedding_task"});
      spec.as_written = task == "none";
    }
    warn_unread(query, warnings);
    if (!query.ok()) return in.fail(query.error());
  }
  if (spec.takes_vectors()) spec.by = SearchBy::vectors;
  if (spec.empty && spec.on_empty == OnEmpty::error && in.ok()) {
    in.fail(
        name,
        "is empty; give a text, or the input that it comes from, or set on_empty to skip "
        "or random");
  }
}

// `lexical` says by what a text is looked for; without it, by all that there is.
void read_lexical(ObjectReader& in, SearchSpec& spec) {
  const json::value* sent = in.find({"lexical"});
  if (sent == nullptr || in.is_template(*sent)) return;
  const bool lexical = in.boolean({"lexical"}, false);
  if (lexical && spec.by == SearchBy::vectors && in.ok()) {
    return in.fail("lexical", "is true, and the query is no text; leave one of them out");
  }
  spec.says_dense = !lexical;
  spec.by = lexical ? SearchBy::words : SearchBy::vectors;
}

// One search, whose keys stand in `in`: an item of the list or the stage itself. Its query
// may stand elsewhere.
SearchSpec read_search(ObjectReader& in, ObjectReader& query_in,
                       std::vector<std::string>& warnings) {
  SearchSpec spec;
  spec.location = in.location();
  const json::value* uri = in.find({"feature_uri", "uri"});
  spec.uri_unknown = uri != nullptr && in.is_template(*uri);
  spec.feature_uri = in.string({"feature_uri", "uri"});
  if (uri != nullptr && !spec.uri_unknown && spec.feature_uri.empty() && in.ok()) {
    in.fail("feature_uri", "is empty; give the URI of a feature, or leave it out");
  }
  spec.on_empty = in.one_of(
      {"on_empty"}, OnEmpty::error,
      {{"error", OnEmpty::error}, {"skip", OnEmpty::skip}, {"random", OnEmpty::random}});
  spec.top_k = static_cast<std::uint32_t>(in.integer({"top_k"}, 100, 1, kTopKMax));
  spec.min_score = in.optional_number({"min_score"}, 0.0, 1.0);
  spec.weight = in.number({"weight"}, 1.0, 0.0, 1.0);
  spec.optional = in.boolean({"optional"}, false);
  read_query(query_in, spec, warnings);
  read_lexical(in, spec);
  return spec;
}

void read_search_list(ObjectReader& in, const json::array& list, std::string_view name,
                      FeatureSearchParameters& out) {
  if (list.size() > kSearchesMax) {
    return in.fail(
        name, fmt::format("has {} searches; use at most {}", list.size(), kSearchesMax));
  }
  for (std::size_t i = 0; i < list.size() && in.ok(); ++i) {
    const json::value& value = list[i];
    if (in.is_template(value) && name == "searches") continue;
    json::object bare;
    const json::object* source = value.if_object();
    if (value.is_string() && name == "feature_uris") {
      bare["feature_uri"] = value;
      source = &bare;
    } else if (source == nullptr) {
      return in.fail(
          fmt::format("{}[{}]", name, i),
          fmt::format("is {}; use an object with feature_uri and query", type_name(value)));
    }
    ObjectReader item = in.child(*source, name, i);
    // One without a query shares that of the stage, whose place errors name then.
    const bool shares = name == "feature_uris" && !contains(*source, "query") &&
                        !contains(*source, "input") &&
                        (contains(in.source(), "query") || contains(in.source(), "input"));
    SearchSpec spec = read_search(item, shares ? in : item, out.warnings);
    if (!in.ok()) return;
    spec.scope = read_collection_scope(item);
    read_filters(item, spec.filters);
    read_query_preprocessing(item, out.warnings);
    sort_out_unread(item, out.warnings);
    if (!item.ok()) return in.fail(item.error());
    spec.source = i;
    out.searches.push_back(std::move(spec));
  }
}

void read_searches(ObjectReader& in, FeatureSearchParameters& out) {
  for (const std::string_view name : {"searches", "feature_uris"}) {
    const json::value* value = in.find({name});
    if (value == nullptr) continue;
    if (const json::array* list = in.array({name})) read_search_list(in, *list, name, out);
    return;
  }
  if (contains(in.source(), "query") || contains(in.source(), "input") ||
      in.has({"feature_uri"})) {
    out.searches.push_back(read_search(in, in, out.warnings));
  }
}

void read_final_top_k(ObjectReader& in, FeatureSearchParameters& out) {
  const auto asked = in.optional_integer({"final_top_k", "limit"}, 1, kFinalTopKMax);
  std::int64_t wanted = asked.value_or(25);
  // One search beside the stage's own parameters: its top_k is what the caller means.
  const bool flat =
      out.searches.size() == 1 && out.searches.front().location == in.location();
  if (flat && !asked && in.has({"top_k"})) {
    wanted = std::min<std::int64_t>(out.searches.front().top_k, kFinalTopKMax);
  }
  if (flat && asked && !in.has({"top_k"})) {
    out.searches.front().top_k =
        std::max(out.searches.front().top_k, static_cast<std::uint32_t>(wanted));
  }
  std::int64_t ceiling = wanted;
  for (const SearchSpec& spec : out.searches) {
    ceiling = std::min<std::int64_t>(ceiling, spec.top_k);
  }
  if (asked && ceiling < wanted) {
    out.warnings.push_back(fmt::format(
        "{} is {}, above the smallest top_k; {} is used",
        contains(in.source(), "final_top_k") ? "final_top_k" : "limit", wanted, ceiling));
    out.limits.push_back(json::object{{"name", "final_top_k"},
                                      {"requested", wanted},
                                      {"applied", ceiling},
                                      {"ceiling", ceiling}});
  }
  out.final_top_k = static_cast<std::size_t>(ceiling);
}

void read_facets(ObjectReader& in, FeatureSearchParameters& out) {
  const json::array* list = in.array({"facets"});
  if (list == nullptr) return;
  if (list->size() > kFacetsMax) {
    return in.fail("facets",
                   fmt::format("has {} fields; use at most {}", list->size(), kFacetsMax));
  }
  for (std::size_t i = 0; i < list->size() && in.ok(); ++i) {
    const json::value& value = (*list)[i];
    if (in.is_template(value)) continue;
    FacetField facet;
    if (value.is_string()) {
      facet.key = std::string(view(value.get_string()));
      if (facet.key.empty()) in.fail(fmt::format("facets[{}]", i), "is empty; give a path");
    } else if (value.is_object()) {
      ObjectReader item = in.child(value.get_object(), "facets", i);
      facet.key = item.required_string({"key", "field"});
      facet.limit = static_cast<std::uint32_t>(item.integer({"limit"}, 10, 1, 1000));
      item.boolean({"exact"}, false);
      sort_out_unread(item, out.warnings);
      if (!item.ok()) return in.fail(item.error());
    } else {
      in.fail(fmt::format("facets[{}]", i),
              fmt::format("is {}; use a path or {{\"key\", \"limit\"}}", type_name(value)));
    }
    out.facets.push_back(std::move(facet));
  }
}

void read_group_by(ObjectReader& in, FeatureSearchParameters& out) {
  const json::value* value = in.find({"group_by"});
  if (value == nullptr || in.is_template(*value)) return;
  SearchGrouping grouping;
  if (value->is_string()) {
    grouping.field = std::string(view(value->get_string()));
    if (grouping.field.empty()) in.fail("group_by", "is empty; give the path of a field");
  } else if (const json::object* object = in.object({"group_by"})) {
    ObjectReader inner = in.child(*object, "group_by");
    grouping.field = inner.required_string({"field"});
    grouping.max_per_group =
        static_cast<std::size_t>(inner.integer({"max_per_group", "group_size"}, 1, 1, 100));
    grouping.limit = static_cast<std::size_t>(inner.integer({"limit"}, 25, 1, 500));
    grouping.output_mode = inner.one_of({"output_mode"}, GroupOutput::all,
                                        {{"first", GroupOutput::first},
                                         {"all", GroupOutput::all},
                                         {"flatten", GroupOutput::flatten}});
    sort_out_unread(inner, out.warnings);
    if (!inner.ok()) return in.fail(inner.error());
  }
  out.group_by = std::move(grouping);
}

}  // namespace

Result<FeatureSearchParameters> read_feature_search(ObjectReader& in) {
  FeatureSearchParameters out;
  out.location = in.location();
  out.scope = read_collection_scope(in);
  read_filters(in, out.filters);
  read_searches(in, out);
  read_final_top_k(in, out);

  bool learned = false;
  if (in.optional_string({"fusion"}) == "learned") {
    learned = true;
    out.fusion = Fusion::rrf;
    out.warnings.emplace_back(
        "fusion 'learned' has no interactions to learn from on this "
        "server; rrf is used");
  } else {
    out.fusion = in.one_of({"fusion"}, Fusion::convex,
                           {{"convex", Fusion::convex},
                            {"rrf", Fusion::rrf},
                            {"dbsf", Fusion::dbsf},
                            {"weighted", Fusion::weighted},
                            {"max", Fusion::max},
                            {"learned", Fusion::rrf}});
  }
  out.dense_weight = in.number({"dense_weight"}, 0.5, 0.0, 1.0);
  read_learning_config(in, learned, out.warnings);
  read_query_preprocessing(in, out.warnings);
  read_facets(in, out);
  read_group_by(in, out);
  out.seed = in.optional_integer({"seed"}, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max());
  out.may_be_cached =
      in.one_of({"cache_behavior"}, true,
                {{"auto", true}, {"disabled", false}, {"aggressive", true}});
  out.query_text = find_query_text(in.source());
  // What typed clients send with everything, and which means nothing here.
  in.boolean({"interactive"}, false);
  in.boolean({"degrade_retry"}, false);
  in.boolean({"auto_preprocess"}, true);
  in.optional_integer({"cache_ttl_seconds"}, 0, std::numeric_limits<std::int64_t>::max());
  TRAWL_TRY(in.status());
  return out;
}

}  // namespace trawl
