// GET /v1/retrievers/executions/tail: executions as they start and end, as server-sent
// events.
#include "api/executions/tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/executions/collection_condition.h"
#include "api/executions/executions.h"
#include "api/executions/tail_cursor.h"
#include "api/keys/key_watch.h"
#include "api/wire/endpoint.h"
#include "api/wire/query_reader.h"
#include "api/wire/time_value.h"
#include "base/clock.h"
#include "base/split_list.h"
#include "base/text.h"
#include "ledger/ledger_rules.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

using Kind = FeedEvent::Kind;

// Events are gathered up to this size before they are sent.
constexpr std::size_t kPieceBytes = 64 * 1024;
// How long an EventSource waits before it comes again.
constexpr int kRetryMs = 2'000;
constexpr std::int64_t kEndAfterMsMax = 86'400'000;
// How long after its end_time a tail still waits for what had begun before and is not
// known yet: a start is announced late, and a commit takes its time.
constexpr TimeUs kLateStartsUs = 1'000'000;

// What one request asks for.
struct TailRequest {
  NamespaceId namespace_id;
  ExecutionFilter filter;
  std::vector<std::string> warnings;  // Of the filter.
  std::optional<TailCursor> since;
  std::optional<std::chrono::milliseconds> end_after;
};

TimeUs end_of(const ExecutionSummary& summary) {
  const double millis = std::min(finite_amount(summary.duration_ms), 9e12);
  return summary.timestamp + static_cast<TimeUs>(millis * 1000);
}

class Tail {
 public:
  Tail(const Services& services, const TailRequest& request, KeyWatch& key,
       http::BodyWriter& writer)
      : services_(services), request_(request), key_(key), writer_(writer) {}

