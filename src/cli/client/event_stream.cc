#include "cli/client/event_stream.h"

namespace trawl::cli {

void EventStream::feed(std::string_view piece) {
  for (const char c : piece) {
    if (c == '\n' && skips_line_feed_) {
      skips_line_feed_ = false;
      continue;
    }
    skips_line_feed_ = c == '\r';
    if (c != '\r' && c != '\n') {
      line_.push_back(c);
      continue;
    }
    take_line(line_);
    line_.clear();
  }
}

void EventStream::restart() {
  line_.clear();
  skips_line_feed_ = false;
  kind_.clear();
  data_.clear();
  has_data_ = false;
  id_ = last_id_;
}

void EventStream::take_line(std::string_view line) {
  if (line.empty()) {
    // The id counts once its event is here, so that one that was cut off comes again.
    last_id_ = id_;
    if (has_data_) take_({kind_.empty() ? "message" : kind_, data_});
    kind_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    kind_ = value;
  } else if (field == "data") {
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
}

}  // namespace trawl::cli
