// /v1/organizations/users/{email}/api-keys: create, list, change, revoke.
#include "api/keys/keys.h"
#include "api/keys/key_json.h"

#include <fmt/format.h>

#include "api/wire/endpoint.h"
#include "api/wire/names.h"
#include "api/wire/object_list.h"
#include "api/wire/query_reader.h"
#include "base/text.h"
#include "runtime/waiting.h"
#include "runtime/worker_pool.h"

namespace trawl::api {
namespace {

constexpr std::string_view kKeysPath = "/v1/organizations/users/{user}/api-keys";
// The contract's name for requests a minute, and ours for how many of them at once.
constexpr std::string_view kRequestsKey = "rate_limit_override";
constexpr std::string_view kBurstKey = "rate_limit_burst";
constexpr std::string_view kWeightKey = "weight";
constexpr std::string_view kKeysSearched[] = {"name", "description"};
constexpr std::size_t kDescriptionCharsMax = 500;

// Otherwise a confined key that may make keys could make one that is not confined.
Result<void> must_manage_keys(const Call& call) {
  if (!call.key.namespace_id) return {};
  return make_error(ErrorCode::forbidden,
                    "this key is confined to one namespace and cannot manage keys; use one "
                    "without a namespace");
}

Result<std::vector<Permission>> read_permissions(ObjectReader& in) {
  std::vector<Permission> out;
  static constexpr std::string_view kKnown[] = {"read", "write", "delete", "admin"};
  for (const auto& word : in.strings({"permissions"})) {
    if (const auto permission = parse_permission(word)) {
      out.push_back(*permission);
    } else {
      in.fail("permissions",
              fmt::format("holds '{}'; use read, write, delete or admin{}",
                          truncate_text(word, 64), did_you_mean(word, kKnown)));
    }
  }
  if (out.empty()) in.fail("permissions", "is empty; give at least one");
  TRAWL_TRY(in.status());
  return out;
}

// Null takes the key's own limit away, which the reader cannot tell from absent.
bool is_null(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_null();
}

void read_rate_limit(ObjectReader& in, const json::object& body, ApiKey& key) {
  if (is_null(body, kRequestsKey)) key.rate_limit.reset();
  const auto requests = in.optional_integer({kRequestsKey}, 0, kRequestsPerMinuteMax);
  if (requests) {
    // The burst of before may be more than the new limit means.
    key.rate_limit = RateLimit{static_cast<std::uint32_t>(*requests), 0};
  }
  const auto burst = in.optional_integer({kBurstKey}, 1, kRequestsPerMinuteMax);
  if (burst && (!key.rate_limit || key.rate_limit->requests_per_minute == 0)) {
    in.fail(std::string(kBurstKey),
            fmt::format("has no effect without a limit; set {} too", kRequestsKey));
  } else if (burst) {
    key.rate_limit->burst = static_cast<std::uint32_t>(*burst);
  } else if (is_null(body, kBurstKey) && key.rate_limit) {
    key.rate_limit->burst = 0;
  }
}

// Reads what create and update share; absent fields change nothing.
Result<void> read_fields(const json::object& body, ApiKey& key) {
  ObjectReader in(body, {});
  if (in.has({"name"})) key.name = read_name(in, {"name"}, 1, 100);
  if (const auto text = in.optional_string({"description"})) key.description = *text;
  if (truncate_text(key.description, kDescriptionCharsMax) != key.description) {
    in.fail("description",
            fmt::format("is longer than {} characters; shorten it", kDescriptionCharsMax));
  }
  if (in.has({"permissions"})) {
    TRAWL_ASSIGN(key.permissions, read_permissions(in));
  }
  if (const auto text = in.optional_string({"expires_at"})) {
    if (const auto time = parse_time(*text)) {
      key.expires_at = *time;
    } else {
      in.fail("expires_at", time.error().message);
    }
  }
  read_rate_limit(in, body, key);
  if (is_null(body, kWeightKey)) key.weight = kKeyWeightUsual;
  if (const auto weight = in.optional_integer({kWeightKey}, kKeyWeightMin, kKeyWeightMax)) {
    key.weight = static_cast<std::uint32_t>(*weight);
  }
  return in.status();
}

// What would restrict a key on the hosted product and cannot here: a key must not be wider
// than its owner believes.
//   not_enabled  with the location of the value
Result<void> refuse_key_fields(ObjectReader& in) {
  constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
      {"scopes",
       "keys are not confined to single resources; leave it out, and confine the "
       "key with namespace_id and permissions"},
      {"allowed_origins",
       "keys are not bound to origins; leave it out, and set "
       "http.cors_origins for the whole server"},
      {"principal_id", "keys belong to the user in the path; leave it out"}};
  for (const auto& [name, remedy] : kRefused) {
    const json::value* value = in.find({name});
    if (value == nullptr || (value->is_array() && value->get_array().empty())) continue;
    Error error = make_error(ErrorCode::not_enabled, fmt::format("{}: {}", name, remedy));
    error.location = name;
    return error;
  }
  return {};
}

// The one namespace that the key may enter, by its id or its name.
Result<void> read_confinement(const Services& services, ObjectReader& in, ApiKey& key) {
  for (const std::string_view name : {"namespace_id", "namespace", "namespace_name"}) {
    const auto identifier = in.optional_string({name});
    TRAWL_TRY(in.status());
    if (!identifier) continue;
    TRAWL_ASSIGN(const Namespace ns, services.catalog.find_namespace(*identifier));
    if (key.namespace_id && *key.namespace_id != ns.id) {
      return invalid_at(std::string(name),
                        fmt::format("{} is '{}', which differs from the other namespace "
                                    "given; a key is confined to one",
                                    name, truncate_text(*identifier, 100)));
    }
    key.namespace_id = ns.id;
  }
  return {};
}

Result<http::Response> create_key(const Services& services, Call& call) {
  TRAWL_TRY(must_manage_keys(call));
  TRAWL_ASSIGN(const json::object body, read_body(call));
  ObjectReader in(body, {});
  (void)in.required_string({"name"});
  TRAWL_TRY(in.status());
  TRAWL_TRY(refuse_key_fields(in));
  ApiKey wanted;
  wanted.user = call.request.path_parameter("user");
  wanted.permissions = {Permission::read, Permission::write};
  TRAWL_TRY(read_fields(body, wanted));
  TRAWL_TRY(read_confinement(services, in, wanted));
  const Waiting waiting;  // For the disk.
  TRAWL_ASSIGN(const KeyStore::Created created, services.keys.create(std::move(wanted)));
  services.workers.set_weight(created.key.id.str(), created.key.weight);
  json::object out = key_json(created.key, services.clock.now());
  out["key"] = created.secret;
  return json_response(std::move(out));
}

Result<http::Response> list_keys(const Services& services, Call& call) {
  TRAWL_TRY(must_manage_keys(call));
  TRAWL_ASSIGN(const bool revoked_too,
               QueryReader(call.request).boolean("include_revoked", false));
  const std::string& user = call.request.path_parameter("user");
  std::vector<json::object> rows;
  for (const auto& key : services.keys.list()) {
    if (key.user != user) continue;
    if (key.revoked_at && !revoked_too) continue;
    rows.push_back(key_json(key, services.clock.now()));
  }
  const std::uint64_t total = rows.size();
  TRAWL_ASSIGN(json::object out,
               list_objects(call.request, {}, std::move(rows), kKeysSearched));
  out["total"] = total;
  return json_response(std::move(out));
}

// The active key that the path names, by its name or id.
Result<ApiKey> key_of_path(const Services& services, const Call& call) {
  const std::string& user = call.request.path_parameter("user");
  const std::string& name = call.request.path_parameter("key");
  for (auto& key : services.keys.list()) {
    if (key.user != user || key.revoked_at || (key.name != name && key.id.str() != name))
      continue;
    return std::move(key);
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("the user '{}' has no active key '{}'",
                                truncate_text(user, 100), truncate_text(name, 100)));
}

Result<http::Response> change_key(const Services& services, Call& call) {
  TRAWL_TRY(must_manage_keys(call));
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const ApiKey found, key_of_path(services, call));
  ObjectReader in(body, {});
  if (in.has({"status"})) {
    in.fail("status", "cannot be set; DELETE the key to revoke it");
  } else if (found.id == call.key.id && in.has({"permissions"})) {
    in.fail("permissions",
            "belong to the key that makes this request; change them with another key");
  }
  TRAWL_TRY(in.status());
  TRAWL_TRY(refuse_key_fields(in));
  const Waiting waiting;  // For the disk.
  TRAWL_ASSIGN(const ApiKey changed,
               services.keys.update(found.id.str(), services.clock.now(),
                                    [&](ApiKey& key) { return read_fields(body, key); }));
  services.workers.set_weight(changed.id.str(), changed.weight);
  return json_response(key_json(changed, services.clock.now()));
}

