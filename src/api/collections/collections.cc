// /v1/collections: create, list, get, patch, delete.
#include "api/collections/collections.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "api/collections/collection_json.h"
#include "api/wire/endpoint.h"
#include "api/wire/names.h"
#include "api/wire/object_list.h"
#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::string_view kCollectionsPath = "/v1/collections";
constexpr std::string_view kCollectionPath = "/v1/collections/{collection}";
constexpr std::string_view kCollectionsSearched[] = {"collection_name", "collection_id",
                                                     "description"};

Result<http::Response> reply_with(const Services& services, const Call& call,
                                  const Collection& collection) {
  TRAWL_ASSIGN(json::object out,
               collection_json(services.corpus, services.embedding, collection));
  add_warnings(out, call);
  return detail_response(std::move(out));
}

// What makes the vectors of a collection that asks for none in particular: nothing where
// the engine keeps none, or the texts of the namespace may not go where the model runs.
std::optional<EmbeddingModel> default_model(const Services& services, const Namespace& ns) {
  auto model = services.embedders.default_model();
  if (!model || !services.corpus.traits().vectors ||
      !services.provider_policies.may_receive(model->provider, ns.name)) {
    return std::nullopt;
  }
  return model;
}

//   not_enabled  the feature is dense, and the engine keeps no vectors
//   forbidden    the texts of the namespace may not go where its model runs
Result<void> check_feature(const Services& services, const Namespace& ns,
                           const Feature& feature, const std::string& location) {
  if (feature.kind != Feature::Kind::dense) return {};
  Result<void> allowed;
  if (!services.corpus.traits().vectors) {
    allowed = make_error(ErrorCode::not_enabled,
                         "the corpus of this server keeps no vectors; leave features of "
                         "the type dense out");
  } else if (feature.model) {
    allowed = services.provider_policies.check(feature.model->provider, ns.name);
  }
  if (allowed) return {};
  Error error = std::move(allowed).error();
  error.location = location;
  return error;
}

Result<http::Response> create_collection(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  ObjectReader in(body, {});
  TRAWL_ASSIGN(Collection wanted, read_new_collection(in, services.embedders,
                                                      default_model(services, call.ns)));

  TRAWL_TRY(services.reserved_names.check("collection", wanted.name, "collection_name"));
  for (std::size_t i = 0; i < wanted.features.size(); ++i) {
    TRAWL_TRY(check_feature(services, call.ns, wanted.features[i],
                            fmt::format("features[{}]", i)));
  }
  wanted.namespace_id = call.ns.id;
  TRAWL_ASSIGN(const Collection created,
               services.catalog.create_collection(std::move(wanted)));
  return reply_with(services, call, created);
}

Result<void> must_have_room(const Collection& collection) {
  const auto count =
      std::count_if(collection.features.begin(), collection.features.end(),
                    [](const Feature& one) { return one.until == Feature::kForever; });
  if (static_cast<std::size_t>(count) < kFeaturesMax) return {};
  return make_error(ErrorCode::already_exists,
                    fmt::format("the collection '{}' has {} features, the most that one "
                                "can have; create another one",
                                collection.name, count));
}

// A dense feature of a URI that is there already changes its model.
Result<http::Response> add_feature(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(Feature feature, read_feature(body, services.embedders));
  TRAWL_ASSIGN(const Collection before,
               services.catalog.find_collection(call.ns.id,
                                                call.request.path_parameter("collection")));
  TRAWL_TRY(must_have_room(before));
  TRAWL_TRY(check_feature(services, call.ns, feature, {}));
  auto changed = services.catalog.add_feature(
      call.ns.id, call.request.path_parameter("collection"), std::move(feature));
  if (!changed) {
    // The feature is the body.
    constexpr std::string_view kFeature = "feature.";
    Error error = std::move(changed).error();
    if (error.location.starts_with(kFeature)) error.location.erase(0, kFeature.size());
    return error;
  }
  services.embedding.wake();
  return reply_with(services, call, *changed);
}

Result<http::Response> show_collection(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection found,
               services.catalog.find_collection(call.ns.id,
                                                call.request.path_parameter("collection")));
  return reply_with(services, call, found);
}

Result<http::Response> change_collection(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Collection changed,
               services.catalog.update_collection(
                   call.ns.id, call.request.path_parameter("collection"),
                   [&](Collection& collection) -> Result<void> {
                     const std::string before = collection.name;
                     TRAWL_TRY(patch_collection(body, collection));
                     if (collection.name == before) return {};
                     return services.reserved_names.check("collection", collection.name,
                                                          "collection_name");
                   }));
  services.embedding.wake();  // What is no longer paused goes on.
  return reply_with(services, call, changed);
}

// The newest client may name the namespace of the list once more.
Result<void> must_be_this_namespace(const Call& call) {
  const auto wanted = call.request.query_value("namespace_id");
  if (!wanted || *wanted == call.ns.id.str() || *wanted == call.ns.name) return {};
  return invalid_at("query.namespace_id",
                    fmt::format("namespace_id is '{}', but the request addresses the "
                                "namespace '{}'; name it in the X-Namespace header",
                                truncate_text(*wanted, 100), call.ns.name));
}

Result<http::Response> list_collections(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_TRY(must_be_this_namespace(call));
  TRAWL_ASSIGN(const auto all, services.catalog.list_collections(call.ns.id));
  std::vector<json::object> rows;
  for (const auto& collection : all) {
    auto row = collection_json(services.corpus, services.embedding, collection);
    // One that was deleted between the two reads is no longer part of the list.
    if (row) rows.push_back(std::move(*row));
  }
  TRAWL_ASSIGN(json::object out,
               list_objects(call.request, body, std::move(rows), kCollectionsSearched));
  return json_response(std::move(out));
}

Result<http::Response> remove_collection(const Services& services, Call& call) {
  const std::string& identifier = call.request.path_parameter("collection");
  TRAWL_TRY(services.catalog.delete_collection(call.ns.id, identifier));
  return deleted_response(fmt::format("the collection '{}' was deleted", identifier));
}

}  // namespace

void add_collection_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string_view path, Permission permission,
                         RequestShape shape,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::string(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, permission, Scope::in_namespace, std::move(shape),
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  // There are no collections of the system, so it does not matter who wants them.
  const RequestShape listed(
      paging_query() + Query{{"search", Described::no, true},
                             {"namespace_id", Described::no},
                             {"include_system", Described::no}},
      object_list_shape().with({{"include_system", nullptr, Described::no}}));
  route("POST", kCollectionsPath, Permission::write,
        RequestShape(Query{}, new_collection_shape()), create_collection);
  route("GET", kCollectionsPath, Permission::read, listed, list_collections);
  route("POST", "/v1/collections/list", Permission::read, listed, list_collections);
  route("GET", kCollectionPath, Permission::read, {}, show_collection);
  route("PATCH", kCollectionPath, Permission::write,
        RequestShape(Query{}, collection_patch_shape()), change_collection);
  route("DELETE", kCollectionPath, Permission::remove, {}, remove_collection);
  route("POST", std::string(kCollectionPath) + "/features", Permission::write,
        RequestShape(Query{}, feature_shape()), add_feature);
}

}  // namespace trawl::api
