#include "cli/client/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace trawl::cli {
namespace {

constexpr long kConnectTimeoutS = 5;
// An upload may last for hours, but it may not stand still for longer than this.
constexpr long kUploadStallS = 300;

struct HeaderList {
  curl_slist* list = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) {
    if (auto* longer = curl_slist_append(list, line.c_str())) list = longer;
  }
};

// What the callbacks of one exchange work on.
struct Exchange {
  CURL* curl = nullptr;
  BodySink* sink = nullptr;
  HttpReply reply;
  bool ended_by_sink = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  long status = 0;
  curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
  if (!exchange.sink || status < 200 || status > 299) {
    exchange.reply.body.append(data, size);
  } else if (!exchange.sink->take({data, size})) {
    exchange.ended_by_sink = true;
    return 0;
  }
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  HttpReply& reply = static_cast<Exchange*>(user)->reply;
  const std::string_view line(data, size);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string name = to_lower_ascii(line.substr(0, colon));
  const std::string value(trim(line.substr(colon + 1)));
  if (name == "x-request-id") reply.request_id = value;
  reply.headers[name] = value;
  return size;
}

std::size_t on_read(char* buffer, std::size_t, std::size_t capacity, void* user) {
  const auto count = static_cast<BodySource*>(user)->read(buffer, capacity);
  return count ? *count : CURL_READFUNC_ABORT;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  static_cast<BodySource*>(user)->tick();
  return 0;
}

int on_waiting(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.ended_by_sink = !exchange.sink->tick();
  return exchange.ended_by_sink ? 1 : 0;
}

class CurlClient final : public Transport {
 public:
  explicit CurlClient(Connection connection) : connection_(std::move(connection)) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialised == CURLE_OK) curl_ = curl_easy_init();
  }
  ~CurlClient() override { curl_easy_cleanup(curl_); }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Outcome<HttpReply> send(const HttpRequest& request) override {
    if (!curl_) return Failure(Exit::refused, "libcurl could not be started");
    curl_easy_reset(curl_);  // Keeps the connection, forgets the request before.
    Exchange exchange;
    exchange.curl = curl_;
    exchange.sink = request.sink;
    HeaderList headers;
    std::array<char, CURL_ERROR_SIZE> error{};
    set_target(request.target, error.data());
    set_headers(request, headers);
    set_body(request);
    if (request.sink) set_sink(exchange);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl_, CURLOPT_HEADERDATA, &exchange);
    const CURLcode code = curl_easy_perform(curl_);
    HttpReply& reply = exchange.reply;
    if (code != CURLE_OK && !exchange.ended_by_sink)
      return explain(code, error.data(), request);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return std::move(reply);
  }

 private:
  void set_target(const std::string& target, char* error) {
    const std::string url = connection_.base_url + target;
    curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
    curl_easy_setopt(curl_, CURLOPT_USERAGENT, "trawl/" TRAWL_VERSION);
    if (is_loopback(connection_.base_url)) {
      // A proxy from the environment cannot know this machine's own loopback.
      curl_easy_setopt(curl_, CURLOPT_PROXY, "");
    } else {
      // To pack what does not leave the machine costs more than it saves.
      curl_easy_setopt(curl_, CURLOPT_ACCEPT_ENCODING, "");
    }
  }

  void set_headers(const HttpRequest& request, HeaderList& headers) {
    headers.add("Accept: application/json");
    if (request.body || request.source)
      headers.add("Content-Type: " + request.content_type);
    if (!connection_.api_key.empty())
      headers.add("Authorization: Bearer " + connection_.api_key);
    for (const std::string& header : request.headers) headers.add(header);
    if (!connection_.namespace_name.empty())
      headers.add("X-Namespace: " + connection_.namespace_name);
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.list);
  }

  void set_body(const HttpRequest& request) {
    if (request.source) {
      // curl adds Expect: 100-continue to large uploads, so a refusal (a bad key, an
      // unknown collection) is read before the body is sent in vain.
      curl_easy_setopt(curl_, CURLOPT_POST, 1L);
      curl_easy_setopt(curl_, CURLOPT_READFUNCTION, on_read);
      curl_easy_setopt(curl_, CURLOPT_READDATA, request.source);
      curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
      curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, on_progress);
      curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, request.source);
      curl_easy_setopt(curl_, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
      curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_LIMIT, 1L);
      curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_TIME, kUploadStallS);
      if (const auto size = request.source->size())
        curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(*size));
      return;
    }
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT, connection_.timeout_s);
    if (request.body) {
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body->size()));
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, request.body->c_str());
    }
    curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  void set_sink(Exchange& exchange) {
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT, 0L);
    curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_TIME, connection_.timeout_s);
    curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, on_waiting);
    curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, &exchange);
  }

  Failure explain(CURLcode code, const char* error, const HttpRequest& request) {
    long os_error = 0;
    curl_easy_getinfo(curl_, CURLINFO_OS_ERRNO, &os_error);
    std::string reason = *error ? error : curl_easy_strerror(code);
    Failure failure;
    switch (code) {
      case CURLE_COULDNT_CONNECT:
      case CURLE_COULDNT_RESOLVE_HOST:
        if (code == CURLE_COULDNT_CONNECT && os_error != 0)
          reason = std::strerror(static_cast<int>(os_error));
        failure.message = fmt::format(
            "cannot reach {}: {}; is the server running? start it with: trawl serve",
            connection_.base_url, reason);
        break;
      case CURLE_OPERATION_TIMEDOUT:
        failure.message =
            request.source
                ? fmt::format("the upload to {} stalled for {} s: {}", connection_.base_url,
                              kUploadStallS, reason)
                : fmt::format("{} did not answer within {} s; allow more with --timeout",
                              connection_.base_url, connection_.timeout_s);
        break;
      case CURLE_ABORTED_BY_CALLBACK:
        failure.message = "the input could not be read to its end";
        failure.exit = Exit::usage;
        break;
      case CURLE_SSL_CONNECT_ERROR:
        // Most often a server without TLS; trawl itself speaks none.
        failure.message = fmt::format(
            "no TLS with {}: {}; does it serve plain HTTP? then use http:// in --url or "
            "TRAWL_URL",
            connection_.base_url, reason);
        break;
      default:
        failure.message =
            fmt::format("the connection to {} broke: {}", connection_.base_url, reason);
        break;
    }
    return failure;
  }

  Connection connection_;
  CURL* curl_ = nullptr;
};

}  // namespace

std::unique_ptr<Transport> make_http_client(Connection connection) {
  return std::make_unique<CurlClient>(std::move(connection));
}

}  // namespace trawl::cli
