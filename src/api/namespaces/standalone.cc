// POST /v1/namespaces/{namespace}/documents/upsert, and what it needs.
#include "api/namespaces/standalone.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "api/collections/collection_json.h"
#include "api/documents/document_vectors.h"
#include "api/documents/written_vectors.h"
#include "api/namespaces/namespaces.h"
#include "base/text.h"
#include "model/engine_fields.h"

namespace trawl::api {
namespace {

constexpr std::string_view kDefaultCollection = "documents";
constexpr std::size_t kUpsertMax = 1000;
constexpr std::size_t kVectorConfigsMax = 15;  // Beside the words, of 16 features.

// Where a document came from, in the hosted product.
constexpr std::string_view kLineage[] = {
    "source_type",      "root_object_id",     "root_bucket_id",
    "source_object_id", "source_document_id", "source_collection_id",
    "lineage_path",     "lineage_chain",      "content_hash"};

Feature own_vectors(std::string_view name, std::uint32_t dimension, Metric metric) {
  Feature feature;
  feature.uri = name;
  feature.kind = Feature::Kind::dense;
  feature.dimension = dimension;
  feature.metric = metric;
  return feature;
}

Result<Feature> read_vector_config(ObjectReader in) {
  const std::string name = in.required_string({"name"});
  const auto dimension = in.integer({"dimension"}, 0, 1, kDimensionMax);
  if (in.ok() && dimension == 0) in.fail("dimension", "is required");
  const auto metric = in.one_of<Metric>({"metric"}, Metric::cosine,
                                        {{"cosine", Metric::cosine},
                                         {"dot_product", Metric::dot},
                                         {"dot", Metric::dot},
                                         {"euclidean", Metric::l2},
                                         {"l2", Metric::l2}});
  TRAWL_TRY(in.status());
  Feature feature = own_vectors(name, static_cast<std::uint32_t>(dimension), metric);
  check_feature_uri(in, feature);
  TRAWL_TRY(in.status());
  return feature;
}

Result<std::vector<Feature>> read_vector_configs(const json::array& configs) {
  std::vector<Feature> features;
  if (configs.size() > kVectorConfigsMax) {
    return invalid_at("vector_configs",
                      fmt::format("vector_configs has {} entries; use at most {}",
                                  configs.size(), kVectorConfigsMax));
  }
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const std::string location = fmt::format("vector_configs[{}]", i);
    const auto* config = configs[i].if_object();
    if (config == nullptr) return invalid_at(location, location + " is not an object");
    TRAWL_ASSIGN(Feature feature, read_vector_config(ObjectReader(*config, location)));
    for (const Feature& other : features) {
      if (other.uri != feature.uri) continue;
      return invalid_at(location + ".name",
                        fmt::format("{}.name '{}' is given twice; give each its own",
                                    location, truncate_text(feature.uri, 64)));
    }
    features.push_back(std::move(feature));
  }
  return features;
}

// A collection that has the vectors of its namespace, and words.
Result<Collection> make_collection(const Services& services, const Namespace& ns,
                                   std::string_view name) {
  const json::object body{{"collection_name", text_value(name)},
                          {"features", json::array{text_value(kDefaultFeatureUri)}}};
  ObjectReader in(body, {});
  TRAWL_ASSIGN(Collection wanted, read_new_collection(in, services.embedders, {}));
  TRAWL_TRY(services.reserved_names.check("collection", wanted.name, "collection_id"));
  wanted.namespace_id = ns.id;
  if (const auto* configs = ns.definition.if_contains("vector_configs")) {
    TRAWL_ASSIGN(std::vector<Feature> own, read_vector_configs(configs->as_array()));
    for (Feature& feature : own) wanted.features.push_back(std::move(feature));
  }
  auto made = services.catalog.create_collection(wanted);
  if (!made && made.error().code == ErrorCode::already_exists) {
    // Another request was faster.
    return services.catalog.find_collection(ns.id, wanted.name);
  }
  return made;
}

Result<Collection> find_or_make(const Services& services, const Namespace& ns,
                                std::string_view identifier) {
  auto found = services.catalog.find_collection(ns.id, identifier);
  if (found || found.error().code != ErrorCode::not_found || !is_standalone(ns)) {
    return found;
  }
  return make_collection(services, ns, identifier);
}

// How many dimensions a value has that names no feature yet; 0 where it is none.
std::size_t dimension_of(const json::value& sent) {
  if (const auto* text = sent.if_string()) {
    const auto padding = view(*text).size() - view(*text).find_last_not_of('=') - 1;
    return (text->size() - padding) * 3 / 4 / sizeof(float);
  }
  const auto* list = sent.if_array();
  if (list == nullptr || list->empty()) return 0;
  const auto* first = list->front().if_array();
  return first == nullptr ? list->size() : first->size();
}

// A namespace that declared no vectors takes those that come, and keeps to what the first
// of a name are like.
Result<void> add_new_features(const Services& services, const Namespace& ns,
                              const json::object& document, const std::string& location,
                              Collection& collection) {
  const auto* vectors = document.if_contains("vectors");
  const auto* by_name = vectors == nullptr ? nullptr : vectors->if_object();
  if (by_name == nullptr) return {};
  for (const auto& one : *by_name) {
    if (find_dense_feature(collection, key_of(one)) != nullptr) continue;
    const std::string place = fmt::format("{}.vectors", location);
    const std::string here = fmt::format("{}.{}", place, truncate_text(key_of(one), 200));
    const std::size_t dimension = dimension_of(one.value());
    if (dimension == 0 || dimension > kDimensionMax) {
      return invalid_at(here, fmt::format("{} is no list of 1 to {} numbers, and so says "
                                          "nothing of how many dimensions it has",
                                          here, kDimensionMax));
    }
    Feature feature =
        own_vectors(key_of(one), static_cast<std::uint32_t>(dimension), Metric::cosine);
    ObjectReader in(*by_name, place);
    check_feature_uri(in, feature);
    TRAWL_TRY(in.status());
    if (collection.features.size() > kVectorConfigsMax) {
      return invalid_at(here, fmt::format("{} would be one name of vectors more than the "
                                          "{} that a collection has at most",
                                          here, kVectorConfigsMax));
    }
    auto changed = services.catalog.add_feature(ns.id, collection.id.str(), feature);
    if (!changed && changed.error().code == ErrorCode::already_exists) {
      changed = services.catalog.find_collection(ns.id, collection.id.str());
    }
    if (!changed) return std::move(changed).error();
    collection = std::move(*changed);
  }
  return {};
}

struct Upsert {
  std::vector<DocumentWrite> writes;
  json::object dropped;           // {id: [names]}
  json::array unsearchable;       // Ids.
  std::set<std::string> ignored;  // Names of members.
};

Result<void> refuse_sparse(const json::object& document, const std::string& location) {
  const auto* vectors = document.if_contains("vectors");
  const auto* by_name = vectors == nullptr ? nullptr : vectors->if_object();
  if (by_name == nullptr) return {};
  for (const auto& one : *by_name) {
    if (!one.value().is_object()) continue;
    const std::string here =
        fmt::format("{}.vectors.{}", location, truncate_text(key_of(one), 200));
    Error error = make_error(ErrorCode::not_enabled,
                             fmt::format("{} is an object: this server keeps no sparse "
                                         "vectors; search words with \"lexical\": true",
                                         here));
    error.location = here;
    return error;
  }
  return {};
}

Result<void> refuse_acl(const json::object& document, const std::string& location) {
  const auto* acl = document.if_contains("acl");
  if (acl == nullptr || acl->is_null()) return {};
  Error error = make_error(ErrorCode::not_enabled,
                           fmt::format("{}.acl: documents have no access lists here; "
                                       "confine an API key to a namespace",
                                       location));
  error.location = location + ".acl";
  return error;
}

// What the payload has under names that are the server's is left out, and said.
json::array take_payload(const json::object& payload, json::object& fields) {
  constexpr std::string_view kOurs[] = {
      engine_field::kDocumentId, engine_field::kCollectionId, engine_field::kInternal,
      engine_field::kVectorNames, engine_field::kVectors};
  json::array dropped;
  for (const auto& field : payload) {
    if (std::find(std::begin(kOurs), std::end(kOurs), key_of(field)) != std::end(kOurs)) {
      dropped.push_back(text_value(key_of(field)));
    } else {
      fields[field.key()] = field.value();
    }
  }
  return dropped;
}

Result<void> read_one(const Services& services, const Collection& collection,
                      const json::object& document, const std::string& location,
                      Upsert& out) {
  ObjectReader in(document, location);
  DocumentWrite write;
  write.document_id = in.required_string({"document_id"});
  const json::object* payload = in.object({"payload"});
  const json::object* metadata = in.object({"metadata"});
  const json::object* vectors = in.object({"vectors"});
  TRAWL_TRY(in.status());
  TRAWL_TRY(services.reserved_names.check("document", write.document_id,
                                          location + ".document_id"));
  TRAWL_TRY(refuse_acl(document, location));
  for (const std::string_view name : kLineage) {
    if (in.has({name})) out.ignored.emplace(name);
  }
  const bool takes = vectors_member(collection, document) == VectorsMember::taken;
  if (vectors != nullptr && !vectors->empty() && !takes) {
    return invalid_at(location + ".vectors",
                      fmt::format("{}.vectors: the collection '{}' takes no vectors; POST "
                                  "/v1/collections/{}/features adds a feature for them",
                                  location, collection.name, collection.id.str()));
  }
  TRAWL_ASSIGN(write.vectors, read_document_vectors(document, collection, location));
  if (payload != nullptr) {
    json::array dropped = take_payload(*payload, write.fields);
    if (!dropped.empty()) out.dropped[write.document_id] = std::move(dropped);
  }
  if (metadata != nullptr) {
    json::value& slot = write.fields["metadata"];
    if (!slot.is_object()) slot = json::object();
    for (const auto& field : *metadata) slot.get_object()[field.key()] = field.value();
  }
  if (takes && write.vectors.empty()) {
    out.unsearchable.push_back(text_value(write.document_id));
  }
  out.writes.push_back(std::move(write));
  return {};
}

Result<http::Response> upsert(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Namespace ns, namespace_of_path(services, call));
  ObjectReader in(body, {});
  const auto identifier = in.optional_string({"collection_id"});
  const json::array* documents = in.array({"documents"});
  const json::object* options = in.object({"options"});
  const bool waits = read_wait_for(in);
  if (in.ok() && documents == nullptr) in.fail("documents", "is required");
  TRAWL_TRY(in.status());
  if (documents->size() > kUpsertMax) {
    return invalid_at("documents", fmt::format("documents has {} entries; use at most {}",
                                               documents->size(), kUpsertMax));
  }
  TRAWL_ASSIGN(Collection collection,
               find_or_make(services, ns, identifier.value_or(kDefaultCollection.data())));
  const auto* configs = ns.definition.if_contains("vector_configs");
  const bool is_dynamic =
      is_standalone(ns) && (configs == nullptr || configs->as_array().empty());
  Upsert read;
  for (std::size_t i = 0; i < documents->size(); ++i) {
    const std::string location = fmt::format("documents[{}]", i);
    const auto* document = (*documents)[i].if_object();
    if (document == nullptr) return invalid_at(location, location + " is not an object");
    TRAWL_TRY(refuse_sparse(*document, location));
    if (is_dynamic) {
      TRAWL_TRY(add_new_features(services, ns, *document, location, collection));
    }
    TRAWL_TRY(read_one(services, collection, *document, location, read));
  }
  json::array ids;
  std::set<std::string_view> seen;
  for (const DocumentWrite& write : read.writes) {
    ids.push_back(text_value(write.document_id));
  }
  for (const auto& id : ids) seen.insert(view(id.get_string()));
  const std::size_t count = seen.size();
  std::vector<std::string> warnings = call.warnings;
  for (const auto& name : read.ignored) {
    warnings.push_back(
        fmt::format("'{}' was left out: this server keeps no lineage", name));
  }
  if (options != nullptr && ObjectReader(*options, "options").has({"idempotency_key"})) {
    warnings.emplace_back(
        "'options.idempotency_key' has no effect: an upsert that is sent again stores the "
        "same");
  }
  if (!read.writes.empty()) {
    TRAWL_ASSIGN(const auto outcomes,
                 services.corpus.put(collection.id, std::move(read.writes), Atomic::yes));
    documents_written(services, collection, outcomes.size());
  }
  std::optional<WrittenVectors> vectors;
  if (waits) {
    vectors = wait_for_vectors(services, call.request, collection);
    if (vectors->reason) warnings.push_back(*vectors->reason);
  }
  json::object out{{"inserted", count},
                   {"document_ids", std::move(ids)},
                   {"collection_id", collection.id.str()},
                   {"dropped_payload_fields", std::move(read.dropped)},
                   {"unsearchable_document_ids", std::move(read.unsearchable)},
                   // What is acknowledged is in every search that begins from then on.
                   {"write_token", nullptr},
                   {"consistency", json::object{{"retriever_visible", "immediate"},
                                                {"recommended_header", nullptr},
                                                {"write_token_available", false},
                                                {"expected_visible_within_ms", 0}}},
                   {"warnings", json::array(warnings.begin(), warnings.end())}};
  if (vectors) out["vectors"] = written_vectors_json(*vectors);
  return json_response(std::move(out));
}

}  // namespace

