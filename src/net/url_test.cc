#include "net/url.h"

#include <gtest/gtest.h>

namespace trawl::net {
namespace {

TEST(NetUrl, IsReadAndWritten) {
  const auto plain = parse_url("https://API.example.com/v1/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, (Url{true, "api.example.com", 443, "/v1"}));
  EXPECT_EQ(plain->with("/embeddings"), "https://api.example.com/v1/embeddings");
  const auto with_port = parse_url("HTTP://127.0.0.1:8080");
  ASSERT_TRUE(with_port);
  EXPECT_EQ(with_port->with("/rerank"), "http://127.0.0.1:8080/rerank");
  const auto v6 = parse_url("http://[::1]:80/a/b");
  ASSERT_TRUE(v6);
  EXPECT_EQ(*v6, (Url{false, "::1", 80, "/a/b"}));
  EXPECT_EQ(v6->with("/c"), "http://[::1]/a/b/c");
}

TEST(NetUrl, RefusesWhatItCannotBe) {
  for (const char* text : {"",
                           "api.example.com",
                           "ftp://example.com",
                           "https://",
                           "https:///v1",
                           "https://:443/v1",
                           "https://example.com:0",
                           "https://example.com:65536",
                           "https://example.com:80x",
                           "https://example.com:",
                           "https://example.com/?a=1",
                           "https://example.com/#a",
                           "https://exa mple.com",
                           "https://ex\xc3\xa4mple.com",
                           "https://[::1",
                           "https://[host]",
                           "https://[::1]8080",
                           "file:///etc/passwd",
                           "https://example.com/a\r\nX: y",
                           "https://ex%61mple.com"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::invalid);
    EXPECT_NE(url.error().message.find("https://api.example.com/v1"), std::string::npos);
  }
}

TEST(NetUrl, DoesNotRepeatAPassword) {
  const auto url = parse_url("https://me:secret@example.com/v1");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace trawl::net
