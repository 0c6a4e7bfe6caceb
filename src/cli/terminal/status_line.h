#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/host.h"

namespace trawl::cli {

// One line on standard error that says what a long command does, drawn at most ten times a
// second. Silent where standard error is not a terminal. Not thread-safe.
class StatusLine {
 public:
  explicit StatusLine(Host& host) : host_(host) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // Whether show() would draw now: making the text may cost more than not showing it.
  bool is_due() const;
  void show(std::string_view text);
  void clear();
  double elapsed_s() const;

 private:
  Host& host_;
  const TimeUs started_us_ = monotonic_us();
  TimeUs drawn_us_ = 0;
  bool visible_ = false;
};

}  // namespace trawl::cli
