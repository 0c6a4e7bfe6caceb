#include "app/doctor.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/data_directory.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/object_writer.h"
#include "cli/terminal/status_line.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

// Tables that a person is shown of each file; JSON has all.
constexpr std::size_t kTablesShown = 8;

struct DoctorArguments {
  DataDirectoryFlags from;
  bool quick = false;
  bool repair = false;
};

std::string count(std::uint64_t number) {
  return format_count(static_cast<std::int64_t>(number));
}
std::string size(std::uint64_t bytes) {
  return format_bytes(static_cast<double>(bytes));
}

json::value time(const std::optional<TimeUs>& at) {
  return at ? json::value(format_time(*at)) : json::value();
}

std::string to_json(const app::DoctorReport& report, bool quick, double seconds) {
  json::array problems;
  for (const auto& problem : report.problems) {
    problems.push_back({{"file", problem.file},
                        {"part", problem.part},
                        {"message", problem.message},
                        {"remedy", problem.remedy}});
  }
  json::array files;
  for (const auto& file : report.files) {
    json::array tables;
    for (const auto& table : file.tables) {
      tables.push_back({{"name", table.name}, {"bytes", table.bytes}});
    }
    files.push_back({{"name", file.name},
                     {"bytes", file.bytes},
                     {"log_bytes", file.log_bytes},
                     {"page_bytes", file.page_bytes},
                     {"pages", file.pages},
                     {"free_pages", file.free_pages},
                     {"tables", std::move(tables)}});
  }
  return to_json_text(json::object{{"healthy", report.problem_count == 0},
                                   {"quick", quick},
                                   {"server_running", report.server_running},
                                   {"problem_count", report.problem_count},
                                   {"problems", std::move(problems)},
                                   {"notes", json::value_from(report.notes)},
                                   {"repairs", json::value_from(report.repairs)},
                                   {"executions", report.executions},
                                   {"bytes_per_execution", report.bytes_per_execution},
                                   {"open_groups", report.open_groups},
                                   {"closed_groups", report.closed_groups},
                                   {"pending_terms", report.pending_terms},
                                   {"superseded_documents", report.superseded_documents},
                                   {"superseded_bytes", report.superseded_bytes},
                                   {"oldest_version_at", time(report.oldest_version_at)},
                                   {"versions_cut_at", time(report.versions_cut_at)},
                                   {"samples", report.samples},
                                   {"files", std::move(files)},
                                   {"seconds", seconds}});
}

void print(Host& host, const app::DoctorReport& report, double seconds) {
  Table files({{"FILE"},
               {"SIZE", true},
               {"LOG", true},
               {"FREE PAGES", true},
               {"LARGEST TABLES AND INDEXES", false, true}},
              host.width, host.colour);
  std::vector<std::vector<Cell>> rows;
  for (const auto& file : report.files) {
    std::string tables;
    for (std::size_t i = 0; i < std::min(kTablesShown, file.tables.size()); ++i) {
      if (i > 0) tables += ", ";
      tables += fmt::format("{} {}", file.tables[i].name, size(file.tables[i].bytes));
    }
    rows.push_back({{file.name},
                    {size(file.bytes)},
                    {size(file.log_bytes)},
                    {count(file.free_pages)},
                    {std::move(tables)}});
  }
  host.out << files.lines(rows);
  host.out << fmt::format(
      "{} of {} each; {} closed and {} open row groups; {} waiting to be indexed\n",
      format_things(static_cast<std::int64_t>(report.executions), "execution"),
      format_bytes(report.bytes_per_execution), count(report.closed_groups),
      count(report.open_groups), count(report.pending_terms));
  if (report.superseded_documents > 0) {
    host.out << fmt::format(
        "{} replaced or deleted, kept for older versions ({}), since {}\n",
        format_things(static_cast<std::int64_t>(report.superseded_documents), "document"),
        size(report.superseded_bytes), format_time(report.oldest_version_at.value_or(0)));
  }
  if (report.versions_cut_at) {
    host.out << fmt::format(
        "older versions went for want of room on {}; replay_bytes_max is the room\n",
        format_time(*report.versions_cut_at));
  }
  for (const auto& repair : report.repairs) {
    host.out << styled("repaired: ", Style::good, host.colour) << printable(repair) << '\n';
  }
  for (const auto& note : report.notes) host.out << "note: " << printable(note) << '\n';
  std::string remedy;
  for (const auto& problem : report.problems) {
    host.out << styled("wrong: ", Style::bad, host.colour)
             << printable(
                    fmt::format("{}, {}: {}", problem.file, problem.part, problem.message))
             << '\n';
    if (problem.remedy != remedy)
      host.out << "  remedy: " << printable(problem.remedy) << '\n';
    remedy = problem.remedy;
  }
  if (report.problem_count > report.problems.size()) {
    host.out << fmt::format("and {} more\n",
                            count(report.problem_count - report.problems.size()));
  }
  const std::string taken = format_duration_ms(seconds * 1e3);
  const std::string verdict =
      report.problem_count == 0
          ? std::string("no problems found")
          : format_things(static_cast<std::int64_t>(report.problem_count), "problem") +
                " found";
  host.out << styled(verdict, report.problem_count == 0 ? Style::good : Style::bad,
                     host.colour)
           << fmt::format(" in {}\n", taken);
}

Outcome<Exit> examine(Context& context, const DoctorArguments& arguments) {
  Host& host = context.host();
  TRAWL_ASSIGN(const std::string data_dir, data_directory(arguments.from, context.host()));
  StatusLine line(host);
  const app::DoctorProgress progress = [&](std::string_view doing, std::uint64_t done,
                                           std::uint64_t total) {
    if (!line.is_due()) return;
    line.show(total == 0 ? fmt::format("{} …", doing)
                         : fmt::format("{}  {} of {}", doing, count(done), count(total)));
  };
  std::vector<std::string> repairs;
  if (arguments.repair) {
    auto repaired = app::repair(data_dir, progress);
    if (!repaired) {
      line.clear();
      return failure_of(repaired.error());
    }
    repairs = std::move(*repaired);
  }
  auto report = app::examine(data_dir, arguments.quick, progress);
  line.clear();
  if (!report) return failure_of(report.error());
  report->repairs = std::move(repairs);
  if (context.format() == Format::table) {
    print(host, *report, line.elapsed_s());
  } else {
    TRAWL_TRY(write_object(context, to_json(*report, arguments.quick, line.elapsed_s())));
  }
  return report->problem_count == 0 ? Exit::ok : Exit::refused;
}

}  // namespace

void add_doctor(CLI::App& program, Context& context) {
  auto arguments = std::make_shared<DoctorArguments>();
  auto* command = program.add_subcommand(
      "doctor", "Check a data directory and report its contents and size");
  add_data_directory_flags(*command, arguments->from);
  command->add_flag("--quick", arguments->quick,
                    "Skip checks that read every page and every record");
  command->add_flag(
      "--repair", arguments->repair,
      "First rebuild what can be rebuilt from the executions; the server must be stopped");
  command->footer(
      "Example:\n"
      "  trawl doctor --data-dir ./data\n"
      "Changes nothing without --repair. Exit status: 0 all is well, 1 something is wrong, "
      "2 wrong usage.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return examine(context, *arguments); };
  });
}

}  // namespace trawl::cli
