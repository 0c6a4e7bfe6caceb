// trawl jobs: replays of many executions, which the server makes behind everything else.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/client/event_stream.h"
#include "cli/commands/commands.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/named_execution.h"
#include "cli/commands/replay_changes.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/row_writer.h"
#include "cli/terminal/status_line.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

struct JobReplayFlags {
  std::vector<std::string> names;
  MakeFilterBody filter;
  ReplayChanges changes;
  bool all = false;
  bool record = false;
  bool detach = false;
};

std::string jobs_path(const std::string& id = {}, const std::string& below = {}) {
  std::vector<std::string> parts{"v1", "retrievers", "executions", "replay-jobs"};
  if (!id.empty()) parts.push_back(id);
  if (!below.empty()) parts.push_back(below);
  std::string out;
  for (const std::string& part : parts) out += path({part});
  return out;
}

std::string figures_text(const json::object& report, const std::string& name) {
  const auto number = [&](std::string_view which) {
    return format_number(number_at(report, fmt::format("{}.{}", name, which)), 3);
  };
  return fmt::format("{} on average; half at most {}, a tenth at most {}, least {}",
                     number("mean"), number("median"), number("p10"), number("min"));
}

void show_line(Host& host, std::string_view name, const std::string& text) {
  host.out << styled(fmt::format("  {:<12}", name), Style::dim, host.colour)
           << printable(text) << '\n';
}

// "parameters (312), documents (4)"
std::string counts_text(const json::array& counts,
                        const std::function<std::string(const json::object&)>& name) {
  std::string out;
  for (const auto& one : counts) {
    if (!one.is_object()) continue;
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", name(one.get_object()),
                       format_count(count_at(one.get_object(), "count")));
  }
  return out;
}

std::string place_text(const json::object& place) {
  const std::string stage = text_at(place, "stage_name");
  return fmt::format("{}: {}", stage.empty() ? "the results" : "'" + stage + "'",
                     text_at(place, "what"));
}

