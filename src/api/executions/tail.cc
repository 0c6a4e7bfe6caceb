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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/executions/chosen_fields.h"
#include "api/executions/collection_condition.h"
#include "api/executions/executions.h"
#include "api/keys/key_watch.h"
#include "api/wire/endpoint.h"
#include "api/wire/query_reader.h"
#include "api/wire/time_value.h"
#include "base/clock.h"
#include "base/json_members.h"
#include "base/split_list.h"
#include "base/text.h"
#include "ledger/follow/following.h"
#include "ledger/rendered.h"
#include "model/execution_json.h"
#include "runtime/stop.h"

namespace trawl::api {
namespace {

using Kind = FollowEvent::Kind;

// Events are gathered up to this size before they are sent.
constexpr std::size_t kPieceBytes = 64 * 1024;
// How long an EventSource waits before it comes again.
constexpr int kRetryMs = 2'000;
constexpr std::int64_t kEndAfterMsMax = 86'400'000;

// What the end of one that failed has besides the row.
const JsonMembers& failure_members() {
  static const JsonMembers kMembers({"error", "failed_stage"});
  return kMembers;
}

Result<json::object> read_record(std::string_view record) {
  TRAWL_ASSIGN(json::value parsed, parse_json(record, kRecordDepthMax));
  return std::move(parsed.get_object());
}

// What one request asks for.
struct TailRequest {
  FollowRequest follow;
  ChosenFields fields;
  std::vector<std::string> warnings;  // Of the filter.
  std::optional<std::chrono::milliseconds> end_after;
};

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
    FollowRequest follow = request_.follow;
    StopSource stop;
    follow.stop = stop.token();
    writer_.on_closed([stop]() mutable { stop.request_stop(StopReason::client_left); });
    TRAWL_ASSIGN(following_, services_.ledger.follow(std::move(follow)));
    // A reader that is cut off before the first event continues from here, or asks again
    // for the same past.
    bool past = request_.follow.since.has_value();
    out_ = fmt::format("retry: {}\n", kRetryMs);
    if (!past) out_ += fmt::format("id: {}\n", id());
    out_ += '\n';
    for (const std::string& warning : request_.warnings) {
      out_ += "event: warning\ndata: ";
      append_json(out_, json::object{{"message", warning}});
      out_ += "\n\n";
    }
    TRAWL_TRY(flush());
    const auto beat = std::chrono::milliseconds(services_.limits.tail_heartbeat_ms);
    auto next_beat = Clock::now() + beat;
    // What was missed is sent whole, however short the time is.
    for (; !writer_.is_closed() && (past || Clock::now() < end); past = false) {
      const auto wait = std::min(next_beat, end) - Clock::now();
      TRAWL_ASSIGN(const FollowBatch batch,
                   following_->next(std::chrono::ceil<std::chrono::milliseconds>(
                       std::max(wait, Clock::duration::zero()))));
      if (const auto allowed = key_.check(); !allowed) return close(allowed.error());
      if (batch.over) return tell_over();
      TRAWL_TRY(take(batch));
      if (out_.empty() && !past && Clock::now() >= next_beat) {
        // The id moves a reader on past what did not match.
        out_ = fmt::format(": heartbeat\nid: {}\n\n", id());
      }
      if (out_.empty()) continue;
      TRAWL_TRY(flush());
      next_beat = Clock::now() + beat;
    }
    return {};
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Of the place where the reader stands when it has everything up to here.
  std::string id() const { return encode_follow_cursor(following_->cursor()); }

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

  Result<void> tell_over() {
    return tell_closed(
        "end_time", fmt::format("end_time ({}) has passed, so that nothing more can match",
                                format_time(*request_.follow.filter.end_time)));
  }

  // The row, with the reason where it failed; or what was asked for.
  Result<std::string> data_of(const FollowEvent& event) const {
    std::string row = execution_row_json(event.summary);
    const bool all = request_.fields.empty();
    const bool tells_failure =
        all && event.kind == Kind::ended && event.summary.status == status::kFailed;
    if (all && !tells_failure) return row;
    const NamespaceId& ns = request_.follow.filter.namespace_id;
    std::optional<std::string> record;
    if (tells_failure || request_.fields.need_record()) {
      TRAWL_ASSIGN(record, find_json(services_.ledger, ns, event.summary.execution_id));
    }
    TRAWL_ASSIGN(json::value told, parse_json(row, kRecordDepthMax));
    // The record may be ahead of the event, or deleted meanwhile.
    if (record) {
      TRAWL_ASSIGN(json::object found,
                   tells_failure ? failure_members().read(*record) : read_record(*record));
      for (auto& member : found) {
        told.get_object().emplace(member.key(), std::move(member.value()));
      }
    }
    if (all) return to_json_text(told);
    TRAWL_ASSIGN(const json::object chosen,
                 request_.fields.of(services_, ns, std::move(told.get_object())));
    return to_json_text(chosen);
  }

