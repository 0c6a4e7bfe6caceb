// /v1/collections: create, list, get, patch, delete.
#include "api/collections.h"

#include <fmt/format.h>

#include "api/collection_json.h"
#include "api/endpoint.h"
#include "api/names.h"
#include "api/object_list.h"

namespace trawl::api {
namespace {

constexpr std::string_view kPath = "/v1/collections";
constexpr std::string_view kOnePath = "/v1/collections/{collection}";
constexpr std::string_view kSearched[] = {"collection_name", "collection_id",
                                          "description"};

Result<http::Response> reply_with(const Services& services, const Collection& collection) {
  TRAWL_ASSIGN(json::object out, collection_json(services.corpus, collection));
  return detail_response(std::move(out));
}

Result<http::Response> create(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call.request));
  ObjectReader in(body, {});
  TRAWL_ASSIGN(Collection wanted, read_new_collection(in));
  wanted.namespace_id = call.ns.id;
  TRAWL_ASSIGN(const Collection created,
               services.corpus.create_collection(std::move(wanted)));
  return reply_with(services, created);
}

Result<http::Response> show(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection found,
               services.corpus.find_collection(call.ns.id,
                                               call.request.path_parameter("collection")));
  return reply_with(services, found);
}

Result<http::Response> change(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call.request));
  TRAWL_ASSIGN(
      const Collection changed,
      services.corpus.update_collection(
          call.ns.id, call.request.path_parameter("collection"),
          [&](Collection& collection) { return patch_collection(body, collection); }));
  return reply_with(services, changed);
}

Result<http::Response> list(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call.request));
  TRAWL_ASSIGN(const auto all, services.corpus.list_collections(call.ns.id));
  std::vector<json::object> rows;
  for (const auto& collection : all) {
    auto row = collection_json(services.corpus, collection);
    // One that was deleted between the two reads is no longer part of the list.
    if (row) rows.push_back(std::move(*row));
  }
  TRAWL_ASSIGN(json::object out,
               list_objects(call.request, body, std::move(rows), kSearched));
  return json_response(std::move(out));
}

Result<http::Response> remove(const Services& services, Call& call) {
  const std::string& identifier = call.request.path_parameter("collection");
  TRAWL_TRY(services.corpus.delete_collection(call.ns.id, identifier));
  return deleted_response(fmt::format("the collection '{}' was deleted", identifier));
}

}  // namespace

void add_collection_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string_view path, Permission permission,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::string(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, permission, Scope::in_namespace,
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  route("POST", kPath, Permission::write, create);
  route("GET", kPath, Permission::read, list);
  route("POST", "/v1/collections/list", Permission::read, list);
  route("GET", kOnePath, Permission::read, show);
  route("PATCH", kOnePath, Permission::write, change);
  route("DELETE", kOnePath, Permission::remove, remove);
}

}  // namespace trawl::api
