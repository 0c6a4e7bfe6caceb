// Who a request belongs to is known before its body is read, and nobody's bodies, uploads
// or streams stop those of others.
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <stdexcept>

#include "base/gzip.h"
#include "base/zstd.h"
#include "http/server/server.h"
#include "http/server/test_client.h"

namespace trawl::http::admission_test {
namespace {

using std::chrono::milliseconds;

// Requests name their account in X-Key; without it they are refused.
class AdmissionTest : public ServerTest {
 protected:
  AdmissionTest() {
    add("POST", "/size",
        keyed([](const std::shared_ptr<Request>& request, const Reply& reply) {
          const bool on_worker = WorkerPool::is_worker();
          reply({200,
                 "text/plain",
                 {},
                 std::to_string(request->body.size()) + (on_worker ? " worker" : " io")});
        }));
    add("POST", "/hold",
        keyed([this](const std::shared_ptr<Request>& request, Reply reply) {
          const std::lock_guard lock(mutex_);
          held_.emplace_back(request, std::move(reply));
        }));
    add("POST", "/upload",
        keyed([](const std::shared_ptr<Request>& request, const Reply& reply) {
          std::string all;
          while (true) {
            auto piece = request->body_reader->read();
            if (!piece) {
              reply(error_response(piece.error(), request->request_id));
              return;
            }
            EXPECT_LE(piece->size(), 256U * 1024);
            if (piece->empty()) break;
            all += *piece;
          }
          reply({200, "text/plain", {}, std::to_string(all.size())});
        }),
        RunOn::worker, Body::streamed);
    add(
        "GET", "/worker",
        [](const auto&, const Reply& reply) {
          reply({200, "text/plain", {}, "done"});
        },
        RunOn::worker);
  }

  Handler keyed(Handler::Handle handle) {
    return Handler(
        [this](Request& request) -> Result<void> {
          ++admissions_;
          const auto key = request.header("X-Key");
          request.reply_headers.emplace_back("X-Seen", "yes");
          if (!key) return make_error(ErrorCode::unauthorized, "there is no key");
          request.account = *key;
          return {};
        },
        std::move(handle));
  }
  // A request whose body is promised and does not come.
  static std::string promise(std::string_view path, std::size_t length,
                             std::string_view headers) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) + "\r\n" +
           std::string(headers) + "\r\n";
  }
  std::size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

  std::atomic<int> admissions_{0};
  std::mutex mutex_;
  std::vector<std::pair<std::shared_ptr<Request>, Reply>> held_;
};

TEST_F(AdmissionTest, ComesBeforeTheBody) {
  start();
  for (const char* path : {"/size", "/upload"}) {
    RawClient client = connect();
    client.send(promise(path, 10'000'000, ""));
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, 401);
    EXPECT_EQ(reply->header("X-Seen"), "yes");
    EXPECT_EQ(reply->header("Connection"), "close");
    EXPECT_EQ(server_->metrics().bodies_bytes, 0U);
    EXPECT_EQ(server_->metrics().uploads_active, 0U);
  }
  // A short one is waited for, but not for long.
  RawClient idle = connect();
  idle.send(promise("/size", 10, ""));
  EXPECT_EQ(idle.receive()->status, 401);
  RawClient cut = connect();
  cut.send(promise("/size", 10, "") + "abc");
  cut.end_output();
  EXPECT_EQ(cut.receive()->status, 401);
  // A short body is passed over, and the connection continues.
  RawClient client = connect();
  client.send(post("/size", "abc") + post("/size", "abcd", "X-Key: a\r\n"));
  EXPECT_EQ(client.receive()->status, 401);
  const auto reply = client.receive();
  EXPECT_EQ(reply->body, "4 io");
  EXPECT_EQ(reply->header("X-Seen"), "yes");
  EXPECT_EQ(admissions_, 6);
}

TEST_F(AdmissionTest, OneThatThrowsIsAReply) {
  const auto none = [](const auto&, const Reply& reply) { reply({}); };
  add("GET", "/throw",
      Handler([](Request&) -> Result<void> { throw std::runtime_error("no"); }, none));
  add("GET", "/memory",
      Handler([](Request&) -> Result<void> { throw std::bad_alloc(); }, none));
  start();
  EXPECT_EQ(ask(get("/throw")).status, 500);
  EXPECT_EQ(ask(get("/memory")).status, 503);
}

