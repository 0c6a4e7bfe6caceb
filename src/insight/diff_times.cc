#include "insight/diff_times.h"

#include <fmt/format.h>

namespace trawl {
namespace {

std::string ms_text(double ms) {
  return ms < 100 ? fmt::format("{:.3g} ms", ms) : fmt::format("{:.0f} ms", ms);
}

bool is_known(const Autopsy& autopsy) {
  return autopsy.duration_ms.p50 && autopsy.duration_ms.p99;
}

// "the first is in the faster half of its shape, of which half take at most 5 ms and …".
std::string say_usual(std::string_view which, const Autopsy& autopsy) {
  if (!is_known(autopsy)) {
    return fmt::format("of the shape of {} there are too few others to say what is usual",
                       which);
  }
  const Vital& time = autopsy.duration_ms;
  return fmt::format(
      "{} {} its shape, of which half take at most {} and 99 of 100 at most {}", which,
      time.value > *time.p99   ? "is slower than is usual for"
      : time.value > *time.p50 ? "is in the slower half of"
                               : "is in the faster half of",
      ms_text(*time.p50), ms_text(*time.p99));
}

}  // namespace

std::string compare_times(const Autopsy& before, const Autopsy& after) {
  const std::string took =
      fmt::format("The first took {} and the second {}", ms_text(before.duration_ms.value),
                  ms_text(after.duration_ms.value));
  if (!is_known(before) && !is_known(after)) {
    return fmt::format("{}; of their shapes there are too few others to say what is usual.",
                       took);
  }
  return fmt::format("{}: {}; {}.", took, say_usual("the first", before),
                     say_usual("the second", after));
}

}  // namespace trawl
