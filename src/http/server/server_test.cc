#include "http/server/server.h"

#include <gtest/gtest.h>

#include <mutex>
#include <stdexcept>

#include "http/server/listener.h"
#include "http/server/test_client.h"

namespace trawl::http::server_test {
namespace {

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawClient client = connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/hello", "X-Request-Id: mine-" + std::to_string(i) + "\r\n"));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, "hello");
    EXPECT_EQ(reply->header("Content-Type"), "text/plain");
    EXPECT_EQ(reply->header("Content-Length"), "5");
    EXPECT_EQ(reply->header("Server"), "trawl");
    EXPECT_EQ(reply->header("X-Request-Id"), "mine-" + std::to_string(i));
    EXPECT_EQ(reply->header("Connection"), "");
    EXPECT_EQ(reply->header("Date").size(), 29U);
  }
}

TEST_F(ServerTest, MakesARequestIdWhereNoSaneOneComes) {
  start();
  EXPECT_EQ(ask(get("/hello")).header("X-Request-Id").size(), 20U);
  const auto id = ask(get("/hello", "X-Request-Id: a b\r\n")).header("X-Request-Id");
  EXPECT_EQ(id.substr(0, 4), "req_");
}

TEST_F(ServerTest, ServesPipelinedRequestsInOrder) {
  add("GET", "/n/{n}", [](const auto& request, const Reply& reply) {
    reply({200, "text/plain", {}, request->path_parameter("n")});
  });
  add(
      "GET", "/slow/{n}",
      [](const auto& request, const Reply& reply) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        reply({200, "text/plain", {}, request->path_parameter("n")});
      },
      RunOn::worker);
  start();
  RawClient client = connect();
  std::string bytes;
  for (int i = 0; i < 500; ++i) {
    bytes += get((i % 50 == 0 ? "/slow/" : "/n/") + std::to_string(i));
    bytes += post("/echo", "body " + std::to_string(i));
  }
  std::thread sender([&] { client.send(bytes); });
  for (int i = 0; i < 500; ++i) {
    auto reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->body, std::to_string(i));
    reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->body, "body " + std::to_string(i));
  }
  sender.join();
}

TEST_F(ServerTest, TakesRequestsByteByByte) {
  start();
  RawClient client = connect();
  const std::string bytes =
      "\r\n" + post("/echo", "abc") +
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2;a=b\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char byte : bytes) client.send({&byte, 1});
  for (int i = 0; i < 2; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "abc");
  }
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char byte : std::string("0\r\n\r\n")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    client.send({&byte, 1});
  }
  EXPECT_EQ(client.receive()->body, "");
}

TEST_F(ServerTest, GivesTheHandlerTheWholeRequest) {
  std::shared_ptr<Request> seen;
  add("PUT", "/a/{b}/c", [&](std::shared_ptr<Request> request, const Reply& reply) {
    seen = std::move(request);
    reply({});
  });
  start();
  const auto reply =
      ask("PUT /a/x%20y/c?q=1%262&r HTTP/1.1\r\nHost: x\r\nX-Case: V \r\nContent-Length: "
          "2\r\n\r\nok");
  EXPECT_EQ(reply.status, 200);
  server_->stop();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->method, "PUT");
  EXPECT_EQ(seen->target, "/a/x%20y/c?q=1%262&r");
  EXPECT_EQ(seen->path, "/a/x y/c");
  EXPECT_EQ(seen->query, (std::vector<Header>{{"q", "1&2"}, {"r", ""}}));
  EXPECT_EQ(seen->path_parameters, (std::vector<Header>{{"b", "x y"}}));
  EXPECT_EQ(seen->header("x-case"), "V");
  EXPECT_EQ(seen->body, "ok");
  EXPECT_EQ(seen->remote_address, "127.0.0.1");
}

