#include "cli/terminal/status_line.h"

#include <ostream>
#include <utility>

#include "cli/terminal/format.h"
#include "cli/terminal/table.h"

namespace trawl::cli {
namespace {

constexpr TimeUs kStatusRedrawUs = 100'000;

}  // namespace

bool StatusLine::is_due() const {
  return host_.err_is_terminal && monotonic_us() - drawn_us_ >= kStatusRedrawUs;
}

void StatusLine::show(std::string_view text) {
  if (!is_due()) return;
  drawn_us_ = monotonic_us();
  // One column stays free: a full line would wrap, and then not be cleared.
  host_.err << "\r\033[K" << fit(printable(text), host_.width > 1 ? host_.width - 1 : 1)
            << std::flush;
  visible_ = true;
}

void StatusLine::clear() {
  if (std::exchange(visible_, false)) host_.err << "\r\033[K" << std::flush;
}

double StatusLine::elapsed_s() const {
  return static_cast<double>(monotonic_us() - started_us_) / 1e6;
}

}  // namespace trawl::cli
