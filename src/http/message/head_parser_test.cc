#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/message/head.h"

namespace trawl::http::head_parser_test {
namespace {

// What the head is refused for, or "".
std::string refusal(std::string_view head) {
  Request request;
  const auto version = parse_head(head, request);
  if (version) return "";
  EXPECT_EQ(version.error().code, ErrorCode::bad_request);
  constexpr std::string_view kStart = "the request is malformed: ";
  EXPECT_TRUE(version.error().message.starts_with(kStart)) << version.error().message;
  return version.error().message.substr(kStart.size());
}

std::string refusal_of_line(std::string_view line) {
  return refusal(fmt::format("{}\r\nHost: a\r\n\r\n", line));
}

std::string refusal_of_fields(std::string_view fields) {
  return refusal(fmt::format("GET / HTTP/1.1\r\n{}\r\n\r\n", fields));
}

TEST(ParseHead, ReadsRequestLineAndFieldsAsTheyStand) {
  Request request;
  const auto version = parse_head(
      "M-SEARCH http://h/\xC3\xA4?q=\"<>\" HTTP/1.1\r\nHost: a\r\nhost:b\r\n"
      "X-Empty:\r\nX-Blank: \t \r\nX-Wide: \t a \t b\t \r\nX:a:b\r\nX-Raw: \xFF\r\n\r\n",
      request);
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(*version, 11);
  EXPECT_EQ(request.method, "M-SEARCH");
  EXPECT_EQ(request.target, "http://h/\xC3\xA4?q=\"<>\"");
  EXPECT_EQ(request.headers, (std::vector<Header>{{"Host", "a"},
                                                  {"host", "b"},
                                                  {"X-Empty", ""},
                                                  {"X-Blank", ""},
                                                  {"X-Wide", "a \t b"},
                                                  {"X", "a:b"},
                                                  {"X-Raw", "\xFF"}}));
  EXPECT_EQ(parse_head("GET / HTTP/1.0\r\n\r\n", request).value(), 10);
}

TEST(ParseHead, RefusesRequestLinesThatAreNotOfTheGrammar) {
  EXPECT_EQ(refusal_of_line("GET / HTTP/1.1"), "");
  for (const char* line : {"", " GET / HTTP/1.1", "GET", "GET\t/ HTTP/1.1",
                           "G(T / HTTP/1.1", "GET: / HTTP/1.1", "G\xC3\x89T / HTTP/1.1"}) {
    EXPECT_EQ(refusal_of_line(line), "bad method") << line;
  }
  for (const char* line :
       {"GET ", "GET  / HTTP/1.1", "GET /", "GET /\tHTTP/1.1", "GET /\x7F HTTP/1.1",
        "GET /\x01 HTTP/1.1", "GET \r / HTTP/1.1"}) {
    EXPECT_EQ(refusal_of_line(line), "bad target") << line;
  }
  for (const char* version :
       {"", "H", "http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.2", "HTTP/0.9", "HTTP/2.0",
        "HTTP/1.10", "HTTP/01.1", "HTTP/1,1", "HTTP/1.1 ", " HTTP/1.1", "HTTP/1.1\t",
        "HTTP/1.1\r", "b HTTP/1.1", "HTTPS/1.1"}) {
    EXPECT_EQ(refusal_of_line(fmt::format("GET / {}", version)), "bad version") << version;
  }
}

TEST(ParseHead, RefusesFieldsThatAreNotOfTheGrammar) {
  for (const char* field :
       {":a", "A", "A : b", "A\t: b", " A: b", "\tA: b", "A b: c", "A(: b", "A\"B: c",
        "\xC3\xA4: b", "A: b\r\n c", "A: b\r\n\tc", "A: b\r\n: c"}) {
    EXPECT_EQ(refusal_of_fields(field), "bad field") << field;
  }
  for (const char c : {'\0', '\x01', '\n', '\x0B', '\r', '\x1F', '\x7F'}) {
    for (const auto& field : {fmt::format("A: b{}c", c), fmt::format("A:{}", c)}) {
      EXPECT_EQ(refusal_of_fields(field), "bad value") << int{c};
    }
  }
}

// HeadScanner hands over nothing of the kind.
TEST(ParseHead, RefusesAHeadThatDoesNotEndWhereItEnds) {
  EXPECT_EQ(refusal(""), "bad head");
  EXPECT_EQ(refusal("GET / HTTP/1.1"), "bad head");
  EXPECT_EQ(refusal("GET / HTTP/1.1\n\n"), "bad head");
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n"), "bad head");
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nA: b\r\n"), "bad head");
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nA: b\r\n\r\nGET"), "bad head");
}

TEST(ParseHead, RefusesLengthsThatContradictEachOther) {
  for (const char* fields :
       {"Content-Length: 5", "Content-Length: 18446744073709551615",
        "Content-Length: 5\r\ncontent-length: 5", "Content-Length: 5, 5",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"}) {
    EXPECT_EQ(refusal_of_fields(fields), "") << fields;
  }
  for (const char* fields :
       {"Content-Length:", "Content-Length: -1", "Content-Length: +1", "Content-Length: 1a",
        "Content-Length: 1 1", "Content-Length: 18446744073709551616", "Content-Length: ,",
        "Content-Length: 5,", "Content-Length: ,5", "Content-Length: 5,,5",
        "Transfer-Encoding: Chunked\r\ncontent-length: 5"}) {
    EXPECT_EQ(refusal_of_fields(fields), "bad Content-Length") << fields;
  }
  for (const char* fields :
       {"Content-Length: 5, 6", "Content-Length: 5\r\nX: 1\r\nCONTENT-LENGTH: 6"}) {
    EXPECT_EQ(refusal_of_fields(fields), "multiple Content-Length") << fields;
  }
  for (const char* fields : {"Content-Length: 5\r\nTransfer-Encoding: gzip",
                             "Content-Length: 0\r\ntransfer-encoding: chunked",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: x"}) {
    EXPECT_EQ(refusal_of_fields(fields), "bad Transfer-Encoding") << fields;
  }
}

TEST(ParseHead, WhatAConnectionDoesIsAListOfTokens) {
  for (const char* value : {"close", "keep-alive, Upgrade", "", ", ,close ,,", "a\t,b"}) {
    EXPECT_EQ(refusal_of_fields(fmt::format("Connection: {}", value)), "") << value;
  }
  for (const char* value :
       {"close keep-alive", "close;q=1", "\"close\"", "a/b", "a, b c"}) {
    EXPECT_EQ(refusal_of_fields(fmt::format("connection: {}", value)), "bad value");
    EXPECT_EQ(refusal_of_fields(fmt::format("Proxy-Connection: {}", value)), "bad value");
  }
}

}  // namespace
}  // namespace trawl::http::head_parser_test
