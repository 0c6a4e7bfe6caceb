// GET /v1/whoami: what the key of the request is, and may do.
#include "api/keys/whoami.h"

#include "api/keys/key_json.h"
#include "api/wire/endpoint.h"

namespace trawl::api {
namespace {

// Where permissions and confinement decide together, so that nobody has to know how. Each
// member repeats what the routes enforce; test_whoami.py holds them to each other.
json::object rights_json(const ApiKey& key) {
  const bool is_confined = key.namespace_id.has_value();
  return {{"read", key.allows(Permission::read)},
          {"write", key.allows(Permission::write)},
          {"delete", key.allows(Permission::remove)},
          {"admin", key.allows(Permission::admin)},
          {"manage_keys", !is_confined && key.allows(Permission::admin)},
          {"create_namespaces", !is_confined && key.allows(Permission::write)},
          {"delete_namespaces", !is_confined && key.allows(Permission::remove)},
          {"change_recording", key.allows(Permission::admin)},
          {"change_retention", key.allows(Permission::remove)}};
}

json::object limits_json(const Services& services, const ApiKey& key) {
  json::value requests;
  json::value burst;
  // What counts is the bucket: a key without a limit of its own has that of the server.
  if (key.bucket != nullptr) {
    requests = key.bucket->limit().requests_per_minute;
    burst = key.bucket->limit().burst_or_default();
  }
  const std::int64_t request_ms = services.limits.request_ms_max;
  return {{"requests_per_minute", std::move(requests)},
          {"burst", std::move(burst)},
          {"weight", key.weight},
          {"request_ms_max", request_ms > 0 ? json::value(request_ms) : json::value()}};
}

// Null for a key that may enter all. The namespace may be gone; its name is null then.
Result<json::value> confinement_json(const Services& services, const ApiKey& key) {
  if (!key.namespace_id) return json::value();
  json::value name;
  const auto found = services.catalog.find_namespace(key.namespace_id->str());
  if (found) {
    name = found->name;
  } else if (found.error().code != ErrorCode::not_found) {
    return found.error();
  }
  return json::object{{"namespace_id", key.namespace_id->str()},
                      {"namespace_name", std::move(name)}};
}

Result<http::Response> who_am_i(const Services& services, const Call& call) {
  const ApiKey& key = call.key;
  TRAWL_ASSIGN(json::value confinement, confinement_json(services, key));
  return json_response(
      json::object{{"key_id", key.id.str()},
                   {"name", key.name},
                   {"user_id", key.user},
                   {"permissions", permissions_json(key)},
                   {"may", rights_json(key)},
                   {"namespace", std::move(confinement)},
                   {"limits", limits_json(services, key)},
                   {"created_at", format_time(key.created_at)},
                   {"expires_at", key.expires_at ? json::value(format_time(*key.expires_at))
                                                 : json::value()}});
}

}  // namespace

void add_whoami_routes(http::Router& router, const Services& services) {
  // Every permission implies read, so that any key may ask.
  router.add({"GET", "/v1/whoami",
              services.corpus.traits().local ? http::RunOn::io : http::RunOn::worker,
              http::Body::buffered,
              endpoint(services, Permission::read, Scope::whole_server, {},
                       [&services](Call& call) { return who_am_i(services, call); })});
}

}  // namespace trawl::api