Result<http::Response> revoke_key(const Services& services, Call& call) {
  TRAWL_TRY(must_manage_keys(call));
  TRAWL_ASSIGN(const ApiKey found, key_of_path(services, call));
  if (found.id == call.key.id) {
    return make_error(
        ErrorCode::bad_request,
        "this is the key that makes this request; revoke it with another key");
  }
  const Waiting waiting;  // For the disk.
  TRAWL_TRY(services.keys.revoke(found.id.str(), services.clock.now()));
  return deleted_response(fmt::format("the key '{}' was revoked", found.name));
}

}  // namespace

void add_key_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string path, RequestShape shape,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::move(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, Permission::admin, Scope::whole_server, std::move(shape),
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  const ObjectShape fields{{{"name"},
                            {"description"},
                            {"permissions"},
                            {"expires_at"},
                            {kRequestsKey},
                            {kBurstKey},
                            {kWeightKey},
                            // Refused where they are not empty.
                            {"scopes", nullptr, Described::no},
                            {"allowed_origins", nullptr, Described::no}}};
  const Query listed = paging_query() + Query{{"include_revoked"},
                                              {"search", Described::no, true},
                                              {"include_session_keys", Described::no}};
  route("POST", std::string(kKeysPath),
        RequestShape(Query{}, fields.with({{"namespace_id"},
                                           {"namespace", nullptr, Described::no},
                                           {"namespace_name", nullptr, Described::no},
                                           {"principal_id", nullptr, Described::no}})),
        create_key);
  route("GET", std::string(kKeysPath), listed, list_keys);
  route("PATCH", std::string(kKeysPath) + "/{key}",
        RequestShape(Query{}, fields.with({{"status", nullptr, Described::no}})),
        change_key);
  // A key is revoked whether or not it is used, so that nothing is left to force.
  route("DELETE", std::string(kKeysPath) + "/{key}", Query{{"force", Described::no}},
        revoke_key);
}

}  // namespace trawl::api
