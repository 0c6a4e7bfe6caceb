#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>

#include "http/server/server.h"
#include "http/server/test_client.h"

namespace trawl::http::server_limits_test {
namespace {

using std::chrono::milliseconds;

class SlowClientTest : public ServerTest {
 protected:
  // Sends the bytes one by one, 20 ms apart, until the server stops it.
  static void trickle(RawClient& client, std::string_view bytes) {
    for (const char byte : bytes) {
      if (!client.send({&byte, 1})) return;
      std::this_thread::sleep_for(milliseconds(20));
    }
  }
};

TEST_F(SlowClientTest, IdleConnectionsAreClosedSilently) {
  options_.idle_timeout_ms = 300;
  start();
  RawClient fresh = connect();
  RawClient used = connect();
  used.send(get("/hello"));
  EXPECT_EQ(used.receive()->status, 200);
  EXPECT_TRUE(fresh.ends());
  EXPECT_TRUE(used.ends());
}

TEST_F(SlowClientTest, SlowHeadsGet408EvenByteByByte) {
  options_.header_timeout_ms = 150;
  start();
  RawClient stuck = connect();
  stuck.send("GET /hel");
  RawClient slow = connect();
  std::thread sender([&] { trickle(slow, get("/hello")); });
  for (RawClient* client : {&stuck, &slow}) {
    const auto reply = client->receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 408);
    EXPECT_EQ(reply->header("Connection"), "close");
    EXPECT_NE(reply->body.find("TimeoutError"), std::string::npos);
  }
  sender.join();
}

TEST_F(SlowClientTest, SlowBodiesGet408EvenByteByByte) {
  options_.body_timeout_ms = 150;
  start();
  RawClient slow = connect();
  std::thread sender([&] {
    slow.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n");
    trickle(slow, std::string(50, 'a'));
  });
  const auto reply = slow.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
  sender.join();
}

TEST_F(SlowClientTest, AHandlerMayTakeLongerThanAnyDeadline) {
  options_.header_timeout_ms = 200;
  options_.idle_timeout_ms = 200;
  options_.body_timeout_ms = 200;
  options_.write_timeout_ms = 200;
  add(
      "GET", "/slow",
      [](const auto&, const Reply& reply) {
        std::this_thread::sleep_for(milliseconds(500));
        reply({200, "text/plain", {}, "done"});
      },
      RunOn::worker);
  start();
  RawClient client = connect();
  client.send(get("/slow") + get("/hello"));
  EXPECT_EQ(client.receive()->body, "done");
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(SlowClientTest, AClientThatDoesNotReadIsClosed) {
  options_.write_timeout_ms = 150;
  add("GET", "/large", [](const auto&, const Reply& reply) {
    reply({200, "text/plain", {}, std::string(30'000'000, 'l')});
  });
  start();
  RawClient client(server_->port(), 4'096);
  client.send(get("/large"));
  ASSERT_TRUE(eventually([&] { return server_->metrics().requests_active == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->metrics().connections_open == 0; }));
  EXPECT_EQ(server_->metrics().requests_active, 0U);
}

// ---- Streamed bodies ----

class StreamTest : public SlowClientTest {
 protected:
  StreamTest() {
    add(
        "POST", "/stream",
        [this](const std::shared_ptr<Request>& request, const Reply& reply) {
          std::size_t size = 0;
          while (true) {
            auto piece = request->body_reader->read();
            if (!piece) {
              outcome_.set_value(piece.error().code);
              reply(error_response(piece.error(), request->request_id));
              return;
            }
            if (piece->empty()) break;
            largest_ = std::max(largest_.load(), piece->size());
            size += piece->size();
            received_ = size;
            if (pause_ms_ > 0) std::this_thread::sleep_for(milliseconds(pause_ms_));
          }
          reply({200, "text/plain", {}, std::to_string(size)});
        },
        RunOn::worker, Body::streamed);
    add(
        "POST", "/ignore", [](const auto&, const Reply& reply) { reply({}); },
        RunOn::worker, Body::streamed);
  }
  // How the handler's reading failed; `internal` when it did not, for a long time.
  ErrorCode outcome() {
    auto future = outcome_.get_future();
    if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      return ErrorCode::internal;
    }
    return future.get();
  }

  std::atomic<std::size_t> largest_{0};
  std::atomic<std::size_t> received_{0};  // Of the request at hand.
  int pause_ms_ = 0;
  std::promise<ErrorCode> outcome_;
};

TEST_F(StreamTest, BodiesOfEverySizeAndFormArrive) {
  start();
  RawClient client = connect();
  for (const std::size_t size : {0, 1, 5'000, 300'000, 20'000'000}) {
    std::thread sender([&] { client.send(post("/stream", std::string(size, 's'))); });
    const auto reply = client.receive();
    sender.join();
    ASSERT_TRUE(reply) << size;
    EXPECT_EQ(reply->body, std::to_string(size));
  }
  EXPECT_LE(largest_, 256U * 1024);
  client.send(
      "POST /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(eventually([&] { return received_ == 3; }));
  client.send("2\r\nde\r\n0\r\n\r\n" + get("/hello"));
  EXPECT_EQ(client.receive()->body, "5");
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(StreamTest, ASlowReaderHoldsTheClientBack) {
  options_.body_timeout_ms = 300;
  pause_ms_ = 400;  // Longer than the body's deadline: the client is not to blame.
  start();
  RawClient client = connect();
  const std::string body(40'000'000, 's');
  client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n");
  // What the socket buffers of both sides hold comes on top of the half MiB of ours.
  EXPECT_LT(client.send_until_full(body, 150), 12'000'000U);
  client.reset();
  EXPECT_EQ(outcome(), ErrorCode::cancelled);
}

TEST_F(StreamTest, ASlowReaderGetsEverything) {
  pause_ms_ = 20;
  start();
  RawClient client = connect();
  std::thread sender([&] { client.send(post("/stream", std::string(4'000'000, 's'))); });
  const auto reply = client.receive();
  sender.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "4000000");
}

TEST_F(StreamTest, ASilentClientTimesOut) {
  options_.body_timeout_ms = 150;
  start();
  RawClient client = connect();
  client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
  EXPECT_EQ(reply->header("Connection"), "close");
  EXPECT_EQ(outcome(), ErrorCode::timeout);
}

TEST_F(StreamTest, ATimeOutAlsoFollowsAPipelinedRequest) {
  options_.body_timeout_ms = 150;
  Gate gate;
  add(
      "GET", "/slow",
      [&](const auto&, const Reply& reply) {
        gate.pass();
        reply({});
      },
      RunOn::worker);
  start();
  RawClient client = connect();
  client.send(get("/slow"));
  ASSERT_TRUE(gate.wait_inside());
  client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(eventually([&] { return client.was_read(); }));
  gate.open();
  EXPECT_EQ(client.receive()->status, 200);
  EXPECT_EQ(client.receive()->status, 408);
  EXPECT_EQ(outcome(), ErrorCode::timeout);
}

TEST_F(StreamTest, AnEndOfInputBehindTheWholeBodyIsFine) {
  Gate first;
  Gate late;
  const auto behind = [](Gate& gate, bool waits_for_end) {
    return [&gate, waits_for_end](const std::shared_ptr<Request>& request,
                                  const Reply& reply) {
      gate.pass();
      if (waits_for_end) {
        EXPECT_TRUE(eventually([&] { return request->stop.stop_requested(); }));
      }
      const auto piece = request->body_reader->read();
      reply({200, "text/plain", {}, piece ? *piece : piece.error().message});
    };
  };
  add("POST", "/first", behind(first, false), RunOn::worker, Body::streamed);
  add("POST", "/late", behind(late, true), RunOn::worker, Body::streamed);
  start();
  RawClient client = connect();
  // The end is seen by the read that began while the first request was at work.
  client.send(post("/first", ""));
  ASSERT_TRUE(first.wait_inside());
  client.send(post("/late", "abc"));
  ASSERT_TRUE(eventually([&] { return client.was_read(); }));
  first.open();
  EXPECT_EQ(client.receive()->body, "");
  ASSERT_TRUE(late.wait_inside());
  client.end_output();
  late.open();
  EXPECT_EQ(client.receive()->body, "abc");
}

TEST_F(StreamTest, MalformedAndTruncatedBodiesAreBadRequests) {
  start();
  {
    RawClient client = connect();
    client.send(
        "POST /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    EXPECT_EQ(client.receive()->status, 400);
    EXPECT_EQ(outcome(), ErrorCode::bad_request);
    client.end_output();
    EXPECT_TRUE(client.ends());
  }
  outcome_ = {};
  RawClient client = connect();
  client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  client.end_output();
  EXPECT_EQ(client.receive()->status, 400);
  EXPECT_EQ(outcome(), ErrorCode::bad_request);
  EXPECT_TRUE(client.ends());
}

TEST_F(StreamTest, AClientThatLeavesCancels) {
  start();
  RawClient client = connect();
  client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(eventually([&] { return largest_ == 3; }));
  client.reset();
  EXPECT_EQ(outcome(), ErrorCode::cancelled);
}

TEST_F(StreamTest, BodiesThatNobodyReads) {
  start();
  RawClient client = connect();
  client.send(post("/ignore", "small, and here already"));
  EXPECT_EQ(client.receive()->header("Connection"), "");
  client.send("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
  EXPECT_EQ(client.receive()->header("Connection"), "close");
  client.end_output();
  EXPECT_TRUE(client.ends());
}

TEST_F(StreamTest, Continue100WaitsForTheFirstRead) {
  start();
  const std::string head =
      " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  RawClient client = connect();
  client.send("POST /stream" + head);
  EXPECT_EQ(client.receive()->status, 100);
  client.send("abc");
  EXPECT_EQ(client.receive()->body, "3");
  client.send("POST /ignore" + head);
  EXPECT_EQ(client.receive()->status, 200);
}

// ---- Clients that leave, limits, and the end ----

// A handler that waits for something else is woken.
TEST_F(ServerTest, AHandlerIsCalledWhenTheClientLeaves) {
  std::promise<StopReason> noticed;
  Gate gate;
  add(
      "GET", "/wait",
      [&](const std::shared_ptr<Request>& request, const Reply& reply) {
        std::promise<void> stopped;
        const OnStop subscription(request->stop, [&] { stopped.set_value(); });
        gate.pass();
        stopped.get_future().wait();
        noticed.set_value(request->stop.reason());
        reply({});
      },
      RunOn::worker);
  start();
  RawClient client = connect();
  client.send(get("/wait"));
  ASSERT_TRUE(gate.wait_inside());
  gate.open();
  client.close();
  EXPECT_EQ(noticed.get_future().get(), StopReason::client_left);
}

TEST_F(ServerTest, AHandlerLearnsThatTheClientHasLeft) {
  std::promise<bool> noticed;
  Gate gate;
  add(
      "GET", "/wait",
      [&](const std::shared_ptr<Request>& request, const Reply& reply) {
        EXPECT_FALSE(request->stop.stop_requested());
        gate.pass();
        noticed.set_value(eventually([&] { return request->stop.stop_requested(); }));
        EXPECT_EQ(request->stop.reason(), StopReason::client_left);
        reply({});
      },
      RunOn::worker);
  std::atomic<int> observed{0};
  observer_ = [&](const Request&, std::string_view, int, std::int64_t) { ++observed; };
  start();
  RawClient client = connect();
  client.send(get("/wait"));
  ASSERT_TRUE(gate.wait_inside());
  gate.open();
  client.close();
  EXPECT_TRUE(noticed.get_future().get());
  EXPECT_TRUE(eventually([&] { return observed == 1; }));
  EXPECT_EQ(server_->metrics().requests_active, 0U);
}

TEST_F(ServerTest, AReplyToNobodyIsHarmless) {
  std::promise<Reply> held;
  add("GET", "/hold", [&](const auto&, Reply reply) { held.set_value(std::move(reply)); });
  start();
  {
    RawClient client = connect();
    client.send(get("/hold"));
    Reply reply = held.get_future().get();
    client.reset();
    ASSERT_TRUE(eventually([&] { return server_->metrics().connections_open == 0; }));
    EXPECT_EQ(server_->metrics().requests_active, 1U);
    reply({});
    EXPECT_TRUE(eventually([&] { return server_->metrics().requests_active == 0; }));
  }
}

TEST_F(ServerTest, ConnectionsAboveTheLimitAreRefused) {
  options_.connections_max = 2;
  start();
  std::vector<RawClient> inside;
  for (int i = 0; i < 2; ++i) {
    inside.push_back(connect());
    inside.back().send(get("/hello"));
    EXPECT_EQ(inside.back().receive()->status, 200);
  }
  for (int i = 0; i < 3; ++i) {
    RawClient extra = connect();
    extra.send(get("/hello"));
    const auto reply = extra.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 503);
    EXPECT_EQ(reply->header("Retry-After"), "1");
    EXPECT_TRUE(extra.ends());
  }
  EXPECT_EQ(server_->metrics().connections_open, 2U);
  inside.clear();
  EXPECT_TRUE(eventually([&] { return ask(get("/hello")).status == 200; }));
}

TEST_F(ServerTest, RunningOutOfDescriptorsPassesByWithoutSpinning) {
  start();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  RawClient client = connect();
  client.send(get("/hello"));
  ASSERT_EQ(client.receive()->status, 200);
  // The client takes the last number; the server has none to accept it with.
  const int next = ::dup(0);
  ::close(next);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  RawClient waiting = connect();
  waiting.send(get("/hello"));
  const std::clock_t cpu = std::clock();
  std::this_thread::sleep_for(milliseconds(300));
  const double spent = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(waiting.connected());
  EXPECT_LT(spent, 0.15);
  EXPECT_EQ(waiting.receive()->status, 200);
}

TEST_F(ServerTest, StopLetsRequestsInsideFinish) {
  Gate gate;
  add(
      "GET", "/slow",
      [&](const auto&, const Reply& reply) {
        gate.pass();
        reply({200, "text/plain", {}, "finished"});
      },
      RunOn::worker);
  start();
  RawClient idle = connect();
  idle.send(get("/hello"));
  EXPECT_EQ(idle.receive()->status, 200);
  RawClient busy = connect();
  busy.send(get("/slow"));
  RawClient uploading = connect();
  uploading.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  ASSERT_TRUE(gate.wait_inside());
  ASSERT_TRUE(eventually([&] { return server_->metrics().requests_active == 2; }));
  std::thread first([&] { server_->stop(); });
  std::thread second([&] { server_->stop(); });
  EXPECT_TRUE(idle.ends());
  EXPECT_TRUE(eventually([&] { return !connect().connected(); }));
  gate.open();
  uploading.send("bc");
  auto reply = uploading.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "abc");
  EXPECT_EQ(reply->header("Connection"), "close");
  reply = busy.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "finished");
  EXPECT_EQ(reply->header("Connection"), "close");
  EXPECT_TRUE(busy.ends());
  first.join();
  second.join();
  server_->stop();
}

TEST_F(ServerTest, StopDoesNotWaitForever) {
  options_.drain_timeout_ms = 100;
  std::promise<Reply> held;
  std::promise<ErrorCode> stream_ended;
  std::atomic<StopReason> reason{StopReason::none};
  add("GET", "/hold", [&](const auto&, Reply reply) { held.set_value(std::move(reply)); });
  add(
      "GET", "/poll",
      [&](const std::shared_ptr<Request>& request, const Reply& reply) {
        EXPECT_TRUE(eventually([&] { return request->stop.stop_requested(); }));
        reason = request->stop.reason();
        reply({});
      },
      RunOn::worker);
  add(
      "POST", "/stream",
      [&](const std::shared_ptr<Request>& request, const Reply& reply) {
        const auto piece = request->body_reader->read();
        stream_ended.set_value(piece ? ErrorCode::internal : piece.error().code);
        reply({});
      },
      RunOn::worker, Body::streamed);
  start();
  RawClient stuck = connect();
  stuck.send(get("/hold"));
  RawClient polling = connect();
  polling.send(get("/poll"));
  RawClient streaming = connect();
  streaming.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  RawClient half = connect();
  half.send("GET /");
  Reply reply = held.get_future().get();
  ASSERT_TRUE(eventually([&] { return server_->metrics().requests_active == 3; }));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(10'000));
  EXPECT_TRUE(stuck.ends());
  EXPECT_TRUE(half.ends());
  EXPECT_EQ(stream_ended.get_future().get(), ErrorCode::cancelled);
  EXPECT_TRUE(eventually([&] { return reason == StopReason::server_stopping; }));
  server_.reset();
  reply({});  // Long after the server is gone.
}

// Clients of all kinds come and go while the server stops; the sanitizers watch.
TEST_F(ServerTest, StoppingUnderLoadIsClean) {
  add(
      "GET", "/worker",
      [](const auto&, const Reply& reply) {
        reply({200, "text/plain", {}, "w"});
      },
      RunOn::worker);
  for (int round = 0; round < 5; ++round) {
    options_.drain_timeout_ms = round % 2 == 0 ? 0 : 500;
    start();
    std::atomic<bool> stopped{false};
    std::atomic<int> served{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, i] {
        while (!stopped) {
          RawClient client = connect();
          for (int k = 0; k < 10 && !stopped; ++k) {
            if (!client.send(get(i % 2 == 0 ? "/hello" : "/worker"))) break;
            const auto reply = client.receive();
            if (!reply) break;
            ++served;
          }
          if (i == 3) client.reset();
        }
      });
    }
    EXPECT_TRUE(eventually([&] { return served > 200; }));
    server_->stop();
    stopped = true;
    for (auto& client : clients) client.join();
    EXPECT_EQ(server_->metrics().connections_open, 0U);
    EXPECT_EQ(server_->metrics().requests_active, 0U);
  }
}

}  // namespace
}  // namespace trawl::http::server_limits_test
