#pragma once

#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message/body_decoder.h"
#include "http/message/head.h"
#include "http/message/message.h"
#include "http/message/negotiation.h"
#include "http/message/reply_form.h"
#include "http/server/body_stream.h"
#include "http/server/pace.h"
#include "http/server/reply_stream.h"
#include "http/server/shard.h"
#include "http/server/shares.h"
#include "runtime/guarded.h"
#include "runtime/stop.h"

namespace trawl::http {

// One request between its handler and its connection, whichever lives longer.
struct Exchange : std::enable_shared_from_this<Exchange> {
  std::shared_ptr<Shard> shard;
  std::weak_ptr<Connection> connection;
  std::string request_id;
  ReplyForm form;
  std::atomic<bool> replied{false};
  StopSource stop;                     // Of whoever works on the reply.
  std::atomic<bool> abandoned{false};  // The server stopped without waiting any longer.

  // Of the calls the first counts. Any thread.
  void reply(Response response);

 private:
  void form_and_deliver(Response response);
  void shape(Response& response);
  bool shape_on_worker(Response& response);
  void deliver(Response response);
};

// One client. Everything happens on the shard's thread; each step leaves the connection
// in one phase, with at most one read, one write and one timer under way.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shard> shard, Socket socket, bool is_refused);

  void start();
  void drain();
  void abandon();
  void on_reply(Response response);

 private:
  enum class Phase {
    idle,      // Between requests.
    head,      // A request's first byte is here.
    body,      // Reading a body that the handler gets whole, or nobody gets.
    handling,  // Waiting for the reply; a streamed body may still come in.
    replying,
    lingering,
    closed,
  };

  template <class Step>
  void guarded(Step step);
  void read();
  void on_read(error_code ec, std::size_t size);
  void on_end_of_input();
  void advance();
  void advance_head();
  void begin_request(std::size_t head_size);
  void take_body(std::string_view bytes);
  std::optional<Response> route_request();
  std::optional<Response> admit_request(const Framing& framing);
  void add_preflight_headers(const std::string& allow, Response& response) const;
  bool feed_body();
  bool reserve_body(std::size_t size);
  Error no_room_for_body() const;
  void advance_body();
  void advance_stream();
  void dispatch();
  void give_up(Thrown thrown);
  void fail(const Error& error);
  void answer(Response response);
  void send(Response response);
  void open_stream(Response& response);
  void advance_reply();
  void finish_reply();
  bool answer_early();
  void send_continue();
  void write();
  void on_write(error_code ec, std::size_t size);
  void finish_exchange();
  void next_request();
  void linger();
  void close();
  void leave();

  void set_deadline(std::int64_t ms);
  void wait_for_client(std::int64_t timeout_ms);
  void client_moved(std::size_t bytes);
  void clear_deadline() { deadline_ = SteadyClock::time_point::max(); }
  void arm_timer();
  void on_timer();

  std::string_view input() const { return std::string_view(input_).substr(input_begin_); }
  void consume(std::size_t size);
  bool body_complete() const { return decoder_.is_complete(); }
  BodyLimit body_limit() const;
  bool draining() const {
    return shard_->context->draining.load(std::memory_order_relaxed);
  }
  const ServerOptions& options() const { return shard_->context->options; }
  Request& request();
  bool takes_trailers() const;

  const std::shared_ptr<Shard> shard_;
  Socket socket_;
  Timer timer_;
  const bool is_refused_;
  std::string remote_address_;
  Phase phase_ = Phase::idle;

  std::vector<char> landing_;  // Where the read under way writes to.
  std::string input_;          // Received and not yet consumed, from input_begin_.
  std::size_t input_begin_ = 0;
  bool is_reading_ = false;
  bool input_ended_ = false;

  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  SteadyClock::time_point timer_expiry_ = SteadyClock::time_point::max();
  std::uint64_t timer_number_ = 0;  // Tells a timer that was set again from the one before.

  // The request at hand.
  HeadScanner scanner_;
  BodyDecoder decoder_;
  std::shared_ptr<Request> request_;
  ReplyForm form_;
  std::shared_ptr<Exchange> exchange_;  // From dispatch to reply.
  std::shared_ptr<BodyStream> stream_;
  ContentCoding coding_ = ContentCoding::identity;  // Of the body.
  std::uint64_t promised_ = 0;         // Its length, or the most that it may have.
  std::shared_ptr<Lease> body_lease_;  // Also held by what uses the body.
  Stock::Taken lease_state_ = Stock::Taken::yes;
  // While the reply is one that is made as it is sent,
  std::shared_ptr<ReplyStream> reply_stream_;
  bool is_endless_ = false;  // and then whether it may last for days.
  const Route* route_ = nullptr;
  // Of a streamed body, then of the reply: since when we wait for the client, if we do.
  Pace pace_;
  std::optional<SteadyClock::time_point> waiting_since_;
  std::optional<Response> early_reply_;  // To be sent once the body has been skipped.
  std::int64_t started_us_ = 0;
  bool is_active_ = false;  // Counted in requests_active.
  bool is_http_11_ = true;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  bool discards_body_ = false;
  bool lingers_ = false;
  int status_ = 0;

  std::string output_;
  std::string output_body_;
  std::size_t written_ = 0;
  std::uint64_t lingered_ = 0;
};

// An exception (no memory) costs its own connection and no other.
template <class Step>
void Connection::guarded(Step step) {
  const auto self = shared_from_this();
  const Thrown thrown = run_guarded("a connection", step);
  if (thrown == Thrown::nothing) return;
  if (run_guarded("refusing a request", [&] { give_up(thrown); }) != Thrown::nothing) {
    close();
  }
}

}  // namespace trawl::http
