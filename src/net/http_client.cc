#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/text.h"
#include "net/retry.h"
#include "runtime/waiting.h"

namespace trawl::net {
namespace {

// Of a reply that is none of 2xx, what its message is looked for in.
constexpr std::size_t kErrorBytesMax = 64 * 1024;
constexpr std::size_t kHeaderBytesMax = 256 * 1024;
constexpr std::size_t kHeaderValueMax = 1'000;
// A wait of libcurl ends by then at the latest, for whatever it should have missed.
constexpr std::int64_t kPollMsMax = 1'000;

struct CloseEasy {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;

struct CloseMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, CloseMulti>;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

bool append(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)list.release();
  list.reset(longer);
  return true;
}

// What the callbacks of one exchange work on.
struct Exchange {
  CURL* curl = nullptr;
  AddressRules addresses;
  std::size_t reply_bytes_max = 0;
  HttpReply reply;
  std::size_t header_bytes = 0;
  bool is_head_whole = false;
  bool is_too_long = false;
  bool is_cut = false;  // Of an error, enough was read.
  std::optional<AddressKind> refused;
};

bool is_success(int status) {
  return status >= 200 && status <= 299;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string& body = exchange.reply.body;
  const bool is_good = is_success(exchange.reply.status);
  const std::size_t room =
      (is_good ? exchange.reply_bytes_max : kErrorBytesMax) - body.size();
  body.append(data, std::min(size, room));
  if (size <= room) return size;
  (is_good ? exchange.is_too_long : exchange.is_cut) = true;
  return 0;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderBytesMax) {
    exchange.is_too_long = true;
    return 0;
  }
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // After a reply of 1xx there is another.
    long status = 0;
    curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
    exchange.reply = HttpReply{};
    exchange.reply.status = static_cast<int>(status);
    exchange.is_head_whole = false;
    return size;
  }
  if (line == "\r\n" || line == "\n") exchange.is_head_whole = true;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string name = to_lower_ascii(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "retry-after") {
    exchange.reply.retry_after = parse_retry_after(value, system_clock().now());
  } else if (name == "location") {
    exchange.reply.location = value.substr(0, kHeaderValueMax);
  }
  return size;
}

// libcurl asks for the socket of each address that it is about to connect to: after names
// were looked up, so that what is checked is what is connected to.
curl_socket_t on_socket(void* user, curlsocktype purpose, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(user);
  const AddressKind kind = kind_of_address(address->addr);
  if (purpose != CURLSOCKTYPE_IPCXN || !exchange.addresses.allow(kind)) {
    exchange.refused = kind;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

HttpFailure failure(ErrorCode code, std::string message, bool is_passing,
                    std::string detail = {}) {
  return {make_error(code, std::move(message), std::move(detail)), is_passing};
}

// What the exchange ended with, without addresses: these are for the log.
HttpFailure explain(CURLcode code, const Exchange& exchange, const char* error) {
  if (exchange.refused && code == CURLE_COULDNT_CONNECT) {
    const bool may_be_allowed = AddressRules{true}.allow(*exchange.refused);
    return failure(ErrorCode::unavailable,
                   fmt::format("it is at {}, which is not connected to{}",
                               description_of(*exchange.refused),
                               may_be_allowed ? " unless allow_private is set" : ""),
                   false);
  }
  if (exchange.is_too_long) {
    return failure(
        ErrorCode::unavailable,
        fmt::format("its reply is longer than {} bytes",
                    exchange.header_bytes > kHeaderBytesMax ? kHeaderBytesMax
                                                            : exchange.reply_bytes_max),
        false);
  }
  long os_error = 0;
  curl_easy_getinfo(exchange.curl, CURLINFO_OS_ERRNO, &os_error);
  const std::string reason =
      code == CURLE_COULDNT_CONNECT && os_error != 0
          ? std::generic_category().message(static_cast<int>(os_error))
          : curl_easy_strerror(code);
  const auto unavailable = [&](std::string_view what, bool is_passing) {
    return failure(ErrorCode::unavailable, fmt::format("{}: {}", what, reason), is_passing,
                   error);
  };
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return unavailable("it cannot be reached", true);
    case CURLE_OPERATION_TIMEDOUT:  // Only the connection has a time of its own here.
      return unavailable("no connection came about", true);
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return unavailable("the connection broke", true);
    case CURLE_PARTIAL_FILE:
      return unavailable("half a reply came", true);
    case CURLE_BAD_CONTENT_ENCODING:
      return unavailable("its reply cannot be unpacked", false);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("its certificate cannot be trusted", false);
    case CURLE_SSL_CONNECT_ERROR:
      return unavailable("no TLS with it; does it serve plain HTTP?", false);
    default:
      return unavailable("the exchange with it failed", false);
  }
}

template <class Value>
void set(CURL* curl, CURLoption option, Value value) {
  curl_easy_setopt(curl, option, value);
}

// Everything that does not belong to one request.
void set_rules(CURL* curl, const HttpClientOptions& options) {
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_FOLLOWLOCATION, 0L);
  // An empty name is no proxy, and so nothing of the environment counts either.
  set(curl, CURLOPT_PROXY, "");
  set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(curl, CURLOPT_NOSIGNAL, 1L);
  // What looks up a name may take long to notice that nobody waits for it.
  set(curl, CURLOPT_QUICK_EXIT, 1L);
  set(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
  set(curl, CURLOPT_USERAGENT, "trawl/" TRAWL_VERSION);
}

}  // namespace

