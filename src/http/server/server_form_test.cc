// The form of replies as clients see it: HEAD and OPTIONS, codings, tags, other pages.

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/unpack_test_support.h"
#include "http/server/server.h"
#include "http/server/test_client.h"

namespace trawl::http::server_form_test {
namespace {

class ServerFormTest : public ServerTest {
 protected:
  ServerFormTest() {
    for (const RunOn run_on : {RunOn::io, RunOn::worker}) {
      const std::string path = run_on == RunOn::io ? "/io" : "/worker";
      add(
          "GET", path + "/{size}",
          [](const auto& request, const Reply& reply) {
            Response response;
            response.body.assign(std::stoul(request->path_parameter("size")), 'x');
            response.has_etag = true;
            reply(std::move(response));
          },
          run_on);
    }
    // Neither an I/O thread nor a worker, as the one that commits executions.
    add("GET", "/other/{size}", [this](const auto& request, const Reply& reply) {
      const std::lock_guard lock(others_mutex_);
      others_.emplace_back([reply, size = std::stoul(request->path_parameter("size"))] {
        Response response;
        response.body.assign(size, 'x');
        response.has_etag = true;
        reply(std::move(response));
      });
    });
    add("GET", "/error", [](const auto& request, const Reply& reply) {
      reply(error_response(make_error(ErrorCode::not_found, "it is gone"),
                           request->request_id));
    });
    add("GET", "/stream", [](const auto&, const Reply& reply) {
      Response response;
      response.content_type = "text/event-stream";
      response.stream = [](BodyWriter& writer) {
        return writer.write("data: " + std::string(5000, 'x') + "\n\n");
      };
      reply(std::move(response));
    });
    add("PATCH", "/io/{size}", [](const auto&, const Reply& reply) { reply({}); });
  }

  ~ServerFormTest() override {
    for (auto& other : others_) other.join();
  }

  std::mutex others_mutex_;
  std::vector<std::thread> others_;  // Guarded by others_mutex_.

  // The header lines of a reply without those that differ from one to the next.
  static std::vector<std::string> lines_of(const ClientReply& reply) {
    std::vector<std::string> lines;
    std::string_view rest = reply.head;
    while (!rest.empty()) {
      const auto end = rest.find("\r\n");
      const std::string line(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 2, rest.size()));
      if (!line.starts_with("Date:") && !line.starts_with("X-Request-Id:"))
        lines.push_back(line);
    }
    return lines;
  }

