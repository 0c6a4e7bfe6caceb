#include "providers/remote/remote.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/visible_text.h"

namespace trawl {
namespace {

constexpr std::size_t kMessageCharsMax = 300;
// What servers and models take for a token is some four bytes of English.
constexpr std::size_t kTokenBytes = 4;

net::PeerOptions peer_options(const RemoteOptions& options, DailyUse& use) {
  net::PeerOptions peer;
  peer.name = fmt::format("the provider '{}'", options.name);
  peer.client.addresses.allow_private = options.allow_private;
  peer.timeout = options.timeout;
  peer.concurrency = options.concurrency;
  peer.retry = options.retry;
  peer.breaker = options.breaker;
  peer.before_try = [&use] { return use.begin_call(); };
  return peer;
}

void replace_all(std::string& text, const std::string& what, std::string_view with) {
  if (what.empty()) return;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

const json::value* member(const json::value* value, std::string_view name) {
  const json::object* const object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

const json::value* first(const json::value* value) {
  const json::array* const list = value == nullptr ? nullptr : value->if_array();
  return list == nullptr || list->empty() ? nullptr : &list->front();
}

}  // namespace

std::string message_of_reply(std::string_view body) {
  const auto parsed = parse_json(body);
  const json::value* const all = parsed ? &*parsed : nullptr;
  const json::value* const places[] = {
      member(member(all, "error"), "message"),      // OpenAI, vLLM.
      member(all, "error"),                         // TEI.
      member(all, "message"),                       // Cohere.
      member(all, "detail"),                        // Jina, FastAPI.
      member(first(member(all, "detail")), "msg"),  // What FastAPI finds invalid.
      member(first(all), "error"),
  };
  for (const json::value* place : places) {
    if (place != nullptr && place->is_string())
      return std::string(view(place->get_string()));
  }
  return std::string(trim(body));
}

std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

Remote::Remote(RemoteOptions options, const Clock& clock)
    : options_(std::move(options)),
      use_(std::make_unique<DailyUse>(options_.ceilings, clock)),
      peer_(peer_options(options_, *use_)) {}

Result<std::string> Remote::post(std::string_view path, std::string body,
                                 std::size_t reply_bytes_max,
                                 const AskContext& context) const {
  net::HttpRequest request;
  request.url = options_.url.with(path);
  request.body = std::move(body);
  request.reply_bytes_max = reply_bytes_max;
  if (!options_.key.empty()) {
    request.headers.push_back("Authorization: Bearer " + options_.key);
  }
  if (!context.trace_id.empty() && !context.parent_id.empty()) {
    request.headers.push_back(
        fmt::format("traceparent: 00-{}-{}-01", context.trace_id, context.parent_id));
  }
  TRAWL_ASSIGN(net::HttpReply reply, peer_.ask(request, context.stop, context.deadline));
  if (reply.status >= 200 && reply.status <= 299) return std::move(reply.body);
  return refusal(reply);
}

void Remote::used(std::uint64_t tokens, std::size_t text_bytes) const {
  use_->add_tokens(tokens > 0 ? tokens : text_bytes / kTokenBytes + 1);
}

Error Remote::wrong_answer(std::string_view what) const {
  return make_error(ErrorCode::unavailable,
                    fmt::format("the provider '{}': {}", options_.name, what));
}

// Words of somebody else: without the key, should they repeat it, and made fit to be shown.
std::string Remote::quote(std::string_view body) const {
  std::string message = message_of_reply(body);
  replace_all(message, options_.key, "[the key]");
  return truncate_text(visible_text(message), kMessageCharsMax);
}

Error Remote::refusal(const net::HttpReply& reply) const {
  std::string said = quote(reply.body);
  if (said.empty()) said = "without a message";
  const auto error = [&](ErrorCode code, std::string_view remedy) {
    return make_error(code, fmt::format("the provider '{}' answered {}: {}{}",
                                        options_.name, reply.status, said, remedy));
  };
  switch (reply.status) {
    case 400:
    case 413:
    case 422:
      return error(ErrorCode::invalid, "");
    case 401:
    case 403:
      return error(ErrorCode::unavailable, "; check its key_env or key_file");
    case 404:
    case 405:
      return error(ErrorCode::unavailable, "; check its url and model");
    case 429:
      return error(ErrorCode::unavailable,
                   reply.retry_after
                       ? fmt::format("; it is to be asked again in {} s",
                                     (reply.retry_after->count() + 999) / 1'000)
                       : "; it is asked too often");
    default:
      break;
  }
  if (reply.status >= 300 && reply.status <= 399) {
    std::string location = reply.location;
    replace_all(location, options_.key, "[the key]");
    return wrong_answer(
        fmt::format("it redirects ({}) to '{}', which is not followed; set its url to "
                    "where it answers",
                    reply.status, truncate_text(visible_text(location), 200)));
  }
  return error(ErrorCode::unavailable, "");
}

}  // namespace trawl
