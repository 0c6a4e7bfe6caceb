#include "api/endpoint.h"

#include <fmt/format.h>

#include "api/key_watch.h"
#include "api/namespace_access.h"
#include "api/request_limit.h"
#include "api/request_time.h"
#include "base/text.h"
#include "http/head.h"

namespace trawl::api {
namespace {

constexpr std::string_view kNamespaceHeader = "X-Namespace";

Result<ApiKey> authenticate(const Services& services, const http::Request& request) {
  TRAWL_ASSIGN(const std::string_view secret, bearer_secret(request));
  return services.keys.authenticate(secret, services.clock.now());
}

// An empty one comes from a variable that was not set, and means no namespace at all.
//   invalid  it is empty, or there twice with different values
Result<std::optional<std::string_view>> namespace_header(const http::Request& request) {
  std::optional<std::string_view> found;
  for (const auto& [name, value] : request.headers) {
    if (!http::equals_ignoring_case(name, kNamespaceHeader)) continue;
    if (value.empty()) {
      return invalid_at("header.X-Namespace",
                        "the X-Namespace header is empty; name a namespace, or leave it "
                        "out");
    }
    if (found && *found != value) {
      return invalid_at("header.X-Namespace",
                        "the X-Namespace header was sent twice and names two namespaces; "
                        "send it once");
    }
    found = value;
  }
  return found;
}

Result<Namespace> resolve_namespace(const Services& services, const http::Request& request,
                                    const ApiKey& key) {
  TRAWL_ASSIGN(const auto header, namespace_header(request));
  const auto query = request.query_value("namespace");
  if (header) {
    TRAWL_ASSIGN(Namespace found, enter_namespace(services, key, *header));
    if (query && *query != *header) {
      TRAWL_ASSIGN(const Namespace other, enter_namespace(services, key, *query));
      if (other.id != found.id) {
        return invalid_at(
            "query.namespace",
            fmt::format("namespace is '{}', and the X-Namespace header names "
                        "'{}'; send one of them",
                        truncate_text(*query, 100), truncate_text(*header, 100)));
      }
    }
    return found;
  }
  if (query) return enter_namespace(services, key, *query);
  return enter_namespace(
      services, key,
      key.namespace_id ? std::string_view(key.namespace_id->str()) : kDefaultNamespace);
}

// A body that nobody reads is refused before anything is done.
Result<void> check_shape(const http::Request& request, const RequestShape& shape) {
  TRAWL_TRY(check_query(request, shape));
  return shape.body == RequestShape::Body::none ? check_no_body(request) : Result<void>();
}

// `reply` tells a limited key how much is left, whatever becomes of the request.
Result<Call> admit(const Services& services, http::Request& request, Permission permission,
                   Scope scope, const RequestShape& shape, http::Reply& reply) {
  TRAWL_ASSIGN(ApiKey key, authenticate(services, request));
  TRAWL_TRY(spend_request(services, key, reply));
  TRAWL_TRY(must_allow(key, permission));
  TRAWL_TRY(check_shape(request, shape));
  Call call{request, std::move(key), {}, &shape};
  if (scope == Scope::in_namespace) {
    TRAWL_ASSIGN(call.ns, resolve_namespace(services, request, call.key));
  }
  return call;
}

// Both are types of their own, and not lambdas, so that shape_of() can find them.
struct KeyedEndpoint {
  const Services& services;
  Permission permission;
  Scope scope;
  std::shared_ptr<const RequestShape> shape;
  HandleAsync handle;

  void operator()(std::shared_ptr<http::Request> request, http::Reply reply) const {
    auto call = admit(services, *request, permission, scope, *shape, reply);
    if (!call) {
      reply(http::error_response(call.error(), request->request_id));
      return;
    }
    const auto handled = handle(request, *call, reply);
    if (!handled) reply(http::error_response(handled.error(), request->request_id));
  }
};

struct OpenEndpoint {
  std::shared_ptr<const RequestShape> shape;
  std::function<Result<http::Response>(http::Request&)> handle;

  void operator()(std::shared_ptr<http::Request> request, http::Reply reply) const {
    // Paths beside /v1 are asked by programs that add what they like, such as probes.
    const auto checked =
        request->path.starts_with("/v1/") ? check_shape(*request, *shape) : Result<void>();
    auto response = checked ? handle(*request) : Result<http::Response>(checked.error());
    reply(response ? std::move(*response)
                   : http::error_response(response.error(), request->request_id));
  }
};

}  // namespace

bool may_enter(const ApiKey& key, const NamespaceId& id) {
  return !key.namespace_id || *key.namespace_id == id;
}

http::Handler async_endpoint(const Services& services, Permission permission, Scope scope,
                             RequestShape shape, HandleAsync handle) {
  if (scope == Scope::in_namespace) shape.query.push_back({"namespace"});
  return KeyedEndpoint{services, permission, scope,
                       std::make_shared<const RequestShape>(std::move(shape)),
                       std::move(handle)};
}

http::Handler endpoint(const Services& services, Permission permission, Scope scope,
                       RequestShape shape, Handle handle) {
  return async_endpoint(
      services, permission, scope, std::move(shape),
      [&services, permission, handle = std::move(handle)](
          const std::shared_ptr<http::Request>&, Call& call, const http::Reply& reply) {
        // What changes something is not given up half-way.
        const RequestTime time(services, call.request);
        auto response = permission == Permission::read
                            ? bounded(time, [&] { return handle(call); })
                            : handle(call);
        if (!response) return Result<void>(std::move(response).error());
        reply(std::move(*response));
        return Result<void>();
      });
}

http::Handler open_endpoint(RequestShape shape,
                            std::function<Result<http::Response>(http::Request&)> handle) {
  return OpenEndpoint{std::make_shared<const RequestShape>(std::move(shape)),
                      std::move(handle)};
}

const RequestShape* shape_of(const http::Handler& handler) {
  if (const auto* keyed = handler.target<KeyedEndpoint>()) return keyed->shape.get();
  const auto* open = handler.target<OpenEndpoint>();
  return open == nullptr ? nullptr : open->shape.get();
}

Result<json::object> read_body(Call& call) {
  if (trim(call.request.body).empty()) return json::object();
  TRAWL_ASSIGN(json::value body, parse_json(call.request.body));
  if (!body.is_object()) {
    return invalid_at("body",
                      fmt::format("the body is a JSON {}; use an object", type_name(body)));
  }
  if (call.shape != nullptr) {
    TRAWL_TRY(check_body(body.get_object(), *call.shape, call.warnings));
  }
  return std::move(body.get_object());
}

void add_warnings(json::object& reply, const Call& call) {
  if (call.warnings.empty()) return;
  reply["warnings"] = json::array(call.warnings.begin(), call.warnings.end());
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
