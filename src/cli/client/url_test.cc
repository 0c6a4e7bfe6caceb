#include "cli/client/url.h"

#include <gtest/gtest.h>

namespace trawl::cli::url_test {
namespace {

TEST(Url, EncodesSegmentsAndQueries) {
  EXPECT_EQ(path({"v1", "collections", "a b/c?d"}), "/v1/collections/a%20b%2Fc%3Fd");
  EXPECT_EQ(path({"users", "admin@localhost"}), "/users/admin%40localhost");
  EXPECT_EQ(path({"v1", ".."}), "/v1/%2E%2E");
  EXPECT_EQ(path({"v1", "é"}), "/v1/%C3%A9");
  EXPECT_EQ(with_query("/x", {{"cursor", "a+b="}, {"limit", "5"}}),
            "/x?cursor=a%2Bb%3D&limit=5");
  EXPECT_EQ(with_query("/x", {}), "/x");
}

TEST(Url, BaseLosesSlashesAndVersion) {
  const auto base = [](std::string_view text) {
    const auto result = normalise_base_url(text);
    return result ? *result : "refused";
  };
  EXPECT_EQ(base("http://127.0.0.1:8080/"), "http://127.0.0.1:8080");
  EXPECT_EQ(base("HTTPS://api.example.com/v1/"), "https://api.example.com");
  EXPECT_EQ(base("example.com:81"), "http://example.com:81");
  EXPECT_EQ(base("http://host/trawl/v1"), "http://host/trawl");
  EXPECT_EQ(base("http://[::1]:8080"), "http://[::1]:8080");
  for (const auto* text : {"ftp://x", "http://", "", "http:///path", "http://host?x",
                           "http://a b", "file:///etc"})
    EXPECT_EQ(base(text), "refused") << text;
}

TEST(Url, KnowsTheLoopback) {
  EXPECT_TRUE(is_loopback("http://127.0.0.1:8080"));
  EXPECT_TRUE(is_loopback("https://localhost"));
  EXPECT_TRUE(is_loopback("http://[::1]:8080"));
  EXPECT_TRUE(is_loopback("http://user@127.1.2.3/x"));
  EXPECT_FALSE(is_loopback("http://127.0.0.1.example.com"));
  EXPECT_FALSE(is_loopback("http://localhost.example.com"));
  EXPECT_FALSE(is_loopback("http://10.0.0.1"));
}

}  // namespace
}  // namespace trawl::cli::url_test
