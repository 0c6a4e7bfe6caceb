#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/private_files.h"
#include "base/text.h"
#include "cli/client/export_sink.h"
#include "cli/commands/checks.h"
#include "cli/commands/commands.h"
#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/execution_rows.h"
#include "cli/commands/nothing_found.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr TimeUs kExportRedrawUs = 100'000;
// A connection that breaks is made again so often without a row in between; each time
// after a longer pause.
constexpr int kRetriesMax = 6;
constexpr std::chrono::milliseconds kFirstRetryPause{500};

struct ExecutionsExportArguments {
  MakeFilterBody filter;
  std::string format;  // As given; else as the name of the file says, else ndjson.
  std::string file;
  bool force = false;
  std::int64_t limit = 0;  // 0: all
  bool detail = false;
  std::vector<std::string> fields;  // Empty: the row as it is.
  bool gzip = false;  // As given; the packing is what it and the name come to.
  ExportSink::Packing packing = ExportSink::Packing::none;
};

// How far it has come, on one line of standard error, where that is a terminal.
class RowProgress {
 public:
  // Not where the rows go to the terminal themselves.
  RowProgress(Host& host, bool is_shown)
      : host_(host), is_shown_(is_shown && host.err_is_terminal) {}
  ~RowProgress() { clear(); }
  RowProgress(const RowProgress&) = delete;
  RowProgress& operator=(const RowProgress&) = delete;

  void draw(std::uint64_t rows, std::uint64_t bytes) {
    if (!is_shown_) return;
    const TimeUs now = monotonic_us();
    if (now - drawn_us_ < kExportRedrawUs) return;
    drawn_us_ = now;
    const double seconds = std::max(1e-6, static_cast<double>(now - started_us_) / 1e6);
    const std::string line = fmt::format(
        "exporting  {} executions  {}  {}/s", format_count(static_cast<std::int64_t>(rows)),
        format_bytes(static_cast<double>(bytes)),
        format_count(static_cast<std::int64_t>(static_cast<double>(rows) / seconds)));
    // One column stays free: a full line would wrap, and then not be cleared.
    host_.err << "\r\033[K" << fit(line, host_.width > 1 ? host_.width - 1 : 1)
              << std::flush;
    visible_ = true;
  }
  void clear() {
    if (std::exchange(visible_, false)) host_.err << "\r\033[K" << std::flush;
  }
  double elapsed_ms() const {
    return static_cast<double>(monotonic_us() - started_us_) / 1e3;
  }

 private:
  Host& host_;
  const bool is_shown_;
  const TimeUs started_us_ = monotonic_us();
  TimeUs drawn_us_ = 0;
  bool visible_ = false;
};

Outcome<HttpRequest> request_for(const ExecutionsExportArguments& arguments, bool raw,
                                 const ExportSink& sink, const std::string& cursor) {
  Query query{{"format", arguments.format}, {"trailer", "true"}};
  if (raw) query.emplace_back("raw", "true");
  if (arguments.detail) query.emplace_back("detail", "true");
  if (arguments.limit > 0) {
    const auto left = static_cast<std::uint64_t>(arguments.limit) - sink.rows();
    query.emplace_back("limit", std::to_string(left));
  }
  if (!sink.last_id().empty()) {
    if (!cursor.empty()) query.emplace_back("cursor", cursor);
    query.emplace_back("after", sink.last_id());
  }
  HttpRequest request;
  request.method = "POST";
  request.target = with_query(path({"v1", "retrievers", "executions", "export"}), query);
  TRAWL_ASSIGN(json::object body, arguments.filter());
  if (!arguments.fields.empty()) {
    body["fields"] = json::value_from(with_execution_id(arguments.fields));
  }
  request.body = to_json_text(body);
  return request;
}

void tell_warnings(const HttpReply& reply, Host& host) {
  const auto header = reply.headers.find("x-trawl-warnings");
  if (header == reply.headers.end()) return;
  const auto parsed = parse_json(header->second);
  if (!parsed || !parsed->is_array()) return;
  for (const auto& warning : parsed->get_array()) {
    host.err << "trawl: " << printable(plain_text(warning)) << '\n';
  }
}

// Whether another attempt may help: the connection broke, or the server is busy or on its
// way down or up.
bool is_passing(const Failure& failure) {
  return failure.exit == Exit::refused &&
         (failure.http_status == 0 || failure.http_status == 503);
}

