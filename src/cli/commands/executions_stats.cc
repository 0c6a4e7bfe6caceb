#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_path.h"
#include "base/text.h"
#include "cli/commands/collection_names.h"
#include "cli/commands/commands.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/execution_rows.h"
#include "cli/commands/nothing_found.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kStatsBarWidth = 20;
constexpr const char* kGroupMembers[] = {"status", "collection_id", "stage_id",
                                         "caller", "shape",         "label",
                                         "error",  "failed_stage",  "label_name"};

struct ExecutionsStatsArguments {
  MakeFilterBody filter;
  std::string by;
  std::string bucket;
  std::string time_zone;
};

bool is_known(const json::object& row, std::string_view path) {
  const auto* value = find_path(row, path);
  return value && is_number(*value);
}

// A column of numbers; "-" where there is nothing to tell from.
RowColumn figure_column(std::string title, std::string path, int hide_order,
                        std::function<std::string(double)> text) {
  RowColumn column = text_column(std::move(title), path, false, hide_order);
  column.shape.right = true;
  column.cell = [path = std::move(path), text = std::move(text)](const json::object& row) {
    if (!is_known(row, path)) return Cell{"-", Style::dim};
    return Cell{text(number_at(row, path)), Style::plain};
  };
  return column;
}

std::string percent_text(double share) {
  return format_number(share * 100, 1) + " %";
}

// Buckets begin at midnight of UTC or of the time zone that was asked for, so they are
// shown in that one, as they are written. The offset tells the two hours apart that a clock
// shows twice.
RowColumn bucket_column(std::string_view bucket, std::string_view zone) {
  RowColumn column =
      text_column(fmt::format("FROM ({})", zone.empty() ? "UTC" : zone), "bucket_start");
  const bool has_clock = bucket == "minute" || bucket == "hour";
  const bool has_offset = has_clock && zone.find('/') != std::string_view::npos;
  column.cell = [has_clock, has_offset](const json::object& row) {
    constexpr std::size_t kOffset = 26;
    const std::string begin = text_at(row, "bucket_start");
    std::string text = begin.substr(0, has_clock ? 16 : 10);
    if (has_clock && text.size() > 10) text[10] = ' ';
    if (has_offset && begin.size() > kOffset) text.append(" ").append(begin, kOffset);
    return Cell{text, Style::plain};
  };
  return column;
}

RowColumn group_column(std::string_view group, std::string member,
                       const CollectionNames& names) {
  RowColumn column = text_column(title_of(group), member, true);
  if (member == "error") column.shape.min_width = 60;
  column.cell = [member = std::move(member), &names](const json::object& row) {
    const auto* value = find_path(row, member);
    if (value == nullptr || value->is_null()) return Cell{"-", Style::dim};
    if (member == "collection_id") {
      return Cell{named_collection(names, text_at(row, member)), Style::plain};
    }
    const std::string text = text_at(row, member);
    // An empty label is a label.
    if (text.empty()) return Cell{"\"\"", Style::plain};
    if (member == "error") return Cell{error_in_brief(text), Style::plain};
    return Cell{text, member == "status" ? status_style(text) : Style::plain};
  };
  return column;
}

// "2 ms to 2.5 ms", of which the second is no longer in the bin.
RowColumn bin_column() {
  RowColumn column = text_column("TOOK", "bin_start_ms");
  column.cell = [](const json::object& row) {
    const auto bound = [&](std::string_view path) {
      return format_number(number_at(row, path), 4);
    };
    if (!is_known(row, "bin_end_ms")) {
      return Cell{fmt::format("{} ms or more", bound("bin_start_ms")), Style::plain};
    }
    return Cell{fmt::format("{} to {} ms", bound("bin_start_ms"), bound("bin_end_ms")),
                Style::plain};
  };
  return column;
}

