#include "http/message/reply_form.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/unpack_test_support.h"
#include "http/message/content_encoder.h"
#include "http/message/entity_tag.h"

namespace trawl::http::reply_form_test {
namespace {

constexpr std::size_t kMin = 100;

std::string header(const Response& response, std::string_view wanted) {
  std::string found;
  for (const auto& [name, value] : response.headers) {
    if (name == wanted) found = value;
  }
  return found;
}

Response shaped(std::vector<Header> headers, Response response,
                std::string_view method = "GET", std::size_t compress_bytes_min = kMin) {
  Request request;
  request.method = method;
  request.target = "/v1/things/a%20b\xC3\xA4<?secret=1";
  request.headers = std::move(headers);
  const ReplyForm form = ReplyForm::of(request);
  const std::string before = response.body;
  const bool needed = needs_shaping(response, form);
  shape_reply(response, form, "req_1", compress_bytes_min);
  // What is said to need nothing must be left as it is.
  if (!needed) {
    EXPECT_EQ(response.body, before);
  }
  return response;
}

Response detail(std::string body) {
  Response response;
  response.body = std::move(body);
  response.has_etag = true;
  return response;
}

TEST(ReplyForm, AsksForNothingByDefault) {
  const Response plain =
      shaped({{"Accept", "*/*"}, {"Host", "x"}}, {200, "text/plain", {}, "x"});
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.body, "x");
  EXPECT_TRUE(plain.headers.empty());
}

TEST(ReplyForm, DetailsHaveAnETagAndAreNotSentTwice) {
  const Response first = shaped({}, detail("{\"a\":1}"));
  const std::string tag = header(first, "ETag");
  EXPECT_EQ(tag, entity_tag("{\"a\":1}", ContentCoding::identity));
  EXPECT_EQ(header(first, "Cache-Control"), "private, no-cache");
  EXPECT_EQ(first.status, 200);
  for (const std::string& value : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    for (const char* method : {"GET", "HEAD"}) {
      const Response again =
          shaped({{"if-none-match", value}}, detail("{\"a\":1}"), method);
      EXPECT_EQ(again.status, 304) << value;
      EXPECT_EQ(again.body, "");
      EXPECT_EQ(header(again, "ETag"), tag);
    }
  }
  // Two lines of the header are one list.
  EXPECT_EQ(
      shaped({{"If-None-Match", "\"x\""}, {"If-None-Match", tag}}, detail("{\"a\":1}"))
          .status,
      304);
  const Response changed = shaped({{"If-None-Match", tag}}, detail("{\"a\":2}"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body, "{\"a\":2}");
  EXPECT_NE(header(changed, "ETag"), tag);
}

TEST(ReplyForm, OnlyReadsThatWentWellAreConditional) {
  for (const char* method : {"POST", "PATCH", "PUT", "DELETE"}) {
    const Response response = shaped({{"If-None-Match", "*"}}, detail("{}"), method);
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(header(response, "ETag"), "") << method;
  }
  Response refused = detail("{}");
  refused.status = 404;
  EXPECT_EQ(shaped({{"If-None-Match", "*"}}, refused).status, 404);
  // A reply that is not a detail has no tag to compare.
  EXPECT_EQ(shaped({{"If-None-Match", "*"}}, {200, "application/json", {}, "{}"}).status,
            200);
}

TEST(ReplyForm, BodiesOfSomeSizeArePacked) {
  const std::string body(kMin, 'x');
  const Response gzip =
      shaped({{"Accept-Encoding", "gzip"}}, {200, "text/plain", {}, body});
  EXPECT_EQ(header(gzip, "Content-Encoding"), "gzip");
  EXPECT_EQ(expand_gzip(gzip.body), body);
  const Response zstd = shaped({{"Accept-Encoding", "gzip"}, {"Accept-Encoding", "zstd"}},
                               {200, "text/plain", {}, body});
  EXPECT_EQ(header(zstd, "Content-Encoding"), "zstd");
  EXPECT_EQ(expand_zstd(zstd.body), body);

  const Response small =
      shaped({{"Accept-Encoding", "gzip"}}, {200, "text/plain", {}, body.substr(1)});
  EXPECT_EQ(header(small, "Content-Encoding"), "");
  const Response forbidden =
      shaped({{"Accept-Encoding", "gzip, identity;q=0"}}, {200, "text/plain", {}, "x"});
  EXPECT_EQ(expand_gzip(forbidden.body), "x");
  EXPECT_EQ(
      shaped({{"Accept-Encoding", "gzip"}}, {200, "text/plain", {}, body}, "GET", 0).body,
      body);
}

TEST(ReplyForm, WhatIsPackedAlreadyOrWillNotShrinkIsLeftAlone) {
  const std::string body(kMin, 'x');
  for (const char* type : {"text/event-stream", "application/gzip", "image/png", ""}) {
    EXPECT_EQ(shaped({{"Accept-Encoding", "gzip"}}, {200, type, {}, body}).body, body)
        << type;
    EXPECT_FALSE(is_compressible(type)) << type;
  }
  EXPECT_EQ(shaped({{"Accept-Encoding", "gzip"}},
                   {200, "text/plain", {{"content-encoding", "br"}}, body})
                .body,
            body);
  EXPECT_EQ(
      shaped({{"Accept-Encoding", "gzip, identity;q=0"}}, {204, "text/plain", {}, ""}).body,
      "");
  for (const char* type :
       {"application/json", "application/problem+json", "text/html; charset=utf-8"})
    EXPECT_TRUE(is_compressible(type)) << type;
}

TEST(ReplyForm, ATagBelongsToOneCoding) {
  const std::string body(kMin, 'x');
  const std::string plain_tag = header(shaped({}, detail(body)), "ETag");
  const Response packed = shaped({{"Accept-Encoding", "gzip"}}, detail(body));
  const std::string gzip_tag = header(packed, "ETag");
  EXPECT_EQ(gzip_tag, plain_tag.substr(0, plain_tag.size() - 1) + "-gzip\"");
  const auto status = [&](const char* coding, const std::string& tag) {
    return shaped({{"Accept-Encoding", coding}, {"If-None-Match", tag}}, detail(body))
        .status;
  };
  EXPECT_EQ(status("gzip", gzip_tag), 304);
  EXPECT_EQ(status("identity", plain_tag), 304);
  EXPECT_EQ(status("gzip", plain_tag), 200);
  EXPECT_EQ(status("zstd", gzip_tag), 200);
  const Response same =
      shaped({{"Accept-Encoding", "gzip"}, {"If-None-Match", gzip_tag}}, detail(body));
  EXPECT_EQ(header(same, "Content-Encoding"), "");
}

TEST(ReplyForm, ErrorsBecomeProblemsWhereThatIsAskedFor) {
  const Error error = invalid_at("stages[1].config", "is bad");
  const Response plain =
      shaped({{"Accept", "application/json"}}, error_response(error, "req_1"));
  EXPECT_EQ(plain.content_type, "application/json");
  EXPECT_EQ(plain.body, error_response(error, "req_1").body);
  const Response problem =
      shaped({{"Accept", "application/problem+json"}}, error_response(error, "req_1"));
  EXPECT_EQ(problem.status, 422);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(
      problem.body,
      R"({"type":"urn:trawl:error:ValidationError","title":"Validation error","status":422,)"
      R"("detail":"is bad","instance":"/v1/things/a%20b%C3%A4%3C",)"
      R"("error_type":"ValidationError","request_id":"req_1","validation_errors":[)"
      R"({"type":"value_error","location":"stages[1].config","message":"is bad"}]})");
  // What is not an error stays what it is.
  EXPECT_EQ(
      shaped({{"Accept", "application/problem+json"}}, {200, "text/plain", {}, "x"}).body,
      "x");
}

TEST(ReplyForm, ProblemsKeepTheHeadersAndMayBePacked) {
  const Response problem = shaped(
      {{"Accept", "application/problem+json"}, {"Accept-Encoding", "gzip"}},
      error_response(make_error(ErrorCode::unavailable, std::string(200, 'x')), "req_1"));
  EXPECT_EQ(problem.status, 503);
  EXPECT_EQ(header(problem, "Retry-After"), "1");
  EXPECT_EQ(header(problem, "Content-Encoding"), "gzip");
  const auto body = parse_json(expand_gzip(problem.body)).value();
  EXPECT_EQ(body.at("title"), "Service unavailable error");
}

TEST(ReplyForm, StreamsAreLeftAlone) {
  Response stream{
      200, "application/json", {}, "", [](BodyWriter&) { return Result<void>(); }};
  stream.has_etag = true;
  const Response response =
      shaped({{"Accept-Encoding", "gzip, identity;q=0"}, {"If-None-Match", "*"}}, stream);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.headers.empty());
}

}  // namespace
}  // namespace trawl::http::reply_form_test
