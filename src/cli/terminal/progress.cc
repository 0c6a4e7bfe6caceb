#include "cli/terminal/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

#include "cli/terminal/format.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr TimeUs kRedrawUs = 100'000;

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 359'999.0));
  if (whole >= 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bar(double fraction, std::size_t width) {
  static constexpr std::array<std::string_view, 8> kEighths = {"",  "▏", "▎", "▍",
                                                               "▌", "▋", "▊", "▉"};
  if (!(fraction > 0)) fraction = 0;
  const auto eighths = static_cast<std::size_t>(
      std::lround(std::min(fraction, 1.0) * 8 * static_cast<double>(width)));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  out += kEighths[eighths % 8];
  const std::size_t used = (eighths + 7) / 8;
  out.append(width - used, ' ');
  return out;
}

std::string progress_line(std::string_view label, const ProgressState& state,
                          std::size_t width) {
  const double seconds = static_cast<double>(state.elapsed_us) / 1e6;
  const auto bytes = static_cast<double>(state.bytes);
  std::string line = fmt::format("{} ", printable(label));
  if (state.bytes_total && *state.bytes_total > 0) {
    const double fraction = std::min(1.0, bytes / static_cast<double>(*state.bytes_total));
    line += fmt::format("[{}] {:3.0f}%  ", bar(fraction, 24), std::floor(fraction * 100));
  }
  if (!state.packed) {
    line += fmt::format("{} lines  ", format_count(static_cast<std::int64_t>(state.lines)));
  }
  line += format_bytes(bytes);
  if (state.sent) {
    line += fmt::format("  sent; the server is finishing ({})", clock_text(seconds));
  } else if (seconds >= 0.5 && bytes > 0) {
    line += fmt::format("  {}/s", format_bytes(bytes / seconds));
    if (state.bytes_total && *state.bytes_total > state.bytes) {
      const auto left = static_cast<double>(*state.bytes_total - state.bytes);
      line += fmt::format("  ETA {}", clock_text(left * seconds / bytes));
    }
  }
  return fit(line, width);
}

Progress::Progress(Host& host, std::string label, std::optional<std::uint64_t> bytes_total)
    : host_(host), label_(std::move(label)), started_us_(monotonic_us()) {
  state_.bytes_total = bytes_total;
}

Progress::~Progress() {
  finish();
}

void Progress::add(std::string_view piece) {
  state_.bytes += piece.size();
  state_.lines += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
  draw(false);
}

void Progress::sent() {
  state_.sent = true;
  draw(true);
}

void Progress::tick() {
  draw(false);
}

void Progress::draw(bool now) {
  if (!host_.err_is_terminal) return;
  const TimeUs time = monotonic_us();
  if (!now && time - drawn_us_ < kRedrawUs) return;
  drawn_us_ = time;
  state_.elapsed_us = time - started_us_;
  // One column stays free: a full line would wrap, and then not be cleared.
  const std::size_t width = host_.width > 1 ? host_.width - 1 : 1;
  host_.err << "\r\033[K" << progress_line(label_, state_, width) << std::flush;
  visible_ = true;
}

void Progress::finish() {
  if (visible_) host_.err << "\r\033[K" << std::flush;
  visible_ = false;
}

}  // namespace trawl::cli
