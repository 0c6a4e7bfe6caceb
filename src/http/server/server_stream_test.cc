// Replies that are sent while they are made.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "http/server/server.h"
#include "http/server/test_client.h"
#include "runtime/waiting.h"

namespace trawl::http::server_stream_test {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

class ServerStreamTest : public ServerTest {
 protected:
  void stream(const std::string& pattern, StreamBody body,
              std::vector<Header> headers = {}) {
    add("GET", pattern, [body = std::move(body), headers](const auto&, const Reply& reply) {
      reply({200, "text/plain", headers, "", body});
    });
  }
  // Writes pieces of one MiB until that fails, and notes how often it went and why not.
  void stream_without_end(const std::string& pattern) {
    stream(pattern, [this](BodyWriter& writer) -> Result<void> {
      const std::string piece(kMiB, 'x');
      while (true) {
        auto written = writer.write(piece);
        if (!written) {
          EXPECT_TRUE(writer.is_closed());
          end_ = written.error().code;
          return written;
        }
        ++pieces_;
      }
    });
  }
  // Waits until nothing can be written any more, then ends the body in good order.
  void stream_until_closed(const std::string& pattern) {
    stream(pattern, [](BodyWriter& writer) -> Result<void> {
      struct Bell {
        std::mutex mutex;
        std::condition_variable rings;
        bool rang = false;
      };
      const auto bell = std::make_shared<Bell>();
      writer.on_closed([bell] {
        const std::lock_guard lock(bell->mutex);
        bell->rang = true;
        bell->rings.notify_all();
      });
      TRAWL_TRY(writer.write("first"));
      const Waiting waiting;
      std::unique_lock lock(bell->mutex);
      bell->rings.wait(lock, [&] { return bell->rang; });
      EXPECT_TRUE(writer.is_closed());
      EXPECT_FALSE(writer.write("more"));
      return {};
    });
  }

  std::atomic<int> pieces_{0};
  std::atomic<ErrorCode> end_{ErrorCode::internal};
};

TEST_F(ServerStreamTest, SendsPiecesAsChunksAndKeepsTheConnection) {
  stream("/s", [](BodyWriter& writer) -> Result<void> {
    TRAWL_TRY(writer.write("one "));
    TRAWL_TRY(writer.write(""));  // Not the end.
    TRAWL_TRY(writer.write("two"));
    return {};
  });
  stream("/empty", [](BodyWriter&) { return Result<void>(); });
  start();
  RawClient client = connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/s") + get("/empty") + get("/hello"));
    auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(reply->header("Content-Length"), "");
    EXPECT_EQ(reply->header("Content-Type"), "text/plain");
    EXPECT_TRUE(reply->complete);
    EXPECT_EQ(reply->body, "one two");
    EXPECT_EQ(client.receive()->body, "");
    EXPECT_EQ(client.receive()->body, "hello");
  }
  EXPECT_TRUE(eventually([&] { return server_->metrics().streams_active == 0; }));
}

TEST_F(ServerStreamTest, SendsAPieceAtOnce) {
  stream_until_closed("/s");
  start();
  RawClient client = connect();
  client.send(get("/s"));
  const auto head = client.receive(false);
  ASSERT_TRUE(head);
  EXPECT_EQ(client.receive_chunk(), "first");
}

TEST_F(ServerStreamTest, EndsWithTheConnectionInHttp10) {
  stream("/s", [](BodyWriter& writer) { return writer.write("all of it"); });
  stream("/broken", [](BodyWriter& writer) -> Result<void> {
    TRAWL_TRY(writer.write("a part"));
    return make_error(ErrorCode::storage, "the disk is gone");
  });
  start();
  RawClient client = connect();
  client.send("GET /s HTTP/1.0\r\nConnection: keep-alive\r\nTE: trailers\r\n\r\n");
  bool orderly = false;
  const std::string all = client.receive_rest(orderly);
  EXPECT_TRUE(orderly);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
  EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\nall of it")) << all;

  RawClient second = connect();
  second.send("GET /broken HTTP/1.0\r\n\r\n");
  second.receive_rest(orderly);
  EXPECT_FALSE(orderly) << "a cut looks like an end";
}

