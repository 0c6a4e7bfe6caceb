#include "api/wire/ndjson.h"

#include <fmt/format.h>

#include "base/text.h"

namespace trawl::api {

Result<void> LineSplitter::feed(std::string_view piece) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (too_long_ || line_.size() + part.size() > line_bytes_max_) {
      too_long_ = true;
      line_.clear();
    } else {
      line_.append(part);
    }
    if (end == std::string_view::npos) return {};
    TRAWL_TRY(end_line());
    piece.remove_prefix(end + 1);
  }
  return {};
}

Result<void> LineSplitter::finish() {
  if (line_.empty() && !too_long_) return {};
  return end_line();
}

Result<void> LineSplitter::end_line() {
  const std::uint64_t number = number_++;
  const bool too_long = std::exchange(too_long_, false);
  Result<void> taken;
  if (too_long || !trim(line_).empty()) {
    // A byte order mark before the first line is a habit of some exporters.
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    std::string_view line = line_;
    if (number == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(3);
    taken = take_(number, trim(line), too_long);
  }
  line_.clear();
  return taken;
}

namespace {

// Whether a line leaves an object or a list open.
bool leaves_open(std::string_view line) {
  if (!line.starts_with('{') && !line.starts_with('[')) return false;
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text && (c == '{' || c == '[')) {
      ++depth;
    } else if (!in_text && (c == '}' || c == ']')) {
      --depth;
    }
  }
  return depth > 0 && !in_text;
}

}  // namespace

Result<void> FormCheck::check_start(std::string_view piece) {
  const auto packed = [](std::string_view name) {
    return make_error(ErrorCode::bad_request,
                      fmt::format("the body is {0} data, and not NDJSON; send it with "
                                  "Content-Encoding: {0}",
                                  name));
  };
  if (piece.starts_with("\x1f\x8b")) return packed("gzip");
  if (piece.starts_with("\x28\xb5\x2f\xfd")) return packed("zstd");
  return {};
}

Result<void> FormCheck::check_line(std::string_view line, bool is_object) {
  if (lines_ == 2) return {};
  if (++lines_ == 1) {
    is_open_ = !is_object && leaves_open(line);
    // A list whose items have a line each: the second one may look well.
    if (line != "[") return {};
  } else if (is_object) {
    return {};
  }
  if (!is_open_) return {};
  return make_error(
      ErrorCode::bad_request,
      "the body is one JSON text over several lines, and not NDJSON; put each "
      "object on a line of its own, as jq -c . does (of a list, jq -c '.[]')");
}

namespace {

void list_line(json::array& list, std::uint64_t line, std::string_view message) {
  if (list.size() == kBadLinesListed) return;
  list.push_back(json::object{
      {"line", line}, {"message", json::string_view(message.data(), message.size())}});
}

}  // namespace

void ImportReport::add(std::uint64_t line, std::string_view message) {
  ++failed_count;
  list_line(errors, line, message);
}

void ImportReport::warn(std::uint64_t line, std::string_view message) {
  ++warning_count;
  list_line(warnings, line, message);
}

}  // namespace trawl::api