  ClientReply head(std::string_view target, std::string_view headers = "") {
    RawClient client = connect();
    client.send("HEAD " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" +
                std::string(headers) + "\r\n" + get("/hello"));
    const auto reply = client.receive(false);
    // Nothing of a body came behind the head.
    const auto next = client.receive();
    EXPECT_TRUE(next && next->body == "hello");
    return reply.value_or(ClientReply{});
  }
};

TEST_F(ServerFormTest, HeadHasTheHeadersOfGet) {
  start();
  for (const char* target :
       {"/hello", "/io/5", "/io/5000", "/worker/100000", "/error", "/stream", "/nowhere"}) {
    for (const char* headers :
         {"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: zstd, identity;q=0\r\n",
          "If-None-Match: *\r\n", "Accept: application/problem+json\r\n"}) {
      // A body with another id may be packed into another number of bytes.
      const std::string sent = std::string(headers) + "X-Request-Id: same\r\n";
      const auto without = head(target, sent);
      const auto with = ask(get(target, sent));
      EXPECT_EQ(lines_of(without), lines_of(with)) << target << "\n" << headers;
    }
  }
}

TEST_F(ServerFormTest, BodiesArePackedOnWhateverThreadTheyAreMade) {
  start();
  // The longest are packed on a worker wherever they were made.
  for (const char* path : {"/io/", "/worker/", "/other/"}) {
    for (const std::size_t size : {1024, 32 * 1024, 1024 * 1024}) {
      const std::string target = path + std::to_string(size);
      const auto plain = ask(get(target));
      EXPECT_EQ(plain.header("Content-Encoding"), "");
      EXPECT_EQ(plain.header("Vary"), "Accept-Encoding");
      EXPECT_EQ(plain.body.size(), size);
      const auto gzip = ask(get(target, "Accept-Encoding: gzip\r\n"));
      EXPECT_EQ(gzip.header("Content-Encoding"), "gzip");
      EXPECT_EQ(gzip.header("Vary"), "Accept-Encoding");
      EXPECT_EQ(expand_gzip(gzip.body), plain.body);
      const auto zstd = ask(get(target, "Accept-Encoding: gzip, zstd\r\n"));
      EXPECT_EQ(zstd.header("Content-Encoding"), "zstd");
      EXPECT_EQ(expand_zstd(zstd.body), plain.body);
      EXPECT_NE(zstd.header("ETag"), gzip.header("ETag"));
      const auto again =
          ask(get(target, "Accept-Encoding: gzip\r\nIf-None-Match: " + gzip.header("ETag") +
                              "\r\n"));
      EXPECT_EQ(again.status, 304);
      EXPECT_EQ(again.body, "");
      EXPECT_EQ(again.header("ETag"), gzip.header("ETag"));
      EXPECT_EQ(again.header("Vary"), "Accept-Encoding");
      EXPECT_EQ(again.header("Content-Type") + again.header("Content-Length"), "");
    }
  }
  const auto small = ask(get("/io/1023", "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(small.header("Content-Encoding"), "");
}

TEST_F(ServerFormTest, NothingIsPackedWhereThatIsTurnedOff) {
  options_.compress_bytes_min = 0;
  start();
  EXPECT_EQ(ask(get("/io/5000", "Accept-Encoding: gzip, identity;q=0\r\n")).body.size(),
            5000U);
}

TEST_F(ServerFormTest, PipelinedRepliesKeepTheirOrderAndTheirForm) {
  start();
  RawClient client = connect();
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    bytes += get("/io/100000", "Accept-Encoding: zstd\r\n") + get("/hello");
  }
  client.send(bytes);
  for (int i = 0; i < 20; ++i) {
    auto reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(expand_zstd(reply->body).size(), 100'000U);
    reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->body, "hello");
    EXPECT_EQ(reply->header("Content-Encoding"), "");
  }
}

TEST_F(ServerFormTest, ABusyServerSendsLongBodiesAsTheyAre) {
  std::mutex gate;
  add(
      "GET", "/wait",
      [&gate](const auto&, const Reply& reply) {
        { const std::lock_guard lock(gate); }
        reply({});  // After which the test may be over, and the gate gone.
      },
      RunOn::worker);
  start();
  std::vector<RawClient> waiting;
  {
    // Two workers stand still, and eight tasks wait behind them.
    const std::lock_guard lock(gate);
    for (int i = 0; i < 10; ++i) {
      waiting.push_back(connect());
      waiting.back().send(get("/wait"));
      const std::size_t queued = i < 2 ? 0 : static_cast<std::size_t>(i) - 1;
      ASSERT_TRUE(eventually([&] {
        return server_->metrics().requests_active == static_cast<std::uint64_t>(i) + 1 &&
               workers_.metrics().queued == queued;
      }));
    }
    for (const char* path : {"/io/100000", "/other/100000"}) {
      const auto reply = ask(get(path, "Accept-Encoding: gzip\r\n"));
      EXPECT_EQ(reply.status, 200);
      EXPECT_EQ(reply.header("Content-Encoding"), "");
      EXPECT_EQ(reply.body.size(), 100'000U);
    }
    // Short ones need no worker.
    EXPECT_EQ(
        ask(get("/other/2000", "Accept-Encoding: gzip\r\n")).header("Content-Encoding"),
        "gzip");
  }
  for (auto& client : waiting) EXPECT_EQ(client.receive()->status, 200);
}

TEST_F(ServerFormTest, EventStreamsAreNeverPacked) {
  start();
  const auto reply = ask(get("/stream", "Accept-Encoding: gzip, zstd, identity;q=0\r\n"));
  EXPECT_EQ(reply.header("Content-Encoding"), "");
  EXPECT_TRUE(reply.body.starts_with("data: xxx"));
}

TEST_F(ServerFormTest, EveryErrorCanBeAProblem) {
  options_.body_bytes_max = 10;
  start();
  const std::string wish = "Accept: application/problem+json\r\n";
  for (const auto& [bytes, status] : std::vector<std::pair<std::string, int>>{
           {get("/error", wish), 404},
           {get("/nowhere?key=secret", wish), 404},
           {"DELETE /hello HTTP/1.1\r\nHost: x\r\n" + wish + "\r\n", 405},
           {get("/%ff", wish), 400},
           {"GET /hello HTTP/1.1\r\n" + wish + "\r\n", 400},
           {post("/echo", "more than ten", wish), 413}}) {
    const auto reply = ask(bytes);
    EXPECT_EQ(reply.status, status) << bytes;
    EXPECT_EQ(reply.header("Content-Type"), "application/problem+json") << bytes;
    EXPECT_EQ(reply.header("Vary"), "Accept, Accept-Encoding");
    const auto body = parse_json(reply.body).value();
    EXPECT_EQ(body.at("status"), status);
    EXPECT_EQ(body.at("request_id").as_string(), reply.header("X-Request-Id"));
    EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  }
  EXPECT_EQ(ask(get("/error")).header("Content-Type"), "application/json");
  EXPECT_EQ(ask(get("/error")).header("Vary"), "Accept, Accept-Encoding");
}

TEST_F(ServerFormTest, TheFormOfOneRequestIsNotThatOfTheNext) {
  start();
  RawClient client = connect();
  client.send(get("/error", "Accept: application/problem+json\r\n") + get("/error") +
              get("/io/5000", "Accept-Encoding: gzip\r\nIf-None-Match: *\r\n") +
              get("/io/5000"));
  EXPECT_EQ(client.receive()->header("Content-Type"), "application/problem+json");
  EXPECT_EQ(client.receive()->header("Content-Type"), "application/json");
  EXPECT_EQ(client.receive()->status, 304);
  const auto plain = client.receive();
  EXPECT_EQ(plain->status, 200);
  EXPECT_EQ(plain->body.size(), 5000U);
}

TEST_F(ServerFormTest, IfMatchIsNotIgnored) {
  start();
  const auto reply = ask("PATCH /io/5 HTTP/1.1\r\nHost: x\r\nIf-Match: \"a\"\r\n\r\n");
  EXPECT_EQ(reply.status, 403);
  EXPECT_NE(reply.body.find("NotEnabledError"), std::string::npos);
  EXPECT_EQ(ask("PATCH /io/5 HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  EXPECT_EQ(ask(get("/io/5", "If-Match: \"a\"\r\n")).status, 200);
}

constexpr std::string_view kPreflight =
    "OPTIONS /io/5 HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n"
    "Access-Control-Request-Method: PATCH\r\n"
    "Access-Control-Request-Headers: authorization, x-namespace\r\n\r\n";

TEST_F(ServerFormTest, OtherPagesAreToldNothingByDefault) {
  start();
  const auto preflight = ask(kPreflight);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Allow"), "GET, HEAD, PATCH, OPTIONS");
  EXPECT_EQ(preflight.head.find("Access-Control"), std::string::npos);
  EXPECT_EQ(preflight.header("Vary"), "");
  const auto reply = ask(get("/hello", "Origin: https://a.example\r\n"));
  EXPECT_EQ(reply.head.find("Access-Control"), std::string::npos);
  EXPECT_EQ(reply.header("Vary"), "Accept-Encoding");
}

TEST_F(ServerFormTest, ListedPagesMayCallAndRead) {
  options_.cors_origins = {"https://a.example"};
  start();
  const auto preflight = ask(kPreflight);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "GET, HEAD, PATCH, OPTIONS");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Headers"), "authorization, x-namespace");
  EXPECT_EQ(preflight.header("Access-Control-Max-Age"), "600");
  EXPECT_EQ(preflight.header("Vary"), "Origin");
  for (const char* target : {"/hello", "/error", "/nowhere", "/stream", "/worker/5000"}) {
    const auto reply = ask(get(target, "Origin: https://a.example\r\n"));
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "https://a.example") << target;
    EXPECT_NE(reply.header("Access-Control-Expose-Headers").find("X-Request-Id"),
              std::string::npos);
    EXPECT_NE(reply.header("Vary").find("Origin"), std::string::npos);
    EXPECT_EQ(reply.header("Access-Control-Allow-Credentials"), "");
  }
  const auto other = ask(get("/hello", "Origin: https://b.example\r\n"));
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.head.find("Access-Control"), std::string::npos);
  // A cache must not give this to a page that may read it with headers of its own.
  EXPECT_EQ(other.header("Vary"), "Accept-Encoding, Origin");
  EXPECT_EQ(ask(get("/hello")).header("Vary"), "Accept-Encoding, Origin");
}

TEST_F(ServerFormTest, AStarOpensTheServerToAllPagesWithoutCredentials) {
  options_.cors_origins = {"*"};
  start();
  for (const auto& bytes :
       {std::string(kPreflight), get("/hello", "Origin: null\r\n"), get("/hello")}) {
    const auto reply = ask(bytes);
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(reply.header("Access-Control-Allow-Credentials"), "");
    EXPECT_EQ(reply.header("Vary").find("Origin"), std::string::npos);
  }
}

}  // namespace
}  // namespace trawl::http::server_form_test
