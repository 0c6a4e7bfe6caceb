#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/work_limit.h"
#include "insight/replay.h"
#include "model/execution.h"

namespace trawl {

inline constexpr std::size_t kWhyDocumentsMax = 100;

// A document that somebody misses, or finds, in the results of an execution.
struct WhyQuestion {
  std::string document_id;
  std::string collection;  // Name or id; empty: wherever it is.
};

// Where a document stood when a stage was done.
struct Boundary {
  std::string stage_name;
  std::string stage_id;
  std::optional<std::size_t> rank;  // From 1; none where it was not handed on.
  std::optional<double> score;
  std::size_t count = 0;  // How many were handed on.
};

// A stage that did not hand the document on, and why.
struct LostAt {
  std::size_t stage_index = 0;
  std::string stage_name;
  std::string stage_id;
  std::string reason;
  std::string sentence;
  json::object evidence;
};

// The smallest change that was found, and tried, to carry it past that stage.
struct NearestChange {
  std::string text;   // "top_k: 137"
  json::array patch;  // Over the recorded pipeline, as `set` of a replay.
  bool reaches_results = false;
  std::optional<LostAt> next;  // Where it is lost then.
};

struct WhyAnswer {
  WhyQuestion question;
  std::string collection_id;  // Where it was found; empty where nowhere.
  std::string sentence;
  // "in_results", "lost", "not_in_collection", "stopped" (the run ended before) or
  // "unknown".
  std::string outcome;
  // "record", "run" (it was made again), or "none" where neither can tell.
  std::string answered_by;
  std::optional<std::size_t> rank;  // In the results.
  std::vector<Boundary> boundaries;
  std::optional<LostAt> lost_at;  // Where outcome is "lost" or "not_in_collection".
  std::optional<NearestChange> nearest_change;
};

// Says why documents are, or are not, in the results of an execution: by its record, or
// by making the run again over the documents of then, which is not recorded and costs
// nothing. A change is only told when a run with it handed the document on. Thread-safe.
class WhyNot {
 public:
  // All must outlive it.
  WhyNot(const Catalog& catalog, const Corpus& corpus, const PipelineRunner& runner,
         const Replayer& replayer)
      : catalog_(catalog), corpus_(corpus), runner_(runner), replayer_(replayer) {}

  // In the order of the questions.
  //   errors of Replayer::prepare(), where one has to be answered by making the run again
  //   and that cannot be done
  //   cancelled, timeout  the request is not wanted any more, or its time is over
  Result<std::vector<WhyAnswer>> answer(const Execution& execution,
                                        std::span<const WhyQuestion> questions,
                                        const RunRequest& request) const;

 private:
  class Watch;
  struct Target;

  std::optional<WhyAnswer> by_record(const Execution& execution,
                                     const WhyQuestion& question) const;
  Result<LostAt> absence(const BoundPipeline& bound, const WhyQuestion& question) const;
  Result<std::optional<NearestChange>> nearest(const Execution& execution,
                                               const Target& target,
                                               const RunRequest& request) const;

  const Catalog& catalog_;
  const Corpus& corpus_;
  const PipelineRunner& runner_;
  const Replayer& replayer_;
};

}  // namespace trawl
