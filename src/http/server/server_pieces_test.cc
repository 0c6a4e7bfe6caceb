// Replies that are made piece by piece, as the client takes them.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/unpack_test_support.h"
#include "http/server/server.h"
#include "http/server/test_client.h"

namespace trawl::http::server_pieces_test {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

class ServerPiecesTest : public ServerTest {
 protected:
  void made_of(const std::string& pattern, NextPiece pieces) {
    add("GET", pattern, [pieces = std::move(pieces)](const auto&, const Reply& reply) {
      Response response;
      response.pieces = pieces;
      reply(std::move(response));
    });
  }
  // So many pieces, the first of the letter a, and so on.
  void letters(const std::string& pattern, int count) {
    add("GET", pattern, [this, count](const auto&, const Reply& reply) {
      Response response;
      response.pieces = [this, count, made = 0](std::string& out) mutable -> Result<bool> {
        EXPECT_TRUE(WorkerPool::is_worker());
        ++pieces_;
        out.append(kPieceBytes, static_cast<char>('a' + made % 26));
        return ++made < count;
      };
      reply(std::move(response));
    });
  }
  static std::string letters_text(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text.append(kPieceBytes, static_cast<char>('a' + i % 26));
    return text;
  }

  std::atomic<int> pieces_{0};
};

TEST_F(ServerPiecesTest, ArriveWholeAndTheConnectionGoesOn) {
  letters("/long", 300);
  made_of("/empty", [](std::string&) -> Result<bool> { return false; });
  start();
  RawClient client = connect();
  client.send(get("/long") + get("/empty") + get("/hello"));
  const auto reply = client.receive();
  ASSERT_TRUE(reply && reply->complete);
  EXPECT_EQ(reply->header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(reply->header("Vary"), "Accept-Encoding");
  EXPECT_TRUE(reply->body == letters_text(300));
  const auto empty = client.receive();
  ASSERT_TRUE(empty && empty->complete);
  EXPECT_EQ(empty->body, "");
  EXPECT_EQ(client.receive()->body, "hello");
  // Whoever has ended its side of the connection still gets all of it.
  RawClient half = connect();
  half.send(get("/long"));
  half.end_output();
  EXPECT_TRUE(half.receive()->body == letters_text(300));
}

TEST_F(ServerPiecesTest, ArePackedForThoseWhoAskForIt) {
  letters("/long", 30);
  start();
  const auto reply = ask(get("/long", "Accept-Encoding: gzip\r\n"));
  ASSERT_TRUE(reply.complete);
  EXPECT_EQ(reply.header("Content-Encoding"), "gzip");
  EXPECT_LT(reply.body.size(), kPieceBytes);
  EXPECT_TRUE(expand_gzip(reply.body) == letters_text(30));
}

TEST_F(ServerPiecesTest, AFailureCutsTheBody) {
  for (const bool throws : {false, true}) {
    made_of(throws ? "/throws" : "/error",
            [throws, begun = false](std::string& out) mutable -> Result<bool> {
              if (!std::exchange(begun, true)) {
                out = "a part";
                return true;
              }
              if (throws) throw std::runtime_error("thrown");
              return make_error(ErrorCode::storage, "the disk is gone");
            });
  }
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

// Goal: clients that take nothing cost little memory, and neither a worker nor a thread.
// Method: more of them than there are workers and places for streams.
TEST_F(ServerPiecesTest, SlowClientsHoldNothing) {
  options_.streams_max = 1;
  letters("/long", 1'000);
  add(
      "GET", "/worker",
      [](const auto&, const Reply& reply) {
        reply({200, "text/plain", {}, "done"});
      },
      RunOn::worker);
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port(), 4096));
    clients.back()->send(get("/long"));
    const auto head = clients.back()->receive(false);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 200);
  }
  int before = -1;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return std::exchange(before, pieces_.load()) == pieces_;
  })) << "it goes on though nobody reads";
  EXPECT_LT(pieces_, 20 * 100);
  EXPECT_EQ(workers_.metrics().running, 0u);
  EXPECT_EQ(server_->metrics().streams_active, 0u);
  EXPECT_EQ(ask(get("/worker")).body, "done");

  std::string body;
  while (body.size() < 1'000 * kPieceBytes) {
    const auto chunk = clients[0]->receive_chunk();
    ASSERT_TRUE(chunk && !chunk->empty());
    body += *chunk;
  }
  EXPECT_TRUE(body == letters_text(1'000));
}

TEST_F(ServerPiecesTest, WhatTheyAreMadeFromGoesWithTheClient) {
  const auto held = std::make_shared<int>(0);
  made_of("/endless", [held](std::string& out) -> Result<bool> {
    out.append(kPieceBytes, 'x');
    return true;
  });
  start();
  const auto before = held.use_count();
  for (const bool takes_some : {false, true}) {
    RawClient client(server_->port(), 4096);
    client.send(get("/endless"));
    ASSERT_TRUE(client.receive(false));
    if (takes_some) ASSERT_TRUE(client.receive_chunk());
    EXPECT_GT(held.use_count(), before);
    client.reset();
    EXPECT_TRUE(eventually([&] { return held.use_count() == before; })) << takes_some;
  }
}

TEST_F(ServerPiecesTest, AServerThatStopsLetsThemFinish) {
  letters("/long", 1'000);
  start();
  RawClient client(server_->port(), 4096);
  client.send(get("/long"));
  ASSERT_TRUE(client.receive(false));
  std::thread stopping([&] { server_->stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::size_t taken = 0;
  while (true) {
    const auto chunk = client.receive_chunk();
    ASSERT_TRUE(chunk);
    if (chunk->empty()) break;
    taken += chunk->size();
  }
  EXPECT_EQ(taken, 1'000 * kPieceBytes);
  stopping.join();
}

TEST_F(ServerPiecesTest, EndWithTheConnectionInHttp10) {
  letters("/long", 100);
  start();
  RawClient client = connect();
  client.send("GET /long HTTP/1.0\r\n\r\n");
  bool orderly = false;
  const std::string all = client.receive_rest(orderly);
  EXPECT_TRUE(orderly);
  EXPECT_TRUE(all.ends_with("\r\n\r\n" + letters_text(100)));
}

}  // namespace
}  // namespace trawl::http::server_pieces_test
