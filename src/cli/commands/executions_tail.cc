#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "cli/client/event_stream.h"
#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/execution_rows.h"
#include "cli/commands/nothing_found.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kPauseMax{15'000};
// Events that are known again when a restarted server sends them twice.
constexpr std::size_t kKnownMax = 20'000;

struct ExecutionsTailArguments {
  MakeFilterBody filter;
  std::vector<std::string> fields;  // Empty: the row as it is.
  std::int64_t limit = 0;           // 0: for ever
};

// The server's last word: asking again is of no use.
struct Closed {
  std::string reason;
  std::string message;
};

class TailSink final : public BodySink {
 public:
  // The columns are those of `fields`, or where there are none the usual ones.
  TailSink(Context& context, std::int64_t limit, const std::vector<std::string>& fields)
      : host_(context.host()),
        is_table_(context.format() == Format::table),
        has_chosen_(!fields.empty()),
        limit_(limit),
        rows_(context, fields.empty() ? execution_columns() : chosen_columns(fields)),
        stream_([this](const ServerEvent& event) { show(event); }) {}

  bool take(std::string_view piece) override {
    stream_.feed(piece);
    host_.out.flush();
    return !is_done() && host_.out;
  }
  void restart() { stream_.restart(); }
  bool is_done() const { return limit_ > 0 && shown_ >= limit_; }
  const std::optional<Closed>& closed() const { return closed_; }
  const std::string& last_id() const { return stream_.last_id(); }

 private:
  void show(const ServerEvent& event) {
    auto parsed = parse_json(event.data);
    if (!parsed || !parsed->is_object() || is_done()) return;
    json::object& data = parsed->get_object();
    if (event.kind == "execution_started" || event.kind == "execution_ended") {
      if (!is_new(event.kind + text_at(data, "execution_id"))) return;
      ++shown_;
      if (is_table_ && has_chosen_) {
        rows_.write({*parsed});
      } else if (is_table_) {
        const std::string error = text_at(data, "error");
        data["error"] = nullptr;  // Not in a column, whose place the first row decides.
        rows_.write({*parsed});
        if (!error.empty()) {
          host_.out << "  " << styled(printable(error), Style::bad, host_.colour) << '\n';
        }
      } else {
        host_.out << printable_json(event.data, host_.out_is_terminal) << '\n';
      }
    } else if (event.kind == "warning") {
      const std::string message = printable(text_at(data, "message"));
      if (is_new(event.kind + message)) host_.err << "trawl: " << message << '\n';
    } else if (event.kind == "dropped") {
      host_.err << fmt::format(
          "trawl: too slow for {}, skipped here; to see what was missed: trawl "
          "executions tail --since {}\n",
          format_things(count_at(data, "count"), "event"),
          printable(text_at(data, "since")));
    } else if (event.kind == "skipped") {
      host_.err << fmt::format(
          "trawl: only the last {} shown; trawl executions export has the others\n",
          count_at(data, "sent") == 1 ? "is"
                                      : format_count(count_at(data, "sent")) + " are");
    } else if (event.kind == "closed") {
      closed_ = Closed{text_at(data, "reason"), text_at(data, "message")};
    }
  }
  bool is_new(const std::string& key) {
    if (!known_.insert(key).second) return false;
    order_.push_back(key);
    if (order_.size() > kKnownMax) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

  Host& host_;
  const bool is_table_;
  const bool has_chosen_;
  const std::int64_t limit_;
  RowWriter rows_;
  EventStream stream_;
  std::int64_t shown_ = 0;
  std::optional<Closed> closed_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

Outcome<Exit> tail(Context& context, const ExecutionsTailArguments& arguments) {
  if (context.format() == Format::csv) {
    return usage_failure("a tail never ends, so it cannot be CSV; use -o ndjson");
  }
  TRAWL_ASSIGN(json::object filter, arguments.filter());
  // Nobody waits for what can never come.
  explain_nothing(context, filter);
  // A tail begins then, and so tells also what has ended since.
  std::string since;
  if (const auto* begin = filter.if_contains("start_time")) {
    since = plain_text(*begin);
    filter.erase("start_time");
  }
  const std::vector<std::string> fields =
      arguments.fields.empty() ? arguments.fields : with_execution_id(arguments.fields);
  if (!fields.empty()) filter["fields"] = json::value_from(fields);
  TailSink sink(context, arguments.limit, fields);
  auto pause = kFirstPause;
  bool was_connected = false;
  while (true) {
    Query query;
    if (!filter.empty()) query.emplace_back("filter", to_json_text(filter));
    if (!since.empty() && sink.last_id().empty()) query.emplace_back("since", since);
    HttpRequest request;
    request.method = "GET";
    request.target = with_query(path({"v1", "retrievers", "executions", "tail"}), query);
    if (!sink.last_id().empty()) {
      request.headers.push_back("Last-Event-ID: " + sink.last_id());
    }
    request.sink = &sink;
    const std::string id_before = sink.last_id();
    const auto reply = context.send(request);
    if (sink.is_done() || !context.host().out) return Exit::ok;
    if (const auto& closed = sink.closed()) {
      const std::string text = "the server ended the tail: " + closed->message;
      if (closed->reason != "end_time") return Failure(Exit::refused, text);
      context.host().err << "trawl: " << printable(text) << '\n';
      return Exit::ok;
    }
    std::string why = "the server ended the tail";
    if (!reply) {
      const Failure& failure = reply.error();
      const bool is_passing = failure.exit == Exit::refused &&
                              (failure.http_status == 0 || failure.http_status == 503);
      was_connected = was_connected || sink.last_id() != id_before;
      if (!is_passing || !was_connected) return failure;
      why = failure.message;
    }
    was_connected = true;
    if (sink.last_id() != id_before) pause = kFirstPause;
    context.host().err << "trawl: " << printable(why) << "; trying again\n" << std::flush;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kPauseMax);
    sink.restart();
  }
}

}  // namespace

void add_executions_tail(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsTailArguments>();
  auto* command = executions.add_subcommand(
      "tail", "Show the executions of every client as they start and end");
  arguments->filter = add_filter_flags(*command, true);
  add_fields_flag(*command, arguments->fields);
  command->add_option("--limit", arguments->limit, "Stop after this many [never]")
      ->check(whole_number(1))
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  trawl executions tail --since -15m\n"
      "  trawl executions tail --status failed | jq -r .query_summary\n"
      "Prints JSON, one row per line, unless standard output is a terminal. Reconnects by "
      "itself when the connection breaks, and misses nothing. With --until it ends then.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return tail(context, *arguments); };
  });
}

}  // namespace trawl::cli
