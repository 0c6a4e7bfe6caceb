#include <gtest/gtest.h>

#include "base/json.h"
#include "http/message/message.h"

namespace trawl::http::error_response_test {
namespace {

TEST(ErrorResponse, HasTheEnvelopeAndNothingElse) {
  const Response response = error_response(
      make_error(ErrorCode::not_found, "no \"x\"", "SELECT secret"), "req_1");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"success":false,"status":404,"error":{"message":"no \"x\"",)"
                           R"("type":"NotFoundError"},"request_id":"req_1"})");
}

TEST(ErrorResponse, InvalidNamesThePlaceTwice) {
  const Response response =
      error_response(invalid_at("stages[1].config.field", "unknown"), "req_1");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(
      response.body,
      R"({"success":false,"status":422,"error":{"message":"unknown",)"
      R"("type":"ValidationError","details":{"validation_errors":[{"type":"value_error",)"
      R"("location":"stages[1].config.field","message":"unknown"}]}},)"
      R"("request_id":"req_1","detail":[{"loc":["body","stages",1,"config","field"],)"
      R"("msg":"unknown","type":"value_error"}]})");
}

TEST(ErrorResponse, LocationsOfEveryShapeMakeAList) {
  const auto loc = [](std::string location) {
    const auto body =
        parse_json(error_response(invalid_at(std::move(location), "m"), "r").body).value();
    return to_json_text(body.at("detail").at(0).at("loc"));
  };
  EXPECT_EQ(loc(""), R"(["body"])");
  EXPECT_EQ(loc("body"), R"(["body"])");
  EXPECT_EQ(loc("a"), R"(["body","a"])");
  EXPECT_EQ(loc("a[0][12].b"), R"(["body","a",0,12,"b"])");
  EXPECT_EQ(loc("a[x].b"), R"(["body","a","[x]","b"])");
  EXPECT_EQ(loc("[3]"), R"(["body",3])");
  EXPECT_EQ(loc("..a.[[]"), R"(["body","a","[","[]"])");
  EXPECT_EQ(loc("a["), R"(["body","a","["])");
}

TEST(ErrorResponse, BadRequestsMayNameThePlace) {
  Error error = make_error(ErrorCode::bad_request, "m");
  error.location = "line 3";
  EXPECT_NE(error_response(error, "r").body.find(R"("details":{"location":"line 3"})"),
            std::string::npos);
}

TEST(ErrorResponse, FactsAreTheDetails) {
  Error error = make_error(ErrorCode::too_many_requests, "m");
  error.facts = R"({"limit":60})";
  Response response = error_response(error, "r");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.body, R"({"success":false,"status":429,"error":{"message":"m",)"
                           R"("type":"TooManyRequestsError","details":{"limit":60}},)"
                           R"("request_id":"r"})");
  turn_into_problem(response, error, "r", "/v1/x");
  EXPECT_EQ(response.body, R"({"type":"urn:trawl:error:TooManyRequestsError",)"
                           R"("title":"Too many requests error","status":429,"detail":"m",)"
                           R"("instance":"/v1/x","error_type":"TooManyRequestsError",)"
                           R"("request_id":"r","details":{"limit":60}})");
}

TEST(ErrorResponse, NeverShowsTheDetailNorBreaksOnBytes) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::unavailable); ++code) {
    const Response response = error_response(
        make_error(static_cast<ErrorCode>(code), "bad \xff\x01 text", "secret"), "r");
    EXPECT_GE(response.status, 400);
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
    const auto body = parse_json(response.body);
    ASSERT_TRUE(body) << response.body;
    EXPECT_EQ(body->at("status"), response.status);
    EXPECT_FALSE(body->at("error").at("type").as_string().empty());
    Response problem = response;
    turn_into_problem(problem, *response.error, "r", "/");
    EXPECT_EQ(problem.body.find("secret"), std::string::npos);
    EXPECT_TRUE(parse_json(problem.body)) << problem.body;
  }
}

TEST(ErrorResponse, SomeStatusesNeedAHeader) {
  const auto headers = [](ErrorCode code) {
    return error_response(make_error(code, "m"), "r").headers;
  };
  EXPECT_EQ(headers(ErrorCode::unavailable), (std::vector<Header>{{"Retry-After", "1"}}));
  EXPECT_EQ(headers(ErrorCode::unauthorized),
            (std::vector<Header>{{"WWW-Authenticate", "Bearer"}}));
  EXPECT_TRUE(headers(ErrorCode::invalid).empty());
}

}  // namespace
}  // namespace trawl::http::error_response_test
