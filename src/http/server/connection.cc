#include "http/server/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/server/piece_writer.h"

namespace trawl::http {
namespace {

// A connection that is closed with unread bytes in it is reset, and the client may lose
// the reply. So what still comes is thrown away for a while first.
constexpr std::int64_t kLingerMs = 5'000;
// While stopping, and for refused connections.
constexpr std::int64_t kShortLingerMs = 300;
// Bodies up to this size are copied behind the head and sent with it.
constexpr std::size_t kJoinedBodyBytesMax = 16 * 1024;

}  // namespace

Connection::Connection(std::shared_ptr<Shard> shard, Socket socket, bool is_refused)
    : shard_(std::move(shard)),
      socket_(std::move(socket)),
      timer_(shard_->io),
      is_refused_(is_refused) {
  error_code ec;
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec) remote_address_ = peer.address().to_string(ec);
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  socket_.non_blocking(true, ec);  // Otherwise send_continue() might wait.
}

void Connection::start() {
  guarded([this] {
    if (is_refused_) {
      fail(make_error(
          ErrorCode::unavailable,
          fmt::format("the server has as many connections as it accepts ({}); try "
                      "again shortly",
                      options().connections_max)));
      return;
    }
    set_deadline(options().idle_timeout_ms);
    read();
  });
}

// The server is stopping: an idle connection goes, a request inside may finish.
void Connection::drain() {
  guarded([this] {
    if (phase_ == Phase::idle) {
      // Bytes that are on the machine already are a request inside.
      error_code ec;
      if (socket_.available(ec) == 0 || ec) {
        close();
      } else {
        set_deadline(options().header_timeout_ms);
      }
    } else if (phase_ == Phase::lingering) {
      set_deadline(kShortLingerMs);
    } else if (reply_stream_) {
      keep_alive_ = false;
      if (!is_endless_) return;
      if (exchange_) exchange_->stop.request_stop(StopReason::server_stopping);
      reply_stream_->close(make_error(ErrorCode::cancelled, "the server is stopping"));
    }
  });
}

// The server waits no longer. A reply that comes after this goes nowhere.
void Connection::abandon() {
  const auto self = shared_from_this();
  if (exchange_) {
    exchange_->abandoned = true;
    exchange_->stop.request_stop(StopReason::server_stopping);
  }
  close();
  exchange_.reset();
  leave();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const Phase last = phase_;
  phase_ = Phase::closed;
  if (exchange_) exchange_->stop.request_stop(StopReason::client_left);
  if (stream_) stream_->fail(make_error(ErrorCode::cancelled, "the client has left"));
  if (reply_stream_) {
    reply_stream_->close(make_error(ErrorCode::cancelled, "the client has left"));
  }
  clear_deadline();
  timer_.cancel();
  error_code ec;
  socket_.close(ec);
  auto& context = *shard_->context;
  (is_refused_ ? context.refused : context.admitted).fetch_sub(1);
  if (last == Phase::replying) finish_exchange();
  // A handler that is still at work makes this a request inside: stop() waits for it.
  if (!exchange_) leave();
}

void Connection::leave() {
  if (shard_->connections.erase(this) == 0) return;
  if (is_active_) {  // The client left before there was anything to reply to.
    is_active_ = false;
    shard_->requests_active.fetch_sub(1, std::memory_order_relaxed);
  }
  auto& context = *shard_->context;
  const MutexLock lock(context.mutex);
  if (--context.registered == 0) context.changed.notify_all();
}

void Connection::fail(const Error& error) {
  keep_alive_ = false;
  lingers_ = true;
  answer(refusal(error, request().request_id));
}

// Something threw. Where no reply has begun the client learns why it gets none.
void Connection::give_up(Thrown thrown) {
  if (phase_ == Phase::head || phase_ == Phase::body) {
    if (request_) std::string().swap(request_->body);
    body_lease_.reset();
    fail(error_of(thrown));
  } else {
    close();
  }
}

// Sends what the connection itself has to say.
void Connection::answer(Response response) {
  shape_reply(response, form_, request().request_id, options().compress_bytes_min);
  send(std::move(response));
}

