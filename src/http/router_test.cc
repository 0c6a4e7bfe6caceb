#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <stdexcept>

#include "base/text.h"
#include "http/message/message.h"

namespace trawl::http::router_test {
namespace {

Router make_router(const std::vector<std::pair<std::string, std::string>>& routes) {
  Router router;
  for (const auto& [method, pattern] : routes) {
    router.add({method, pattern, RunOn::io, Body::buffered, {}});
  }
  return router;
}

std::string matched(const Router& router, std::string_view method, std::string_view path) {
  const auto match = router.match(method, path);
  std::string text = match.route == nullptr ? "-" : match.route->pattern;
  for (const auto& [name, value] : match.path_parameters) text += " " + name + "=" + value;
  for (const auto& name : match.allowed) text += " " + name;
  return text;
}

TEST(Router, FindsLiteralsAndParameters) {
  const Router router = make_router({{"GET", "/"},
                                     {"GET", "/v1/collections"},
                                     {"POST", "/v1/collections"},
                                     {"GET", "/v1/collections/{collection}"},
                                     {"GET", "/v1/collections/{c}/documents/{document}"}});
  EXPECT_EQ(matched(router, "GET", "/"), "/");
  EXPECT_EQ(matched(router, "POST", "/v1/collections"), "/v1/collections");
  EXPECT_EQ(matched(router, "GET", "/v1/collections/a"),
            "/v1/collections/{collection} collection=a");
  EXPECT_EQ(matched(router, "GET", "/v1/collections/a/documents/b"),
            "/v1/collections/{c}/documents/{document} c=a document=b");
  EXPECT_EQ(matched(router, "GET", "/v1"), "-");
  EXPECT_EQ(matched(router, "GET", "/v1/collections/a/documents"), "-");
  EXPECT_EQ(matched(router, "GET", "/v2/collections"), "-");
  EXPECT_EQ(matched(router, "GET", ""), "-");
  EXPECT_EQ(matched(router, "GET", "v1/collections"), "-");
}

TEST(Router, LiteralsWinFromTheLeft) {
  const Router router = make_router({{"GET", "/{a}/x/{b}"},
                                     {"GET", "/v/{a}/y"},
                                     {"GET", "/v/x/{b}"},
                                     {"GET", "/{a}/{b}/{c}"}});
  EXPECT_EQ(matched(router, "GET", "/v/x/y"), "/v/x/{b} b=y");
  EXPECT_EQ(matched(router, "GET", "/v/q/y"), "/v/{a}/y a=q");
  // The literal branch leads nowhere, so the search comes back for the parameter.
  EXPECT_EQ(matched(router, "GET", "/v/q/z"), "/{a}/{b}/{c} a=v b=q c=z");
  EXPECT_EQ(matched(router, "GET", "/w/x/z"), "/{a}/x/{b} a=w b=z");
}

TEST(Router, TheMethodDecidesAmongPatternsThatMatch) {
  const Router router = make_router(
      {{"POST", "/r/list"}, {"GET", "/r/{id}"}, {"DELETE", "/r/{id}"}, {"PUT", "/s"}});
  EXPECT_EQ(matched(router, "POST", "/r/list"), "/r/list");
  // A path that is spelt out means itself, whatever the method.
  EXPECT_EQ(matched(router, "GET", "/r/list"), "- POST");
  EXPECT_EQ(matched(router, "HEAD", "/r/list"), "- POST");
  EXPECT_EQ(matched(router, "PATCH", "/r/list"), "- POST");
  EXPECT_EQ(matched(router, "PATCH", "/r/x"), "- DELETE GET HEAD");
  EXPECT_EQ(matched(router, "HEAD", "/s"), "- PUT");
  EXPECT_EQ(matched(router, "get", "/s"), "- PUT");
}

TEST(Router, WhatIsNotOfferedIsNoMethodOfItsPath) {
  Router router = make_router({{"GET", "/r/{id}"}});
  for (const char* method : {"GET", "POST"}) {
    Route route{method, "/r/{id}/{part}", RunOn::io, Body::buffered, {}, false};
    router.add(route);
    if (*method == 'P')
      router.add({method, "/r/{id}", RunOn::io, Body::buffered, {}, false});
  }
  EXPECT_EQ(matched(router, "POST", "/r/x"), "/r/{id} id=x");
  EXPECT_EQ(matched(router, "PUT", "/r/x"), "- GET HEAD");
  EXPECT_EQ(matched(router, "PUT", "/r/x/y"), "-");
  EXPECT_EQ(matched(router, "HEAD", "/r/x/y"), "/r/{id}/{part} id=x part=y");
}

TEST(Router, AnOwnHeadRouteWinsOverGet) {
  const Router router = make_router({{"GET", "/a"}, {"HEAD", "/a"}});
  EXPECT_EQ(router.match("HEAD", "/a").route->method, "HEAD");
}

TEST(Router, OneTrailingSlashIsTolerated) {
  const Router router = make_router({{"GET", "/a/{b}"}, {"GET", "/a"}});
  EXPECT_EQ(matched(router, "GET", "/a/"), "/a");
  EXPECT_EQ(matched(router, "GET", "/a/x/"), "/a/{b} b=x");
  EXPECT_EQ(matched(router, "GET", "/a//"), "-");
  EXPECT_EQ(matched(router, "GET", "//a"), "-");
  EXPECT_EQ(matched(router, "GET", "/a/x//"), "-");
  EXPECT_EQ(matched(router, "GET", "//"), "-");
}

TEST(Router, SegmentsAreDecodedAfterTheyAreSplit) {
  const Router router = make_router({{"GET", "/a/{b}"}, {"GET", "/list"}});
  EXPECT_EQ(matched(router, "GET", "/a/x%2Fy"), "/a/{b} b=x/y");
  EXPECT_EQ(matched(router, "GET", "/a/%C3%A4+b"), "/a/{b} b=ä+b");
  EXPECT_EQ(matched(router, "GET", "/%6Cist"), "/list");
  EXPECT_EQ(matched(router, "GET", "/a/%"), "-");
  EXPECT_EQ(matched(router, "GET", "/a/%00"), "-");
  EXPECT_EQ(matched(router, "GET", "/a/%FF"), "-");
}

TEST(Router, RefusesPatternsThatAreDefects) {
  Router router = make_router({{"GET", "/a/{b}"}});
  const auto add = [&](const char* pattern) {
    router.add({"GET", pattern, RunOn::io, Body::buffered, {}});
  };
  EXPECT_THROW(add("/a/{c}"), std::invalid_argument);
  EXPECT_THROW(add("a"), std::invalid_argument);
  EXPECT_THROW(add("/a//b"), std::invalid_argument);
}

// Against the plainest matcher there is: try every route, keep the most literal.
TEST(Router, AgreesWithAModel) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return random() % n; };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::vector<std::string>> patterns;
    Router router;
    for (unsigned i = 0, n = 1 + below(8); i < n; ++i) {
      std::vector<std::string> segments;
      std::string pattern;
      for (unsigned k = 0, depth = 1 + below(4); k < depth; ++k) {
        segments.push_back(std::vector<std::string>{"a", "b", "{p}"}[below(3)]);
        pattern += "/" + segments.back();
      }
      if (std::find(patterns.begin(), patterns.end(), segments) != patterns.end()) continue;
      patterns.push_back(segments);
      router.add({"GET", pattern, RunOn::io, Body::buffered, {}});
    }
    for (int probe = 0; probe < 30; ++probe) {
      std::vector<std::string> path;
      std::string text;
      for (unsigned k = 0, depth = 1 + below(4); k < depth; ++k) {
        path.push_back(std::vector<std::string>{"a", "b", "c"}[below(3)]);
        text += "/" + path.back();
      }
      // "{p}" sorts after the letters, so the least list is the most literal one.
      std::optional<std::vector<std::string>> best;
      for (const auto& pattern : patterns) {
        bool fits = pattern.size() == path.size();
        for (std::size_t k = 0; fits && k < path.size(); ++k) {
          fits = pattern[k] == "{p}" || pattern[k] == path[k];
        }
        if (fits && (!best || pattern < *best)) best = pattern;
      }
      std::string expected;
      if (best) {
        for (const auto& segment : *best) expected += "/" + segment;
      }
      const auto match = router.match("GET", text);
      EXPECT_EQ(match.route == nullptr ? "" : match.route->pattern, expected) << text;
    }
  }
}

