#include "providers/remote/remote.h"

#include <gtest/gtest.h>

#include <string>

#include "base/manual_clock_test_support.h"
#include "net/net_server_test_support.h"

namespace trawl::remote_test {
namespace {

using test::NetServer;

constexpr std::string_view kKey = "sk-very-secret-0123";

RemoteOptions options_for(const NetServer& server) {
  RemoteOptions options;
  options.name = "x";
  options.url = net::parse_url(server.url() + "/v1").value();
  options.key = kKey;
  options.retry = {.retries_max = 1,
                   .first_wait = std::chrono::milliseconds(1),
                   .wait_max = std::chrono::milliseconds(1)};
  options.breaker.failures_max = 100;
  options.allow_private = true;
  return options;
}

TEST(Remote, SendsTheKeyAndTheTrace) {
  std::string head;
  NetServer server([&](const test::Exchange& exchange) {
    head = exchange.head;
    return exchange.reply(200, "[]");
  });
  const Remote remote(options_for(server));
  AskContext context;
  context.trace_id = std::string(32, 'a');
  context.parent_id = std::string(16, 'b');
  EXPECT_EQ(remote.post("/do", "{}", 100, context).value(), "[]");
  EXPECT_TRUE(head.starts_with("POST /v1/do HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("Authorization: Bearer sk-very-secret-0123\r\n"), std::string::npos);
  EXPECT_NE(head.find("traceparent: 00-" + context.trace_id + "-" + context.parent_id +
                      "-01\r\n"),
            std::string::npos);
}

TEST(Remote, TellsWhatTheProviderSaysWithoutTheKey) {
  const struct {
    int status;
    ErrorCode code;
    const char* body;
    const char* message;
  } kCases[] = {
      {400, ErrorCode::invalid, R"({"error":{"message":"too many tokens","code":1}})",
       "the provider 'x' answered 400: too many tokens"},
      {422, ErrorCode::invalid, R"({"detail":[{"loc":["body"],"msg":"field required"}]})",
       "the provider 'x' answered 422: field required"},
      {413, ErrorCode::invalid,
       R"({"error":"batch size 50 > 32","error_type":"Validation"})",
       "the provider 'x' answered 413: batch size 50 > 32"},
      {401, ErrorCode::unavailable,
       R"({"error":{"message":"Incorrect key: sk-very-secret-0123."}})",
       "the provider 'x' answered 401: Incorrect key: [the key].; check its key_env or "
       "key_file"},
      {403, ErrorCode::unavailable, R"({"message":"no \u001b[31mway\nout"})",
       "the provider 'x' answered 403: no  [31mway out; check its key_env or key_file"},
      {404, ErrorCode::unavailable, R"({"detail":"Not Found"})",
       "the provider 'x' answered 404: Not Found; check its url and model"},
      {429, ErrorCode::unavailable, "",
       "the provider 'x' answered 429: without a message; "
       "it is asked too often"},
      {500, ErrorCode::unavailable, "<html>down</html>",
       "the provider 'x' answered 500: <html>down</html>"},
      {302, ErrorCode::unavailable, "",
       "the provider 'x': it redirects (302) to '', which is not followed; set its url to "
       "where it answers"},
  };
  for (const auto& each : kCases) {
    NetServer server([&](const test::Exchange& exchange) {
      return exchange.reply(each.status, each.body);
    });
    const Remote remote(options_for(server));
    const auto answer = remote.post("/do", "{}", 100, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, each.code) << each.status;
    EXPECT_EQ(answer.error().message, each.message);
    EXPECT_EQ(answer.error().message.find(kKey), std::string::npos);
    EXPECT_EQ(answer.error().detail.find(kKey), std::string::npos);
  }
}

TEST(Remote, CutsLongMessages) {
  NetServer server([&](const test::Exchange& exchange) {
    return exchange.reply(400, std::string(60'000, 'w'));
  });
  const Remote remote(options_for(server));
  const auto answer = remote.post("/do", "{}", 100, {});
  ASSERT_FALSE(answer);
  EXPECT_LT(answer.error().message.size(), 400u);
}

TEST(Remote, FollowsNoRedirect) {
  NetServer elsewhere(
      [](const test::Exchange& exchange) { return exchange.reply(200, "[]"); });
  NetServer server([&](const test::Exchange& exchange) {
    return exchange.reply(
        308, "", fmt::format("Location: {}/sk-very-secret-0123\r\n", elsewhere.url()));
  });
  const Remote remote(options_for(server));
  const auto answer = remote.post("/do", "{}", 100, {});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("[the key]"), std::string::npos);
  EXPECT_EQ(answer.error().message.find(kKey), std::string::npos);
  EXPECT_EQ(elsewhere.connections(), 0);
}

// Each try counts, since each may be billed.
TEST(Remote, KeepsToItsCeilings) {
  test::ManualClock clock;
  NetServer server([](const test::Exchange& exchange) {
    return exchange.reply(exchange.number == 0 ? 500 : 200, "[]");
  });
  RemoteOptions options = options_for(server);
  options.ceilings = {.calls = 3, .tokens = 50};
  const Remote remote(options, clock);
  EXPECT_TRUE(remote.post("/do", "{}", 100, {}));
  EXPECT_TRUE(remote.post("/do", "{}", 100, {}));
  const auto refused = remote.post("/do", "{}", 100, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
  EXPECT_TRUE(
      refused.error().message.starts_with("the provider 'x': calls_per_day is 3, and so"))
      << refused.error().message;
  EXPECT_EQ(server.requests(), 3);
  clock.advance(kMicrosPerDay);
  EXPECT_TRUE(remote.post("/do", "{}", 100, {}));
  remote.used(10, 1'000);
  remote.used(0, 100);  // 26 of them, as far as anybody knows.
  EXPECT_EQ(remote.today().tokens, 36u);
  remote.used(14, 0);
  EXPECT_FALSE(remote.post("/do", "{}", 100, {}));
}

TEST(Remote, CutsTextsBetweenCharacters) {
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("abcd", 3), "abc");
  EXPECT_EQ(cut_text("a\xc3\xa4\xe2\x82\xac", 6), "a\xc3\xa4\xe2\x82\xac");
  EXPECT_EQ(cut_text("a\xc3\xa4\xe2\x82\xac", 5), "a\xc3\xa4");
  EXPECT_EQ(cut_text("a\xc3\xa4\xe2\x82\xac", 2), "a");
  EXPECT_EQ(cut_text("\xe2\x82\xac", 2), "");
}

}  // namespace
}  // namespace trawl::remote_test
