#include "api/console/console.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "api/console/packed_files.h"

namespace trawl::api::console_test {
namespace {

std::string described_file(std::string_view name, bool is_hashed, int offset) {
  return fmt::format(R"({{"name": "{}", "content_type": "text/html", "is_hashed": {}, )"
                     R"("raw": [{}, 4], "gzip": [{}, 2], "zstd": [{}, 1]}})",
                     name, is_hashed, offset, offset + 4, offset + 6);
}

// Two files, whose bytes are "page", "pg", "p" and "code", "cd", "c".
std::string small_pack() {
  return "{\"files\": [" + described_file("index.html", false, 0) + ", " +
         described_file("main-0A1B2C3D.js", true, 7) + "]}\npagepgpcodecdc";
}

http::Response ask(std::string_view pack, std::string path,
                   std::vector<http::Header> headers = {}) {
  http::Router router;
  add_console_routes(router, pack);
  auto match = router.match("GET", path);
  auto request = std::make_shared<http::Request>();
  request->method = "GET";
  request->target = request->path = std::move(path);
  request->headers = std::move(headers);
  request->path_parameters = std::move(match.path_parameters);
  http::Response got;
  match.route->handler(request,
                       [&](http::Response response) { got = std::move(response); });
  return got;
}

std::string header_of(const http::Response& response, std::string_view name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return {};
}

TEST(Console, EachCodingHasItsBytesAndItsTag) {
  const std::string pack = small_pack();
  std::string tags;
  for (const auto& [accepted, bytes] :
       {std::pair{"identity", "page"}, std::pair{"gzip", "pg"}, std::pair{"zstd", "p"},
        std::pair{"gzip, zstd", "p"}, std::pair{"br", "page"}}) {
    const auto reply = ask(pack, "/console", {{"Accept-Encoding", accepted}});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, bytes) << accepted;
    const std::string tag = header_of(reply, "ETag");
    const auto again =
        ask(pack, "/console", {{"Accept-Encoding", accepted}, {"If-None-Match", tag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    if (std::string_view(bytes) != "page") {
      const auto other = ask(pack, "/console", {{"If-None-Match", tag}});
      EXPECT_EQ(other.status, 200) << "the tag of another coding";
    }
  }
}

TEST(Console, OnlyWhatIsNamedByItsContentIsKeptForEver) {
  const std::string pack = small_pack();
  EXPECT_EQ(header_of(ask(pack, "/console"), "Cache-Control"), "no-cache");
  const auto file = ask(pack, "/console/main-0A1B2C3D.js");
  EXPECT_EQ(file.body, "code");
  EXPECT_EQ(header_of(file, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(ask(pack, "/console/main-00000000.js").status, 404);
  // It has its policy at its own path alone.
  EXPECT_EQ(ask(pack, "/console/index.html").status, 404);
}

TEST(Console, WithoutItTheReasonIsSaid) {
  for (const char* path : {"/console", "/console/main-0A1B2C3D.js"}) {
    const auto reply = ask("", path);
    EXPECT_EQ(reply.status, 404);
    EXPECT_NE(reply.body.find("TRAWL_CONSOLE=OFF"), std::string::npos) << reply.body;
  }
}

TEST(Console, WhatIsNoPackEndsTheStart) {
  const std::string good = small_pack();
  http::Router router;
  EXPECT_THROW(add_console_routes(router, good.substr(0, good.size() - 1)),
               std::logic_error);
  EXPECT_THROW(add_console_routes(router, "no line"), std::logic_error);
  EXPECT_THROW(add_console_routes(router, "[]\n"), std::logic_error);
  EXPECT_THROW(add_console_routes(
                   router, "{\"files\": [" + described_file("a", true, 0) + "]}\npagepgp"),
               std::logic_error);
}

}  // namespace
}  // namespace trawl::api::console_test
