#include "api/keys/key_json.h"

#include <optional>

namespace trawl::api {

json::array permissions_json(const ApiKey& key) {
  json::array out;
  for (const auto permission : key.permissions) {
    const auto name = permission_name(permission);
    out.push_back(json::string(name.data(), name.size()));
  }
  return out;
}

json::object key_json(const ApiKey& key, TimeUs now) {
  const auto time = [](const std::optional<TimeUs>& at) {
    return at ? json::value(format_time(*at)) : json::value();
  };
  json::value requests;
  json::value burst;
  if (key.rate_limit) {
    requests = key.rate_limit->requests_per_minute;
    if (key.rate_limit->requests_per_minute > 0) burst = key.rate_limit->burst_or_default();
  }
  const auto status = key.status(now);
  return {{"key_id", key.id.str()},
          {"key_hash", key.hash},
          {"key_prefix", key.prefix.size() >= 10 ? json::value(key.prefix) : json::value()},
          {"internal_id", key.id.str()},
          {"user_id", key.user},
          {"name", key.name},
          {"description", key.description},
          {"permissions", permissions_json(key)},
          {"scopes", json::array()},
          {"rate_limit_override", std::move(requests)},
          {"rate_limit_burst", std::move(burst)},
          {"weight", key.weight},
          {"namespace_id",
           key.namespace_id ? json::value(key.namespace_id->str()) : json::value()},
          {"status", json::string(status.data(), status.size())},
          {"created_at", format_time(key.created_at)},
          {"expires_at", time(key.expires_at)},
          {"revoked_at", time(key.revoked_at)}};
}

}  // namespace trawl::api
