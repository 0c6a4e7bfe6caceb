#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "http/message/message.h"

namespace trawl::http {
namespace {

// "stages[1].config.field" as ["body", "stages", 1, "config", "field"]; "query.limit" as
// ["query", "limit"], and what is wrong with a body as a whole as ["body"].
void write_location(JsonWriter& out, std::string_view location) {
  out.begin_array();
  if (!location.starts_with("query.") && location != "body") out.string("body");
  while (!location.empty()) {
    const auto end = location.find_first_of(".[", location.front() == '[' ? 1 : 0);
    std::string_view part = location.substr(0, end);
    location.remove_prefix(part.size());
    if (!location.empty() && location.front() == '.') location.remove_prefix(1);
    std::int64_t index = 0;
    if (part.size() > 2 && part.front() == '[' && part.back() == ']' &&
        parse_integer(part.substr(1, part.size() - 2), index)) {
      out.integer(index);
    } else if (!part.empty()) {
      out.string(part);
    }
  }
  out.end_array();
}

void write_validation_errors(JsonWriter& out, const Error& error) {
  out.key("validation_errors").begin_array().begin_object();
  out.key("type").string("value_error");
  out.key("location").string(error.location);
  out.key("message").string(error.message);
  out.end_object().end_array();
}

// "NotFoundError" as "Not found error".
std::string title_of(std::string_view type) {
  std::string title;
  for (const char c : type) {
    const bool begins_word = c >= 'A' && c <= 'Z' && !title.empty();
    if (begins_word) title.push_back(' ');
    title.push_back(begins_word ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return title;
}

}  // namespace

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_request:
      return 400;
    case ErrorCode::unauthorized:
      return 401;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::not_enabled:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::method_not_allowed:
      return 405;
    case ErrorCode::timeout:
      return 408;
    case ErrorCode::already_exists:
      return 409;
    case ErrorCode::gone:
      return 410;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::unsupported_coding:
      return 415;
    case ErrorCode::invalid:
      return 422;
    case ErrorCode::too_many_requests:
      return 429;
    case ErrorCode::headers_too_large:
      return 431;
    case ErrorCode::budget_exhausted:
      return 500;  // Recorded as a failed execution instead.
    case ErrorCode::cancelled:
      return 503;  // Seen only while the server stops.
    case ErrorCode::storage:
      return 500;
    case ErrorCode::internal:
      return 500;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::cannot_store:
      return 507;
  }
  return 500;
}

std::string_view error_type(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_request:
      return "BadRequestError";
    case ErrorCode::unauthorized:
      return "UnauthorizedError";
    case ErrorCode::forbidden:
      return "ForbiddenError";
    case ErrorCode::not_enabled:
      return "NotEnabledError";
    case ErrorCode::not_found:
      return "NotFoundError";
    case ErrorCode::method_not_allowed:
      return "MethodNotAllowedError";
    case ErrorCode::timeout:
      return "TimeoutError";
    case ErrorCode::already_exists:
      return "AlreadyExistsError";
    case ErrorCode::gone:
      return "GoneError";
    case ErrorCode::too_large:
      return "PayloadTooLargeError";
    case ErrorCode::unsupported_coding:
      return "UnsupportedMediaTypeError";
    case ErrorCode::invalid:
      return "ValidationError";
    case ErrorCode::too_many_requests:
      return "TooManyRequestsError";
    case ErrorCode::headers_too_large:
      return "RequestHeaderFieldsTooLargeError";
    case ErrorCode::budget_exhausted:
      return "ProcessingError";
    case ErrorCode::cancelled:
      return "ServiceUnavailableError";
    case ErrorCode::storage:
      return "StorageError";
    case ErrorCode::internal:
      return "InternalServerError";
    case ErrorCode::unavailable:
      return "ServiceUnavailableError";
    case ErrorCode::cannot_store:
      return "StorageError";
  }
  return "InternalServerError";
}

Response error_response(const Error& error, std::string_view request_id) {
  const int status = http_status(error.code);
  // The one place that every error passes on its way out, so no detail is lost.
  const bool failed = status == 500 || status == 507;
  if (failed || !error.detail.empty()) {
    spdlog::log(failed ? spdlog::level::err : spdlog::level::warn, "{} {}: {} ({})",
                request_id, error_type(error.code), error.message, error.detail);
  }
  Response response;
  response.status = status;
  JsonWriter out(response.body);
  out.begin_object();
  out.key("success").boolean(false);
  out.key("status").integer(status);
  out.key("error").begin_object();
  out.key("message").string(error.message);
  out.key("type").string(error_type(error.code));
  if (error.code == ErrorCode::invalid) {
    out.key("details").begin_object();
    write_validation_errors(out, error);
    out.end_object();
  } else if (!error.facts.empty()) {
    out.key("details").raw(error.facts);
  } else if (!error.location.empty()) {
    out.key("details").begin_object().key("location").string(error.location).end_object();
  }
  out.end_object();
  out.key("request_id").string(request_id);
  if (error.code == ErrorCode::invalid) {
    out.key("detail").begin_array().begin_object();
    out.key("loc");
    write_location(out, error.location);
    out.key("msg").string(error.message);
    out.key("type").string("value_error");
    out.end_object().end_array();
  }
  out.end_object();
  // Whoever knows better when says so in the facts, and in a header of its own.
  if (status == 503 || (status == 429 && error.facts.empty())) {
    response.headers.emplace_back("Retry-After", "1");
  }
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  response.error = std::make_shared<const Error>(error);
  return response;
}

void turn_into_problem(Response& response, const Error& error, std::string_view request_id,
                       std::string_view instance) {
  const std::string_view type = error_type(error.code);
  response.content_type = "application/problem+json";
  response.body.clear();
  JsonWriter out(response.body);
  out.begin_object();
  // A name, not a place: nothing has to be there to be looked at.
  out.key("type").string("urn:trawl:error:" + std::string(type));
  out.key("title").string(title_of(type));
  out.key("status").integer(response.status);
  out.key("detail").string(error.message);
  out.key("instance").string(instance);
  out.key("error_type").string(type);
  out.key("request_id").string(request_id);
  if (error.code == ErrorCode::invalid) {
    write_validation_errors(out, error);
  } else if (!error.facts.empty()) {
    out.key("details").raw(error.facts);
  } else if (!error.location.empty()) {
    out.key("location").string(error.location);
  }
  out.end_object();
}

}  // namespace trawl::http