TEST(PercentDecode, DecodesAndRefuses) {
  std::string out;
  EXPECT_TRUE(percent_decode("a%20b+c", false, out));
  EXPECT_EQ(out, "a b+c");
  EXPECT_TRUE(percent_decode("a%20b+c%2B", true, out));
  EXPECT_EQ(out, "a b c+");
  EXPECT_TRUE(percent_decode("", true, out));
  EXPECT_EQ(out, "");
  EXPECT_TRUE(percent_decode("%e2%82%AC", false, out));
  EXPECT_EQ(out, "€");
  for (const std::string bad :
       {"%", "%4", "a%", "%zz", "%4g", "%00", "%c3", "%ff", "%ed%a0%80", "\xff"}) {
    EXPECT_FALSE(percent_decode(bad, false, out)) << bad;
  }
  EXPECT_FALSE(percent_decode(std::string_view("a\0b", 3), false, out));
}

TEST(PercentDecode, UndoesEncoding) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (unsigned k = random() % 12; k > 0; --k) {
      text +=
          std::vector<std::string>{"a", "%", "+", " ", "ä", "€", "/", "&"}[random() % 8];
    }
    std::string encoded;
    for (const char c : text) {
      char escape[4];
      std::snprintf(escape, sizeof escape, "%%%02x", static_cast<unsigned char>(c));
      const bool plain = (c >= 'a' && c <= 'z') || (c == '/' && random() % 2 == 0);
      encoded += plain ? std::string(1, c) : escape;
    }
    std::string out;
    ASSERT_TRUE(percent_decode(encoded, random() % 2 == 0, out));
    EXPECT_EQ(out, text);
  }
}

TEST(ParseQuery, SplitsAndDecodes) {
  std::vector<Header> out;
  EXPECT_TRUE(parse_query("a=1&b=%20&c&=d&&e=f=g&a=+2", out));
  EXPECT_EQ(out,
            (std::vector<Header>{
                {"a", "1"}, {"b", " "}, {"c", ""}, {"", "d"}, {"e", "f=g"}, {"a", " 2"}}));
  EXPECT_TRUE(parse_query("", out));
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(parse_query("a=%", out));
  EXPECT_FALSE(parse_query("%00=a", out));
  EXPECT_FALSE(parse_query("ok=1&a=%ff", out));
}

TEST(Request, LooksUpHeadersAndParameters) {
  Request request;
  request.headers = {{"Content-TYPE", "x"}, {"content-type", "y"}};
  request.query = {{"Limit", "1"}, {"limit", "2"}, {"limit", "3"}};
  request.path_parameters = {{"id", "7"}};
  EXPECT_EQ(request.header("content-type"), "x");
  EXPECT_EQ(request.header("content"), std::nullopt);
  EXPECT_EQ(request.query_value("limit"), "2");
  EXPECT_EQ(request.query_value("x"), std::nullopt);
  EXPECT_EQ(request.path_parameter("id"), "7");
  EXPECT_EQ(request.path_parameter("none"), "");
}

}  // namespace
}  // namespace trawl::http::router_test
