// Goal: whatever is at the other end, a call ends, with a reply or an error that says why.
// Method: a server on a socket that answers well and in every bad way.
#include "net/http_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <thread>

#include "base/gzip.h"
#include "net/net_server_test_support.h"

namespace trawl::net {
namespace {

using test::Exchange;
using test::NetServer;

HttpClient allowing() {
  return HttpClient(
      {.addresses = {.allow_private = true}, .connect_timeout = std::chrono::seconds(5)});
}

HttpRequest request_to(const std::string& url) {
  return {.url = url, .body = "{}", .headers = {}, .reply_bytes_max = 1'000};
}

HttpFailure failure_of(const HttpClient& client, const HttpRequest& request,
                       Deadline deadline = {}) {
  const auto outcome = client.send(request, {}, deadline);
  EXPECT_FALSE(outcome);
  return outcome ? HttpFailure{} : outcome.error();
}

TEST(HttpClient, SendsABodyAndHeadersAndKeepsTheConnection) {
  std::string head;
  std::string body;
  NetServer server([&](const Exchange& exchange) {
    head = exchange.head;
    body = exchange.body;
    return exchange.reply(200, R"({"ok":true})");
  });
  const HttpClient client = allowing();
  HttpRequest request = request_to(server.url() + "/v1/x");
  request.body = std::string(3'000'000, 'a');
  request.headers = {"Authorization: Bearer k"};
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.send(request, {}, {});
    ASSERT_TRUE(reply) << reply.error().error.message;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, R"({"ok":true})");
  }
  EXPECT_EQ(body, request.body);
  EXPECT_TRUE(head.starts_with("POST /v1/x HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("Authorization: Bearer k\r\n"), std::string::npos);
  EXPECT_NE(head.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Expect"), std::string::npos);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, TellsStatusRetryAfterAndWhereARedirectLeads) {
  NetServer server([](const Exchange& exchange) {
    return exchange.write("HTTP/1.1 103 Early\r\nRetry-After: 9\r\n\r\n") &&
           exchange.reply(307, "gone",
                          "Retry-After: 3\r\nlocation: http://169.254.169.254/x\r\n");
  });
  const auto reply = allowing().send(request_to(server.url()), {}, {});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 307);
  EXPECT_EQ(reply->body, "gone");
  EXPECT_EQ(reply->retry_after, std::chrono::milliseconds(3'000));
  EXPECT_EQ(reply->location, "http://169.254.169.254/x");
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpClient, RefusesAddressesBeforeItConnects) {
  NetServer server([](const Exchange& exchange) { return exchange.reply(200, "{}"); });
  const HttpClient strict{HttpClientOptions{}};
  for (const std::string host :
       {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"}) {
    const auto failure =
        failure_of(strict, request_to(fmt::format("http://{}:{}/", host, server.port())));
    EXPECT_EQ(failure.error.code, ErrorCode::unavailable);
    EXPECT_FALSE(failure.is_passing);
    EXPECT_EQ(failure.error.message,
              "it is at a loopback address, which is not connected to unless "
              "allow_private is set")
        << host;
  }
  const auto metadata = failure_of(allowing(), request_to("http://169.254.169.254/"));
  EXPECT_EQ(metadata.error.message,
            "it is at a link-local address, which is not connected to");
  EXPECT_FALSE(allowing().send(request_to("file:///etc/passwd"), {}, {}));
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, UsesNoProxyOfTheEnvironment) {
  NetServer proxy([](const Exchange& exchange) { return exchange.reply(200, "proxy"); });
  NetServer server([](const Exchange& exchange) { return exchange.reply(200, "server"); });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("ALL_PROXY", proxy.url().c_str(), 1);
  const auto reply = allowing().send(request_to(server.url()), {}, {});
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "server");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST(HttpClient, SaysThatNobodyListens) {
  std::string url;
  {
    NetServer gone([](const Exchange&) { return false; });
    url = gone.url();
  }
  const auto failure = failure_of(allowing(), request_to(url));
  EXPECT_EQ(failure.error.code, ErrorCode::unavailable);
  EXPECT_TRUE(failure.is_passing);
  EXPECT_TRUE(failure.error.message.starts_with("it cannot be reached: "))
      << failure.error.message;
}

TEST(HttpClient, TellsHalfRepliesFromWholeOnes) {
  for (const std::string half :
       {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\""}) {
    NetServer server([&](const Exchange& exchange) {
      exchange.write(half);
      return false;
    });
    const auto outcome = allowing().send(request_to(server.url()), {}, {});
    ASSERT_FALSE(outcome) << half;
    EXPECT_EQ(outcome.error().error.code, ErrorCode::unavailable) << half;
    EXPECT_TRUE(outcome.error().is_passing) << half << outcome.error().error.message;
  }
}

TEST(HttpClient, EndsAReplyWithoutEnd) {
  NetServer server([](const Exchange& exchange) {
    exchange.write("HTTP/1.1 200 OK\r\n\r\n");
    while (exchange.write(std::string(10'000, 'x'))) {
    }
    return false;
  });
  const auto failure = failure_of(allowing(), request_to(server.url()));
  EXPECT_EQ(failure.error.message, "its reply is longer than 1000 bytes");
  EXPECT_FALSE(failure.is_passing);
}

TEST(HttpClient, EndsHeadersWithoutEnd) {
  NetServer server([](const Exchange& exchange) {
    exchange.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; exchange.write(fmt::format("X-{}: {}\r\n", i, std::string(900, 'x')));
         ++i) {
    }
    return false;
  });
  EXPECT_EQ(failure_of(allowing(), request_to(server.url())).error.code,
            ErrorCode::unavailable);
}

TEST(HttpClient, ReadsTheBeginningOfALongError) {
  NetServer server([](const Exchange& exchange) {
    exchange.write("HTTP/1.1 500 Broken\r\n\r\n");
    while (exchange.write(std::string(10'000, 'x'))) {
    }
    return false;
  });
  const auto reply = allowing().send(request_to(server.url()), {}, {});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 500);
  EXPECT_EQ(reply->body, std::string(64 * 1024, 'x'));
}

TEST(HttpClient, UnpacksWithinTheBound) {
  std::string packed;
  NetServer server([&](const Exchange& exchange) {
    return exchange.reply(200, packed, "Content-Encoding: gzip\r\n");
  });
  packed = gzip_compress(std::string(900, 'y'));
  const auto reply = allowing().send(request_to(server.url()), {}, {});
  ASSERT_TRUE(reply) << reply.error().error.message;
  EXPECT_EQ(reply->body, std::string(900, 'y'));
  packed = gzip_compress(std::string(50'000'000, 'y'));
  EXPECT_EQ(failure_of(allowing(), request_to(server.url())).error.message,
            "its reply is longer than 1000 bytes");
  packed = "this is not packed";
  const auto broken = failure_of(allowing(), request_to(server.url()));
  EXPECT_FALSE(broken.is_passing);
  EXPECT_NE(broken.error.message.find("unpacked"), std::string::npos)
      << broken.error.message;
}

TEST(HttpClient, EndsWithItsDeadlineAndWithItsStop) {
  NetServer server([](const Exchange& exchange) {
    exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{");
    exchange.wait_for_end();
    return false;
  });
  const HttpClient client = allowing();
  const auto late = failure_of(client, request_to(server.url()),
                               Deadline::after(std::chrono::milliseconds(20)));
  EXPECT_EQ(late.error.code, ErrorCode::timeout);
  EXPECT_FALSE(late.is_passing);

  StopSource source;
  std::thread stopping([&] {
    while (server.requests() < 2) std::this_thread::yield();
    source.request_stop(StopReason::client_left);
  });
  const auto stopped = client.send(request_to(server.url()), source.token(), {});
  stopping.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().error.code, ErrorCode::cancelled);
  // Nor does it begin where it has stopped before.
  EXPECT_FALSE(client.send(request_to(server.url()), source.token(), {}));
  EXPECT_EQ(server.requests(), 2);
}

TEST(HttpClient, DoesNotWaitLongForAConnection) {
  NetServer server([](const Exchange&) { return false; });  // Never speaks TLS.
  const HttpClient client({.addresses = {.allow_private = true},
                           .connect_timeout = std::chrono::milliseconds(50)});
  const auto slow =
      failure_of(client, request_to(fmt::format("https://127.0.0.1:{}/", server.port())));
  EXPECT_EQ(slow.error.code, ErrorCode::unavailable);
  EXPECT_TRUE(slow.is_passing);
  EXPECT_TRUE(slow.error.message.starts_with("no connection came about: "))
      << slow.error.message;
}

TEST(HttpClient, ServesManyAtOnce) {
  NetServer server(
      [](const Exchange& exchange) { return exchange.reply(200, exchange.body); });
  const HttpClient client = allowing();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      HttpRequest request = request_to(server.url());
      for (int j = 0; j < 50; ++j) {
        request.body = fmt::format("[{},{}]", i, j);
        const auto reply = client.send(request, {}, {});
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->body, request.body);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(server.connections(), 8);
}

}  // namespace
}  // namespace trawl::net
