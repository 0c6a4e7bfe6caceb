#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "api/wire/request_shape.h"
#include "base/object_reader.h"
#include "http/message/message.h"
#include "model/collection.h"

namespace trawl::api {

// A request that has passed authentication: who asks, in which namespace.
struct Call {
  http::Request& request;
  ApiKey key;
  Namespace ns;                            // Only for endpoints with Scope::in_namespace.
  const RequestShape* shape = nullptr;     // Of the route.
  std::vector<std::string> warnings = {};  // Of read_body().
};

enum class Scope {
  whole_server,  // X-Namespace is not read.
  // X-Namespace or ?namespace=, else the key's own, else `default`. Where both are sent
  // they must mean the same one.
  in_namespace,
};

inline constexpr std::string_view kDefaultNamespace = "default";

using Handle = std::function<Result<http::Response>(Call&)>;

// Wraps a function as a handler: authenticates, counts the request against the key's limit,
// checks the permission, and the query against the shape that the route declares, and
// resolves the namespace, all before the body is read; and turns errors into the contract's
// envelope. Scope::in_namespace brings the parameter `namespace` with it. Of a body that
// the shape does not have, no more than a few KiB are kept. What only reads may compute for
// limits.request_ms_max (request_time.h), and has a body of at most limits.query_bytes_max.
// `handle` is called from many threads at once; the services must outlive the handler.
http::Handler endpoint(const Services& services, Permission permission, Scope scope,
                       RequestShape shape, Handle handle);
// The same for handlers that answer later; they own the Reply, and have to limit their time
// themselves. An error is answered here, so they must not have answered.
using HandleAsync = std::function<Result<void>(const std::shared_ptr<http::Request>&, Call&,
                                               const http::Reply&)>;
http::Handler async_endpoint(const Services& services, Permission permission, Scope scope,
                             RequestShape shape, HandleAsync handle);
// For routes that need no key, likewise.
http::Handler open_endpoint(RequestShape shape,
                            std::function<Result<http::Response>(http::Request&)> handle);
// For routes that learn in another way who asks: `admit` does all that admission does
// above, but for the query, which is checked before.
http::Handler open_endpoint(RequestShape shape, http::Admit admit,
                            std::function<Result<http::Response>(http::Request&)> handle);
// The shape that one of these was given; null for any other handler.
const RequestShape* shape_of(const http::Handler& handler);

// The body as a JSON object, checked against the shape of its route; an empty body is {}.
//   bad_request  not JSON, or nested too deeply
//   invalid      not an object, or a member that is not declared
Result<json::object> read_body(Call& call);
// Adds `warnings` to a reply, where read_body() has any.
void add_warnings(json::object& reply, const Call& call);

// With status 200.
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