// Fetches every part until one is whole.
Outcome<Exit> fetch(Context& context, const ExecutionsExportArguments& arguments,
                    ExportSink& sink, RowProgress& progress) {
  std::string cursor;  // Holds a relative range as the first request resolved it.
  int retries = 0;
  while (true) {
    const std::uint64_t before = sink.rows();
    sink.begin_part();
    TRAWL_ASSIGN(HttpRequest request,
                 request_for(arguments, context.flags().raw, sink, cursor));
    request.sink = &sink;
    const auto reply = context.send(request);
    if (sink.output_failed())
      return usage_failure(
          "the output cannot be written; is the "
          "disk full?");
    Failure failure;
    if (reply) {
      const auto wrong = sink.check_part();
      if (!wrong) {
        progress.clear();
        tell_warnings(*reply, context.host());
        return Exit::ok;
      }
      failure =
          Failure(Exit::refused, "the export is damaged: " + *wrong, reply->request_id);
      if (const auto found = reply->headers.find("x-trawl-cursor");
          cursor.empty() && found != reply->headers.end()) {
        cursor = found->second;
      }
      // Only a part that is cut short gets better when it is asked for again.
      if (*wrong != "it ended without its trailer") return failure;
    } else {
      failure = reply.error();
    }
    if (sink.rows() > before) retries = 0;
    const bool was_full =
        arguments.limit > 0 && sink.rows() >= static_cast<std::uint64_t>(arguments.limit);
    if (was_full) return Exit::ok;  // All rows came; only the trailer is missing.
    if (!is_passing(failure) || sink.rows() == 0 || ++retries > kRetriesMax) {
      if (sink.rows() > 0 && !arguments.file.empty()) {
        failure.notes.push_back(
            fmt::format("{} came before, and {} in {}.part",
                        format_things(static_cast<std::int64_t>(sink.rows()), "execution"),
                        sink.rows() == 1 ? "is" : "are", arguments.file));
      }
      return failure;
    }
    progress.clear();
    context.host().err << fmt::format(
        "trawl: {}; resuming after {}\n", printable(failure.message),
        format_things(static_cast<std::int64_t>(sink.rows()), "execution"));
    std::this_thread::sleep_for(kFirstRetryPause *
                                (1 << (retries - 1 < 0 ? 0 : retries - 1)));
  }
}

// What the name of a file says that an export cannot be, and what to do instead.
std::string_view remedy_of(std::string_view ending) {
  static constexpr std::pair<std::string_view, std::string_view> kRemedies[] = {
      {".7z", "use .gz or .zst"},
      {".arrow", "use .ndjson or .csv"},
      {".br", "use .gz or .zst"},
      {".bz2", "use .gz or .zst"},
      {".json", "an export is lines of JSON: use .ndjson, or .jsonl"},
      {".lz4", "use .gz or .zst"},
      {".lzma", "use .gz or .zst"},
      {".parquet", "use .ndjson or .csv"},
      {".tar", "use .ndjson or .csv"},
      {".tgz", "use .gz or .zst"},
      {".tsv", "use .csv"},
      {".xls", "use .csv"},
      {".xlsx", "use .csv"},
      {".xz", "use .gz or .zst"},
      {".yaml", "use .ndjson or .csv"},
      {".z", "use .gz or .zst"},
      {".zip", "use .gz or .zst"},
  };
  for (const auto& [other, remedy] : kRemedies) {
    if (ending == other) return remedy;
  }
  return {};
}

std::string ending_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string() : to_lower_ascii(name.substr(dot));
}