  Result<void> take(const FollowBatch& batch) {
    if (batch.skipped) {
      out_ += fmt::format(
          "event: skipped\ndata: {{\"sent\":{},\"message\":\"more executions than these "
          "match since then; the older ones were left out and can be exported\"}}\n\n",
          batch.events.size());
    }
    for (const FollowEvent& event : batch.events) {
      out_ += event.kind == Kind::started ? "event: execution_started\nid: "
                                          : "event: execution_ended\nid: ";
      out_ += encode_follow_cursor(event.cursor);
      out_.append("\ndata: ");
      TRAWL_ASSIGN(const std::string data, data_of(event));
      append_json_line(out_, data);
      out_.append("\n\n");
      if (out_.size() >= kPieceBytes) TRAWL_TRY(flush());
      if (writer_.is_closed()) return {};
    }
    if (batch.dropped > 0) {
      out_ += fmt::format(
          "event: dropped\ndata: {{\"count\":{},\"since\":\"{}\",\"message\":\"this reader "
          "could not keep up with the events of the namespace; a tail since then returns "
          "them\"}}\n\n",
          batch.dropped, id());
    }
    return {};
  }

  const Services& services_;
  const TailRequest& request_;
  KeyWatch& key_;
  http::BodyWriter& writer_;
  std::unique_ptr<Following> following_;
  std::string out_;
};

// How a condition of the list's body is written in a query.
enum class QueryForm {
  text,    // as it stands
  number,  // 1.5, or as it stands: a time may be either
  list,    // a,b or ["a","b"], and may be repeated
  json,    // {"min": 0.5}, or a number
  object,  // {"document_id": "moby"}, or a text as it stands
};

QueryForm form_of(std::string_view condition) {
  static constexpr std::pair<std::string_view, QueryForm> kForms[] = {
      {"modes", QueryForm::list},
      {"statuses", QueryForm::list},
      {"execution_ids", QueryForm::list},
      {"collection_ids", QueryForm::list},
      {"fields", QueryForm::list},
      {"start_time", QueryForm::number},
      {"end_time", QueryForm::number},
      {"min_duration_ms", QueryForm::number},
      {"max_duration_ms", QueryForm::number},
      {"min_credits", QueryForm::number},
      {"max_credits", QueryForm::number},
      {"cache_hit_rate", QueryForm::json},
      {"labels", QueryForm::json},
      {"filters", QueryForm::json},
      {"returned_document", QueryForm::object},
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
    const bool is_sent =
        parsed && (parsed->is_object() ? form != QueryForm::number
                                       : is_number(*parsed) && form != QueryForm::object);
    if (is_sent) sent = *parsed;
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
      auto parsed = parse_sent_json(value);
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
  TRAWL_TRY(refuse_page_keys(body, "a tail", FieldsKey::taken));
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
Result<std::optional<FollowCursor>> parse_since(const http::Request& request, TimeUs now) {
  std::string_view text = request.header("Last-Event-ID").value_or("");
  if (text.empty()) text = request.query_value("since").value_or("");
  if (text.empty()) return std::optional<FollowCursor>();
  if (auto cursor = decode_follow_cursor(text)) return cursor;
  json::value value = json::string(text.data(), text.size());
  if (auto number = parse_json(text); number && is_number(*number)) value = *number;
  auto time = parse_time_value(value, now, "query.since");
  if (time) return std::optional(follow_cursor_since(*time));
  return invalid_at("query.since",
                    fmt::format("since is '{}'; use the id of an event of this tail, a "
                                "time (2026-01-31T10:00:00Z), or a time before now such as "
                                "-15m",
                                truncate_text(text, 64)));
}

Result<http::Response> tail_executions(const Services& services, Call& call) {
  auto request = std::make_shared<TailRequest>();
  const TimeUs now = services.clock.now();
  TRAWL_ASSIGN(ExecutionListBody body,
               parse_filter(services, call.request, call.ns.id, now));
  request->follow.filter = std::move(body.filter);
  request->follow.past_max = services.limits.tail_backfill_max;
  request->follow.clock = &services.clock;
  request->fields = ChosenFields(std::move(body.fields));
  request->warnings = std::move(body.warnings);
  TRAWL_ASSIGN(request->follow.since, parse_since(call.request, now));
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
  const ObjectShape list = execution_conditions_shape().with({{"fields"}});
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
