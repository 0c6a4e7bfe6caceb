#include "api/describe/openapi.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "api/wire/endpoint.h"
#include "base/json.h"

namespace trawl::api::openapi_test {
namespace {

constexpr std::string_view kCommon = R"json({
  "info": {"title": "T"}, "servers": [], "tags": [],
  "shared": {
    "every_operation": {"responses": {"400": {"$ref": "#/components/responses/Bad"},
                                      "404": {"description": "shared"}}},
    "with_key": {"responses": {"401": {"$ref": "#/components/responses/Bad"}}},
    "checked": {"responses": {"422": {"$ref": "#/components/responses/Bad"}}},
    "every_response": {"headers": {"X-Id": {"schema": {"type": "string"}}}}
  },
  "components": {"responses": {"Bad": {"description": "bad"}}}
})json";

constexpr std::string_view kThings = R"json({
  "paths": {
    "/things": {
      "parameters": [{"$ref": "#/components/parameters/Page"}],
      "get": {"security": [], "parameters": [{"name": "own"}], "responses": {"200": {"description": "Done"}}},
      "post": {"requestBody": {}, "responses": {"404": {"description": "own"}}}
    }
  },
  "components": {"parameters": {"Page": {"name": "page"}}, "schemas": {
    "Base": {"type": "object", "properties": {"a": {"type": "string"}}},
    "More": {"x-properties-of": "Base", "properties": {"b": {"type": "integer"}}}
  }}
})json";

http::Router make_router(const std::vector<std::pair<std::string, std::string>>& routes) {
  http::Router router;
  for (const auto& [method, pattern] : routes) {
    router.add({method, pattern, http::RunOn::io, http::Body::buffered, {}});
  }
  return router;
}

std::string failure(const http::Router& router, std::vector<EmbeddedFile> files) {
  try {
    openapi_document(router, files);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "";
}

TEST(Openapi, JoinsFilesAndAddsWhatIsShared) {
  const auto router = make_router({{"GET", "/things"}, {"POST", "/things"}});
  const std::vector<EmbeddedFile> files = {{"common.json", kCommon}, {"x.json", kThings}};
  const json::value out = parse_json(openapi_document(router, files)).value();
  EXPECT_EQ(out.at("openapi"), "3.1.0");
  EXPECT_FALSE(out.as_object().contains("shared"));
  const auto& things = out.at("paths").at("/things");
  // Open and without a body: only what every operation may answer.
  const auto& get = things.at("get").at("responses").as_object();
  EXPECT_EQ(get.size(), 3u);
  EXPECT_TRUE(get.at("200").at("headers").as_object().contains("X-Id"));
  const auto& post = things.at("post").at("responses").as_object();
  EXPECT_TRUE(post.contains("400"));
  EXPECT_TRUE(post.contains("401"));
  EXPECT_TRUE(post.contains("422"));
  EXPECT_EQ(post.at("404").at("description"), "own");
  // An operation says all of its parameters itself.
  EXPECT_FALSE(things.as_object().contains("parameters"));
  EXPECT_EQ(to_json_text(things.at("get").at("parameters")),
            R"([{"name":"page"},{"name":"own"}])");
  EXPECT_EQ(to_json_text(things.at("post").at("parameters")), R"([{"name":"page"}])");
  const auto& components = out.at("components");
  EXPECT_TRUE(
      components.at("responses").at("Bad").at("headers").as_object().contains("X-Id"));
  const auto& more = components.at("schemas").at("More").as_object();
  EXPECT_FALSE(more.contains("x-properties-of"));
  EXPECT_EQ(to_json_text(more.at("properties")),
            R"({"a":{"type":"string"},"b":{"type":"integer"}})");
}

TEST(Openapi, DiffersFromTheRouterInNeitherDirection) {
  const std::vector<EmbeddedFile> files = {{"common.json", kCommon}, {"x.json", kThings}};
  const auto fewer = make_router({{"GET", "/things"}});
  EXPECT_NE(failure(fewer, files).find("post /things is described but not served"),
            std::string::npos);
  const auto more =
      make_router({{"GET", "/things"}, {"POST", "/things"}, {"GET", "/things/{thing}"}});
  EXPECT_NE(failure(more, files).find("GET /things/{thing} is served but not described"),
            std::string::npos);
}

TEST(Openapi, RefusesFilesThatContradict) {
  const auto router = make_router({{"GET", "/things"}, {"POST", "/things"}});
  EXPECT_NE(
      failure(router, {{"common.json", kCommon}, {"x.json", kThings}, {"y.json", kThings}})
          .find("y.json: '/things' is defined twice"),
      std::string::npos);
  EXPECT_NE(failure(router, {{"common.json", kCommon}, {"x.json", "{"}}).find("x.json"),
            std::string::npos);
}

TEST(Openapi, DiffersFromWhatRoutesDeclareInNeitherDirection) {
  const auto router_with = [](RequestShape shape) {
    http::Router router;
    router.add({"GET", "/things", http::RunOn::io, http::Body::buffered,
                open_endpoint(std::move(shape), [](http::Request&) {
                  return Result<http::Response>(http::Response());
                })});
    return router;
  };
  constexpr std::string_view kOne = R"json({"paths": {"/things": {"get": {
      "security": [], "responses": {"200": {"description": "Done"}},
      "parameters": [{"in": "query", "name": "page"}]}}}, "components": {}})json";
  const std::vector<EmbeddedFile> files = {{"common.json", kCommon}, {"x.json", kOne}};
  EXPECT_EQ(failure(router_with(Query{{"page"}}), files), "");
  EXPECT_NE(failure(router_with(Query{{"page"}, {"more"}}), files)
                .find("GET /things: the query parameter 'more' is declared but not"),
            std::string::npos);
  EXPECT_NE(failure(router_with({}), files)
                .find("GET /things: the query parameter 'page' is described but not"),
            std::string::npos);
  http::Router bare;
  bare.add({"GET", "/things", http::RunOn::io, http::Body::buffered,
            [](std::shared_ptr<http::Request>, http::Reply) {}});
  EXPECT_NE(failure(bare, files).find("does not declare"), std::string::npos);
}

// The files themselves; that they agree with the routes is seen when a server starts.
TEST(Openapi, TheFilesAreInOrder) {
  EXPECT_NE(failure(make_router({}), {openapi_files().begin(), openapi_files().end()})
                .find("is described but not served"),
            std::string::npos);
}

}  // namespace
}  // namespace trawl::api::openapi_test