TEST_F(ServerStreamTest, SendsTrailersToThoseWhoTakeThem) {
  stream("/s",
         [](BodyWriter& writer) -> Result<void> {
           TRAWL_TRY(writer.write("x"));
           writer.trailer("X-Rows", "1\r\nEvil: yes");
           return {};
         },
         {{"Trailer", "X-Rows"}});
  start();
  const auto with = ask(get("/s", "TE: deflate, Trailers\r\n"));
  EXPECT_EQ(with.header("Trailer"), "X-Rows");
  EXPECT_EQ(with.trailer("X-Rows"), "1  Evil: yes");
  EXPECT_EQ(with.trailer("Evil"), "");
  const auto without = ask(get("/s"));
  EXPECT_TRUE(without.complete);
  EXPECT_EQ(without.header("Trailer"), "");
  EXPECT_EQ(without.trailers, "");
}

TEST_F(ServerStreamTest, HeadHasNoBodyAndNoThread) {
  std::atomic<int> calls{0};
  stream("/s", [&](BodyWriter& writer) {
    ++calls;
    return writer.write("x");
  });
  start();
  RawClient client = connect();
  client.send("HEAD /s HTTP/1.1\r\nHost: x\r\n\r\n" + get("/hello"));
  const auto head = client.receive(false);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.receive()->body, "hello");
  EXPECT_EQ(calls, 0);
}

TEST_F(ServerStreamTest, AFailureCutsTheBody) {
  stream("/error", [](BodyWriter& writer) -> Result<void> {
    TRAWL_TRY(writer.write("a part"));
    return make_error(ErrorCode::storage, "the disk is gone");
  });
  stream("/throws", [](BodyWriter& writer) -> Result<void> {
    TRAWL_TRY(writer.write("a part"));
    throw std::runtime_error("thrown");
  });
  start();
  for (const char* path : {"/error", "/throws"}) {
    RawClient client = connect();
    client.send(get(path));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "a part");
    EXPECT_FALSE(reply->complete) << path;
    EXPECT_TRUE(client.ends());
  }
}