// Settles format and compression, by the flags and by the name of the file.
//   usage  they contradict each other, or the name says what an export cannot be
Outcome<void> settle_form(ExecutionsExportArguments& arguments,
                          const std::optional<Format>& global) {
  if (arguments.format.empty() && global) {
    // `trawl -o csv executions export`
    if (*global != Format::csv && *global != Format::ndjson) {
      return usage_failure(
          "an export is NDJSON or CSV; use -o ndjson or -o csv before the command, or "
          "--format behind it");
    }
    arguments.format = *global == Format::csv ? "csv" : "ndjson";
  }
  std::string_view name = arguments.file;
  std::string ending = ending_of(name);
  const std::string packed = ending;
  const bool named_gzip = packed == ".gz" || packed == ".gzip";
  const bool named_zstd = packed == ".zst" || packed == ".zstd";
  if (named_gzip || named_zstd) {
    name.remove_suffix(packed.size());
    ending = ending_of(name);
  }
  if (const auto remedy = remedy_of(ending); !remedy.empty()) {
    return usage_failure(
        fmt::format("the name of '{}' ends in {}, which an export cannot be; {}",
                    arguments.file, ending, remedy));
  }
  std::string_view named;
  if (ending == ".csv") named = "csv";
  if (ending == ".ndjson" || ending == ".jsonl") named = "ndjson";
  if (arguments.format.empty()) {
    arguments.format = named.empty() ? "ndjson" : named;
  } else if (!named.empty() && named != arguments.format) {
    return usage_failure(fmt::format(
        "the format is {}, but the name of '{}' says {}; leave the format out, or use "
        "another name",
        arguments.format, arguments.file, named));
  }
  if (arguments.gzip && !named_gzip && (named_zstd || !named.empty())) {
    return usage_failure(fmt::format(
        "--gzip is given, but the name of '{}' does not end in .gz; add .gz, or "
        "leave --gzip out",
        arguments.file));
  }
  if (named_zstd) {
    arguments.packing = ExportSink::Packing::zstd;
  } else if (arguments.gzip || named_gzip) {
    arguments.packing = ExportSink::Packing::gzip;
  }
  return {};
}

// Where the rows go: a file that is whole or not there, or a stream.
class Destination {
 public:
  Destination(const ExecutionsExportArguments& arguments, Host& host)
      : arguments_(arguments),
        host_(host),
        to_file_(!arguments.file.empty() && arguments.file != "-") {}

  //   usage  it cannot be written, or the file exists
  Outcome<void> open() {
    if (!to_file_) return {};
    const std::string& name = arguments_.file;
    std::error_code ignored;
    const auto kind = std::filesystem::status(name, ignored).type();
    // A device or a pipe is written to as it is.
    is_direct_ = kind != std::filesystem::file_type::regular &&
                 kind != std::filesystem::file_type::not_found;
    if (!is_direct_ && kind == std::filesystem::file_type::regular && !arguments_.force) {
      return usage_failure(exists());
    }
    const std::string target = is_direct_ ? name : part();
    // A part left by an earlier export may have other rights.
    if (!is_direct_) std::remove(target.c_str());
    if (is_direct_ || !make_private_file(target)) {
      file_.open(target, std::ios::binary | std::ios::trunc);
    }
    if (file_.is_open()) return {};
    return usage_failure(fmt::format("cannot write '{}'; is the path right?", target));
  }

  bool to_file() const { return to_file_; }
  std::ostream& stream() { return to_file_ ? file_ : host_.out; }

  // Once everything is there.
  Outcome<void> finish(bool written) {
    if (to_file_) {
      file_.close();
      written = written && file_;
    }
    if (written && to_file_ && !is_direct_) {
      const char* name = arguments_.file.c_str();
      if (arguments_.force) {
        written = std::rename(part().c_str(), name) == 0;
      } else if (::renameat2(AT_FDCWD, part().c_str(), AT_FDCWD, name, RENAME_NOREPLACE) !=
                 0) {
        if (errno == EEXIST)
          return usage_failure(exists() + "; the export is in " + part());
        // Not every file system can do that.
        written = std::rename(part().c_str(), name) == 0;
      }
    }
    if (written) return {};
    return usage_failure(fmt::format("cannot write '{}'; is the disk full?",
                                     to_file_ ? arguments_.file : "standard output"));
  }

 private:
  std::string part() const { return arguments_.file + ".part"; }
  std::string exists() const {
    return fmt::format("'{}' exists; add --force to replace it, or use another name",
                       arguments_.file);
  }

  const ExecutionsExportArguments& arguments_;
  Host& host_;
  const bool to_file_;
  bool is_direct_ = false;
  std::ofstream file_;
};