// One for each exchange under way, with the connections that it keeps. The one that was
// used last is taken first, whose connection is most likely to be open still.
class HttpClient::Handles {
 public:
  Multi take() {
    {
      const MutexLock lock(mutex_);
      if (!idle_.empty()) {
        Multi last = std::move(idle_.back());
        idle_.pop_back();
        return last;
      }
    }
    Multi made(curl_multi_init());
    if (made) curl_multi_setopt(made.get(), CURLMOPT_MAXCONNECTS, 2L);
    return made;
  }
  void give_back(Multi multi) {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(multi));
  }

 private:
  Mutex mutex_;
  std::vector<Multi> idle_ TRAWL_GUARDED_BY(mutex_);
};

HttpClient::HttpClient(HttpClientOptions options)
    : options_(options), handles_(std::make_unique<Handles>()) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialised;  // Where it failed there are no handles either.
}

HttpClient::~HttpClient() = default;

HttpOutcome HttpClient::send(const HttpRequest& request, const StopToken& stop,
                             Deadline deadline) const {
  Multi multi = handles_->take();
  const Easy easy(curl_easy_init());
  List headers;
  bool is_made = multi && easy && append(headers, "Content-Type: application/json") &&
                 append(headers, "Accept: application/json") &&
                 append(headers, "Expect:");  // Else a long body waits for leave.
  for (const std::string& header : request.headers) {
    is_made = is_made && append(headers, header);
  }
  if (!is_made) return failure(ErrorCode::internal, "libcurl has no memory", false);

  CURL* const curl = easy.get();
  Exchange exchange;
  exchange.curl = curl;
  exchange.addresses = options_.addresses;
  exchange.reply_bytes_max = request.reply_bytes_max;
  std::array<char, CURL_ERROR_SIZE> error{};
  set_rules(curl, options_);
  set(curl, CURLOPT_ERRORBUFFER, error.data());
  set(curl, CURLOPT_URL, request.url.c_str());
  set(curl, CURLOPT_HTTPHEADER, headers.get());
  set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  set(curl, CURLOPT_WRITEFUNCTION, on_body);
  set(curl, CURLOPT_WRITEDATA, &exchange);
  set(curl, CURLOPT_HEADERFUNCTION, on_header);
  set(curl, CURLOPT_HEADERDATA, &exchange);
  set(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  set(curl, CURLOPT_OPENSOCKETDATA, &exchange);

  std::optional<HttpFailure> ended;
  CURLcode code = CURLE_OK;
  {
    const Waiting waiting;
    const OnStop on_stop(stop, [&multi] { curl_multi_wakeup(multi.get()); });
    if (curl_multi_add_handle(multi.get(), curl) != CURLM_OK) {
      return failure(ErrorCode::internal, "libcurl took no request", false);
    }
    for (int running = 1; running > 0;) {
      if (stop.stop_requested()) {
        ended = failure(ErrorCode::cancelled, "it was stopped", false);
        break;
      }
      if (deadline.passed()) {
        ended = failure(ErrorCode::timeout, "no reply came in time", false);
        break;
      }
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
        ended = failure(ErrorCode::internal, "libcurl gave up", false);
        break;
      }
      if (running == 0) break;
      const std::int64_t left_ms = deadline.remaining().count() / 1'000 + 1;
      (void)curl_multi_poll(multi.get(), nullptr, 0,
                            static_cast<int>(std::min(left_ms, kPollMsMax)), nullptr);
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(multi.get(), curl);
  }
  handles_->give_back(std::move(multi));
  if (ended) return *std::move(ended);
  if (code != CURLE_OK && !exchange.is_cut) return explain(code, exchange, error.data());
  // libcurl takes a head that breaks off for a reply of nothing.
  if (!exchange.is_head_whole) {
    return failure(ErrorCode::unavailable, "half a reply came", true);
  }
  return std::move(exchange.reply);
}

}  // namespace trawl::net
