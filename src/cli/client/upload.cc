#include "cli/client/upload.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "cli/terminal/format.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/row_writer.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kErrorsShown = 5;

class StreamSource final : public BodySource {
 public:
  StreamSource(std::istream& stream, std::optional<std::uint64_t> size, Progress& progress)
      : stream_(stream), size_(size), progress_(progress) {}

  std::optional<std::size_t> read(char* buffer, std::size_t capacity) override {
    stream_.read(buffer, static_cast<std::streamsize>(capacity));
    if (stream_.bad()) return std::nullopt;
    const auto count = static_cast<std::size_t>(stream_.gcount());
    if (count == 0) {
      progress_.sent();
    } else {
      progress_.add({buffer, count});
      // With a known length curl does not ask for the end.
      if (size_ && progress_.state().bytes >= *size_) progress_.sent();
    }
    return count;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  void tick() override { progress_.tick(); }

 private:
  std::istream& stream_;
  std::optional<std::uint64_t> size_;
  Progress& progress_;
};

// The size of a plain file; nothing for pipes, devices and what does not exist.
std::optional<std::uint64_t> plain_file_size(const std::string& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(facts.st_size);
}

// What a stream is packed with, by its first byte: the server unpacks it. No NDJSON begins
// with either of them.
std::string_view coding_of(std::istream& stream) {
  switch (stream.peek()) {
    case 0x1f:
      return "gzip";
    case 0x28:
      return "zstd";
    default:
      return {};
  }
}

// What a file is by its name, where that is nothing that an import reads.
std::string_view other_form(std::string_view file) {
  static constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {".7z", "an archive"},
      {".bz2", "packed by bzip2"},
      {".csv", "a CSV"},
      {".csv.gz", "a CSV"},
      {".csv.zst", "a CSV"},
      {".lz4", "packed by lz4"},
      {".parquet", "a Parquet file"},
      {".pdf", "a PDF"},
      {".tar", "an archive"},
      {".tar.gz", "an archive"},
      {".tgz", "an archive"},
      {".tsv", "a table of text"},
      {".xls", "a spreadsheet"},
      {".xlsx", "a spreadsheet"},
      {".xz", "packed by xz"},
      {".yaml", "YAML"},
      {".zip", "an archive"}};
  for (const auto& [ending, form] : kForms) {
    if (to_lower_ascii(file).ends_with(ending)) return form;
  }
  return {};
}

// A CSV as an export writes it, or one like it: a heading of names instead of an object.
bool begins_like_csv(std::istream& stream) {
  constexpr std::size_t kHeadMax = 256;
  std::string head(kHeadMax, '\0');
  stream.read(head.data(), kHeadMax);
  head.resize(static_cast<std::size_t>(stream.gcount()));
  stream.clear();
  stream.seekg(0);
  const std::string_view line =
      std::string_view(head).substr(0, head.find_first_of("\r\n"));
  const bool has_names = line.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789_.\", ;-") == std::string_view::npos;
  return has_names && line.find_first_of(",;") != std::string_view::npos;
}

Failure refuse_form(const std::string& file, std::string_view form,
                    const std::string& what) {
  Failure failure = usage_failure(fmt::format(
      "'{}' is {}; an import takes NDJSON, which is one JSON object a line, also "
      "as .gz or .zst",
      file, form));
  if (what == "executions" && form == "a CSV") {
    failure.notes.emplace_back(
        "to move a history: trawl executions export --detail -o history.ndjson.gz");
  }
  return failure;
}

Outcome<HttpReply> send_file(Context& context, const std::string& target,
                             const std::string& file, const std::string& what) {
  auto& host = context.host();
  std::ifstream stream;
  std::optional<std::uint64_t> size;
  if (file != "-") {
    stream.open(file, std::ios::binary);
    struct stat facts {};
    const bool is_directory = stat(file.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
    if (!stream || is_directory)
      return usage_failure(fmt::format("cannot read '{}'; is the path right?", file));
    size = plain_file_size(file);
    if (const auto form = other_form(file); !form.empty()) {
      return refuse_form(file, form, what);
    }
    if (size && *size > 0 && begins_like_csv(stream))
      return refuse_form(file, "a CSV", what);
  }
  Progress progress(host, fmt::format("importing {}", what), size);
  std::istream& source_stream = file == "-" ? host.in : stream;
  StreamSource source(source_stream, size, progress);
  HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.source = &source;
  request.content_type = "application/x-ndjson";
  if (const auto coding = coding_of(source_stream); !coding.empty()) {
    request.headers.push_back(fmt::format("Content-Encoding: {}", coding));
    progress.set_packed();
  }
  return context.send(request);
}

void tell_lines(const json::object& reply, const char* list, std::int64_t failed,
                Host& host) {
  const auto* errors = array_at(reply, list);
  std::size_t shown = 0;
  if (errors) {
    for (const auto& error : *errors) {
      const auto* object = error.if_object();
      if (!object || shown == kErrorsShown) continue;
      ++shown;
      host.err << fmt::format("trawl: line {}: {}\n",
                              format_count(count_at(*object, "line")),
                              printable(text_at(*object, "message")));
    }
  }
  const auto more = failed - static_cast<std::int64_t>(shown);
  if (shown > 0 && more > 0)
    host.err << fmt::format("trawl: and {} more\n", format_count(more));
}

}  // namespace

Outcome<Exit> upload_ndjson(Context& context, const std::string& target,
                            const std::string& file, const std::string& what) {
  const TimeUs start = monotonic_us();
  TRAWL_ASSIGN(auto reply, send_file(context, target, file, what));
  const double elapsed_ms = static_cast<double>(monotonic_us() - start) / 1e3;
  const auto parsed = parse_json(reply.body);
  const auto* object = parsed ? parsed->if_object() : nullptr;
  if (!object) {
    return Failure(Exit::refused,
                   "the server answered the import with something other than a JSON object",
                   reply.request_id, reply.status);
  }
  auto& host = context.host();
  const auto imported = count_at(*object, "imported_count");
  const auto skipped = count_at(*object, "skipped_count");
  const auto failed = count_at(*object, "failed_count");
  if (context.format() == Format::table) {
    const std::string noun = what.ends_with('s') ? what.substr(0, what.size() - 1) : what;
    host.out << fmt::format("imported {} in {}", format_things(imported, noun),
                            format_duration_ms(elapsed_ms));
    if (skipped > 0) host.out << fmt::format(", skipped {}", format_count(skipped));
    if (failed > 0) host.out << fmt::format(", refused {}", format_count(failed));
    host.out << '\n';
  } else if (context.format() == Format::csv) {
    host.out << fmt::format("imported_count,skipped_count,failed_count\r\n{},{},{}\r\n",
                            imported, skipped, failed);
  } else {
    context.print_raw(reply.body);
  }
  tell_lines(*object, "errors", failed, host);
  tell_lines(*object, "warnings", count_at(*object, "warning_count"), host);
  return failed > 0 ? Exit::refused : Exit::ok;
}

}  // namespace trawl::cli