// Goal: a slow client costs a bounded amount of memory, however big the body is.
// Method: it takes nothing for a while; the writer must not get further than what the
// sockets and the stream's own buffer hold.
TEST_F(ServerStreamTest, ASlowClientHoldsTheWriterBack) {
  stream_without_end("/s");
  start();
  RawClient client(server_->port(), 4096);
  client.send(get("/s"));
  ASSERT_TRUE(eventually([&] { return pieces_ > 0; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const int before = pieces_;
  EXPECT_LE(before, 16);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(pieces_, before) << "the writer goes on though nobody reads";
  ASSERT_TRUE(client.receive(false));
  std::size_t taken = 0;
  while (taken < 40 * kMiB) {
    const auto chunk = client.receive_chunk();
    ASSERT_TRUE(chunk);
    taken += chunk->size();
  }
  EXPECT_GT(pieces_, before);
}

TEST_F(ServerStreamTest, ABigBodyArrivesWhole) {
  constexpr int kPieces = 64;
  stream("/s", [](BodyWriter& writer) -> Result<void> {
    for (int i = 0; i < kPieces; ++i) {
      TRAWL_TRY(writer.write(std::string(kMiB + static_cast<std::size_t>(i),
                                         static_cast<char>('a' + i % 26))));
    }
    return {};
  });
  start();
  RawClient client = connect();
  client.send(get("/s"));
  const auto reply = client.receive();
  ASSERT_TRUE(reply && reply->complete);
  std::size_t at = 0;
  for (int i = 0; i < kPieces; ++i) {
    const std::size_t size = kMiB + static_cast<std::size_t>(i);
    ASSERT_EQ(reply->body.find_first_not_of(static_cast<char>('a' + i % 26), at),
              i + 1 == kPieces ? std::string::npos : at + size);
    at += size;
  }
  EXPECT_EQ(reply->body.size(), at);
}

TEST_F(ServerStreamTest, AClientThatTakesNothingTimesOut) {
  options_.write_timeout_ms = 200;
  stream_without_end("/s");
  start();
  RawClient client(server_->port(), 4096);
  client.send(get("/s"));
  EXPECT_TRUE(eventually([&] { return end_ == ErrorCode::timeout; }));
}

TEST_F(ServerStreamTest, AnIdleStreamDoesNotTimeOut) {
  options_.write_timeout_ms = 50;
  options_.idle_timeout_ms = 50;
  stream("/s", [](BodyWriter& writer) -> Result<void> {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return writer.write("late");
  });
  start();
  EXPECT_EQ(ask(get("/s")).body, "late");
}

TEST_F(ServerStreamTest, ANoticedDepartureEndsTheWriter) {
  stream_without_end("/busy");
  stream_until_closed("/idle");
  start();
  for (const char* path : {"/busy", "/idle"}) {
    for (const bool resets : {false, true}) {
      RawClient client = connect();
      client.send(get(path));
      ASSERT_TRUE(client.receive(false));
      ASSERT_TRUE(client.receive_chunk());
      resets ? client.reset() : client.close();
      EXPECT_TRUE(eventually([&] { return server_->metrics().streams_active == 0; }))
          << path << resets;
    }
  }
  EXPECT_EQ(end_, ErrorCode::cancelled);
}

TEST_F(ServerStreamTest, DrainingEndsIdleStreamsInGoodOrderAndCutsBusyOnes) {
  stream_until_closed("/idle");
  stream_without_end("/busy");
  start();
  RawClient idle = connect();
  idle.send(get("/idle"));
  ASSERT_TRUE(idle.receive(false));
  EXPECT_EQ(idle.receive_chunk(), "first");
  RawClient busy = connect();
  busy.send(get("/busy"));
  ASSERT_TRUE(busy.receive(false));

  const auto begun = std::chrono::steady_clock::now();
  std::thread stopping([&] { server_->stop(); });
  EXPECT_EQ(idle.receive_chunk(), "");
  std::optional<std::string> chunk;
  do {
    chunk = busy.receive_chunk();
  } while (chunk && !chunk->empty());
  EXPECT_FALSE(chunk) << "a body that was cut off looks whole";
  stopping.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(ServerStreamTest, AForcedStopFreesAWriterWhoseClientIsStuck) {
  options_.drain_timeout_ms = 100;
  stream_without_end("/s");
  start();
  RawClient client(server_->port(), 4096);
  client.send(get("/s"));
  ASSERT_TRUE(eventually([&] { return pieces_ > 0; }));
  server_->stop();
  EXPECT_EQ(server_->metrics().streams_active, 0U);
}

TEST_F(ServerStreamTest, StreamsAreBoundedAndLeaveTheWorkersAlone) {
  options_.streams_max = 4;
  stream_until_closed("/s");
  add(
      "GET", "/worker",
      [](const auto&, const Reply& reply) {
        reply({200, "text/plain", {}, "done"});
      },
      RunOn::worker);
  start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {  // More than there are workers.
    clients.push_back(connect());
    clients.back().send(get("/s"));
    ASSERT_TRUE(clients.back().receive(false));
    EXPECT_EQ(clients.back().receive_chunk(), "first");
  }
  EXPECT_EQ(server_->metrics().streams_active, 4U);
  const auto refused = ask(get("/s"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_NE(refused.body.find("(4)"), std::string::npos) << refused.body;
  EXPECT_EQ(ask(get("/worker")).body, "done");
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return server_->metrics().streams_active == 3; }));
  clients.push_back(connect());
  clients.back().send(get("/s"));
  ASSERT_TRUE(clients.back().receive(false));
  EXPECT_EQ(clients.back().receive_chunk(), "first");
}

}  // namespace
}  // namespace trawl::http::server_stream_test
