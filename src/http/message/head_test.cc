#include "http/message/head.h"

#include <gtest/gtest.h>

#include <random>

namespace trawl::http::head_test {
namespace {

using State = HeadScanner::State;

State scan(std::string_view text) {
  return HeadScanner().scan(text);
}

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: \tb\xff\r\n\r\nnext";
  const std::size_t size = text.size() - 4;
  for (std::size_t first = 0; first <= text.size(); ++first) {
    HeadScanner scanner;
    for (std::size_t n = first; n < size; ++n) {
      ASSERT_EQ(scanner.scan(std::string_view(text).substr(0, n)), State::more) << n;
    }
    ASSERT_EQ(scanner.scan(text), State::complete);
    EXPECT_EQ(scanner.size(), size);
  }
}

TEST(HeadScanner, RefusesWhatParsersDisagreeOn) {
  EXPECT_EQ(scan("GET / HTTP/1.1\n\n"), State::malformed);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\n"), State::malformed);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), State::malformed);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\r\n\t"), State::malformed);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"), State::malformed);
  EXPECT_EQ(scan(std::string_view("GET /\0", 6)), State::malformed);
  EXPECT_EQ(scan("GET /\x7f"), State::malformed);
  EXPECT_EQ(scan("\x16\x03\x01"), State::malformed);  // The greeting of TLS.
  EXPECT_EQ(scan("GET / HTTP/1.1\r"), State::more);
  EXPECT_EQ(scan(""), State::more);
}

TEST(HeadScanner, TheVerdictDoesNotDependOnThePieces) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (unsigned n = random() % 12; n > 0; --n) {
      text += std::vector<std::string>{
          "a", "\r\n", "\r\n", " ", "\r", "\n", "\t", "b"}[random() % 8];
    }
    HeadScanner whole;
    const State expected = whole.scan(text);
    HeadScanner pieces;
    State state = State::more;
    for (std::size_t n = 0; n <= text.size() && state == State::more; ++n) {
      state = pieces.scan(std::string_view(text).substr(0, n));
    }
    ASSERT_EQ(state, expected);
    if (state == State::complete) {
      EXPECT_EQ(pieces.size(), whole.size());
    }
  }
}

std::string refusal(std::vector<Header> headers, bool is_http_11 = true) {
  headers.emplace_back("Host", "x");
  const auto framing = check_framing(headers, is_http_11);
  return framing ? "" : framing.error().message;
}

TEST(CheckFraming, RefusesContradictions) {
  EXPECT_EQ(refusal({{"Content-Length", "5"}}), "");
  EXPECT_EQ(refusal({{"Transfer-Encoding", "Chunked"}}), "");
  EXPECT_NE(refusal({{"Content-Length", "5"}, {"content-length", "5"}}), "");
  EXPECT_NE(refusal({{"Content-Length", "5, 5"}}), "");
  EXPECT_NE(refusal({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}), "");
  EXPECT_NE(refusal({{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}), "");
  EXPECT_NE(refusal({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}),
            "");
  EXPECT_NE(refusal({{"Transfer-Encoding", "chunked"}}, false), "");
  for (const std::string value :
       {"gzip, chunked", "chunked, chunked", "identity", "", "chunked;x", "xchunked"}) {
    EXPECT_NE(refusal({{"Transfer-Encoding", value}}), "") << value;
  }
  for (const std::string value :
       {"", "-1", "+1", "1a", "0x1", "1 1", "18446744073709551616", "1.0"}) {
    EXPECT_NE(refusal({{"Content-Length", value}}), "") << value;
  }
  EXPECT_NE(refusal({{"Host", "y"}}), "");
  EXPECT_FALSE(check_framing({}, true));
  EXPECT_TRUE(check_framing({}, false));
}

TEST(CheckFraming, ReadsTheRest) {
  const auto framing = check_framing(
      {{"Host", "x"}, {"content-length", "007"}, {"Expect", "100-Continue"}}, true);
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->content_length, 7U);
  EXPECT_TRUE(framing->expect_continue);
  EXPECT_TRUE(framing->keep_alive);
  const auto keeps = [](const char* value, bool is_http_11) {
    return check_framing({{"Host", "x"}, {"Connection", value}}, is_http_11)->keep_alive;
  };
  EXPECT_FALSE(keeps("close", true));
  EXPECT_FALSE(keeps("foo , CLOSE", true));
  EXPECT_TRUE(keeps("upgrade", true));
  EXPECT_TRUE(keeps("Keep-Alive", false));
  EXPECT_FALSE(keeps("keep-alive, close", false));
  EXPECT_FALSE(keeps("x", false));
}

TEST(SplitTarget, AcceptsTheFormsThatServersMust) {
  const auto parts = [](std::string_view method, std::string_view target) {
    const auto split = split_target(method, target);
    return split ? std::string(split->path) + " " + std::string(split->query) : "refused";
  };
  EXPECT_EQ(parts("GET", "/a?b=c?d"), "/a b=c?d");
  EXPECT_EQ(parts("GET", "/"), "/ ");
  EXPECT_EQ(parts("GET", "http://h:1/a?b"), "/a b");
  EXPECT_EQ(parts("GET", "HTTPS://h"), "/ ");
  EXPECT_EQ(parts("GET", "http://h?x=/"), "/ x=/");
  EXPECT_EQ(parts("OPTIONS", "*"), "* ");
  EXPECT_EQ(parts("GET", "*"), "refused");
  EXPECT_EQ(parts("CONNECT", "h:443"), "refused");
  EXPECT_EQ(parts("GET", "ftp://h/"), "refused");
  EXPECT_EQ(parts("GET", ""), "refused");
}

TEST(RequestId, IsVisibleAsciiOfSomeLength) {
  EXPECT_TRUE(is_valid_request_id("abc-1_~!"));
  EXPECT_TRUE(is_valid_request_id(std::string(128, 'x')));
  EXPECT_FALSE(is_valid_request_id(std::string(129, 'x')));
  EXPECT_FALSE(is_valid_request_id(""));
  EXPECT_FALSE(is_valid_request_id("a b"));
  EXPECT_FALSE(is_valid_request_id("\xc3\xa4"));
}

TEST(ResponseHead, CannotBeSplitByAHandler) {
  Response response;
  response.body = "four";
  response.content_type = "text/plain\r\nEvil: 1";
  response.headers = {{"X-A", "1\r\nEvil: 2"},
                      {"Bad Name", "x"},
                      {"", "x"},
                      {"Content-Length", "9"},
                      {"connection", "keep-alive"},
                      {"X\r\nEvil", "3"},
                      {"X-B", "2"}};
  std::string out;
  append_response_head(out, response, {"id", "now", true, false});
  EXPECT_EQ(
      out,
      "HTTP/1.1 200 OK\r\nServer: trawl\r\nDate: now\r\nX-Request-Id: id\r\n"
      "Content-Type: text/plain  Evil: 1\r\nContent-Length: 4\r\nConnection: close\r\n"
      "Vary: Accept-Encoding\r\nX-A: 1  Evil: 2\r\nX-B: 2\r\n\r\n");
}

}  // namespace
}  // namespace trawl::http::head_test
