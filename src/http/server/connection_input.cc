#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <limits>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "http/message/content_decoder.h"
#include "http/server/connection.h"
#include "http/server/guarded_reply.h"

namespace trawl::http {
namespace {

constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::size_t kBodyReadBytes = 64 * 1024;
constexpr std::size_t kReadAheadBytesMax = 16 * 1024;  // Taken in while a handler runs.
// A body that nobody wants is read up to this size, for the sake of keep-alive.
constexpr std::uint64_t kSkippedBodyBytesMax = 64 * 1024;
// And waited for so long, while its refusal waits.
constexpr std::int64_t kSkippedBodyWaitMs = 1'000;
constexpr std::uint64_t kLingerBytesMax = 64 * 1024 * 1024;
// Larger bodies are hashed and packed on a worker: on the connection's thread everyone
// else would wait for a third of a millisecond and more.
constexpr std::size_t kShapedInPlaceBytesMax = 32 * 1024;
// Longer bodies are read on a worker.
constexpr std::size_t kReadInPlaceBytesMax = 32 * 1024;
// Shorter bodies are part of what a connection costs, as its head is, and not counted.
constexpr std::size_t kUncountedBytesMax = 16 * 1024;
// How long a browser may remember the answer to a preflight.
constexpr std::string_view kPreflightSeconds = "600";

// Shared by the copies of a Reply: notices when the last one goes unused.
struct ReplyGuard {
  explicit ReplyGuard(std::shared_ptr<Exchange> e) : exchange(std::move(e)) {}
  ReplyGuard(const ReplyGuard&) = delete;
  ReplyGuard& operator=(const ReplyGuard&) = delete;
  ~ReplyGuard() {
    if (exchange->replied || exchange->abandoned) return;
    run_guarded("the last reply to a request", [this] {
      spdlog::error("{} ended without a reply from its handler", exchange->request_id);
      exchange->reply(
          error_response(make_error(ErrorCode::internal,
                                    "the server made no reply to this request; its log "
                                    "has more under the request id"),
                         exchange->request_id));
    });
  }
  const std::shared_ptr<Exchange> exchange;
};

// Puts what a packed body is in its place. Both are in memory for a moment.
Result<void> unpack_body(Request& request, ContentCoding coding, const BodyLimit& limit,
                         const std::shared_ptr<Stock>& bodies) {
  const auto lease = std::make_shared<Lease>(bodies, request.account);
  TRAWL_ASSIGN(
      std::string body,
      decode_content(coding, request.body, limit, [&](std::size_t bytes) -> Result<void> {
        const Stock::Taken taken = lease->grow_to(bytes);
        if (taken == Stock::Taken::yes) return {};
        return share_error(taken, *bodies, "bytes of request bodies");
      }));
  request.body = std::move(body);
  request.body_memory = lease;
  return {};
}

}  // namespace

void Connection::consume(std::size_t size) {
  input_begin_ += size;
  if (input_begin_ < input_.size()) return;
  input_begin_ = 0;
  if (input_.capacity() > 2 * kReadAheadBytesMax && body_complete()) {
    input_ = std::string();
  } else {
    input_.clear();
  }
}

// Starts a read where the phase wants one. A read is under way while a handler runs, too:
// that is how the connection learns that the client has left, and the next request's first
// bytes are taken in.
void Connection::read() {
  if (is_reading_ || input_ended_ || phase_ == Phase::closed) return;
  std::size_t size = kReadBytes;
  if (phase_ == Phase::body || phase_ == Phase::lingering) {
    size = kBodyReadBytes;
  } else if (phase_ == Phase::handling || phase_ == Phase::replying) {
    if (!body_complete()) {
      if (phase_ == Phase::replying || !stream_->wants_data()) return;
      size = kBodyReadBytes;
    } else if (input().size() >= kReadAheadBytesMax) {
      return;
    }
  }
  if (landing_.size() != size) std::vector<char>(size).swap(landing_);
  is_reading_ = true;
  socket_.async_read_some(
      asio::buffer(landing_),
      [self = shared_from_this()](error_code ec, std::size_t n) { self->on_read(ec, n); });
}

void Connection::on_read(error_code ec, std::size_t size) {
  is_reading_ = false;
  if (phase_ == Phase::closed) return;
  guarded([&] {
    if (ec == asio::error::eof) {
      input_ended_ = true;
      on_end_of_input();
    } else if (ec) {
      close();
    } else if (phase_ == Phase::lingering) {
      lingered_ += size;
      if (lingered_ > kLingerBytesMax) {
        close();
      } else {
        read();
      }
    } else {
      if (input_begin_ > 0) {
        input_.erase(0, input_begin_);
        input_begin_ = 0;
      }
      input_.append(landing_.data(), size);
      advance();
    }
  });
}

// The client sends no more. It may still read, so what was cut short gets its reply.
void Connection::on_end_of_input() {
  switch (phase_) {
    case Phase::idle:
    case Phase::lingering:
      close();
      break;
    case Phase::head:
      fail(make_error(ErrorCode::bad_request, "the request ended within its head"));
      break;
    case Phase::body:
      if (answer_early()) break;
      fail(make_error(ErrorCode::bad_request,
                      "the request ended before its body was complete"));
      break;
    case Phase::handling:
      exchange_->stop.request_stop(StopReason::client_left);
      // What is here and not yet decoded may be the rest of the body.
      if (stream_ && !body_complete() && input().empty()) {
        clear_deadline();
        stream_->fail(make_error(ErrorCode::bad_request,
                                 "the request ended before its body was complete"));
      }
      break;
    case Phase::replying:
      if (reply_stream_ && is_endless_) {
        exchange_->stop.request_stop(StopReason::client_left);
        reply_stream_->close(make_error(ErrorCode::cancelled, "the client has left"));
      }
      break;
    case Phase::closed:
      break;
  }
}

void Connection::advance() {
  if (phase_ == Phase::idle || phase_ == Phase::head) {
    advance_head();
  } else if (phase_ == Phase::body) {
    advance_body();
  } else if (phase_ == Phase::handling && !body_complete()) {
    advance_stream();
  } else {
    read();
  }
}

void Connection::advance_head() {
  // Empty lines before a request are skipped, as RFC 9112 asks.
  while (phase_ == Phase::idle && input().starts_with("\r\n")) consume(2);
  if (input().empty()) {
    if (draining() || input_ended_) {
      close();
    } else {
      read();
    }
    return;
  }
  const bool is_first_piece = phase_ == Phase::idle && input() != "\r";
  if (is_first_piece) phase_ = Phase::head;
  const auto state = scanner_.scan(input());
  const std::size_t size =
      state == HeadScanner::State::complete ? scanner_.size() : input().size();
  if (state == HeadScanner::State::malformed) {
    fail(make_error(ErrorCode::bad_request,
                    fmt::format("the request is malformed: {}", scanner_.reason())));
  } else if (size > options().header_bytes_max) {
    fail(make_error(ErrorCode::headers_too_large,
                    fmt::format("the request line and headers are larger than {} bytes",
                                options().header_bytes_max)));
  } else if (state == HeadScanner::State::complete) {
    begin_request(size);
  } else if (input_ended_) {
    on_end_of_input();
  } else {
    if (is_first_piece) set_deadline(options().header_timeout_ms);
    read();
  }
}

Request& Connection::request() {
  if (!request_) {
    request_ = std::make_shared<Request>();
    request_->remote_address = remote_address_;
    request_->account = remote_address_;
    request_->request_id = make_random_id("req_", 16);
    started_us_ = monotonic_us();
    is_active_ = true;
    shard_->requests_active.fetch_add(1, std::memory_order_relaxed);
  }
  return *request_;
}

void Connection::begin_request(std::size_t head_size) {
  const auto version = parse_head(input().substr(0, head_size), request());
  if (!version) {
    fail(version.error());
    return;
  }
  consume(head_size);
  form_ = ReplyForm::of(*request_);
  is_http_11_ = *version >= 11;
  if (const auto id = request_->header("X-Request-Id"); id && is_valid_request_id(*id)) {
    request_->request_id = *id;
  }
  const auto framing = check_framing(request_->headers, is_http_11_);
  if (!framing) {
    fail(framing.error());
    return;
  }
  keep_alive_ = framing->keep_alive;
  expects_continue_ = framing->expect_continue && framing->has_body();

  early_reply_ = route_request();
  if (!early_reply_) early_reply_ = admit_request(*framing);
  const bool is_streamed = !early_reply_ && route_->body == Body::streamed;
  decoder_ = BodyDecoder(*framing, is_streamed ? std::numeric_limits<std::uint64_t>::max()
                                               : body_limit().bytes_max);
  const std::uint64_t length = framing->content_length.value_or(0);
  if (early_reply_) {
    if (framing->has_body() &&
        (framing->chunked || expects_continue_ || length > kSkippedBodyBytesMax)) {
      keep_alive_ = false;
      lingers_ = true;
      answer(std::move(*early_reply_));
      return;
    }
    discards_body_ = true;
  } else if (is_streamed) {
    dispatch();
    return;
  } else if (length > body_limit().bytes_max) {
    fail(make_error(ErrorCode::too_large,
                    fmt::format("the body has {} bytes; at most {} are accepted", length,
                                describe(body_limit()))));
    return;
  } else {
    promised_ = framing->content_length.value_or(body_limit().bytes_max);
    // A claimed length earns no memory, but what does not fit had better not be sent.
    if (length > kUncountedBytesMax) {
      lease_state_ = shard_->context->bodies->probe(request_->account, length);
      if (lease_state_ != Stock::Taken::yes) {
        fail(no_room_for_body());
        return;
      }
    }
  }
  phase_ = Phase::body;
  if (framing->has_body()) {
    set_deadline(early_reply_ ? std::min(options().body_timeout_ms, kSkippedBodyWaitMs)
                              : options().body_timeout_ms);
  }
  if (expects_continue_ && input().empty()) send_continue();
  if (phase_ == Phase::body) advance_body();
}

// The refusal of a request whose body does not come.
bool Connection::answer_early() {
  if (!early_reply_) return false;
  keep_alive_ = false;
  lingers_ = true;
  answer(std::move(*early_reply_));
  return true;
}

// Fills route_ and what the request has from its target; a reply when there is no route.
std::optional<Response> Connection::route_request() {
  Request& request = *request_;
  const auto refuse = [&request](const Error& error) {
    return error_response(error, request.request_id);
  };
  const auto target = split_target(request.method, request.target);
  if (!target) return refuse(target.error());
  if (!percent_decode(target->path, false, request.path) ||
      !parse_query(target->query, request.query)) {
    return refuse(make_error(ErrorCode::bad_request,
                             "the path or the query has a malformed percent escape, a NUL "
                             "byte, or is not UTF-8"));
  }
  auto match = shard_->context->router.match(request.method, target->path);
  if (match.route != nullptr) {
    if (form_.has_if_match && !form_.is_read) {
      return refuse(
          make_error(ErrorCode::not_enabled,
                     "this server does not support If-Match, and ignoring it could "
                     "overwrite what you have not seen; leave it out"));
    }
    route_ = match.route;
    request.path_parameters = std::move(match.path_parameters);
    return std::nullopt;
  }
  if (target->path == "*")
    match.allowed = {"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"};
  if (match.allowed.empty()) {
    return refuse(make_error(
        ErrorCode::not_found,
        fmt::format("there is nothing at the path {}", truncate_text(request.path, 200))));
  }
  if (std::find(match.allowed.begin(), match.allowed.end(), "OPTIONS") ==
      match.allowed.end()) {
    match.allowed.emplace_back("OPTIONS");
  }
  const std::string allow = fmt::format("{}", fmt::join(match.allowed, ", "));
  Response response;
  if (request.method == "OPTIONS") {
    response.status = 204;
  } else {
    response = refuse(make_error(ErrorCode::method_not_allowed,
                                 fmt::format("{} is not a method of {}; use one of {}",
                                             truncate_text(request.method, 50),
                                             truncate_text(request.path, 200), allow)));
  }
  response.headers.emplace_back("Allow", allow);
  if (request.method == "OPTIONS") add_preflight_headers(allow, response);
  return response;
}

// Whether the request may go on, and how its body is to be read; a reply where it may not.
std::optional<Response> Connection::admit_request(const Framing& framing) {
  Error error;
  const Thrown thrown = run_guarded("admitting a request", [&] {
    if (const auto admitted = route_->handler.admit(*request_); !admitted) {
      error = admitted.error();
      return;
    }
    if (!framing.has_body()) return;
    const auto coding = content_coding(request_->headers);
    if (coding) {
      coding_ = *coding;
    } else {
      error = coding.error();
    }
  });
  if (thrown != Thrown::nothing) error = error_of(thrown);
  if (error.message.empty()) return std::nullopt;
  Response response = error_response(error, request_->request_id);
  if (error.code == ErrorCode::unsupported_coding) {
    response.headers.emplace_back("Accept-Encoding", kReadCodings);
  }
  return response;
}

// A browser asks first whether a page may send a request such as this one. A page that may
// not is told nothing beyond what everyone is.
void Connection::add_preflight_headers(const std::string& allow, Response& response) const {
  const auto method = request_->header("Access-Control-Request-Method");
  const auto origin = request_->header("Origin");
  if (!method || !origin || shard_->context->cors.allowed(*origin).empty()) return;
  response.headers.emplace_back("Access-Control-Allow-Methods", allow);
  std::string names =
      allowed_headers(request_->header("Access-Control-Request-Headers").value_or(""));
  if (!names.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Headers", std::move(names));
  }
  response.headers.emplace_back("Access-Control-Max-Age", kPreflightSeconds);
}

BodyLimit Connection::body_limit() const {
  const BodyLimit of_server{options().body_bytes_max, "http.body_bytes_max"};
  if (route_ == nullptr) return of_server;
  const BodyLimit& of_route = route_->handler.body_limit();
  return of_route.bytes_max < of_server.bytes_max ? of_route : of_server;
}

void Connection::take_body(std::string_view bytes) {
  if (discards_body_ || lease_state_ != Stock::Taken::yes) return;
  if (stream_) {
    stream_->push(bytes);
    return;
  }
  std::string& body = request_->body;
  const std::size_t needed = body.size() + bytes.size();
  if (needed > body.capacity()) {
    // Doubled, but not beyond the length that was promised.
    const std::size_t capacity = std::max<std::size_t>(
        needed, std::min<std::uint64_t>(2 * body.capacity(), promised_));
    if (!reserve_body(capacity)) return;
    body.reserve(capacity);
  }
  body.append(bytes);
}

// Counts what a body takes up against what there is; false where that is too much.
bool Connection::reserve_body(std::size_t size) {
  if (size <= kUncountedBytesMax) return true;
  if (!body_lease_) {
    body_lease_ = std::make_shared<Lease>(shard_->context->bodies, request_->account);
  }
  lease_state_ = body_lease_->grow_to(size);
  return lease_state_ == Stock::Taken::yes;
}

Error Connection::no_room_for_body() const {
  return share_error(lease_state_, *shard_->context->bodies, "bytes of request bodies");
}

// Takes in what is there of the body. False when the request was refused.
bool Connection::feed_body() {
  consume(decoder_.decode(input(), [this](std::string_view bytes) { take_body(bytes); }));
  Error error;
  if (decoder_.state() == BodyDecoder::State::malformed) {
    error = make_error(ErrorCode::bad_request,
                       fmt::format("the chunked body is malformed: {}", decoder_.reason()));
  } else if (decoder_.state() == BodyDecoder::State::too_large) {
    error = make_error(ErrorCode::too_large,
                       fmt::format("the body has too many bytes; at most {} are accepted",
                                   describe(body_limit())));
  } else if (lease_state_ != Stock::Taken::yes) {
    error = no_room_for_body();
  } else {
    return true;
  }
  if (phase_ == Phase::body) {
    fail(error);
  } else if (stream_) {
    clear_deadline();
    stream_->fail(std::move(error));
  }
  return false;
}

void Connection::advance_body() {
  if (!feed_body()) return;
  if (!body_complete()) {
    if (input_ended_) {
      on_end_of_input();
    } else {
      read();
    }
    return;
  }
  if (early_reply_) {
    answer(std::move(*early_reply_));
  } else {
    dispatch();
  }
}

void Connection::advance_stream() {
  if (!stream_->wants_data()) return;
  const std::size_t before = input().size();
  if (expects_continue_) {
    expects_continue_ = false;
    if (input().empty()) send_continue();
  }
  if (phase_ != Phase::handling || !feed_body()) return;
  client_moved(before - input().size());
  if (body_complete()) {
    clear_deadline();
    stream_->finish();
  } else if (input_ended_) {
    on_end_of_input();
  } else if (stream_->wants_data()) {
    wait_for_client(options().body_timeout_ms);
  } else {
    clear_deadline();  // The reader is the slow one.
  }
  read();
}

void Connection::dispatch() {
  phase_ = Phase::handling;
  clear_deadline();
  exchange_ = std::make_shared<Exchange>();
  exchange_->shard = shard_;
  exchange_->connection = weak_from_this();
  exchange_->request_id = request_->request_id;
  exchange_->form = form_;
  request_->stop = exchange_->stop.token();
  request_->body_memory = body_lease_;
  if (route_->body == Body::streamed) {
    stream_ = std::make_shared<BodyStream>([exchange = exchange_] {
      return exchange->shard->post([connection = exchange->connection] {
        const auto self = connection.lock();
        if (self) self->guarded([&] { self->advance(); });
      });
    });
    if (body_complete()) stream_->finish();
    request_->body_reader = stream_;
    if (coding_ != ContentCoding::identity) {
      request_->body_reader = std::make_shared<DecodingReader>(coding_, stream_);
    }
    pace_ = Pace(options().body_timeout_ms, options().bytes_per_s_min);
  }

  auto guard = std::make_shared<ReplyGuard>(exchange_);
  // After a forced stop there is nobody to run for, and perhaps no router.
  const auto run = [request = request_, route = route_, guard, coding = coding_,
                    limit = body_limit(), bodies = shard_->context->bodies] {
    if (guard->exchange->abandoned) return;
    const Reply reply = [guard](Response response) {
      guard->exchange->reply(std::move(response));
    };
    answer_guarded(*request, "the handler of a request", reply, [&] {
      if (coding != ContentCoding::identity && route->body == Body::buffered) {
        if (auto unpacked = unpack_body(*request, coding, limit, bodies); !unpacked) {
          reply(refusal(unpacked.error(), request->request_id));
          return;
        }
      }
      route->handler(request, reply);
    });
  };
  if (route_->body == Body::streamed) {
    // It blocks its reader for as long as the client likes.
    StreamThreads& threads = shard_->context->uploads;
    const Stock::Taken taken = threads.start(request_->account, run);
    if (taken != Stock::Taken::yes) {
      guard->exchange->reply(
          refusal(share_error(taken, threads.places(), "uploads"), request_->request_id));
    }
  } else if (route_->run_on == RunOn::worker ||
             request_->body.size() > kReadInPlaceBytesMax ||
             (coding_ != ContentCoding::identity &&
              body_limit().bytes_max > kReadInPlaceBytesMax)) {
    request_->queued_us = monotonic_us();
    const auto submitted = submit_request(shard_->context->workers, *request_, run);
    if (!submitted) {
      guard->exchange->reply(refusal(submitted.error(), request_->request_id));
    }
  } else {
    run();
  }
  if (phase_ == Phase::handling) read();  // Otherwise the reply is on its way already.
}

// A worker gives the reply its form at once. Other threads have something else to do: an
// I/O thread serves other connections, and the ledger's writer holds up every commit. So
// they leave long bodies to the workers, and short ones to the connection's thread.
void Exchange::reply(Response response) {
  if (replied.exchange(true)) return;
  const Thrown thrown =
      run_guarded("forming a reply", [&] { form_and_deliver(std::move(response)); });
  if (thrown == Thrown::nothing) return;
  run_guarded("answering that",
              [&] { deliver(error_response(error_of(thrown), request_id)); });
}

void Exchange::form_and_deliver(Response response) {
  if (!needs_shaping(response, form)) {
    deliver(std::move(response));
    return;
  }
  if (!WorkerPool::is_worker()) {
    if (response.body.size() > kShapedInPlaceBytesMax && !response.stays_off_workers &&
        shape_on_worker(response)) {
      return;
    }
    if (!shard->io.get_executor().running_in_this_thread()) {
      shard->post([self = shared_from_this(), made = std::move(response)]() mutable {
        self->shape(made);
        self->deliver(std::move(made));
      });
      return;
    }
  }
  shape(response);
  deliver(std::move(response));
}

void Exchange::shape(Response& response) {
  const Thrown thrown = run_guarded("packing a reply", [&] {
    shape_reply(response, form, request_id, shard->context->options.compress_bytes_min);
  });
  // Nobody else would answer: the handler has done its part.
  if (thrown != Thrown::nothing) response = error_response(error_of(thrown), request_id);
}

// Takes the response over and delivers it later, unless the workers are too busy; otherwise
// send it uncompressed.
bool Exchange::shape_on_worker(Response& response) {
  const auto self = shared_from_this();
  const auto made = std::make_shared<Response>(std::move(response));
  const bool taken = shard->context->workers.submit([self, made] {
    if (self->abandoned) return;
    self->shape(*made);
    self->deliver(std::move(*made));
  });
  if (taken) return true;
  response = std::move(*made);
  form.codings = AcceptedCodings();
  return false;
}

void Exchange::deliver(Response response) {
  if (shard->io.get_executor().running_in_this_thread()) {
    if (const auto target = connection.lock()) target->on_reply(std::move(response));
    return;
  }
  shard->post([target = connection, made = std::move(response)]() mutable {
    if (const auto locked = target.lock()) locked->on_reply(std::move(made));
  });
}

void Connection::on_reply(Response response) {
  guarded([&] {
    if (!exchange_) return;
    if (phase_ == Phase::closed) {
      status_ = response.status;
      finish_exchange();
      leave();
      return;
    }
    if (!body_complete()) {
      stream_->fail(make_error(ErrorCode::cancelled, "the request has its reply already"));
      // The rest of the body may be here already; then the connection can go on.
      discards_body_ = true;
      if (!feed_body() || !body_complete()) {
        keep_alive_ = false;
        lingers_ = true;
      }
    }
    send(std::move(response));
  });
}

}  // namespace trawl::http
