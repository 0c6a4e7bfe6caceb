#include "api/wire/ndjson.h"

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

void ImportReport::add(std::uint64_t line, std::string_view message) {
  ++failed_count;
  if (errors.size() < kBadLinesListed) {
    errors.push_back(json::object{
        {"line", line}, {"message", json::string_view(message.data(), message.size())}});
  }
}

}  // namespace trawl::api
