#include "insight/replay_job.h"

#include <fmt/format.h>

#include <numeric>

#include "base/counted.h"

namespace trawl {
namespace {

constexpr std::string_view kOutcomeNames[] = {"identical", "changed", "gone", "failed"};
constexpr std::string_view kStatusNames[] = {"queued", "running", "completed", "cancelled",
                                             "failed"};

// "3 of them", "none of them"
std::string some_of(std::size_t count) {
  return count == 0 ? std::string("none of them") : fmt::format("{} of them", count);
}

}  // namespace

std::string_view outcome_name(ReplayOutcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

std::optional<ReplayOutcome> parse_outcome(std::string_view name) {
  for (std::size_t i = 0; i < kReplayOutcomes; ++i) {
    if (kOutcomeNames[i] == name) return static_cast<ReplayOutcome>(i);
  }
  return std::nullopt;
}

std::string_view status_name(ReplayJobStatus status) {
  return kStatusNames[static_cast<std::size_t>(status)];
}

std::size_t ReplayJob::done() const {
  return std::accumulate(std::begin(by_outcome), std::end(by_outcome), std::size_t{0});
}

std::string sentence_of(const ReplayJob& job) {
  if (job.status == ReplayJobStatus::queued) {
    return fmt::format("{} will be run again.", counted(job.total, "execution"));
  }
  if (job.total == 0) return "No execution matches, so there was nothing to run again.";
  const std::size_t compared =
      job.count(ReplayOutcome::identical) + job.count(ReplayOutcome::changed);
  std::string out = job.done() == job.total
                        ? fmt::format("{} {} run again", counted(job.total, "execution"),
                                      job.total == 1 ? "was" : "were")
                        : fmt::format("{} of {} were run again", job.done(),
                                      counted(job.total, "execution"));
  if (compared == 0) {
    out += job.done() == 0 ? "" : ", and none could be compared";
  } else if (job.count(ReplayOutcome::changed) == 0) {
    out += fmt::format("; {} gave the same documents at every stage",
                       compared == job.done() ? std::string("all") : some_of(compared));
  } else {
    out += fmt::format("; {} gave other results", job.results_changed == job.done()
                                                      ? std::string("all")
                                                      : some_of(job.results_changed));
    const std::size_t within = job.count(ReplayOutcome::changed) - job.results_changed;
    if (within > 0) {
      out += fmt::format(", and {} the same results by another way", within);
    }
  }
  if (const std::size_t gone = job.count(ReplayOutcome::gone); gone > 0) {
    out += fmt::format("; of {} the documents of then are no longer kept", gone);
  }
  if (const std::size_t failed = job.count(ReplayOutcome::failed); failed > 0) {
    out += fmt::format("; {} could not be run again", failed);
  }
  out += ".";
  if (job.status == ReplayJobStatus::cancelled) out += " The job was cancelled.";
  if (job.status == ReplayJobStatus::failed) {
    out += fmt::format(" The job ended early: {}.", job.error);
  }
  return out;
}

}  // namespace trawl
