#include "cli/context.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <ostream>
#include <utility>

#include "base/field_path.h"
#include "base/text.h"
#include "cli/client/terms.h"
#include "cli/terminal/format.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080";
constexpr std::size_t kNotesMax = 10;

std::string first_of(const std::string& flag, const Host& host, const char* own,
                     const char* alias) {
  if (!flag.empty()) return flag;
  if (auto value = host.environment(own); !value.empty()) return value;
  return host.environment(alias);
}

// A line end in a header would start another header.
bool is_header_text(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

Format Context::format() const {
  if (flags_.format) return *flags_.format;
  return host_.out_is_terminal ? Format::table : Format::json;
}

Outcome<Connection> resolve_connection(const GlobalFlags& flags, const Host& host) {
  std::string url = first_of(flags.url, host, "TRAWL_URL", "MIXPEEK_BASE_URL");
  if (url.empty()) url = kDefaultUrl;
  Connection connection;
  TRAWL_ASSIGN(connection.base_url, normalise_base_url(url));
  connection.api_key = first_of(flags.api_key, host, "TRAWL_API_KEY", "MIXPEEK_API_KEY");
  connection.namespace_name =
      first_of(flags.namespace_name, host, "TRAWL_NAMESPACE", "MIXPEEK_NAMESPACE");
  connection.timeout_s = flags.timeout_s;
  if (!is_header_text(connection.api_key))
    return usage_failure("the API key holds a control character; check --api-key");
  if (!is_header_text(connection.namespace_name))
    return usage_failure("the namespace holds a control character; check --namespace");
  return connection;
}

Outcome<Transport*> Context::transport() {
  if (!transport_) {
    TRAWL_ASSIGN(auto connection, resolve_connection(flags_, host_));
    transport_ = host_.connect(std::move(connection));
  }
  return transport_.get();
}

Outcome<HttpReply> Context::send(const HttpRequest& request) {
  TRAWL_ASSIGN(auto* sender, transport());
  TRAWL_ASSIGN(auto reply, sender->send(request));
  if (reply.status < 200 || reply.status > 299) {
    Failure failure = failure_of(reply);
    use_terms_of_flags(failure, request.target);
    return failure;
  }
  return reply;
}

Outcome<json::object> Context::call(std::string_view method, const std::string& target,
                                    const json::value* body, std::string* raw) {
  HttpRequest request;
  request.method = method;
  request.target = target;
  if (body) request.body = to_json_text(*body);
  TRAWL_ASSIGN(auto reply, send(request));
  auto parsed = parse_json(reply.body);
  if (!parsed || !parsed->is_object()) {
    return Failure(Exit::refused,
                   fmt::format("the server answered {} {} with something other than a JSON "
                               "object; is this a Trawl server?",
                               method, target),
                   reply.request_id, reply.status);
  }
  if (raw) *raw = std::move(reply.body);
  return std::move(parsed->get_object());
}

void Context::print_raw(std::string_view text) {
  host_.out << printable_json(text, host_.out_is_terminal);
  if (text.empty() || text.back() != '\n') host_.out << '\n';
}

Failure failure_of(const HttpReply& reply) {
  Failure failure;
  failure.http_status = reply.status;
  failure.request_id = reply.request_id;
  const auto parsed = parse_json(reply.body);
  const auto* envelope = parsed ? parsed->if_object() : nullptr;
  if (envelope) {
    failure.message = text_at(*envelope, "error.message");
    failure.type = text_at(*envelope, "error.type");
    if (failure.request_id.empty()) failure.request_id = text_at(*envelope, "request_id");
    if (const auto* problems = array_at(*envelope, "error.details.validation_errors")) {
      for (const auto& problem : *problems) {
        const auto* object = problem.if_object();
        if (!object || failure.notes.size() == kNotesMax) continue;
        const std::string message = text_at(*object, "message");
        const auto* location = object->if_contains("location");
        std::string place = location ? plain_text(*location) : "";
        // One problem is usually the message itself over again.
        if (message == failure.message && message.substr(0, place.size()) == place)
          continue;
        failure.notes.push_back(
            message == failure.message
                ? "at " + place
                : (place.empty() ? message : fmt::format("{}: {}", place, message)));
      }
    }
  }
  if (failure.message.empty())
    failure.message = fmt::format("the server answered with status {}{}", reply.status,
                                  envelope ? "" : " and no JSON");
  if (!envelope)
    failure.notes.emplace_back("is this a Trawl server? --url or TRAWL_URL names it");
  if (reply.status == 401)
    failure.notes.emplace_back("set TRAWL_API_KEY or pass --api-key");
  return failure;
}

void report(const Failure& failure, Host& host) {
  std::string facts = failure.type;
  const auto add = [&](const std::string& fact) {
    if (!facts.empty()) facts += ", ";
    facts += fact;
  };
  if (failure.http_status != 0) add(fmt::format("HTTP {}", failure.http_status));
  if (!failure.request_id.empty()) add("request " + failure.request_id);
  host.err << "trawl: " << printable(failure.message);
  if (!facts.empty()) host.err << " (" << printable(facts) << ")";
  host.err << '\n';
  for (const auto& note : failure.notes) host.err << "  " << printable(note) << '\n';
}

Outcome<std::string> read_input(const std::string& file, Host& host) {
  const auto whole = [](std::istream& stream) {
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  if (file == "-") return whole(host.in);
  std::ifstream stream(file, std::ios::binary);
  if (!stream && trim(file).starts_with('{')) {
    return usage_failure(
        "this is JSON itself and not the name of a file; give '-' and pipe the JSON in, as "
        "in "
        "echo '{…}' | trawl execute -f -");
  }
  // A directory opens, and fails at the first byte.
  if (!stream || (stream.peek() == std::ifstream::traits_type::eof() && stream.bad()))
    return usage_failure(fmt::format("cannot read '{}'; is the path right?", file));
  return whole(stream);
}

std::string text_at(const json::object& object, std::string_view path) {
  const auto* value = find_path(object, path);
  return value ? plain_text(*value) : std::string();
}

double number_at(const json::object& object, std::string_view path, double fallback) {
  const auto* value = find_path(object, path);
  return value && is_number(*value) ? as_double(*value) : fallback;
}

std::int64_t count_at(const json::object& object, std::string_view path,
                      std::int64_t fallback) {
  const double number = number_at(object, path, static_cast<double>(fallback));
  // What no 64-bit integer holds is not a count.
  if (!(std::fabs(number) < 9e18)) return fallback;
  return static_cast<std::int64_t>(number);
}

bool flag_at(const json::object& object, std::string_view path) {
  const auto* value = find_path(object, path);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* object_at(const json::object& object, std::string_view path) {
  const auto* value = find_path(object, path);
  return value ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& object, std::string_view path) {
  const auto* value = find_path(object, path);
  return value ? value->if_array() : nullptr;
}

}  // namespace trawl::cli
