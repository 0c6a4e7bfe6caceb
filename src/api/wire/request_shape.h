#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/message/message.h"

namespace trawl::api {

// What a request to a route may say: the parameters of its query and the members of its
// body. Each route declares it where it is registered; openapi_document() refuses to start
// a server whose description says otherwise. A name that is misspelt must never be ignored:
// where it narrows or guards, ignoring it deletes or shows too much.

struct ObjectShape;

enum class Described {
  yes,  // In /openapi.json, with everything else that a new client should use.
  no,   // Another name, or something that published clients send and that has no effect.
};

struct QueryParameter {
  std::string_view name;
  Described described = Described::yes;
  // Whether "?name=" counts as not sent. An empty guard or condition does not: it comes
  // from a variable that was not set.
  bool may_be_empty = false;
  bool repeats = false;  // A list: ?name=a&name=b.
};

struct BodyMember {
  std::string_view name;
  // Of the object, or of the objects of the list, that stands there; null for everything
  // else, and for objects that are data (labels, metadata) or have a parser of their own
  // that is as strict (filters).
  const ObjectShape* shape = nullptr;
  Described described = Described::yes;
};

struct ObjectShape {
  // Members that are not declared, and not near one that is. Near ones are always refused,
  // except where every name is data.
  enum class Others { refused, warned, data };
  std::vector<BodyMember> members;
  Others others = Others::refused;

  // The same with these members too.
  ObjectShape with(std::vector<BodyMember> more) const;
};

using Query = std::vector<QueryParameter>;

struct RequestShape {
  enum class Body { none, object, unchecked };
  Query query;
  bool any_query = false;  // Nothing is checked.
  Body body = Body::none;
  ObjectShape object = {};  // Of Body::object.

  RequestShape() = default;
  RequestShape(Query parameters)  // NOLINT: a query alone is a shape
      : query(std::move(parameters)) {}
  RequestShape(Query parameters, ObjectShape members)
      : query(std::move(parameters)), body(Body::object), object(std::move(members)) {}
  // Of lines of JSON, which are checked one by one as they arrive.
  static RequestShape lines();
  // Of a route that refuses whatever is sent.
  static RequestShape anything();
};

// Refuses a parameter that is not declared, one that is empty and may not be, and one that
// is there twice.
//   invalid  in query.NAME, with the nearest name, or that it belongs in the body
Result<void> check_query(const http::Request& request, const RequestShape& shape);

// Refuses or warns of members that are not declared, at every level that has a shape.
//   invalid  at the member, with the nearest name, or that it belongs in the query
Result<void> check_body(const json::object& body, const RequestShape& shape,
                        std::vector<std::string>& warnings);

// Refuses a body where none is read: anyone who sends {"dry_run": true} means something by
// it. An empty one, {} and null pass.
//   invalid  at the body
Result<void> check_no_body(const http::Request& request);

// --- what several routes share

// limit, offset, cursor, include_total and their other names.
Query paging_query();
Query operator+(Query a, const Query& b);
// {"field", "direction"}
const ObjectShape& sort_shape();
// What chooses executions, in the bodies of their list, export, deletion and aggregate.
ObjectShape execution_conditions_shape();
ObjectShape execution_list_shape();  // With what makes the page.
// The body of a list that fits in memory (object_list.h).
ObjectShape object_list_shape();
ObjectShape retention_shape();
ObjectShape recording_shape();

}  // namespace trawl::api
