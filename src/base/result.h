#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace trawl {

// What went wrong, in the words of the wire contract. http/message/error_response.cc
// holds the one switch from a code to a status and a type name.
enum class ErrorCode {
  bad_request,         // 400: not HTTP, not JSON, or contradictory
  unauthorized,        // 401: no key, or a key that is unknown, expired or revoked
  forbidden,           // 403: the key lacks a permission
  not_enabled,         // 403: known to the contract, not offered by this server
  not_found,           // 404
  method_not_allowed,  // 405
  timeout,             // 408: the client was too slow
  already_exists,      // 409
  gone,                // 410: it was there, and is no longer kept
  too_large,           // 413
  unsupported_coding,  // 415: packed in a way that is not read here
  invalid,             // 422: well-formed, but a value is out of range or of a wrong type
  too_many_requests,   // 429: more than the key may send; try again later
  headers_too_large,   // 431
  budget_exhausted,    // ends an execution; never an HTTP status of its own
  cancelled,           // the client left or the server is stopping
  storage,             // 500: the disk refused
  internal,            // 500: a defect of ours
  unavailable,         // 503: too busy, or stopping; try again
  cannot_store,        // 507: the disk is full, or the data directory cannot be written
};

// The name above, under which an error is recorded; and the code of a name, or `internal`
// where it is none of them.
std::string_view error_code_name(ErrorCode code);
ErrorCode error_code_of(std::string_view name);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;   // Safe to show to the caller; names the value and the remedy.
  std::string location;  // Path of the value, such as stages[1].config.parameters.field.
  std::string detail;    // For the log only: SQL text, file names.
  // What the caller is shown beside the message, as the text of a JSON object.
  std::string facts = {};
};

// A value, or what went wrong. Dropping one would drop an error, so the compiler refuses.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using boost::system::result<T, Error>::result;
};

inline Error make_error(ErrorCode code, std::string message, std::string detail = {}) {
  return Error{code, std::move(message), {}, std::move(detail), {}};
}

inline Error invalid_at(std::string location, std::string message) {
  return Error{ErrorCode::invalid, std::move(message), std::move(location), {}, {}};
}

// Result::value() on an error throws this; only tests and start-up code call value().
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

}  // namespace trawl

// Leaves the function with the error, or continues.
#define TRAWL_TRY(expression)                                      \
  do {                                                             \
    if (auto trawl_try_result_ = (expression); !trawl_try_result_) \
      return std::move(trawl_try_result_).error();                 \
  } while (false)

#define TRAWL_CONCAT_INNER(a, b) a##b
#define TRAWL_CONCAT(a, b) TRAWL_CONCAT_INNER(a, b)

// TRAWL_ASSIGN(auto rows, query()): declares rows, or leaves with the error.
#define TRAWL_ASSIGN(declaration, expression) \
  TRAWL_ASSIGN_INNER(TRAWL_CONCAT(trawl_assign_, __LINE__), declaration, expression)
#define TRAWL_ASSIGN_INNER(name, declaration, expression) \
  auto name = (expression);                               \
  if (!name) return std::move(name).error();              \
  declaration = std::move(*name)
