#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace trawl::cli {

// One server-sent event.
struct ServerEvent {
  std::string kind;  // Of `event:`; "message" where there is none.
  std::string data;
};

// Cuts a text/event-stream into events, as it arrives. Not thread-safe.
class EventStream {
 public:
  explicit EventStream(std::function<void(const ServerEvent&)> take)
      : take_(std::move(take)) {}

  void feed(std::string_view piece);
  // Forgets an event that was cut off; last_id() stays.
  void restart();
  // To be sent as Last-Event-ID when the stream is opened again.
  const std::string& last_id() const { return last_id_; }

 private:
  void take_line(std::string_view line);

  const std::function<void(const ServerEvent&)> take_;
  std::string line_;
  bool skips_line_feed_ = false;  // The last line ended in CR; an LF may belong to it.
  std::string kind_;
  std::string data_;
  bool has_data_ = false;
  std::string id_;
  std::string last_id_;
};

}  // namespace trawl::cli
