#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl::api {

// Cuts a stream into lines (LF or CR LF; the last one may lack its end) and counts them
// from 1. Blank lines are skipped. A line longer than the limit is passed over without
// being held in memory. Not thread-safe.
class LineSplitter {
 public:
  // `line` lives during the call; it is empty and `too_long` true for one over the limit.
  // An error ends feed() and finish() with it, and with that the use of the splitter.
  using Take = std::function<Result<void>(std::uint64_t number, std::string_view line,
                                          bool too_long)>;
  LineSplitter(std::size_t line_bytes_max, Take take)
      : line_bytes_max_(line_bytes_max), take_(std::move(take)) {}

  Result<void> feed(std::string_view piece);
  Result<void> finish();

 private:
  Result<void> end_line();

  const std::size_t line_bytes_max_;
  Take take_;
  std::string line_;
  bool too_long_ = false;
  std::uint64_t number_ = 1;
};

// Notices at its first lines that a body is something else than NDJSON, about which there
// is one thing to say and not one for each line.
class FormCheck {
 public:
  // Of the first piece of the body.
  //   bad_request  it is compressed, and nobody said so
  static Result<void> check_start(std::string_view piece);
  // Of each line, and whether it is a JSON object; cheap after the second.
  //   bad_request  one JSON text goes over several lines
  Result<void> check_line(std::string_view line, bool is_object);

 private:
  int lines_ = 0;
  bool is_open_ = false;  // The first line opens more than it closes.
};

inline constexpr std::size_t kBadLinesListed = 100;

// What was wrong with an import: every bad line is counted, the first hundred are listed.
struct ImportReport {
  std::uint64_t failed_count = 0;
  json::array errors;  // {"line", "message"}
  std::uint64_t warning_count = 0;
  json::array warnings;  // Likewise, of lines that were taken.

  void add(std::uint64_t line, std::string_view message);
  void warn(std::uint64_t line, std::string_view message);
};

}  // namespace trawl::api