TEST_F(AdmissionTest, ARouteMayTakeLessThanTheServer) {
  add("GET", "/open",
      Handler([](const std::shared_ptr<Request>& request, const Reply& reply) {
        reply(
            {200, "text/plain", {}, request->body + (WorkerPool::is_worker() ? "!" : "")});
      }).limit_body({100, "limits.of_this"}));
  start();
  RawClient client = connect();
  client.send("GET /open HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n");
  auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
  EXPECT_NE(reply->body.find("at most 100 (limits.of_this)"), std::string::npos)
      << reply->body;
  reply = ask("GET /open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
              std::string(101, 'x') + "\r\n");
  EXPECT_EQ(reply->status, 413);
  const auto open = [&](const std::string& body, const std::string& headers) {
    return ask("GET /open HTTP/1.1\r\nHost: x\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
  };
  EXPECT_EQ(open("short", "").body, "short");
  // So little is unpacked where it is.
  const std::string coded = "Content-Encoding: gzip\r\n";
  EXPECT_EQ(open(gzip_compress("short"), coded).body, "short");
  EXPECT_EQ(open(gzip_compress(std::string(101, 'x')), coded).status, 413);
}

TEST_F(AdmissionTest, LongBodiesAreReadOnAWorker) {
  start();
  EXPECT_EQ(ask(post("/size", std::string(30'000, 'x'), "X-Key: a\r\n")).body, "30000 io");
  EXPECT_EQ(ask(post("/size", std::string(40'000, 'x'), "X-Key: a\r\n")).body,
            "40000 worker");
}

TEST_F(AdmissionTest, MemoryOfBodiesIsShared) {
  options_.body_bytes_max = 100'000;
  options_.bodies_bytes_per_key_max = 200'000;
  options_.bodies_bytes_max = 300'000;
  start();
  const std::string body(90'000, 'x');
  std::vector<RawClient> clients;
  const auto hold = [&](const std::string& key) {
    clients.push_back(connect());
    clients.back().send(post("/hold", body, "X-Key: " + key + "\r\n"));
  };
  hold("a");
  hold("a");
  ASSERT_TRUE(eventually([&] { return held() == 2; }));
  EXPECT_GE(server_->metrics().bodies_bytes, 180'000U);
  // Before its body is sent.
  RawClient third = connect();
  third.send(promise("/hold", 90'000, "X-Key: a\r\n"));
  auto reply = third.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(reply->header("Retry-After"), "1");
  EXPECT_EQ(reply->header("X-Seen"), "yes");
  EXPECT_NE(reply->body.find("200000"), std::string::npos) << reply->body;
  // One that does not say how long it will be is refused as soon as it is too long.
  RawClient chunked = connect();
  chunked.send(
      "POST /hold HTTP/1.1\r\nHost: x\r\nX-Key: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n15f90\r\n" +
      body);
  reply = chunked.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(ask(post("/size", "short", "X-Key: a\r\n")).body, "5 io");
  // Others have room, until there is none at all.
  hold("b");
  ASSERT_TRUE(eventually([&] { return held() == 3; }));
  reply = ask(post("/size", body, "X-Key: c\r\n"));
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->header("Retry-After"), "1");
  // What a handler lets go of, and what a client takes with it, is there again.
  {
    const std::lock_guard lock(mutex_);
    for (auto& [request, answer] : held_) answer({});
    held_.clear();
  }
  for (RawClient& client : clients) EXPECT_EQ(client.receive()->status, 200);
  EXPECT_TRUE(eventually([&] { return server_->metrics().bodies_bytes == 0; }));
  RawClient leaving = connect();
  leaving.send(promise("/hold", 90'000, "X-Key: a\r\n") + std::string(80'000, 'x'));
  ASSERT_TRUE(eventually([&] { return server_->metrics().bodies_bytes > 0; }));
  leaving.reset();
  EXPECT_TRUE(eventually([&] { return server_->metrics().bodies_bytes == 0; }));
  EXPECT_EQ(ask(post("/size", body, "X-Key: a\r\n")).body, "90000 worker");
}

TEST_F(AdmissionTest, IdleUploadsLeaveTheWorkersAlone) {
  options_.uploads_max = 5;
  options_.uploads_per_key_max = 3;
  start();
  std::vector<RawClient> idle;
  const auto upload = [&](const std::string& key) {
    idle.push_back(connect());
    idle.back().send(promise("/upload", 100, "X-Key: " + key + "\r\n") + "abc");
  };
  for (int i = 0; i < 3; ++i) upload("a");  // More than there are workers.
  ASSERT_TRUE(eventually([&] { return server_->metrics().uploads_active == 3; }));
  EXPECT_EQ(ask(get("/worker")).body, "done");
  auto refused = ask(promise("/upload", 100, "X-Key: a\r\n"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_NE(refused.body.find("(3)"), std::string::npos) << refused.body;
  upload("b");
  upload("b");
  ASSERT_TRUE(eventually([&] { return server_->metrics().uploads_active == 5; }));
  refused = ask(promise("/upload", 100, "X-Key: c\r\n"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(ask(get("/worker")).body, "done");
  idle.clear();
  EXPECT_TRUE(eventually([&] { return server_->metrics().uploads_active == 0; }));
  EXPECT_EQ(ask(post("/upload", "abc", "X-Key: a\r\n")).body, "3");
}

TEST_F(AdmissionTest, StreamsAreShared) {
  options_.streams_max = 3;
  options_.streams_per_key_max = 2;
  // The streams end after this function, when the server stops.
  const auto ends = std::make_shared<std::atomic<bool>>(false);
  add("GET", "/stream", keyed([ends](const auto&, const Reply& reply) {
        reply({200, "text/plain", {}, "", [ends](BodyWriter& writer) -> Result<void> {
                 TRAWL_TRY(writer.write("first"));
                 EXPECT_TRUE(eventually([&] { return *ends || writer.is_closed(); }));
                 return {};
               }});
      }));
  start();
  std::vector<RawClient> clients;
  const auto stream = [&](const std::string& key) {
    clients.push_back(connect());
    clients.back().send(get("/stream", "X-Key: " + key + "\r\n"));
    return clients.back().receive(false)->status;
  };
  EXPECT_EQ(stream("a"), 200);
  EXPECT_EQ(stream("a"), 200);
  const auto refused = ask(get("/stream", "X-Key: a\r\n"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(stream("b"), 200);
  EXPECT_EQ(ask(get("/stream", "X-Key: c\r\n")).status, 503);
  *ends = true;
}

// A byte now and then is not progress.
TEST_F(AdmissionTest, AnUploadThatTricklesIsEnded) {
  options_.body_timeout_ms = 300;
  options_.bytes_per_s_min = 1'000;
  start();
  RawClient client = connect();
  client.send(promise("/upload", 1'000'000, "X-Key: a\r\n"));
  std::atomic<bool> answered{false};
  std::thread sender([&] {
    for (int i = 0; i < 1'000 && !answered; ++i) {
      if (!client.send("x")) return;
      std::this_thread::sleep_for(milliseconds(10));
    }
  });
  const auto reply = client.receive();
  answered = true;
  sender.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
}

TEST_F(AdmissionTest, PackedBodiesAreRead) {
  start();
  const std::string text(50'000, 't');
  const auto packed = [&](std::string_view path, const std::string& body,
                          const std::string& coding) {
    return ask(post(path, body, "X-Key: a\r\nContent-Encoding: " + coding + "\r\n"));
  };
  for (const std::string path : {"/size", "/upload"}) {
    const std::string expected = path == "/size" ? "50000 worker" : "50000";
    EXPECT_EQ(packed(path, gzip_compress(text), "gzip").body, expected);
    EXPECT_EQ(packed(path, gzip_compress(text), "X-GZip").body, expected);
    EXPECT_EQ(packed(path, zstd_compress(text), "zstd").body, expected);
    EXPECT_EQ(packed(path, text, "identity").body, expected);
    EXPECT_EQ(packed(path, gzip_compress(text), "identity, gzip").body, expected);
    // Several members are one body.
    EXPECT_EQ(packed(path, gzip_compress(text.substr(1)) + gzip_compress("x"), "gzip").body,
              expected);
    EXPECT_EQ(packed(path, zstd_compress(text.substr(1)) + zstd_compress("x"), "zstd").body,
              expected);
    for (const std::string coding : {"br", "deflate", "compress", "gzip, gzip",
                                     "zstd, gzip", "gzip;q=1", "\"gzip\""}) {
      const auto reply = packed(path, "abc", coding);
      EXPECT_EQ(reply.status, 415) << coding;
      EXPECT_EQ(reply.header("Accept-Encoding"), "gzip, zstd, identity");
      EXPECT_NE(reply.body.find("UnsupportedMediaTypeError"), std::string::npos);
    }
    const auto doubled = ask(post(path, "abc",
                                  "X-Key: a\r\nContent-Encoding: gzip\r\n"
                                  "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(doubled.status, 415);
    for (const std::string coding : {"gzip", "zstd"}) {
      std::string good = coding == "gzip" ? gzip_compress(text) : zstd_compress(text);
      EXPECT_EQ(packed(path, "plain text", coding).status, 400) << coding;
      EXPECT_EQ(packed(path, good.substr(0, good.size() - 3), coding).status, 400)
          << coding;
      EXPECT_EQ(packed(path, good + "more", coding).status, 400) << coding;
    }
  }
  // No body, no coding.
  EXPECT_EQ(packed("/size", "", "br").body, "0 io");
}

TEST_F(AdmissionTest, BodiesThatUnpackToTooMuchAreRefused) {
  options_.body_bytes_max = 3'000'000;
  start();
  const auto ask_packed = [&](std::string_view path, const std::string& body) {
    return ask(post(path, body, "X-Key: a\r\nContent-Encoding: zstd\r\n")).status;
  };
  const std::string bomb = zstd_compress(std::string(100'000'000, '\0'));
  EXPECT_EQ(ask_packed("/size", bomb), 413);
  EXPECT_EQ(ask_packed("/upload", bomb), 413);
  // Not for its ratio, but for its size.
  std::string text;
  for (std::size_t i = 0; text.size() < 4'000'000; ++i)
    text += std::to_string(i * 7919) + ",";
  EXPECT_EQ(ask_packed("/size", zstd_compress(text)), 413);
  EXPECT_EQ(ask_packed("/upload", zstd_compress(text)), 200);
  EXPECT_TRUE(eventually([&] { return server_->metrics().bodies_bytes == 0; }));
}

TEST_F(AdmissionTest, WhatABodyUnpacksToIsCounted) {
  options_.body_bytes_max = 1'000'000;
  options_.bodies_bytes_per_key_max = 1'000'000;
  start();
  RawClient holder = connect();
  holder.send(post("/hold", std::string(900'000, 'x'), "X-Key: a\r\n"));
  ASSERT_TRUE(eventually([&] { return held() == 1; }));
  const auto reply = ask(post("/size", gzip_compress(std::string(800'000, 'x')),
                              "X-Key: a\r\nContent-Encoding: gzip\r\n"));
  EXPECT_EQ(reply.status, 429) << reply.body;
  const std::lock_guard lock(mutex_);
  held_.front().second({});
  held_.clear();
}

TEST_F(AdmissionTest, NoMemoryIs503) {
  const auto no_memory = [](const auto&, const Reply&) { throw std::bad_alloc(); };
  add("GET", "/io", no_memory);
  add("GET", "/pool", no_memory, RunOn::worker);
  add("POST", "/stream", no_memory, RunOn::worker, Body::streamed);
  add("GET", "/reply", [](const auto&, const Reply& reply) {
    reply({200, "text/plain", {}, "", [](BodyWriter&) -> Result<void> {
             throw std::bad_alloc();
           }});
  });
  start();
  for (const auto& request : {get("/io"), get("/pool"), post("/stream", "x")}) {
    const auto reply = ask(request);
    EXPECT_EQ(reply.status, 503) << request;
    EXPECT_EQ(reply.header("Retry-After"), "1");
    EXPECT_NE(reply.body.find("memory"), std::string::npos) << reply.body;
  }
  RawClient client = connect();
  client.send(get("/reply"));
  EXPECT_FALSE(client.receive()->complete);
  EXPECT_EQ(ask(get("/hello")).body, "hello");
}

}  // namespace
}  // namespace trawl::http::admission_test
