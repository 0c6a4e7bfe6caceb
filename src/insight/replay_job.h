#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/strong_id.h"
#include "insight/replay.h"

// Plain data of jobs that replay many executions. What is kept of each execution has no
// text, document or score of the run in it, so that a report says nothing that the policies
// of recording take out of a record.
namespace trawl {

// What became of a replay. The numbers are stored: never change them.
enum class ReplayOutcome {
  identical = 0,  // The same candidates at every stage.
  changed = 1,  // It went another way somewhere; the results may be the same all the same.
  gone = 2,     // The execution, or documents of then, are no longer kept.
  failed = 3,   // It could not be run again; the message says why.
};
inline constexpr std::size_t kReplayOutcomes = 4;
std::string_view outcome_name(ReplayOutcome outcome);
std::optional<ReplayOutcome> parse_outcome(std::string_view name);

struct ReplayJobItem {
  std::size_t place = 0;  // From 0, the newest execution first.
  ExecutionId execution_id;
  std::optional<ReplayOutcome> outcome;  // None: it was not run again yet.
  // Of one that changed: the first difference (insight/comparison.h) and its likeliest
  // cause. An empty name of the stage: in the results.
  std::string stage_name;
  std::string what;
  std::optional<std::size_t> rank;
  std::string cause;
  // And its results against those of the original (insight/diff.h).
  bool results_changed = false;
  double overlap_at_10 = 1;
  double rbo = 1;
  std::size_t entered = 0;
  std::size_t left = 0;
  std::size_t moved = 0;
  // Of one that is gone or failed.
  std::string error_type;  // error_code_name()
  std::string message;
  ExecutionId replay_id;  // Where the replay was recorded.
};

// The numbers are stored: never change them.
enum class ReplayJobStatus {
  queued = 0,
  running = 1,
  completed = 2,
  cancelled = 3,
  failed = 4
};
std::string_view status_name(ReplayJobStatus status);

struct ReplayJob {
  std::string id;  // job_ and a ULID.
  NamespaceId namespace_id;
  std::string key_id;  // Whose job it is.
  TimeUs created = 0;
  std::optional<TimeUs> started;
  std::optional<TimeUs> ended;
  ReplayJobStatus status = ReplayJobStatus::queued;
  json::object executions;  // The conditions, as they were understood.
  ReplayRequest request;    // Without inputs.
  bool record = false;      // Each replay is recorded as an execution.
  std::size_t total = 0;    // Executions of the job.
  std::size_t by_outcome[kReplayOutcomes] = {};
  std::size_t results_changed = 0;
  // How often the server ended while it ran; it went on each time.
  std::size_t interruptions = 0;
  std::string error;  // Of one that failed.

  std::size_t count(ReplayOutcome outcome) const {
    return by_outcome[static_cast<std::size_t>(outcome)];
  }
  std::size_t done() const;
  bool has_ended() const { return status >= ReplayJobStatus::completed; }
};

// In plain English: how far it is, or what came out.
std::string sentence_of(const ReplayJob& job);

// How alike results are to those of the originals, over all that could be run again.
struct LikenessFigures {
  double mean = 1;
  double median = 1;
  double p10 = 1;  // A tenth is this or less.
  double min = 1;
};

struct ReplayJobReport {
  LikenessFigures overlap_at_10;
  LikenessFigures rbo;
  std::vector<std::pair<std::string, std::size_t>> causes;  // The most frequent first.
  struct Place {
    std::string stage_name;
    std::string what;
    std::size_t count = 0;
  };
  std::vector<Place> places;  // Where they first differ; the ten most frequent.
  struct Problem {
    std::string error_type;
    std::string message;  // Of one of them.
    std::size_t count = 0;
  };
  std::vector<Problem> problems;  // Of what is gone or failed, by type.
  // Twenty, by the sum of both measures.
  std::vector<ReplayJobItem> most_changed;
};

}  // namespace trawl
