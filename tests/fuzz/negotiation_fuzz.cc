#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/message/cors.h"
#include "http/message/entity_tag.h"
#include "http/message/head.h"
#include "http/message/header_list.h"
#include "http/message/negotiation.h"
#include "http/message/reply_form.h"

namespace {

using trawl::http::AcceptedCodings;
using trawl::http::AcceptedErrors;
using trawl::http::ContentCoding;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_list(std::string_view text) {
  std::size_t left = text.size() + 1;
  for (std::string_view rest = text; !rest.empty();) {
    const auto element = trawl::http::take_element(rest);
    require(rest.size() < left);
    left = rest.size();
    const auto read = trawl::http::parse_weighted(element);
    require(read.weight >= 0 && read.weight <= 1000);
    require(read.name.find(';') == std::string_view::npos);
  }
}

void check_codings(std::string_view text) {
  AcceptedCodings codings;
  codings.add(text);
  const ContentCoding large = codings.choose(true);
  const ContentCoding small = codings.choose(false);
  require(codings.any() || large == ContentCoding::identity);
  // A small body is packed at most as a large one would be.
  require(small == ContentCoding::identity || small == large);
  // A coding that is refused in so many words is never sent.
  AcceptedCodings refused;
  refused.add("gzip;q=0, zstd;q=0");
  refused.add(text);
  require(refused.choose(true) == ContentCoding::identity);
  AcceptedErrors errors;
  errors.add(text);
  (void)errors.wants_problem();
}

void check_tags(std::string_view text) {
  const std::string tag = "\"dc7048f8f8747f561349cde127705c16\"";
  const bool named = trawl::http::names_tag(text, tag);
  // Another element in front changes nothing.
  require(trawl::http::names_tag("\"x\"," + std::string(text), tag) == named);
}

void check_origin(std::string_view text) {
  const auto origin = trawl::http::parse_origin(text);
  if (origin) {
    // The one form is its own form, and fits into a header.
    require(trawl::http::parse_origin(*origin) == origin);
    require(origin->find_first_of("\r\n ,*") == std::string::npos);
  }
  const trawl::http::CorsPolicy policy({"https://a.example"});
  const auto allowed = policy.allowed(text);
  require(allowed.empty() || origin == "https://a.example");
  for (const char c : trawl::http::allowed_headers(text)) {
    require(c == ',' || c == ' ' || trawl::http::is_token_character(c));
  }
}

// The same bytes as every header at once, in two lines each.
void check_form(std::string_view text) {
  trawl::http::Request request;
  request.method = "GET";
  request.target = text;
  const auto half = text.size() / 2;
  for (const char* name : {"Accept", "Accept-Encoding", "If-None-Match"}) {
    request.headers.emplace_back(name, text.substr(0, half));
    request.headers.emplace_back(name, text.substr(half));
  }
  const auto form = trawl::http::ReplyForm::of(request);
  for (const char c : form.instance)
    require(c > ' ' && c < '\x7F' && c != '"' && c != '\\');
  trawl::http::Response response;
  response.body = text;
  response.has_etag = true;
  trawl::http::shape_reply(response, form, "r", 16);
  require(response.status == 200 || (response.status == 304 && response.body.empty()));
}

}  // namespace

// What clients write into the headers that decide the form of a reply.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_list(text);
  check_codings(text);
  check_tags(text);
  check_origin(text);
  check_form(text);
  return 0;
}
