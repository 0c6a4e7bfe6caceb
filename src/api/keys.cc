// /v1/organizations/users/{email}/api-keys: create, list, revoke.
#include "api/keys.h"

#include <fmt/format.h>

#include "api/endpoint.h"
#include "api/names.h"
#include "api/object_list.h"
#include "api/query_reader.h"
#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::string_view kPath = "/v1/organizations/users/{user}/api-keys";
constexpr std::string_view kSearched[] = {"name", "description"};
constexpr std::size_t kDescriptionCharsMax = 500;

json::object key_json(const Services& services, const ApiKey& key) {
  json::array permissions;
  for (const auto permission : key.permissions) {
    const auto name = permission_name(permission);
    permissions.push_back(json::string(name.data(), name.size()));
  }
  const auto time = [](const std::optional<TimeUs>& at) {
    return at ? json::value(format_time(*at)) : json::value();
  };
  const auto status = key.status(services.clock.now());
  return {{"key_id", key.id.str()},
          {"key_hash", key.hash},
          {"key_prefix", key.prefix.size() >= 10 ? json::value(key.prefix) : json::value()},
          {"internal_id", key.id.str()},
          {"user_id", key.user},
          {"name", key.name},
          {"description", key.description},
          {"permissions", std::move(permissions)},
          {"scopes", json::array()},
          {"namespace_id",
           key.namespace_id ? json::value(key.namespace_id->str()) : json::value()},
          {"status", json::string(status.data(), status.size())},
          {"created_at", format_time(key.created_at)},
          {"expires_at", time(key.expires_at)},
          {"revoked_at", time(key.revoked_at)}};
}

// Who may hand out keys could otherwise hand himself one without the confinement.
Result<void> must_be_unconfined(const Call& call) {
  if (!call.key.namespace_id) return {};
  return make_error(ErrorCode::forbidden,
                    "this key is confined to one namespace and cannot manage keys; use one "
                    "without a namespace");
}

Result<http::Response> create(const Services& services, Call& call) {
  TRAWL_TRY(must_be_unconfined(call));
  TRAWL_ASSIGN(const json::object body, read_body(call.request));
  ObjectReader in(body, {});
  ApiKey wanted;
  wanted.user = call.request.path_parameter("user");
  wanted.name = read_name(in, {"name"}, 1, 100);
  wanted.description = in.string({"description"});
  if (truncate_text(wanted.description, kDescriptionCharsMax) != wanted.description) {
    in.fail("description",
            fmt::format("is longer than {} characters; shorten it", kDescriptionCharsMax));
  }
  const auto words = in.has({"permissions"}) ? in.strings({"permissions"})
                                             : std::vector<std::string>{"read", "write"};
  static constexpr std::string_view kKnown[] = {"read", "write", "delete", "admin"};
  for (const auto& word : words) {
    if (const auto permission = parse_permission(word)) {
      wanted.permissions.push_back(*permission);
    } else {
      in.fail("permissions",
              fmt::format("holds '{}'; use read, write, delete or admin{}",
                          truncate_text(word, 64), did_you_mean(word, kKnown)));
    }
  }
  if (wanted.permissions.empty()) in.fail("permissions", "is empty; give at least one");
  if (const auto text = in.optional_string({"expires_at"})) {
    if (const auto time = parse_time(*text)) {
      wanted.expires_at = *time;
    } else {
      in.fail("expires_at", time.error().message);
    }
  }
  const auto identifier = in.optional_string({"namespace_id", "namespace"});
  TRAWL_TRY(in.status());
  if (identifier) {
    TRAWL_ASSIGN(const Namespace ns, services.corpus.find_namespace(*identifier));
    wanted.namespace_id = ns.id;
  }
  TRAWL_ASSIGN(const KeyStore::Created created, services.keys.create(std::move(wanted)));
  json::object out = key_json(services, created.key);
  out["key"] = created.secret;
  return json_response(std::move(out));
}

Result<http::Response> list(const Services& services, Call& call) {
  TRAWL_TRY(must_be_unconfined(call));
  TRAWL_ASSIGN(const bool revoked_too,
               QueryReader(call.request).boolean("include_revoked", false));
  const std::string& user = call.request.path_parameter("user");
  std::vector<json::object> rows;
  for (const auto& key : services.keys.list()) {
    if (key.user != user) continue;
    if (key.revoked_at && !revoked_too) continue;
    rows.push_back(key_json(services, key));
  }
  const std::uint64_t total = rows.size();
  TRAWL_ASSIGN(json::object out,
               list_objects(call.request, {}, std::move(rows), kSearched));
  out["total"] = total;
  return json_response(std::move(out));
}

Result<http::Response> revoke(const Services& services, Call& call) {
  TRAWL_TRY(must_be_unconfined(call));
  const std::string& user = call.request.path_parameter("user");
  const std::string& name = call.request.path_parameter("key");
  for (const auto& key : services.keys.list()) {
    if (key.user != user || key.revoked_at || (key.name != name && key.id.str() != name))
      continue;
    if (key.id == call.key.id) {
      return make_error(
          ErrorCode::bad_request,
          "this is the key of the request itself; revoke it with another one");
    }
    TRAWL_TRY(services.keys.revoke(key.id.str(), services.clock.now()));
    return deleted_response(fmt::format("the key '{}' was revoked", key.name));
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("the user '{}' has no active key '{}'",
                                truncate_text(user, 100), truncate_text(name, 100)));
}

}  // namespace

void add_key_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string path,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::move(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, Permission::admin, Scope::whole_server,
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  route("POST", std::string(kPath), create);
  route("GET", std::string(kPath), list);
  route("DELETE", std::string(kPath) + "/{key}", revoke);
}

}  // namespace trawl::api