CollectionNames names_in(Context& context, const json::array& rows) {
  std::vector<std::string> ids;
  for (const auto& row : rows) {
    const auto* object = row.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("collection_id");
    if (id != nullptr && id->is_string()) ids.push_back(plain_text(*id));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return names_of_collections(context, ids);
}

std::vector<RowColumn> table_columns(const json::object& reply, const json::array& rows,
                                     const CollectionNames& names) {
  const json::object* first = rows.empty() ? nullptr : rows.front().if_object();
  std::vector<RowColumn> columns;
  if (first && first->contains("bucket_start")) {
    columns.push_back(bucket_column(text_at(reply, "bucket"), text_at(reply, "time_zone")));
  }
  if (first && first->contains("bin_start_ms")) columns.push_back(bin_column());
  for (const char* member : kGroupMembers) {
    if (first && first->contains(member)) {
      columns.push_back(group_column(text_at(reply, "group_by"), member, names));
    }
  }
  double most = 0;
  for (const auto& row : rows) {
    if (row.is_object()) most = std::max(most, number_at(row.get_object(), "count"));
  }
  columns.push_back(count_column("COUNT", "count"));
  RowColumn bars = text_column("", "count", false, 2);
  bars.shape.min_width = kStatsBarWidth;
  bars.cell = [most](const json::object& row) {
    const double share = most > 0 ? number_at(row, "count") / most : 0;
    return Cell{bar(share, kStatsBarWidth), Style::plain};
  };
  columns.push_back(std::move(bars));
  RowColumn failed = figure_column("FAILED", "error_rate", 0, percent_text);
  failed.cell = [](const json::object& row) {
    if (!is_known(row, "error_rate")) return Cell{"-", Style::dim};
    return Cell{percent_text(number_at(row, "error_rate")),
                count_at(row, "error_count") > 0 ? Style::bad : Style::plain};
  };
  columns.push_back(std::move(failed));
  columns.push_back(figure_column("EMPTY", "zero_result_rate", 3, percent_text));
  columns.push_back(figure_column("P50", "duration_ms.p50", 0, format_duration_ms));
  columns.push_back(figure_column("P95", "duration_ms.p95", 0, format_duration_ms));
  columns.push_back(figure_column("P99", "duration_ms.p99", 1, format_duration_ms));
  columns.push_back(figure_column("CREDITS", "credits_used.total", 4, [](double credits) {
    return format_number(credits, 2);
  }));
  columns.push_back(figure_column("CACHE", "cache_hit_rate", 5, percent_text));
  return columns;
}

std::vector<RowColumn> csv_columns(const json::array& rows) {
  const json::object* first = rows.empty() ? nullptr : rows.front().if_object();
  std::vector<RowColumn> columns;
  for (const char* name : {"bucket_start", "bucket_end"}) {
    if (first && first->contains(name)) columns.push_back(csv_column(name));
  }
  for (const char* name : kGroupMembers) {
    if (first && first->contains(name)) columns.push_back(csv_column(name));
  }
  for (const char* name : {"bin_start_ms", "bin_end_ms"}) {
    if (first && first->contains(name)) columns.push_back(csv_column(name));
  }
  for (const char* name :
       {"count", "error_count", "error_rate", "completed_count", "zero_result_count",
        "zero_result_rate", "duration_ms.avg", "duration_ms.p50", "duration_ms.p90",
        "duration_ms.p95", "duration_ms.p99", "duration_ms.max", "credits_used.total",
        "credits_used.avg", "cache_hit_rate"}) {
    columns.push_back(csv_column(name));
  }
  return columns;
}

void write_table(Context& context, const json::object& reply, const json::array& rows) {
  auto& host = context.host();
  if (rows.empty()) {
    host.out << "no executions\n";
  } else {
    const CollectionNames names = names_in(context, rows);
    RowWriter writer(context, table_columns(reply, rows, names));
    writer.write(rows);
    const json::object* total = object_at(reply, "total");
    if (total) {
      host.out << styled(fmt::format(
                             "{}, {} failed; p50 {}, p95 {}, p99 {}; {}",
                             format_things(count_at(*total, "count"), "execution"),
                             percent_text(number_at(*total, "error_rate")),
                             format_duration_ms(number_at(*total, "duration_ms.p50")),
                             format_duration_ms(number_at(*total, "duration_ms.p95")),
                             format_duration_ms(number_at(*total, "duration_ms.p99")),
                             format_credits(number_at(*total, "credits_used.total"), 2)),
                         Style::dim, host.colour)
               << '\n';
    }
  }
}

constexpr std::string_view kBuckets[] = {"auto", "none", "minute", "hour",
                                         "day",  "week", "month"};
constexpr std::string_view kGroups[] = {"status",     "error",      "failed_stage",
                                        "collection", "stage",      "caller",
                                        "shape",      "label_name", "duration"};

bool is_among(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string group_suggestion(std::string_view by, std::string_view bucket) {
  if (!bucket.empty()) return fmt::format(" (did you mean '--bucket {}'?)", bucket);
  if (by == "label" || by == "labels") {
    return " (did you mean 'label:NAME', or 'label_name' for the names in use?)";
  }
  auto near = did_you_mean(by, kGroups);
  // The name of a label, most likely.
  return near.empty() ? fmt::format(" (did you mean 'label:{}'?)", by) : near;
}

// Which of the two flags a word belongs to is easily mixed up.
//   usage  --by or --bucket has no such word
Outcome<void> check_groups(const ExecutionsStatsArguments& arguments) {
  const auto bucket_meant_by = [](std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> kOtherWords[] = {
        {"1d", "day"},     {"1h", "hour"},        {"1m", "minute"},     {"1w", "week"},
        {"daily", "day"},  {"date", "day"},       {"days", "day"},      {"hourly", "hour"},
        {"hours", "hour"}, {"minutes", "minute"}, {"monthly", "month"}, {"months", "month"},
        {"time", "auto"},  {"weekly", "week"},    {"weeks", "week"}};
    for (const auto& [other, ours] : kOtherWords) {
      if (other == word) return ours;
    }
    return is_among(word, kBuckets) ? word : std::string_view();
  };
  const std::string_view by = arguments.by;
  if (!by.empty() && !by.starts_with("label:") && !is_among(by, kGroups)) {
    const auto bucket = bucket_meant_by(by);
    return usage_failure(fmt::format("--by is '{}'{}; use {}, or label:NAME", by,
                                     group_suggestion(by, bucket),
                                     fmt::join(kGroups, ", ")));
  }
  const std::string_view bucket = arguments.bucket;
  if (!bucket.empty() && !is_among(bucket, kBuckets)) {
    const auto meant = bucket_meant_by(bucket);
    const bool is_group = is_among(bucket, kGroups) || bucket.starts_with("label:");
    return usage_failure(
        fmt::format("--bucket is '{}'{}; use one of {}", bucket,
                    is_group         ? fmt::format(" (did you mean '--by {}'?)", bucket)
                    : !meant.empty() ? fmt::format(" (did you mean '{}'?)", meant)
                                     : did_you_mean(bucket, kBuckets),
                    fmt::join(kBuckets, ", ")));
  }
  return {};
}

Outcome<Exit> stats(Context& context, const ExecutionsStatsArguments& arguments) {
  TRAWL_TRY(check_groups(arguments));
  TRAWL_ASSIGN(json::object filter, arguments.filter());
  if (!arguments.by.empty()) filter["group_by"] = arguments.by;
  if (!arguments.bucket.empty()) filter["bucket"] = arguments.bucket;
  if (!arguments.time_zone.empty()) filter["time_zone"] = arguments.time_zone;
  const json::value body = std::move(filter);
  std::string raw;
  TRAWL_ASSIGN(const auto reply,
               context.call("POST", path({"v1", "retrievers", "executions", "aggregate"}),
                            &body, &raw));
  static const json::array kNoRows;
  const auto* found = array_at(reply, "results");
  const json::array& rows = found ? *found : kNoRows;
  switch (context.format()) {
    case Format::json:
      context.print_raw(raw);
      break;
    case Format::ndjson:
    case Format::csv: {
      RowWriter writer(context, csv_columns(rows));
      writer.write(rows);
      break;
    }
    case Format::table:
      write_table(context, reply, rows);
      break;
  }
  if (count_at(reply, "total.count", -1) == 0 || rows.empty()) {
    explain_nothing(context, body.get_object());
  }
  // JSON says so itself.
  if (reply.contains("partial") && context.format() != Format::json) {
    context.host().err << "trawl: time ran out, so some executions are "
                          "missing; raise --budget, or narrow the range with --since\n";
  }
  return Exit::ok;
}

}  // namespace

void add_executions_stats(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsStatsArguments>();
  auto* command = executions.add_subcommand(
      "stats",
      "Count executions by time or by what they did, with error rates and latencies");
  command
      ->add_option("--by", arguments->by,
                   "status, error, failed_stage, collection, stage, caller, shape, "
                   "duration, label_name or label:NAME")
      ->type_name("GROUP");
  command
      ->add_option("--bucket", arguments->bucket,
                   "auto, none, minute, hour, day, week or month [auto; none with --by]")
      ->type_name("UNIT");
  command
      ->add_option("--time-zone", arguments->time_zone,
                   "Where days and hours begin: Europe/Berlin, +05:30 [UTC]")
      ->type_name("ZONE");
  arguments->filter = add_filter_flags(*command);
  command->footer(
      "Examples:\n"
      "  trawl executions stats --since -24h\n"
      "  trawl executions stats --by error --since today\n"
      "  trawl executions stats --by label_name\n"
      "  trawl executions stats --by status --bucket day --since -7d\n"
      "  trawl executions stats --by duration --since -24h\n"
      "  trawl executions stats --bucket day --time-zone Europe/Berlin\n"
      "  trawl executions stats --by label:team --status failed -o csv");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return stats(context, *arguments); };
  });
}

}  // namespace trawl::cli
