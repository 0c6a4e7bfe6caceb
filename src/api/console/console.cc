// The console (console/), served out of the binary. None of it needs a key: the page asks
// for one, and sends it with each call.
#include "api/console/console.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "api/console/packed_files.h"
#include "api/wire/endpoint.h"
#include "http/message/entity_tag.h"
#include "http/message/reply_form.h"

// src/console_pack.cc
extern "C" const char trawl_console_pack_begin[];
extern "C" const char trawl_console_pack_end[];

namespace trawl::api {
namespace {

constexpr std::string_view kConsolePage = "index.html";

// The page runs its own scripts, has its own styles, talks to this server alone, and cannot
// make markup of a text.
constexpr std::string_view kConsolePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

http::Response file_reply(const http::Request& request, const PackedFile& file) {
  const auto form = http::ReplyForm::of(request);
  const http::ContentCoding coding = form.codings.choose(true);
  const PackedBody& body = file.in(coding);
  http::Response response;
  response.content_type = file.content_type;
  response.stays_off_workers = true;  // It is packed already.
  response.headers = {{"ETag", body.etag},
                      // A newer server has a newer page, which names newer files.
                      {"Cache-Control",
                       file.is_hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"X-Content-Type-Options", "nosniff"}};
  if (http::names_tag(form.if_none_match, body.etag)) {
    response.status = 304;
    return response;
  }
  if (coding != http::ContentCoding::identity) {
    response.headers.emplace_back("Content-Encoding", http::coding_name(coding));
  }
  response.body = body.bytes;
  return response;
}

http::Response page_reply(const http::Request& request, const PackedFile& page) {
  http::Response response = file_reply(request, page);
  response.headers.emplace_back("Content-Security-Policy", kConsolePolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return response;
}

}  // namespace

std::string_view console_pack() {
  return {trawl_console_pack_begin,
          static_cast<std::size_t>(trawl_console_pack_end - trawl_console_pack_begin)};
}

void add_console_routes(http::Router& router, std::string_view pack) {
  const auto files = std::make_shared<const PackedFiles>(pack);
  if (!files->empty() && files->find(kConsolePage) == nullptr) {
    throw std::logic_error("the console's pack of files has no index.html");
  }
  const auto serve = [&](std::string path, auto answer) {
    router.add({"GET", std::move(path), http::RunOn::io, http::Body::buffered,
                open_endpoint(
                    {}, [files, answer](http::Request& request) -> Result<http::Response> {
                      if (files->empty()) {
                        return make_error(
                            ErrorCode::not_found,
                            "this server was built without its console "
                            "(TRAWL_CONSOLE=OFF); build it with `make build`, or "
                            "use /docs");
                      }
                      return answer(*files, request);
                    })});
  };
  serve("/console",
        [](const PackedFiles& packed, http::Request& request) -> Result<http::Response> {
          // The page names its files beside itself, so that a proxy may put it below a
          // path.
          if (request.path.ends_with('/')) {
            http::Response response;
            response.status = 308;
            response.headers.emplace_back("Location", "../console");
            return response;
          }
          return page_reply(request, *packed.find(kConsolePage));
        });
  serve("/console/{file}",
        [](const PackedFiles& packed, http::Request& request) -> Result<http::Response> {
          const std::string& name = request.path_parameter("file");
          const PackedFile* file = packed.find(name);
          if (file == nullptr || name == kConsolePage) {
            return make_error(
                ErrorCode::not_found,
                fmt::format("the console has no file '{}'; its page is /console", name));
          }
          return file_reply(request, *file);
        });
}

}  // namespace trawl::api