  // Until the client leaves, the server stops, the time that was asked for is over, nothing
  // more can match, or the key may no longer read.
  Result<void> run() {
    const auto end =
        request_.end_after ? Clock::now() + *request_.end_after : Clock::time_point::max();
    // First the queue, then the past: what is committed in between is in both, and known
    // by its id.
    subscription_ = services_.feed.subscribe(request_.namespace_id);
    writer_.on_closed([subscription = subscription_] { subscription->wake(); });
    sequence_ = subscription_->since();
    place_.timestamp = as_of_ = services_.clock.now();
    TRAWL_TRY(learn_running());
    // A reader that is cut off before the first event continues from here, or asks again
    // for the same past.
    out_ = fmt::format("retry: {}\n", kRetryMs);
    if (!request_.since) out_ += fmt::format("id: {}\n", encode_tail_cursor(cursor()));
    out_ += '\n';
    for (const std::string& warning : request_.warnings) {
      out_ += "event: warning\ndata: ";
      append_json(out_, json::object{{"message", warning}});
      out_ += "\n\n";
    }
    TRAWL_TRY(flush());
    if (request_.since) TRAWL_TRY(go_back());
    const auto beat = std::chrono::milliseconds(services_.limits.tail_heartbeat_ms);
    auto next_beat = Clock::now() + beat;
    while (!writer_.is_closed() && Clock::now() < end) {
      if (is_over()) return tell_over();
      const auto until = std::min({next_beat, end, next_look_at_end()});
      // Rounded up: what is due in a part of a millisecond is not asked for in a loop.
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      const auto batch = subscription_->wait(std::max(wait, std::chrono::milliseconds(0)));
      if (const auto allowed = key_.check(); !allowed) return close(allowed.error());
      for (const FeedEvent& event : batch.events) TRAWL_TRY(take(event));
      if (batch.dropped > 0) TRAWL_TRY(tell_dropped(batch.dropped));
      if (out_.empty() && Clock::now() >= next_beat) {
        // The id moves a reader on past what did not match.
        out_ = fmt::format(": heartbeat\nid: {}\n\n", encode_tail_cursor(cursor()));
      }
      if (out_.empty()) continue;
      TRAWL_TRY(flush());
      next_beat = Clock::now() + beat;
    }
    return {};
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct PastRow {
    TailRow row;
    std::string json;
  };

  Result<void> flush() {
    if (out_.empty()) return {};
    auto written = writer_.write(out_);
    out_.clear();
    // A stop in the middle of a piece is not a failure: the reader has a cursor.
    if (!written && written.error().code == ErrorCode::cancelled) return {};
    return written;
  }

  // What has not been sent yet is dropped: the reader may no longer have it.
  Result<void> close(const Error& error) {
    out_.clear();
    return tell_closed("key", error.message);
  }

  Result<void> tell_closed(std::string_view reason, const std::string& message) {
    out_ += "event: closed\ndata: ";
    append_json(out_, json::object{{"reason", text_value(reason)}, {"message", message}});
    out_ += "\n\n";
    return flush();
  }

  // When nothing can begin any more that the filter's end lets in.
  std::optional<TimeUs> last_start() const {
    if (!request_.filter.end_time) return std::nullopt;
    return std::min(*request_.filter.end_time, kTimeMax - kLateStartsUs) + kLateStartsUs;
  }

  // Whatever comes has begun too late. What began in time and runs is waited for.
  bool is_over() const {
    const auto last = last_start();
    if (!last || services_.clock.now() <= *last) return false;
    return running_.empty() || running_.begin()->timestamp > *request_.filter.end_time;
  }

  Clock::time_point next_look_at_end() const {
    const auto last = last_start();
    const TimeUs now = services_.clock.now();
    if (!last || now > *last) return Clock::time_point::max();
    // Clocks may be set: look again after an hour at the latest.
    const TimeUs wait = std::min<TimeUs>(*last - now + 1, 3'600'000'000);
    return Clock::now() + std::chrono::microseconds(wait);
  }

  Result<void> tell_over() {
    return tell_closed(
        "end_time", fmt::format("end_time ({}) has passed, so that nothing more can match",
                                format_time(*request_.filter.end_time)));
  }

  Result<void> emit(Kind kind, const TailCursor& cursor, std::string_view row) {
    out_ += kind == Kind::started ? "event: execution_started\nid: "
                                  : "event: execution_ended\nid: ";
    out_ += encode_tail_cursor(cursor);
    out_.append("\ndata: ");
    append_json_line(out_, row);
    out_.append("\n\n");
    return out_.size() < kPieceBytes ? Result<void>() : flush();
  }

  // Where the reader stands when everything up to the last event taken has been sent.
  TailCursor cursor() const {
    TailCursor cursor;
    cursor.epoch = services_.feed.epoch();
    cursor.sent_all = cursor.sent_to_place = sequence_;
    cursor.place = place_;
    cursor.as_of = as_of_;
    cursor.running_since = as_of_ - kTailOverlapUs;
    if (!running_.empty()) {
      cursor.running_since = std::min(cursor.running_since, running_.begin()->timestamp);
    }
    return cursor;
  }

  // Which executions run now. They may end after many that start later.
  Result<void> learn_running() {
    TRAWL_ASSIGN(const auto running, services_.ledger.running(request_.namespace_id));
    running_.clear();
    for (const RunningExecution& execution : running) running_.insert(execution.key);
    return {};
  }

  // Sends what the reader has missed, oldest first.
  Result<void> go_back() {
    const TailCursor& since = *request_.since;
    const bool same_feed = since.epoch == services_.feed.epoch();
    const bool seen_all =
        same_feed && since.sent_all > 0 && since.sent_all == since.sent_to_place;
    const RecentEvents recent = same_feed ? services_.feed.recent() : RecentEvents({});
    ExecutionFilter filter = request_.filter;
    const TimeUs from = std::min(since.running_since, since.place.timestamp);
    if (!filter.start_time || *filter.start_time < from) filter.start_time = from;

    std::vector<PastRow> rows;
    bool skips = false;
    if (!filter.end_time || *filter.start_time <= *filter.end_time) {
      TRAWL_TRY(services_.ledger.scan(
          filter, {}, [&](const ScannedExecution& execution) -> Result<bool> {
            PastRow past = read_row(execution);
            // What says so and does not run here was imported, and imports do not appear in
            // the tail. One that has just begun is told from the queue.
            if (past.row.running && !running_.contains(past.row.key)) {
              return !writer_.is_closed();
            }
            // A crash ends the feed as well: who has seen all of this one has seen what the
            // last crash ended.
            past.row.failed = past.row.failed && !seen_all;
            const auto sequence =
                recent.sequence_of(request_.namespace_id, execution.key.execution_id,
                                   past.row.running ? Kind::started : Kind::ended);
            if (is_due(since, past.row, sequence)) {
              skips = rows.size() == services_.limits.tail_backfill_max;
              if (skips) return false;
              rows.push_back(std::move(past));
            }
            return !writer_.is_closed();
          }));
    }
    if (skips) {
      out_ += fmt::format(
          "event: skipped\ndata: {{\"sent\":{},\"message\":\"more executions than these "
          "match since then; the older ones were left out and can be exported\"}}\n\n",
          rows.size());
    }
    TailCursor cursor = this->cursor();
    cursor.sent_all = same_feed ? since.sent_all : 0;
    cursor.sent_to_place = subscription_->since();
    for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
      const TailRow& row = it->row;
      cursor.place = std::max(since.place, row.key, before);
      const Kind kind = row.running ? Kind::started : Kind::ended;
      seen_.insert(seen_key(row.key.execution_id, Kind::started));
      if (!row.running) seen_.insert(seen_key(row.key.execution_id, Kind::ended));
      TRAWL_TRY(emit(kind, cursor, it->json));
      if (writer_.is_closed()) return {};
      place_ = std::max(place_, row.key, before);
    }
    return flush();
  }

  static bool before(const ExecutionKey& a, const ExecutionKey& b) { return a < b; }

  static PastRow read_row(const ScannedExecution& execution) {
    const ExecutionSummary& summary = execution.execution.summary;
    PastRow past;
    past.json = execution_row_json(summary);
    past.row.key = execution.key;
    past.row.running = summary.status == status::kProcessing;
    past.row.failed = summary.status == status::kFailed;
    past.row.duration_us = end_of(summary) - summary.timestamp;
    return past;
  }

  static std::string seen_key(const ExecutionId& id, Kind kind) {
    return (kind == Kind::started ? '+' : '-') + id.str();
  }

  Result<void> take(const FeedEvent& event) {
    const ExecutionSummary& summary = event.execution->summary;
    const ExecutionKey key{summary.timestamp, summary.execution_id};
    if (event.kind == Kind::started) {
      running_.insert(key);
    } else {
      running_.erase(key);
      as_of_ = std::max(as_of_, end_of(summary));
    }
    sequence_ = event.sequence;
    if (place_ < key) place_ = key;
    if (!seen_.empty() && seen_.contains(seen_key(key.execution_id, event.kind))) return {};
    if (!matches(request_.filter, *event.execution)) return {};
    return emit(event.kind, cursor(), execution_row_json(summary));
  }

  Result<void> tell_dropped(std::uint64_t count) {
    out_ += fmt::format(
        "event: dropped\ndata: {{\"count\":{},\"since\":\"{}\",\"message\":\"this reader "
        "could not keep up with the events of the namespace; a tail since then returns "
        "them\"}}\n\n",
        count, encode_tail_cursor(cursor()));
    return learn_running();  // The ends of some are lost.
  }

  const Services& services_;
  const TailRequest& request_;
  KeyWatch& key_;
  http::BodyWriter& writer_;
  std::shared_ptr<ExecutionFeed::Subscription> subscription_;
  std::string out_;
  std::set<ExecutionKey> running_;
  // What going back has sent, as long as the tail lasts: at most tail_backfill_max.
  std::unordered_set<std::string> seen_;
  std::uint64_t sequence_ = 0;
  ExecutionKey place_;
  TimeUs as_of_ = 0;
};

// How a condition of the list's body is written in a query.
enum class QueryForm {
  text,    // as it stands
  number,  // 1.5, or as it stands: a time may be either
  list,    // a,b or ["a","b"], and may be repeated
  json,    // {"min": 0.5}, or a number
};

QueryForm form_of(std::string_view condition) {
  static constexpr std::pair<std::string_view, QueryForm> kForms[] = {
      {"statuses", QueryForm::list},
      {"execution_ids", QueryForm::list},
      {"collection_ids", QueryForm::list},
      {"start_time", QueryForm::number},
      {"end_time", QueryForm::number},
      {"min_duration_ms", QueryForm::number},
      {"max_duration_ms", QueryForm::number},
      {"min_credits", QueryForm::number},
      {"max_credits", QueryForm::number},
      {"cache_hit_rate", QueryForm::json},
      {"labels", QueryForm::json},
      {"filters", QueryForm::json},
  };
  for (const auto& [name, form] : kForms) {
    if (name == condition) return form;
  }
  return QueryForm::text;
}

void add_items(json::array& items, const std::string& value) {
  if (value.starts_with('[')) {
    if (auto parsed = parse_json(value); parsed && parsed->is_array()) {
      for (auto& item : parsed->get_array()) items.push_back(std::move(item));
      return;
    }
  }
  for (const std::string_view item : split_list(value)) items.push_back(text_value(item));
}

// One condition of a query as the body of a list has it. What is not JSON stays a text,
// which the body's reader refuses with the place and what belongs there.
void add_condition(json::object& body, const std::string& name, const std::string& value) {
  const QueryForm form = form_of(name);
  if (form == QueryForm::list) {
    json::value& items = body[name];
    if (!items.is_array()) items = json::array();
    add_items(items.get_array(), value);
    return;
  }
  json::value sent = text_value(value);
  if (form != QueryForm::text) {
    const auto parsed = parse_json(value);
    if (parsed &&
        (is_number(*parsed) || (form == QueryForm::json && parsed->is_object()))) {
      sent = *parsed;
    }
  }
  body[name] = std::move(sent);
}

// The conditions of the list's body: as JSON in `filter`, or one by one.
Result<ExecutionListBody> parse_filter(const Services& services,
                                       const http::Request& request,
                                       const NamespaceId& namespace_id, TimeUs now) {
  json::object body;
  bool has_filter = false;
  for (const auto& [name, value] : request.query) {
    if (name == "namespace" || name == "since" || name == "end_after_ms" || value.empty()) {
      continue;
    }
    if (name == "filter") {
      auto parsed = parse_json(value);
      if (!parsed || !parsed->is_object()) {
        return invalid_at("query.filter",
                          "filter is not a JSON object; use what the body of "
                          "executions/list takes, such as {\"status\": \"failed\"}");
      }
      has_filter = true;
      for (const auto& field : parsed->get_object()) body[field.key()] = field.value();
      continue;
    }
    add_condition(body, name, value);
  }
  TRAWL_TRY(refuse_page_keys(body, "a tail"));
  auto parsed = parse_execution_list_body(
      body, namespace_id, now, find_collection_id_in(services.catalog, namespace_id));
  // Imports, which may have collections of elsewhere, do not appear in the tail.
  if (parsed && !parsed->unknown_collections.empty()) {
    parsed = std::move(parsed->unknown_collections.front().second);
  }
  if (!parsed) {
    Error error = std::move(parsed).error();
    if (!error.location.empty()) {
      error.location = (has_filter && !request.query_value(error.location) ? "query.filter."
                                                                           : "query.") +
                       error.location;
    }
    return error;
  }
  return parsed;
}

// Where to begin: a browser that comes again says it in a header, and repeats the query.
Result<std::optional<TailCursor>> parse_since(const http::Request& request, TimeUs now) {
  std::string_view text = request.header("Last-Event-ID").value_or("");
  if (text.empty()) text = request.query_value("since").value_or("");
  if (text.empty()) return std::optional<TailCursor>();
  if (auto cursor = decode_tail_cursor(text)) return cursor;
  json::value value = json::string(text.data(), text.size());
  if (auto number = parse_json(text); number && is_number(*number)) value = *number;
  auto time = parse_time_value(value, now, "query.since");
  if (time) return std::optional(tail_cursor_since(*time));
  return invalid_at("query.since",
                    fmt::format("since is '{}'; use the id of an event of this tail, a "
                                "time (2026-01-31T10:00:00Z), or a time before now such as "
                                "-15m",
                                truncate_text(text, 64)));
}

Result<http::Response> tail_executions(const Services& services, Call& call) {
  auto request = std::make_shared<TailRequest>();
  const TimeUs now = services.clock.now();
  request->namespace_id = call.ns.id;
  TRAWL_ASSIGN(ExecutionListBody body,
               parse_filter(services, call.request, call.ns.id, now));
  request->filter = std::move(body.filter);
  request->warnings = std::move(body.warnings);
  TRAWL_ASSIGN(request->since, parse_since(call.request, now));
  TRAWL_ASSIGN(const auto end_after_ms,
               QueryReader(call.request).count("end_after_ms", 0, kEndAfterMsMax));
  if (end_after_ms) request->end_after = std::chrono::milliseconds(*end_after_ms);
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  const auto key = std::make_shared<KeyWatch>(services, call.request, Permission::read);
  response.stream = [&services, request, key](http::BodyWriter& writer) {
    return Tail(services, *request, *key, writer).run();
  };
  return response;
}

}  // namespace

void add_tail_routes(http::Router& router, const Services& services) {
  // All conditions of a list; `filter` takes them together.
  Query conditions;
  const ObjectShape list = execution_conditions_shape();
  for (const BodyMember& member : list.members) {
    conditions.push_back(
        {member.name, Described::yes, false, form_of(member.name) == QueryForm::list});
  }
  const RequestShape shape(
      Query{{"filter"}, {"since", Described::yes, true}, {"end_after_ms"}} + conditions);
  router.add(
      {"GET", "/v1/retrievers/executions/tail", http::RunOn::io, http::Body::buffered,
       endpoint(services, Permission::read, Scope::in_namespace, shape,
                [&services](Call& call) { return tail_executions(services, call); })});
}

}  // namespace trawl::api