Outcome<Exit> export_executions(Context& context,
                                const ExecutionsExportArguments& arguments) {
  Host& host = context.host();
  Destination destination(arguments, host);
  TRAWL_TRY(destination.open());
  const bool to_file = destination.to_file();
  RowProgress progress(host, to_file || !host.out_is_terminal);
  const ExportSink* watched = nullptr;
  ExportSink sink(destination.stream(),
                  {arguments.format == "csv", arguments.packing,
                   !to_file && host.out_is_terminal, context.flags().raw},
                  [&] {
                    if (watched) progress.draw(watched->rows(), watched->bytes());
                  });
  watched = &sink;
  TRAWL_ASSIGN(const Exit exit, fetch(context, arguments, sink, progress));
  progress.clear();
  TRAWL_TRY(destination.finish(sink.finish()));
  if (sink.rows() == 0) {
    TRAWL_ASSIGN(const json::object filter, arguments.filter());
    explain_nothing(context, filter);
  }
  if (sink.unexplained() > 0 && (to_file || !host.out_is_terminal)) {
    host.err << fmt::format(
        "trawl: {} failed; to export why, add --detail, or error to --fields\n",
        format_things(static_cast<std::int64_t>(sink.unexplained()), "execution"));
  }
  if (!to_file) return exit;
  const auto rows = static_cast<std::int64_t>(sink.rows());
  if (context.format() == Format::table) {
    host.out << fmt::format(
        "exported {}, {}, in {} to {}\n", format_things(rows, "execution"),
        format_bytes(static_cast<double>(sink.bytes())),
        format_duration_ms(progress.elapsed_ms()), printable(arguments.file));
  } else {
    context.print_raw(to_json_text(json::object{
        {"exported_count", rows}, {"bytes", sink.bytes()}, {"file", arguments.file}}));
  }
  return exit;
}

}  // namespace

void add_executions_export(CLI::App& executions, Context& context) {
  auto arguments = std::make_shared<ExecutionsExportArguments>();
  auto* command = executions.add_subcommand(
      "export", "Write all matching executions to a file and verify it");
  arguments->filter = add_filter_flags(*command);
  command
      ->add_option("--format", arguments->format,
                   "ndjson or csv [as the name of FILE ends, else ndjson]")
      ->check(one_of({"ndjson", "csv"}))
      ->type_name("FORMAT");
  command->add_flag("--detail", arguments->detail,
                    "Whole records, as `executions import` takes them, instead of rows");
  add_fields_flag(*command, arguments->fields);
  command->add_flag("--gzip", arguments->gzip,
                    "Compress the output [if the name of FILE ends in .gz; .zst: zstd]");
  command->add_option("--limit", arguments->limit, "At most this many, the newest [all]")
      ->check(whole_number(1))
      ->type_name("N");
  command
      ->add_option("-o,--output", arguments->file,
                   "Destination; FILE.part until complete [standard output]")
      ->check(CLI::Validator(
          [](const std::string& name) -> std::string {
            for (const char* format : {"csv", "ndjson", "json", "table"}) {
              if (name == format) {
                return fmt::format(
                    "names the file here; use --format, or ./{} for a file "
                    "of that name",
                    name);
              }
            }
            return {};
          },
          "", ""))
      ->type_name("FILE");
  command->add_flag("--force", arguments->force, "Replace FILE if it exists");
  command->footer(
      "Examples:\n"
      "  trawl executions export --since -30d -o history.ndjson.gz\n"
      "  trawl executions export --format csv --status failed > failed.csv\n"
      "  trawl executions export --detail | trawl --url http://new:8080 executions import "
      "-\n"
      "Resumes by itself when the connection breaks.");
  command->callback([&context, arguments] {
    context.action = [&context, arguments]() -> Outcome<Exit> {
      TRAWL_TRY(settle_form(*arguments, context.flags().format));
      if (arguments->detail && arguments->format == "csv") {
        return usage_failure(
            "--detail does not fit into a CSV; leave it out, or export NDJSON");
      }
      if (!arguments->fields.empty() && arguments->format == "csv") {
        return usage_failure(
            "--fields is for NDJSON; for a CSV of them use: trawl executions list --all -o "
            "csv --fields …");
      }
      if (!arguments->fields.empty() && arguments->detail) {
        return usage_failure("--detail exports all fields; leave it or --fields out");
      }
      if (context.flags().raw && arguments->format != "csv") {
        return usage_failure("--raw only affects the texts of a CSV; add --format csv");
      }
      return export_executions(context, *arguments);
    };
  });
}

}  // namespace trawl::cli
