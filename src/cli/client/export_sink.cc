#include "cli/client/export_sink.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "base/counted.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/terminal/format.h"
#include "model/execution.h"

namespace trawl::cli {
namespace {

constexpr std::string_view kJsonTrailer = R"({"_trailer":)";
constexpr std::string_view kCsvTrailer = "# rows=";

// The first field of a line of CSV.
std::string first_field(std::string_view line) {
  if (!line.starts_with('"'))
    return std::string(line.substr(0, line.find_first_of(",\r\n")));
  std::string out;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '"' && (i + 1 == line.size() || line[++i] != '"')) break;
    out.push_back(line[i]);
  }
  return out;
}

}  // namespace

ExportSink::ExportSink(std::ostream& out, Options options, std::function<void()> tick)
    : out_(out), options_(options), tick_(std::move(tick)) {
  if (options_.packing == Packing::gzip) gzip_.emplace();
  if (options_.packing == Packing::zstd) zstd_.emplace();
  begin_part();
}

void ExportSink::begin_part() {
  line_.clear();
  in_quotes_ = false;
  had_heading_ = false;
  part_rows_ = 0;
  sha256_.emplace();
  told_rows_.reset();
  told_sha256_.clear();
}

bool ExportSink::take(std::string_view piece) {
  while (!piece.empty() && !output_failed_) {
    std::size_t end = 0;  // Behind the line's end.
    for (std::size_t i = 0; i < piece.size() && end == 0; ++i) {
      if (piece[i] == '"' && options_.csv) in_quotes_ = !in_quotes_;
      if (piece[i] == '\n' && !in_quotes_) end = i + 1;
    }
    if (end == 0) {
      line_.append(piece);
      break;
    }
    if (line_.empty()) {
      take_line(piece.substr(0, end));
    } else {
      line_.append(piece.substr(0, end));
      take_line(std::exchange(line_, {}));
    }
    piece.remove_prefix(end);
  }
  tick_();
  return !output_failed_;
}

bool ExportSink::tick() {
  tick_();
  return true;
}

void ExportSink::take_line(std::string_view line) {
  if (take_trailer(line)) return;
  sha256_->add(line);
  if (options_.csv && !std::exchange(had_heading_, true)) {
    if (!std::exchange(wrote_heading_, true)) write(line);
    return;
  }
  write(line);
  ++rows_;
  ++part_rows_;
  if (options_.csv) {
    last_id_ = first_field(line);
    if (!options_.raw) last_id_ = std::string(csv_text_of_cell(last_id_));
  } else if (const auto row = parse_json(line); row && row->is_object()) {
    const json::object& object = row->get_object();
    last_id_ = text_at(object, "execution_id");
    const bool failed = text_at(object, "status") == status::kFailed;
    unexplained_ += failed && !object.contains("error") ? 1 : 0;
  }
}

bool ExportSink::take_trailer(std::string_view line) {
  if (options_.csv) {
    if (!line.starts_with(kCsvTrailer)) return false;
    std::string_view rest = line.substr(kCsvTrailer.size());
    std::int64_t rows = 0;
    const auto space = rest.find(' ');
    const auto equals = rest.find("sha256=");
    if (!parse_integer(rest.substr(0, space), rows) || equals == std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(equals + 7);
    told_sha256_ = std::string(rest.substr(0, rest.find_first_of(" \r\n")));
    told_rows_ = static_cast<std::uint64_t>(rows);
  } else {
    if (!line.starts_with(kJsonTrailer)) return false;
    const auto parsed = parse_json(trim(line));
    const auto* trailer = parsed && parsed->is_object()
                              ? object_at(parsed->get_object(), "_trailer")
                              : nullptr;
    if (!trailer) return false;
    told_sha256_ = text_at(*trailer, "sha256");
    told_rows_ = static_cast<std::uint64_t>(count_at(*trailer, "rows", -1));
  }
  part_sha256_ = sha256_->hex();
  return true;
}

std::optional<std::string> ExportSink::check_part() const {
  if (!told_rows_) return "it ended without its trailer";
  if (*told_rows_ != part_rows_) {
    return fmt::format("the server sent {} and {} arrived", counted(*told_rows_, "row"),
                       part_rows_);
  }
  if (told_sha256_ != part_sha256_) {
    return fmt::format("its SHA-256 is {} and should be {}", part_sha256_, told_sha256_);
  }
  return std::nullopt;
}

void ExportSink::write(std::string_view bytes) {
  bytes_ += bytes.size();
  if (gzip_) {
    gzip_->add(bytes, packed_);
    write_packed();
  } else if (zstd_) {
    zstd_->add(bytes, packed_);
    write_packed();
  } else if (options_.to_terminal) {
    const auto end = bytes.find_last_not_of("\r\n") + 1;  // It is one line.
    const std::string_view line = bytes.substr(0, end);
    out_ << (options_.csv ? printable(line) : printable_json(line, true)) << '\n';
  } else {
    out_ << bytes;
  }
  output_failed_ = !out_;
}

void ExportSink::write_packed() {
  out_ << packed_;
  packed_.clear();
}

bool ExportSink::finish() {
  if (gzip_) gzip_->finish(packed_);
  if (zstd_) zstd_->finish(packed_);
  write_packed();
  out_.flush();
  output_failed_ = !out_;
  return !output_failed_;
}

}  // namespace trawl::cli