bool is_standalone(const Namespace& ns) {
  const auto* mode = ns.definition.if_contains("mode");
  return mode != nullptr && mode->is_string() &&
         view(mode->get_string()) == kStandaloneMode;
}

const ObjectShape& vector_configs_shape() {
  static const ObjectShape kConfig{{{"name"}, {"dimension"}, {"metric"}},
                                   ObjectShape::Others::warned};
  return kConfig;
}

Result<void> read_vector_configs(ObjectReader& in, json::object& definition) {
  const json::array* sent = in.array({"vector_configs"});
  TRAWL_TRY(in.status());
  json::array configs;
  if (sent != nullptr) {
    TRAWL_ASSIGN(const auto features, read_vector_configs(*sent));
    constexpr std::string_view kMetrics[] = {"cosine", "dot_product", "euclidean"};
    for (const Feature& feature : features) {
      configs.push_back(json::object{
          {"name", feature.uri},
          {"dimension", feature.dimension},
          {"metric", text_value(kMetrics[static_cast<std::size_t>(feature.metric)])}});
    }
  }
  definition["mode"] = text_value(kStandaloneMode);
  definition["dynamic_vector_indexes"] = configs.empty();
  definition["vector_configs"] = std::move(configs);
  return {};
}

Result<Collection> default_collection(const Services& services, const Namespace& ns) {
  return find_or_make(services, ns, kDefaultCollection);
}

void add_standalone_routes(http::Router& router, const Services& services) {
  using Others = ObjectShape::Others;
  ObjectShape document{{{"document_id"}, {"vectors"}, {"payload"}, {"metadata"}},
                       Others::warned};
  document.members.push_back({"acl", nullptr, Described::no});
  for (const std::string_view name : kLineage) {
    document.members.push_back({name, nullptr, Described::no});
  }
  static const ObjectShape kDocument = document;
  static const ObjectShape kOptions{{{"write_token"}, {"idempotency_key"}}, Others::warned};
  router.add(
      {"POST", "/v1/namespaces/{namespace}/documents/upsert", http::RunOn::worker,
       http::Body::buffered,
       endpoint(services, Permission::write, Scope::whole_server,
                RequestShape(Query{}, ObjectShape{{{"collection_id"},
                                                   {"documents", &kDocument},
                                                   kWaitForMember,
                                                   {"options", &kOptions, Described::no}}}),
                [&services](Call& call) { return upsert(services, call); })});
}

}  // namespace trawl::api
