#include "cli/client/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

namespace trawl::cli::http_client_test {
namespace {

// Takes one connection, reads one request to its end and sends the given reply.
class OneShotServer {
 public:
  explicit OneShotServer(std::string reply) : reply_(std::move(reply)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 1) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      ADD_FAILURE() << "no socket: " << std::strerror(errno);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneShotServer() {
    join();
    close(listener_);
  }
  OneShotServer(const OneShotServer&) = delete;
  OneShotServer& operator=(const OneShotServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // What came, once the exchange is over.
  const std::string& request() {
    join();
    return request_;
  }

 private:
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  bool is_whole() const {
    const auto end = request_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (request_.find("Transfer-Encoding: chunked") < end)
      return request_.size() >= 5 && request_.substr(request_.size() - 5) == "0\r\n\r\n";
    const auto length = request_.find("Content-Length: ");
    if (length > end) return true;
    return request_.size() >= end + 4 + std::stoul(request_.substr(length + 16));
  }

  void serve() {
    const int connection = accept(listener_, nullptr, nullptr);
    char buffer[4096];
    while (!is_whole()) {
      const auto count = recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      request_.append(buffer, static_cast<std::size_t>(count));
    }
    (void)!write(connection, reply_.data(), reply_.size());
    close(connection);
  }

  std::string reply_;
  std::string request_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string reply_text(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nx-REQUEST-id:  req_7 \r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class TextSource : public BodySource {
 public:
  explicit TextSource(std::string text, bool sized)
      : text_(std::move(text)), sized_(sized) {}
  std::optional<std::size_t> read(char* buffer, std::size_t capacity) override {
    const auto count = std::min(capacity, text_.size() - at_);
    std::memcpy(buffer, text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override {
    return sized_ ? std::optional<std::uint64_t>(text_.size()) : std::nullopt;
  }

 private:
  std::string text_;
  bool sized_;
  std::size_t at_ = 0;
};

class BrokenSource : public BodySource {
 public:
  std::optional<std::size_t> read(char*, std::size_t) override { return std::nullopt; }
};

TEST(HttpClient, SendsHeadersAndBody) {
  OneShotServer server(reply_text("200 OK", "{}"));
  auto client = make_http_client({server.url(), "sk_key", "my ns", 10});
  HttpRequest request;
  request.method = "DELETE";
  request.target = "/v1/x?a=b";
  request.body = "{\"a\":1}";
  const auto reply = client->send(request);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "{}");
  EXPECT_EQ(reply->request_id, "req_7");
  const auto& seen = server.request();
  EXPECT_EQ(seen.substr(0, 27), "DELETE /v1/x?a=b HTTP/1.1\r\n");
  for (const auto* line : {"Authorization: Bearer sk_key\r\n", "X-Namespace: my ns\r\n",
                           "Content-Type: application/json\r\n", "Content-Length: 7\r\n"})
    EXPECT_NE(seen.find(line), std::string::npos) << seen;
  EXPECT_EQ(seen.substr(seen.size() - 7), "{\"a\":1}");
}

TEST(HttpClient, AnyStatusIsAReply) {
  OneShotServer server(reply_text("503 Service Unavailable", "{\"error\":{}}"));
  auto client = make_http_client({server.url(), "", "", 10});
  const auto reply = client->send({"GET", "/", {}, nullptr, ""});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(server.request().find("Authorization"), std::string::npos);
}

TEST(HttpClient, StreamsBodiesOfKnownAndUnknownLength) {
  for (const bool sized : {true, false}) {
    std::string body;
    for (int i = 0; i < 20'000; ++i) body += "line " + std::to_string(i) + "\n";
    OneShotServer server(reply_text("200 OK", "{}"));
    auto client = make_http_client({server.url(), "", "", 10});
    TextSource source(body, sized);
    HttpRequest request{"POST", "/import", {}, &source, "application/x-ndjson"};
    const auto reply = client->send(request);
    ASSERT_TRUE(reply) << reply.error().message;
    const auto& seen = server.request();
    EXPECT_NE(seen.find("Content-Type: application/x-ndjson\r\n"), std::string::npos);
    if (sized) {
      EXPECT_EQ(seen.substr(seen.find("\r\n\r\n") + 4), body);
    } else {
      EXPECT_NE(seen.find("Transfer-Encoding: chunked"), std::string::npos);
      EXPECT_GT(seen.size(), body.size());
    }
  }
}

TEST(HttpClient, TellsHowToStartAServer) {
  // A port that was free a moment ago.
  std::string url;
  {
    OneShotServer server(reply_text("200 OK", "{}"));
    url = server.url();
    ASSERT_TRUE(make_http_client({url, "", "", 10})->send({"GET", "/", {}, nullptr, ""}));
  }
  const auto reply =
      make_http_client({url, "", "", 10})->send({"GET", "/", {}, nullptr, ""});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().exit, Exit::refused);
  EXPECT_EQ(reply.error().message,
            "cannot reach " + url +
                ": Connection refused; is the server running? start it with: trawl serve");
}

TEST(HttpClient, EndsWhenTheInputCannotBeRead) {
  OneShotServer server(reply_text("200 OK", "{}"));
  BrokenSource source;
  auto client = make_http_client({server.url(), "", "", 10});
  HttpRequest request{"POST", "/import", {}, &source, "application/x-ndjson"};
  const auto reply = client->send(request);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().exit, Exit::usage);
  client.reset();  // Closes the connection, so the server sees an end.
}

}  // namespace
}  // namespace trawl::cli::http_client_test
