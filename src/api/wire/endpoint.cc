#include "api/wire/endpoint.h"

#include <fmt/format.h>

#include <memory>

#include "api/keys/key_watch.h"
#include "api/namespaces/namespace_access.h"
#include "api/wire/request_limit.h"
#include "api/wire/request_time.h"
#include "base/text.h"
#include "http/message/head.h"

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

// Of a body that a route does not read; there are clients that send {}.
constexpr std::size_t kUnreadBodyBytesMax = 4096;

// A body that nobody reads is refused before anything is done.
Result<void> check_unread_body(const http::Request& request, const RequestShape& shape) {
  return shape.body == RequestShape::Body::none ? check_no_body(request) : Result<void>();
}

http::Handler with_body_of(const RequestShape& shape, http::Handler handler) {
  if (shape.body == RequestShape::Body::none) handler.limit_body({kUnreadBodyBytesMax});
  return handler;
}

// What admission has found out, for the handler.
struct Admitted {
  ApiKey key;
  Namespace ns;
};

// Before the body is read. A limited key learns how much is left, whatever becomes of the
// request.
Result<void> admit(const Services& services, Permission permission, Scope scope,
                   const RequestShape& shape, http::Request& request) {
  auto admitted = std::make_shared<Admitted>();
  ApiKey& key = admitted->key;
  TRAWL_ASSIGN(key, authenticate(services, request));
  request.account = key.id.str();
  TRAWL_TRY(spend_request(services, key, request.reply_headers));
  TRAWL_TRY(must_allow(key, permission));
  TRAWL_TRY(check_query(request, shape));
  if (scope == Scope::in_namespace) {
    TRAWL_ASSIGN(admitted->ns, resolve_namespace(services, request, key));
  }
  request.admitted = std::move(admitted);
  return {};
}

// Both are types of their own, and not lambdas, so that shape_of() can find them.
struct KeyedEndpoint {
  std::shared_ptr<const RequestShape> shape;
  HandleAsync handle;

  void operator()(const std::shared_ptr<http::Request>& request,
                  const http::Reply& reply) const {
    const auto admitted = std::static_pointer_cast<Admitted>(std::move(request->admitted));
    Call call{*request, std::move(admitted->key), std::move(admitted->ns), shape.get()};
    auto handled = check_unread_body(*request, *shape);
    if (handled) handled = handle(request, call, reply);
    if (!handled) reply(http::error_response(handled.error(), request->request_id));
  }
};

struct OpenEndpoint {
  std::shared_ptr<const RequestShape> shape;
  std::function<Result<http::Response>(http::Request&)> handle;

  void operator()(const std::shared_ptr<http::Request>& request,
                  const http::Reply& reply) const {
    // Paths outside /v1 are requested by programs that add what they like, such as probes.
    Result<void> checked;
    if (request->path.starts_with("/v1/")) {
      checked = check_query(*request, *shape);
      if (checked) checked = check_unread_body(*request, *shape);
    }
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
  const auto shared = std::make_shared<const RequestShape>(std::move(shape));
  const auto admission = [&services, permission, scope, shared](http::Request& request) {
    return admit(services, permission, scope, *shared, request);
  };
  http::Handler handler(admission, KeyedEndpoint{shared, std::move(handle)});
  if (permission == Permission::read) {
    handler.limit_body({services.limits.query_bytes_max, "limits.query_bytes_max"});
  }
  return with_body_of(*shared, std::move(handler));
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
  const auto shared = std::make_shared<const RequestShape>(std::move(shape));
  return with_body_of(*shared, http::Handler(OpenEndpoint{shared, std::move(handle)}));
}

http::Handler open_endpoint(RequestShape shape, http::Admit admit,
                            std::function<Result<http::Response>(http::Request&)> handle) {
  const auto shared = std::make_shared<const RequestShape>(std::move(shape));
  const auto admission = [shared, admit = std::move(admit)](http::Request& request) {
    const auto checked = check_query(request, *shared);
    return checked ? admit(request) : checked;
  };
  return with_body_of(*shared,
                      http::Handler(admission, OpenEndpoint{shared, std::move(handle)}));
}

const RequestShape* shape_of(const http::Handler& handler) {
  if (const auto* keyed = handler.target<KeyedEndpoint>()) return keyed->shape.get();
  const auto* open = handler.target<OpenEndpoint>();
  return open == nullptr ? nullptr : open->shape.get();
}

Result<json::object> read_body(Call& call) {
  if (trim(call.request.body).empty()) return json::object();
  TRAWL_ASSIGN(json::value body, parse_sent_json(call.request.body));
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