void Connection::send(Response response) {
  if (response.is_made_later()) open_stream(response);
  phase_ = Phase::replying;
  status_ = response.status;
  response.headers.insert(response.headers.end(), request().reply_headers.begin(),
                          request().reply_headers.end());
  if (draining() || (input_ended_ && input().empty())) keep_alive_ = false;
  for (const auto& [name, value] : response.headers) {
    if (equals_ignoring_case(name, "Connection") && has_token(value, "close")) {
      keep_alive_ = false;
    }
  }
  ResponseHead head{request().request_id, shard_->date(), is_http_11_, keep_alive_,
                    reply_stream_ && takes_trailers()};
  if (const CorsPolicy& cors = shard_->context->cors; cors.is_on()) {
    head.varies_by_origin = cors.varies();
    head.allow_origin = cors.allowed(request().header("Origin").value_or(""));
  }
  output_.clear();
  append_response_head(output_, response, head);
  output_body_.clear();
  if (!response.is_made_later() && request().method != "HEAD" &&
      !is_bodiless(response.status)) {
    if (response.body.size() <= kJoinedBodyBytesMax) {
      output_.append(response.body);
    } else {
      output_body_ = std::move(response.body);
    }
  }
  written_ = 0;
  pace_ = Pace(options().write_timeout_ms, options().bytes_per_s_min);
  wait_for_client(options().write_timeout_ms);
  write();
  // A stream may wait for days: reading is how its end at the other side is seen.
  if (reply_stream_ && is_endless_) read();
}

bool Connection::takes_trailers() const {
  const auto te = request_->header("TE");
  return is_http_11_ && te && has_token(*te, "trailers");
}

// Starts the writer of a reply that is made while it is sent. Where there is no thread for
// a stream, the reply turns into a refusal.
void Connection::open_stream(Response& response) {
  if (!is_http_11_) keep_alive_ = false;  // The end of the connection ends the body.
  if (request().method == "HEAD" || is_bodiless(response.status)) return;
  auto stream =
      std::make_shared<ReplyStream>(ReplyStream::Framing{is_http_11_, takes_trailers()},
                                    [shard = shard_, connection = weak_from_this()] {
                                      return shard->post([connection] {
                                        const auto self = connection.lock();
                                        if (self)
                                          self->guarded([&] { self->advance_reply(); });
                                      });
                                    });
  is_endless_ = response.stream != nullptr;
  if (!is_endless_) {
    reply_stream_ = stream;
    std::make_shared<PieceWriter>(std::move(stream), response.pieces,
                                  shard_->context->workers, request_)
        ->go_on();
    return;
  }
  auto task = [stream, request = request_, body = response.stream] {
    Result<void> written;
    const Thrown thrown =
        run_guarded("the writer of a reply", [&] { written = body(*stream); });
    if (thrown != Thrown::nothing) {
      stream->finish(false);
      return;
    }
    if (!written) {
      log_cut(*request, written.error());
    }
    stream->finish(written.has_value());
  };
  const auto refuse = [&](const Error& error) {
    response = refusal(error, request_->request_id);
    shape_reply(response, form_, request_->request_id, options().compress_bytes_min);
  };
  if (draining()) {
    refuse(make_error(
        ErrorCode::unavailable,
        "the server is stopping and starts no stream; try again when it is back"));
    return;
  }
  StreamThreads& threads = shard_->context->streams;
  const Stock::Taken taken = threads.start(request_->account, std::move(task));
  if (taken != Stock::Taken::yes) {
    refuse(share_error(taken, threads.places(), "streamed replies"));
  } else {
    reply_stream_ = std::move(stream);
    if (input_ended_) {
      reply_stream_->close(make_error(ErrorCode::cancelled, "the client has left"));
    }
  }
}

// Sends what the writer of a streamed reply has made. No write is under way.
void Connection::advance_reply() {
  if (phase_ != Phase::replying || !reply_stream_) return;
  written_ = 0;
  switch (reply_stream_->take(output_)) {
    case ReplyStream::State::more:
      wait_for_client(options().write_timeout_ms);
      write();
      break;
    case ReplyStream::State::waiting:
      clear_deadline();  // The writer is the slow one.
      break;
    case ReplyStream::State::complete:
      std::string().swap(output_);
      finish_reply();
      break;
    case ReplyStream::State::cut:
      if (!is_http_11_) {
        // An orderly end would look like the end of the body.
        error_code ec;
        socket_.set_option(asio::socket_base::linger(true, 0), ec);
      }
      close();
      break;
  }
}

void Connection::finish_reply() {
  reply_stream_.reset();
  finish_exchange();
  if (keep_alive_) {
    next_request();
  } else {
    linger();
  }
}

// Twenty-five bytes fit into any socket that took the last reply whole; one that takes
// only a part of them is beyond saving.
void Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  expects_continue_ = false;
  error_code ec;
  if (socket_.write_some(asio::buffer(kContinue), ec) != kContinue.size()) close();
}

void Connection::write() {
  const auto done = [self = shared_from_this()](error_code ec, std::size_t n) {
    self->on_write(ec, n);
  };
  if (written_ >= output_.size()) {
    socket_.async_write_some(asio::buffer(output_body_) + (written_ - output_.size()),
                             done);
  } else if (output_body_.empty()) {
    socket_.async_write_some(asio::buffer(output_) + written_, done);
  } else {
    socket_.async_write_some(
        std::array<asio::const_buffer, 2>{asio::buffer(output_) + written_,
                                          asio::buffer(output_body_)},
        done);
  }
}

