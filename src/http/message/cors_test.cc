#include "http/message/cors.h"

#include <gtest/gtest.h>

namespace trawl::http::cors_test {
namespace {

TEST(ParseOrigin, HasOneForm) {
  const auto parsed = [](std::string_view text) {
    return parse_origin(text).value_or("(none)");
  };
  EXPECT_EQ(parsed("https://app.example.com"), "https://app.example.com");
  EXPECT_EQ(parsed(" HTTPS://App.Example.com:443 "), "https://app.example.com");
  EXPECT_EQ(parsed("http://localhost:80"), "http://localhost");
  EXPECT_EQ(parsed("http://localhost:443"), "http://localhost:443");
  EXPECT_EQ(parsed("http://127.0.0.1:5173"), "http://127.0.0.1:5173");
  EXPECT_EQ(parsed("http://[::1]:8080"), "http://[::1]:8080");
  EXPECT_EQ(parsed("http://[::1]"), "http://[::1]");
  EXPECT_EQ(parsed("tauri://localhost"), "tauri://localhost");
  EXPECT_EQ(parsed("chrome-extension://abcdef"), "chrome-extension://abcdef");
}

TEST(ParseOrigin, RefusesWhatIsNone) {
  for (const std::string& text : {std::string(),
                                  std::string("null"),
                                  std::string("*"),
                                  std::string("app.example.com"),
                                  std::string("https://"),
                                  std::string("://x"),
                                  std::string("https://x/"),
                                  std::string("https://x/path"),
                                  std::string("https://x?y"),
                                  std::string("https://x y"),
                                  std::string("https://u@x"),
                                  std::string("https://x:"),
                                  std::string("https://x:0"),
                                  std::string("https://x:65536"),
                                  std::string("https://x:1e3"),
                                  std::string("https://x:-1"),
                                  std::string("https://x:000443"),
                                  std::string("https://[::1"),
                                  std::string("https://[]"),
                                  std::string("https://[x]"),
                                  std::string("https://*.example.com"),
                                  std::string("https://x,https://y"),
                                  std::string("https://\xC3\xA4.example"),
                                  std::string("1https://x"),
                                  "https://" + std::string(600, 'x')}) {
    EXPECT_FALSE(parse_origin(text)) << text;
  }
}

TEST(CorsPolicy, IsOffWithoutOrigins) {
  const CorsPolicy policy({});
  EXPECT_FALSE(policy.is_on());
  EXPECT_FALSE(policy.varies());
  EXPECT_EQ(policy.allowed("https://a.example"), "");
}

TEST(CorsPolicy, ListedOriginsAreRepeatedAndNoOthers) {
  const CorsPolicy policy({"https://a.example", "http://localhost:5173"});
  EXPECT_TRUE(policy.is_on());
  EXPECT_TRUE(policy.varies());
  EXPECT_EQ(policy.allowed("https://a.example"), "https://a.example");
  EXPECT_EQ(policy.allowed("http://localhost:5173"), "http://localhost:5173");
  for (const char* origin : {"", "null", "*", "http://a.example", "https://a.example.evil",
                             "https://evil-a.example", "https://a.example:8443",
                             "http://localhost", "https://a.example, https://b.example"}) {
    EXPECT_EQ(policy.allowed(origin), "") << origin;
  }
}

TEST(CorsPolicy, AStarAllowsEveryoneInTheSameWords) {
  const CorsPolicy policy({"*"});
  EXPECT_TRUE(policy.is_on());
  EXPECT_FALSE(policy.varies());
  EXPECT_EQ(policy.allowed("https://a.example"), "*");
  EXPECT_EQ(policy.allowed("null"), "*");
  EXPECT_EQ(policy.allowed(""), "*");
}

TEST(AllowedHeaders, AreThoseThatWereAskedForAndAreNames) {
  EXPECT_EQ(allowed_headers("authorization,x-namespace"), "authorization, x-namespace");
  EXPECT_EQ(allowed_headers(" a ,, b c, d:e, \"f\", g"), "a, g");
  EXPECT_EQ(allowed_headers(""), "");
}

}  // namespace
}  // namespace trawl::http::cors_test
