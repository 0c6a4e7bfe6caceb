#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/services.h"
#include "base/object_reader.h"
#include "http/http.h"
#include "model/collection.h"

namespace trawl::api {

// A request that has passed authentication: who asks, in which namespace.
struct Call {
  http::Request& request;
  ApiKey key;
  Namespace ns;  // Only for endpoints with Scope::in_namespace.
};

enum class Scope {
  whole_server,  // X-Namespace is not read.
  in_namespace,  // X-Namespace or ?namespace=, else the key's own, else `default`.
};

inline constexpr std::string_view kDefaultNamespace = "default";

using Handle = std::function<Result<http::Response>(Call&)>;

// Wraps a function as a handler: authenticates, counts the request against the key's limit,
// checks the permission, resolves the namespace, and turns errors into the contract's
// envelope.
http::Handler endpoint(const Services& services, Permission permission, Scope scope,
                       Handle handle);
// The same for handlers that answer later; they own the Reply.
using HandleAsync = std::function<Result<void>(const std::shared_ptr<http::Request>&, Call&,
                                               const http::Reply&)>;
http::Handler async_endpoint(const Services& services, Permission permission, Scope scope,
                             HandleAsync handle);
// For routes that need no key.
http::Handler open_endpoint(std::function<Result<http::Response>(http::Request&)> handle);

// The body as a JSON object; an empty body is {}.
//   bad_request  not JSON
//   invalid      not an object
Result<json::object> read_body(const http::Request& request);

http::Response json_response(const json::value& value);
http::Response json_response(std::string text);
// Of one thing, by its name or id: a GET of it has an ETag, and may be answered 304.
http::Response detail_response(const json::value& value);
http::Response detail_response(std::string text);
// {"success": true, "message": …}, the contract's answer to deletes.
http::Response deleted_response(std::string_view message);

// May this key see the namespace at all?
bool may_enter(const ApiKey& key, const NamespaceId& id);

}  // namespace trawl::api
