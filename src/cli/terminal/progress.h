#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/host.h"

namespace trawl::cli {

// "[█████▌    ] " of so many columns, for a fraction from 0 to 1.
std::string bar(double fraction, std::size_t width);

// 75 -> "1:15", 3700 -> "1h 01m"
std::string clock_text(double seconds);

// What an upload has done so far, as one line.
struct ProgressState {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
  std::optional<std::uint64_t> bytes_total;
  TimeUs elapsed_us = 0;
  bool packed = false;  // What is sent has no lines.
  bool sent = false;    // All is sent; the server is still working.
};
std::string progress_line(std::string_view label, const ProgressState& state,
                          std::size_t width);

// Draws the state of an upload on standard error, at most ten times a second. Silent
// where standard error is not a terminal. Not thread-safe.
class Progress {
 public:
  Progress(Host& host, std::string label, std::optional<std::uint64_t> bytes_total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set_packed() { state_.packed = true; }
  void add(std::string_view piece);
  void sent();
  void tick();
  // Clears the line.
  void finish();
  const ProgressState& state() const { return state_; }

 private:
  void draw(bool now);

  Host& host_;
  std::string label_;
  ProgressState state_;
  TimeUs started_us_;
  TimeUs drawn_us_ = 0;
  bool visible_ = false;
};

}  // namespace trawl::cli
