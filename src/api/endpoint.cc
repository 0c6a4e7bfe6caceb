#include "api/endpoint.h"

#include <fmt/format.h>

#include "api/request_limit.h"
#include "base/text.h"

namespace trawl::api {
namespace {

Result<ApiKey> authenticate(const Services& services, const http::Request& request) {
  const auto header = request.header("Authorization");
  if (!header) {
    return make_error(
        ErrorCode::unauthorized,
        "the Authorization header is missing; send 'Authorization: Bearer sk_…'");
  }
  constexpr std::string_view kScheme = "bearer ";
  if (header->size() <= kScheme.size() ||
      to_lower_ascii(header->substr(0, kScheme.size())) != kScheme) {
    return make_error(ErrorCode::unauthorized,
                      "the Authorization header is not of the form 'Bearer sk_…'");
  }
  return services.keys.authenticate(trim(header->substr(kScheme.size())),
                                    services.clock.now());
}

Result<Namespace> resolve_namespace(const Services& services, const http::Request& request,
                                    const ApiKey& key) {
  auto wanted = request.header("X-Namespace");
  if (!wanted || wanted->empty()) wanted = request.query_value("namespace");
  if (!wanted || wanted->empty()) {
    wanted =
        key.namespace_id ? std::string_view(key.namespace_id->str()) : kDefaultNamespace;
  }
  auto found = services.corpus.find_namespace(*wanted);
  // A key that is confined to a namespace must not learn which others exist.
  if (found && !may_enter(key, found->id)) {
    return make_error(ErrorCode::not_found,
                      fmt::format("the namespace '{}' does not exist, or this key may not "
                                  "enter it",
                                  truncate_text(*wanted, 100)));
  }
  return found;
}

// `reply` tells a limited key how much is left, whatever becomes of the request.
Result<Call> admit(const Services& services, http::Request& request, Permission permission,
                   Scope scope, http::Reply& reply) {
  TRAWL_ASSIGN(ApiKey key, authenticate(services, request));
  TRAWL_TRY(spend_request(services, key, reply));
  if (!key.allows(permission)) {
    return make_error(
        ErrorCode::forbidden,
        fmt::format("this key lacks the permission '{}'; make one with: trawl "
                    "keys create NAME --permission {}",
                    permission_name(permission), permission_name(permission)));
  }
  Call call{request, std::move(key), {}};
  if (scope == Scope::in_namespace) {
    TRAWL_ASSIGN(call.ns, resolve_namespace(services, request, call.key));
  }
  return call;
}

}  // namespace

bool may_enter(const ApiKey& key, const NamespaceId& id) {
  return !key.namespace_id || *key.namespace_id == id;
}

http::Handler async_endpoint(const Services& services, Permission permission, Scope scope,
                             HandleAsync handle) {
  return [&services, permission, scope, handle = std::move(handle)](
             std::shared_ptr<http::Request> request, http::Reply reply) {
    auto call = admit(services, *request, permission, scope, reply);
    if (!call) {
      reply(http::error_response(call.error(), request->request_id));
      return;
    }
    const auto handled = handle(request, *call, reply);
    if (!handled) reply(http::error_response(handled.error(), request->request_id));
  };
}

http::Handler endpoint(const Services& services, Permission permission, Scope scope,
                       Handle handle) {
  return async_endpoint(services, permission, scope,
                        [handle = std::move(handle)](const std::shared_ptr<http::Request>&,
                                                     Call& call, const http::Reply& reply) {
                          auto response = handle(call);
                          if (!response) return Result<void>(std::move(response).error());
                          reply(std::move(*response));
                          return Result<void>();
                        });
}

http::Handler open_endpoint(std::function<Result<http::Response>(http::Request&)> handle) {
  return [handle = std::move(handle)](std::shared_ptr<http::Request> request,
                                      http::Reply reply) {
    auto response = handle(*request);
    reply(response ? std::move(*response)
                   : http::error_response(response.error(), request->request_id));
  };
}

Result<json::object> read_body(const http::Request& request) {
  if (trim(request.body).empty()) return json::object();
  TRAWL_ASSIGN(json::value body, parse_json(request.body));
  if (!body.is_object()) {
    return invalid_at("body",
                      fmt::format("the body is a JSON {}; use an object", type_name(body)));
  }
  return std::move(body.get_object());
}

http::Response json_response(const json::value& value) {
  return json_response(to_json_text(value));
}

http::Response json_response(std::string text) {
  http::Response response;
  response.body = std::move(text);
  return response;
}

http::Response detail_response(const json::value& value) {
  return detail_response(to_json_text(value));
}

http::Response detail_response(std::string text) {
  http::Response response = json_response(std::move(text));
  response.has_etag = true;
  return response;
}

http::Response deleted_response(std::string_view message) {
  return json_response(json::object{
      {"success", true}, {"message", json::string_view(message.data(), message.size())}});
}

}  // namespace trawl::api
