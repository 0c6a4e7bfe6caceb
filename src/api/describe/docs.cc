// What the server says of itself, to people, programs and language models: /, /docs,
// /llms.txt and /openapi.json. None of it needs a key or an outside host.
#include "api/describe/docs.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "api/console/console.h"
#include "api/describe/embedded.h"
#include "api/describe/openapi.h"
#include "api/wire/endpoint.h"
#include "base/text.h"

namespace trawl::api {
namespace {

// The page runs its own script, has its own style, and talks to this server alone.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view docs_file(std::string_view name) {
  for (const EmbeddedFile& file : docs_files()) {
    if (file.name == name) return file.text;
  }
  throw std::logic_error("src/api/docs has no file " + std::string(name));
}

http::Response file_response(std::string_view type, std::string_view text) {
  http::Response response;
  response.content_type = type;
  response.body = text;
  response.headers = {{"Cache-Control", "no-cache"},  // A newer server has newer files.
                      {"X-Content-Type-Options", "nosniff"}};
  return response;
}

// Browsers name text/html; programs ask for JSON, or for anything.
bool is_browser(const http::Request& request) {
  const auto accept = request.header("Accept");
  return accept && to_lower_ascii(*accept).find("text/html") != std::string::npos;
}

http::Response index(const http::Request& request) {
  json::object places{{"name", "trawl"},     {"version", TRAWL_VERSION},
                      {"docs", "/docs"},     {"openapi", "/openapi.json"},
                      {"llms", "/llms.txt"}, {"health", "/v1/health"}};
  if (!console_pack().empty()) places["console"] = "/console";
  http::Response response = json_response(std::move(places));
  response.headers.emplace_back("Vary", "Accept");
  if (is_browser(request)) {
    response.status = 302;
    response.headers.emplace_back("Location",
                                  console_pack().empty() ? "/docs" : "/console");
  }
  return response;
}

}  // namespace

void add_docs_routes(http::Router& router) {
  const auto open = [&](std::string path,
                        std::function<http::Response(http::Request&)> answer) {
    router.add({"GET", std::move(path), http::RunOn::io, http::Body::buffered,
                open_endpoint({}, [answer = std::move(answer)](http::Request& request) {
                  return Result<http::Response>(answer(request));
                })});
  };
  const auto serve = [&](std::string path, std::string_view type, std::string_view name,
                         std::vector<http::Header> headers = {}) {
    open(std::move(path),
         [type, text = docs_file(name), headers = std::move(headers)](http::Request&) {
           http::Response response = file_response(type, text);
           response.headers.insert(response.headers.end(), headers.begin(), headers.end());
           return response;
         });
  };
  open("/", index);
  serve("/docs", "text/html; charset=utf-8", "page.html",
        {{"Content-Security-Policy", std::string(kPagePolicy)},
         {"Referrer-Policy", "no-referrer"}});
  serve("/docs/page.css", "text/css; charset=utf-8", "page.css");
  serve("/docs/page.js", "text/javascript; charset=utf-8", "page.js");
  serve("/llms.txt", "text/plain; charset=utf-8", "llms.txt");
  const auto description = std::make_shared<std::string>();
  open("/openapi.json",
       [description](http::Request&) { return json_response(*description); });
  // Its own route is described as well.
  *description = openapi_document(router, openapi_files());
}

}  // namespace trawl::api