void show_most_changed(Host& host, const json::array& items) {
  Table table({{"EXECUTION"},
               {"OVERLAP@10", true},
               {"RBO", true},
               {"ENTERED", true, false, 8, 3},
               {"LEFT", true, false, 8, 2},
               {"MOVED", true, false, 8, 1},
               {"FIRST AT", false, true, 12, 4}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  constexpr std::size_t kShown = 10;
  for (const auto& one : items) {
    if (!one.is_object() || rows.size() == kShown) continue;
    const json::object& item = one.get_object();
    const auto* difference = object_at(item, "difference");
    rows.push_back({{printable(text_at(item, "execution_id"))},
                    {format_number(number_at(item, "results.overlap_at_10"), 2)},
                    {format_number(number_at(item, "results.rbo"), 3)},
                    {format_count(count_at(item, "results.entered_count"))},
                    {format_count(count_at(item, "results.left_count"))},
                    {format_count(count_at(item, "results.moved_count"))},
                    {difference == nullptr ? "" : printable(place_text(*difference))}});
  }
  host.out << table.lines(rows);
}

// What shows more of one execution: the same replay of it alone.
std::string replay_command(const json::object& job, const json::object& item) {
  std::string out = fmt::format("trawl replay {}", text_at(item, "execution_id"));
  if (const std::string as_of = text_at(job, "as_of"); as_of != "then") {
    out += fmt::format(" --as-of {}", as_of);
  }
  if (const auto* set = array_at(job, "set")) {
    out += fmt::format(" --patch '{}'", to_json_text(*set));
  }
  return out;
}

void show_job(Host& host, const json::object& job) {
  const bool same = count_at(job, "changed") == 0 && count_at(job, "failed") == 0;
  host.out << styled(printable(text_at(job, "sentence")), same ? Style::good : Style::bad,
                     host.colour)
           << '\n';
  std::string state = fmt::format("{}, {}", text_at(job, "job_id"), text_at(job, "status"));
  const auto begun = parse_time(text_at(job, "started_at"));
  const auto ended = parse_time(text_at(job, "ended_at"));
  if (begun && ended) {
    state += fmt::format(" in {}",
                         format_duration_ms(static_cast<double>(*ended - *begun) / 1e3));
  }
  show_line(host, "job", state);
  if (const auto restarts = count_at(job, "interruptions"); restarts > 0) {
    show_line(host, "restarts", fmt::format("{}; it went on", restarts));
  }
  const auto* report = object_at(job, "report");
  if (report == nullptr) return;
  if (const auto* problems = array_at(*report, "problems");
      problems != nullptr && !problems->empty()) {
    show_line(host, "problems", counts_text(*problems, [](const json::object& one) {
                return text_at(one, "message");
              }));
  }
  if (count_at(job, "changed") == 0) return;
  show_line(host, "overlap@10", figures_text(*report, "overlap_at_10"));
  show_line(host, "rbo", figures_text(*report, "rbo"));
  if (const auto* causes = array_at(*report, "causes")) {
    show_line(host, "causes", counts_text(*causes, [](const json::object& one) {
                return text_at(one, "cause");
              }));
  }
  if (const auto* places = array_at(*report, "places")) {
    show_line(host, "first at", counts_text(*places, place_text));
  }
  const auto* most = array_at(*report, "most_changed");
  if (most == nullptr || most->empty()) return;
  host.out << styled("  the most changed:", Style::dim, host.colour) << '\n';
  show_most_changed(host, *most);
  if (!most->front().is_object()) return;
  host.out << styled("  look at one: " +
                         printable(replay_command(job, most->front().get_object())),
                     Style::dim, host.colour)
           << '\n';
}

// With 3 where something came out otherwise, as a single replay ends.
Exit exit_of(const json::object& job) {
  const std::string status = text_at(job, "status");
  if (status == "failed" || status == "cancelled") return Exit::refused;
  if (count_at(job, "changed") > 0) return Exit::differs;
  // Where nothing could be compared, nothing is known to be the same.
  const bool none = count_at(job, "identical") == 0 && count_at(job, "total") > 0;
  return none ? Exit::refused : Exit::ok;
}

Outcome<Exit> show(Context& context, const std::string& id) {
  std::string raw;
  TRAWL_ASSIGN(const auto job, context.call("GET", jobs_path(id), nullptr, &raw));
  if (context.format() != Format::table) return write_object(context, raw);
  show_job(context.host(), job);
  return Exit::ok;
}

class JobProgress final : public BodySink {
 public:
  explicit JobProgress(Host& host)
      : host_(host),
        line_(host),
        stream_([this](const ServerEvent& event) { take(event); }) {}

  bool take(std::string_view piece) override {
    stream_.feed(piece);
    return !ended_;
  }
  bool ended() const { return ended_; }
  const std::string& closed() const { return closed_; }
  void restart() { stream_.restart(); }
  void clear() { line_.clear(); }

 private:
  void take(const ServerEvent& event) {
    const auto parsed = parse_json(event.data);
    if (!parsed || !parsed->is_object()) return;
    const json::object& job = parsed->get_object();
    if (event.kind == "closed") closed_ = text_at(job, "message");
    ended_ = ended_ || event.kind == "ended" || event.kind == "closed";
    if (event.kind != "progress" || !line_.is_due()) return;
    const auto done = static_cast<double>(count_at(job, "done"));
    const auto total = static_cast<double>(count_at(job, "total"));
    if (!first_done_) first_done_ = done;
    const double rate = (done - *first_done_) / std::max(line_.elapsed_s(), 0.001);
    std::string text = fmt::format(
        "{} {} of {}, {} with other results", bar(total > 0 ? done / total : 1, 24),
        format_count(count_at(job, "done")), format_count(count_at(job, "total")),
        format_count(count_at(job, "results_changed")));
    if (rate > 0 && total > done) {
      text += fmt::format(", {} left", format_duration_ms((total - done) / rate * 1'000));
    }
    line_.show(fit(text, host_.width > 1 ? host_.width - 1 : 1));
  }

  Host& host_;
  StatusLine line_;
  EventStream stream_;
  std::optional<double> first_done_;
  bool ended_ = false;
  std::string closed_;
};

Outcome<Exit> watch(Context& context, const std::string& id) {
  JobProgress progress(context.host());
  HttpRequest request;
  request.method = "GET";
  request.target = jobs_path(id, "events");
  request.sink = &progress;
  const auto reply = context.send(request);
  progress.clear();
  if (!progress.ended()) {
    if (!reply) return reply.error();
    return Failure(Exit::refused,
                   fmt::format("the server ended the events; the job goes on when it is "
                               "back: trawl jobs wait {}",
                               id));
  }
  if (!progress.closed().empty()) return Failure(Exit::refused, progress.closed());
  std::string raw;
  TRAWL_ASSIGN(const auto job, context.call("GET", jobs_path(id), nullptr, &raw));
  if (context.format() == Format::table) {
    show_job(context.host(), job);
  } else {
    TRAWL_TRY(write_object(context, raw));
  }
  return exit_of(job);
}

Outcome<Exit> start(Context& context, const JobReplayFlags& flags) {
  TRAWL_ASSIGN(json::object conditions, flags.filter());
  if (!flags.names.empty()) {
    json::array ids;
    for (const std::string& name : flags.names) {
      TRAWL_ASSIGN(const std::string id, find_execution_id(context, name));
      ids.emplace_back(id);
    }
    conditions["execution_ids"] = std::move(ids);
  }
  if (conditions.empty() && !flags.all) {
    return usage_failure(
        "no executions are named; say which, such as with --since -24h, or --all");
  }
  TRAWL_ASSIGN(json::object sent, body_of(flags.changes, context.host()));
  sent["executions"] = std::move(conditions);
  if (flags.record) sent["record"] = true;
  const json::value body(std::move(sent));
  std::string raw;
  TRAWL_ASSIGN(const auto job, context.call("POST", jobs_path(), &body, &raw));
  if (const auto* warnings = array_at(job, "warnings")) {
    for (const auto& warning : *warnings) {
      context.host().err << "warning: " << printable(plain_text(warning)) << '\n';
    }
  }
  const std::string id = text_at(job, "job_id");
  if (!flags.detach) return watch(context, id);
  if (context.format() != Format::table) return write_object(context, raw);
  context.host().out << printable(text_at(job, "sentence")) << '\n'
                     << styled(fmt::format("  see how far it is: trawl jobs wait {}", id),
                               Style::dim, context.host().colour)
                     << '\n';
  return Exit::ok;
}

Outcome<Exit> list(Context& context) {
  TRAWL_ASSIGN(const auto reply, context.call("GET", jobs_path()));
  std::vector<RowColumn> columns;
  columns.push_back(text_column("JOB", "job_id"));
  columns.push_back(time_column("CREATED", "created_at", 2));
  columns.push_back({{"STATUS"},
                     [](const json::object& row) {
                       const std::string status = text_at(row, "status");
                       return Cell{status, status_style(status)};
                     },
                     "status"});
  columns.push_back(count_column("DONE", "done"));
  columns.push_back(count_column("OF", "total"));
  columns.push_back(count_column("OTHER RESULTS", "results_changed"));
  columns.push_back(count_column("GONE", "gone", 3));
  columns.push_back(count_column("FAILED", "failed", 4));
  RowWriter rows(context, std::move(columns));
  const auto* jobs = array_at(reply, "results");
  if (jobs != nullptr && !jobs->empty()) {
    rows.write(*jobs);
  } else if (context.format() == Format::table) {
    context.host().err << "no jobs\n";
  }
  rows.finish({{"total", count_at(reply, "total")}});
  return Exit::ok;
}

Outcome<Exit> cancel(Context& context, const std::string& id) {
  std::string raw;
  TRAWL_ASSIGN(const auto job,
               context.call("POST", jobs_path(id, "cancel"), nullptr, &raw));
  if (context.format() != Format::table) return write_object(context, raw);
  context.host().out << printable(text_at(job, "sentence")) << '\n';
  return Exit::ok;
}

Outcome<Exit> remove(Context& context, const std::string& id) {
  std::string raw;
  TRAWL_ASSIGN(const auto done, context.call("DELETE", jobs_path(id), nullptr, &raw));
  if (context.format() != Format::table) return write_object(context, raw);
  context.host().out << printable(text_at(done, "message")) << '\n';
  return Exit::ok;
}

void add_job_replay(CLI::App& jobs, Context& context) {
  auto* command = jobs.add_subcommand(
      "replay", "Run many executions again, and say how many come out otherwise");
  auto flags = std::make_shared<JobReplayFlags>();
  command->add_option("ids", flags->names, "Executions, as of trawl replay; else by flags")
      ->type_name("ID");
  flags->filter = add_filter_flags(*command);
  add_replay_changes(*command, flags->changes);
  command->add_flag("--all", flags->all, "All ad hoc executions of the namespace");
  command->add_flag("--record", flags->record, "Record each replay as an execution");
  command->add_flag("--detach", flags->detach, "Return when the job has been started");
  command->footer(
      "Examples:\n"
      "  trawl jobs replay --since yesterday --until yesterday\n"
      "  trawl jobs replay --since -24h --shape 3f2a "
      "--set /stages/0/config/parameters/final_top_k=50\n"
      "The server runs them behind everything else; Ctrl-C leaves the job to itself. Ends "
      "with 0 where the same came out everywhere, with 3 where not, and with 1 where none "
      "could be run again.");
  command->callback([&context, flags] {
    context.action = [&context, flags] { return start(context, *flags); };
  });
}

void add_of_one(CLI::App& jobs, Context& context, const char* name, const char* help,
                Outcome<Exit> (*run)(Context&, const std::string&)) {
  auto* command = jobs.add_subcommand(name, help);
  auto id = std::make_shared<std::string>();
  command->add_option("job", *id, "The id of a job, or latest")
      ->required()
      ->type_name("JOB");
  command->callback([&context, id, run] {
    context.action = [&context, id, run] { return run(context, *id); };
  });
}

}  // namespace

void add_jobs(CLI::App& program, Context& context) {
  auto* group = program.add_subcommand(
      "jobs", "Replays of many executions: start, follow, show, cancel or delete them");
  group->require_subcommand(1);
  group->footer("Example:\n  trawl jobs replay --since -24h");
  add_job_replay(*group, context);
  group->add_subcommand("list", "List the jobs, the newest first")->callback([&context] {
    context.action = [&context] { return list(context); };
  });
  add_of_one(*group, context, "show", "Show what came out", show);
  add_of_one(*group, context, "wait", "Wait for a job to end, and show what came out",
             watch);
  add_of_one(*group, context, "cancel", "End a job; what is done stays", cancel);
  add_of_one(*group, context, "delete", "Forget a job that has ended", remove);
}

}  // namespace trawl::cli