void Connection::on_write(error_code ec, std::size_t size) {
  if (phase_ == Phase::closed) return;
  guarded([&] {
    if (ec) {
      close();
      return;
    }
    written_ += size;
    client_moved(size);
    if (written_ < output_.size() + output_body_.size()) {
      wait_for_client(options().write_timeout_ms);
      write();
      return;
    }
    if (reply_stream_) {
      advance_reply();
    } else {
      finish_reply();
    }
  });
}

void Connection::finish_exchange() {
  exchange_.reset();
  if (!is_active_) return;
  is_active_ = false;
  shard_->requests_active.fetch_sub(1, std::memory_order_relaxed);
  shard_->requests_total.fetch_add(1, std::memory_order_relaxed);
  const auto& observer = shard_->context->observer;
  if (!observer) return;
  run_guarded("the observer of a request", [&] {
    observer(*request_, route_ == nullptr ? std::string_view() : route_->pattern, status_,
             monotonic_us() - started_us_);
  });
}

void Connection::next_request() {
  phase_ = Phase::idle;
  scanner_ = HeadScanner();
  decoder_ = BodyDecoder();
  request_.reset();
  form_ = ReplyForm();
  stream_.reset();
  coding_ = ContentCoding::identity;
  body_lease_.reset();
  lease_state_ = Stock::Taken::yes;
  route_ = nullptr;
  early_reply_.reset();
  keep_alive_ = true;
  expects_continue_ = false;
  discards_body_ = false;
  lingers_ = false;
  std::string().swap(output_body_);
  set_deadline(options().idle_timeout_ms);
  advance();
}

void Connection::linger() {
  error_code ec;
  lingers_ = lingers_ || !input().empty() || socket_.available(ec) > 0;
  if (input_ended_ || !lingers_) {
    close();
    return;
  }
  phase_ = Phase::lingering;
  socket_.shutdown(Socket::shutdown_send, ec);
  std::string().swap(input_);
  input_begin_ = 0;
  set_deadline(is_refused_ || draining() ? kShortLingerMs : kLingerMs);
  read();
}

// One timer, moved only when it would ring too late: most requests end before any
// deadline, and then a deadline costs one reading of the clock.
void Connection::set_deadline(std::int64_t ms) {
  deadline_ = SteadyClock::now() + std::chrono::milliseconds(ms);
  if (deadline_ < timer_expiry_) arm_timer();
}

// Waits until the client has moved some bytes: for `timeout_ms`, or as long as it has not
// been too slow in all.
void Connection::wait_for_client(std::int64_t timeout_ms) {
  if (options().bytes_per_s_min > 0) {
    waiting_since_ = SteadyClock::now();
    timeout_ms = std::min(timeout_ms, pace_.left_ms());
  }
  set_deadline(timeout_ms);
}

void Connection::client_moved(std::size_t bytes) {
  if (!waiting_since_) return;
  const auto waited = SteadyClock::now() - *waiting_since_;
  waiting_since_.reset();
  pace_.waited(std::chrono::duration_cast<std::chrono::microseconds>(waited).count(),
               bytes);
}

void Connection::arm_timer() {
  timer_expiry_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this(), number = ++timer_number_](error_code) {
    if (number != self->timer_number_ || self->phase_ == Phase::closed) return;
    self->timer_expiry_ = SteadyClock::time_point::max();
    self->guarded([&] { self->on_timer(); });
  });
}

void Connection::on_timer() {
  if (deadline_ == SteadyClock::time_point::max()) return;
  if (SteadyClock::now() < deadline_) {
    arm_timer();
    return;
  }
  clear_deadline();
  switch (phase_) {
    case Phase::head:
      fail(make_error(ErrorCode::timeout,
                      fmt::format("the headers did not arrive within {} ms",
                                  options().header_timeout_ms)));
      break;
    case Phase::body:
      if (answer_early()) break;
      fail(make_error(
          ErrorCode::timeout,
          fmt::format("the body did not arrive within {} ms", options().body_timeout_ms)));
      break;
    case Phase::handling:
      if (stream_) {
        stream_->fail(
            make_error(ErrorCode::timeout,
                       fmt::format("nothing more of the body arrived for {} ms, or less "
                                   "than {} bytes a second",
                                   options().body_timeout_ms, options().bytes_per_s_min)));
      }
      break;
    case Phase::replying:
      if (reply_stream_) {
        reply_stream_->close(
            make_error(ErrorCode::timeout,
                       fmt::format("the client read nothing, or too little, for {} ms",
                                   options().write_timeout_ms)));
      }
      close();
      break;
    case Phase::idle:
    case Phase::lingering:
    case Phase::closed:
      close();
      break;
  }
}

}  // namespace trawl::http