TEST_F(ServerTest, SpeaksHttp10) {
  start();
  RawClient client = connect();
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header("Connection"), "keep-alive");
  client.send("GET http://any.host/hello HTTP/1.0\r\n\r\n");
  reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->header("Connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerTest, ClosesWhenAsked) {
  start();
  RawClient client = connect();
  client.send(get("/hello", "Connection: close\r\n"));
  EXPECT_EQ(client.receive()->header("Connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  add("GET", "/none", [](const auto&, const Reply& reply) { reply({204, "", {}, ""}); });
  start();
  RawClient client = connect();
  client.send(
      "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nHEAD /nope HTTP/1.1\r\nHost: x\r\n\r\n" +
      get("/none") + get("/hello"));
  auto reply = client.receive(false);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->header("Content-Length"), "5");
  reply = client.receive(false);
  EXPECT_EQ(reply->status, 404);
  reply = client.receive();
  EXPECT_EQ(reply->status, 204);
  EXPECT_EQ(reply->header("Content-Length"), "");
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(ServerTest, UnknownPathsAndMethods) {
  add("POST", "/hello", [](const auto&, const Reply& reply) { reply({}); });
  start();
  RawClient client = connect();
  client.send(get("/nope?x=1") + post("/nope", "a small body") +
              "DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS /hello HTTP/1.1\r\nHost: "
              "x\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\nBREW /hello HTTP/1.1\r\nHost: "
              "x\r\n\r\n" +
              get("/hello"));
  auto reply = client.receive();
  EXPECT_EQ(reply->status, 404);
  EXPECT_NE(reply->body.find(R"("type":"NotFoundError")"), std::string::npos);
  EXPECT_EQ(client.receive()->status, 404);
  reply = client.receive();
  EXPECT_EQ(reply->status, 405);
  EXPECT_EQ(reply->header("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_NE(reply->body.find("MethodNotAllowedError"), std::string::npos);
  reply = client.receive();
  EXPECT_EQ(reply->status, 204);
  EXPECT_EQ(reply->header("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(client.receive()->status, 204);
  EXPECT_EQ(client.receive()->status, 405);
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(ServerTest, BadTargetsAreRefusedAndTheConnectionGoesOn) {
  start();
  for (const char* target : {"/%00", "/%ff", "/%", "/hello?a=%00", "/hello?%c3=1", "/%zz",
                             "hello", "ftp://x/hello", "*"}) {
    RawClient client = connect();
    client.send(get(target) + get("/hello"));
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << target;
    EXPECT_EQ(reply->status, 400) << target;
    EXPECT_EQ(client.receive()->body, "hello") << target;
  }
}

TEST_F(ServerTest, SmugglingShapesAreRefused) {
  start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  const std::string inner = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string& bytes : {
           head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
           head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
           head + "Content-Length: 5, 5\r\n\r\nabcde",
           head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
               inner,
           head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" +
               inner,
           head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           head +
               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding:\x0b"
                  "chunked\r\n\r\n0\r\n\r\n",
           head + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           head + "Content-Length: +5\r\n\r\nabcde",
           head + "Content-Length: -1\r\n\r\n",
           head + "Content-Length: 0x5\r\n\r\nabcde",
           head + "Content-Length: 99999999999999999999\r\n\r\n",
           head + "Bad Name: x\r\n\r\n",
           head + "Bad\xc3\xa4: x\r\n\r\n",
           head + ": x\r\n\r\n",
           head + "NoColon\r\n\r\n",
           head + "Host: y\r\n\r\n",
           std::string("POST /echo HTTP/1.1\r\n\r\n"),
           std::string(
               "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\nHost: x\n\n"),
           std::string("GET /hello HTTP/1.1\r\nHost: x\n\r\n"),
           std::string("GET /hello\r\n\r\n"),
           std::string("GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("GET /hel lo HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("GET /hello HTTP/2.0\r\nHost: x\r\n\r\n"),
           std::string("GET /hello HTTP/1.9\r\nHost: x\r\n\r\n"),
           std::string("G\x01T /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("\x16\x03\x01\x02", 4),
           "GET /h" + std::string(1, '\0') + "llo HTTP/1.1\r\nHost: x\r\n\r\n",
           std::string(" GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
       }) {
    expect_refusal(bytes, 400);
  }
}

TEST_F(ServerTest, MalformedChunksAreRefused) {
  start();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body :
       {std::string("zz\r\n"), std::string("3\r\nabcXY\r\n"), std::string("-1\r\n"),
        std::string("fffffffffffffffff\r\n"), std::string("\r\n"),
        std::string("0\r\nBad Name: x\r\n\r\n"), std::string("3\nabc\n"),
        "1;" + std::string(40'000, 'x')}) {
    expect_refusal(head + body, 400);
  }
}

TEST_F(ServerTest, TruncatedRequestsAreTold) {
  start();
  for (const std::string& bytes :
       {std::string("GET /he"), std::string("GET /hello HTTP/1.1\r\nHost: x\r\n"),
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc" + std::string(),
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab" +
            std::string()}) {
    RawClient client = connect();
    client.send(bytes);
    client.end_output();
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << bytes;
    EXPECT_EQ(reply->status, 400);
    EXPECT_TRUE(client.ends());
  }
  RawClient silent = connect();
  silent.end_output();
  EXPECT_TRUE(silent.ends());
}

TEST_F(ServerTest, PipelinedRequestsBeforeAnEndAreServed) {
  start();
  RawClient client = connect();
  client.send(get("/hello") + post("/echo", "x") + get("/hello"));
  client.end_output();
  EXPECT_EQ(client.receive()->body, "hello");
  EXPECT_EQ(client.receive()->body, "x");
  EXPECT_EQ(client.receive()->body, "hello");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerTest, HeadersHaveALimit) {
  options_.header_bytes_max = 2'000;
  start();
  const std::string fits(2'000 - get("/hello", "A: \r\n").size(), 'a');
  EXPECT_EQ(ask(get("/hello", "A: " + fits + "\r\n")).status, 200);
  expect_refusal(get("/hello", "A: a" + fits + "\r\n"), 431);
  expect_refusal(get("/" + std::string(3'000, 'a')), 431);
  expect_refusal("GET /" + std::string(300'000, 'a'), 431);
}

TEST_F(ServerTest, BodiesHaveALimit) {
  options_.body_bytes_max = 100'000;
  start();
  EXPECT_EQ(ask(post("/echo", std::string(100'000, 'b'))).body.size(), 100'000U);
  expect_refusal(post("/echo", std::string(100'001, 'b')), 413);
  // A client that sends everything before it reads still gets to read the reply.
  expect_refusal(post("/echo", std::string(20'000'000, 'b')), 413);
  std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) chunked += "2710\r\n" + std::string(10'000, 'c') + "\r\n";
  expect_refusal(chunked, 413);
  expect_refusal(post("/nope", std::string(5'000'000, 'b')), 404);
}

TEST_F(ServerTest, LargeRepliesArriveWhole) {
  add("GET", "/large", [](const auto&, const Reply& reply) {
    reply({200, "text/plain", {{"X-More", "yes"}}, std::string(8'000'000, 'l')});
  });
  start();
  RawClient client(server_->port(), 4'096);
  client.send(get("/large") + get("/hello"));
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body.size(), 8'000'000U);
  EXPECT_EQ(reply->header("X-More"), "yes");
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(ServerTest, Expect100ContinueIsAnsweredOnlyWhenTheBodyIsWanted) {
  options_.body_bytes_max = 10;
  start();
  RawClient client = connect();
  const std::string head =
      " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ";
  client.send("POST /echo" + head + "3\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 100);
  client.send("abc");
  EXPECT_EQ(client.receive()->body, "abc");
  client.send("POST /echo" + head + "0\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 200);
  client.send("POST /echo" + head + "3\r\n\r\nabc");  // It did not wait.
  EXPECT_EQ(client.receive()->body, "abc");
  client.send("POST /echo" + head + "11\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 413);
  expect_refusal("POST /nope" + head + "3\r\n\r\n", 404);
}

TEST_F(ServerTest, HandlersThatThrowAnswer500) {
  add("GET", "/throw",
      [](const auto&, const Reply&) { throw std::runtime_error("secret"); });
  add(
      "GET", "/throw/worker", [](const auto&, const Reply&) { throw 7; }, RunOn::worker);
  add("GET", "/late", [](const auto&, const Reply& reply) {
    reply({});
    throw std::runtime_error("after the reply");
  });
  start();
  RawClient client = connect();
  client.send(get("/throw") + get("/throw/worker") + get("/late") + get("/hello"));
  for (int i = 0; i < 2; ++i) {
    const auto reply = client.receive();
    EXPECT_EQ(reply->status, 500);
    EXPECT_NE(reply->body.find("InternalServerError"), std::string::npos);
    EXPECT_EQ(reply->body.find("secret"), std::string::npos);
  }
  EXPECT_EQ(client.receive()->status, 200);
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(ServerTest, DroppedAndDoubledReplies) {
  add("GET", "/drop", [](const auto&, const Reply&) {});
  add(
      "GET", "/drop/worker", [](const auto&, const Reply&) {}, RunOn::worker);
  add("GET", "/twice", [](const auto&, const Reply& reply) {
    reply({200, "text/plain", {}, "first"});
    reply({200, "text/plain", {}, "second"});
  });
  add(
      "GET", "/twice/worker",
      [](const auto&, const Reply& reply) {
        reply({200, "text/plain", {}, "first"});
        reply({200, "text/plain", {}, "second"});
      },
      RunOn::worker);
  start();
  RawClient client = connect();
  client.send(get("/drop") + get("/drop/worker") + get("/twice") + get("/twice/worker") +
              get("/hello"));
  EXPECT_EQ(client.receive()->status, 500);
  EXPECT_EQ(client.receive()->status, 500);
  EXPECT_EQ(client.receive()->body, "first");
  EXPECT_EQ(client.receive()->body, "first");
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(ServerTest, RepliesMayComeFromAnyThreadLater) {
  std::mutex mutex;
  std::vector<std::thread> threads;
  add("GET", "/later", [&](std::shared_ptr<Request> request, Reply reply) {
    const std::lock_guard lock(mutex);
    threads.emplace_back([request, reply = std::move(reply)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      reply({200, "text/plain", {}, std::string(request->query_value("n").value_or(""))});
    });
  });
  start();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask(get("/later?n=" + std::to_string(i))).body, std::to_string(i));
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(ServerTest, AFullPoolAnswers503) {
  std::mutex gate;
  std::atomic<int> inside{0};
  add(
      "GET", "/block",
      [&](const auto&, const Reply& reply) {
        ++inside;
        { const std::lock_guard lock(gate); }
        reply({});  // After which the test may be over, and the gate gone.
      },
      RunOn::worker);
  start();
  std::vector<RawClient> clients;
  {
    const std::lock_guard lock(gate);
    for (int i = 0; i < 2; ++i) {
      clients.push_back(connect());
      clients.back().send(get("/block"));
      ASSERT_TRUE(eventually([&] { return inside == i + 1; }));
    }
    for (int i = 0; i < 8; ++i) {
      clients.push_back(connect());
      clients.back().send(get("/block"));
    }
    ASSERT_TRUE(eventually([&] { return workers_.metrics().queued == 8; }));
    const auto reply = ask(get("/block"));
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("Retry-After"), "1");
    EXPECT_EQ(ask(get("/hello")).status, 200);  // The I/O threads are free.
  }
  for (auto& client : clients) EXPECT_EQ(client.receive()->status, 200);
}

TEST_F(ServerTest, TheObserverSeesEveryRequestOnce) {
  std::mutex mutex;
  std::vector<std::string> seen;
  observer_ = [&](const Request& request, std::string_view pattern, int status,
                  std::int64_t duration_us) {
    const std::lock_guard lock(mutex);
    EXPECT_GE(duration_us, 0);
    EXPECT_FALSE(request.request_id.empty());
    seen.push_back(request.method + " " + std::string(pattern) + " " +
                   std::to_string(status));
    if (status == 404) throw std::runtime_error("ignored");
  };
  start();
  RawClient client = connect();
  client.send(get("/hello?x") + post("/echo", "b") + get("/nope") + "bad\r\n\r\n");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.receive());
  server_->stop();
  EXPECT_EQ(seen, (std::vector<std::string>{"GET /hello 200", "POST /echo 200", "GET  404",
                                            "  400"}));
  const auto metrics = server_->metrics();
  EXPECT_EQ(metrics.requests_total, 4U);
  EXPECT_EQ(metrics.requests_active, 0U);
  EXPECT_EQ(metrics.connections_total, 1U);
  EXPECT_EQ(metrics.connections_open, 0U);
}

TEST_F(ServerTest, AddressesInUseAndUnknownHostsAreClear) {
  start();
  ServerOptions other = options_;
  other.port = server_->port();
  auto second = Server::start(other, router_, workers_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
  other.host = "not-a-host";
  EXPECT_NE(Server::start(other, router_, workers_).error().message.find("'not-a-host'"),
            std::string::npos);
  other.host = "203.0.113.7";
  EXPECT_NE(Server::start(other, router_, workers_).error().message.find("not an address"),
            std::string::npos);
  const std::uint16_t port = server_->port();
  server_->stop();
  options_.port = port;  // The port is free again at once.
  options_.host = "localhost";
  start();
  EXPECT_EQ(ask(get("/hello")).status, 200);
}

TEST(Listeners, ShareOnePortAndKnowIpv6) {
  const auto listeners = open_listeners("127.0.0.1", 0, 4);
  ASSERT_TRUE(listeners);
  EXPECT_EQ(listeners->sockets.size(), 4U);
  EXPECT_NE(listeners->port, 0);
  EXPECT_FALSE(listeners->is_ipv6);
  const auto ipv6 = open_listeners("[::1]", 0, 2);
  if (ipv6) {
    EXPECT_TRUE(ipv6->is_ipv6);  // Not every machine has it.
  }
}

TEST_F(ServerTest, ManyConnectionsAtOnce) {
  add(
      "GET", "/worker",
      [](const auto&, const Reply& reply) {
        reply({200, "text/plain", {}, "w"});
      },
      RunOn::worker);
  start();
  constexpr int kClients = 400;
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().connected()) << i;
  }
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) client.send(get("/hello"));
    for (auto& client : clients) EXPECT_EQ(client.receive()->body, "hello");
  }
  EXPECT_EQ(server_->metrics().connections_open, static_cast<std::uint64_t>(kClients));
  clients.clear();
  EXPECT_TRUE(eventually([&] { return server_->metrics().connections_open == 0; }));
}

}  // namespace
}  // namespace trawl::http::server_test
