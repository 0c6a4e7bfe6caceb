#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "insight/replay.h"
#include "insight/why.h"
#include "model/execution.h"

namespace trawl {

// What a stage did with a document.
struct StageStanding {
  std::string stage_name;
  std::string stage_id;
  std::optional<std::size_t> rank_before;  // In what it was given, from 1.
  std::optional<std::size_t> rank;         // In what it handed on; none where it did not.
  std::size_t count = 0;                   // How many it handed on.
  std::optional<double> score;             // Of the document, then.
  bool scored = false;                     // This stage gave that score.
  std::string sentence;                    // A clause; empty where there is nothing to say.
  json::object evidence;                   // As Standing::evidence; empty for none.
};

struct ExplainAnswer {
  WhyQuestion question;
  std::string collection_id;  // Where it was found; empty where nowhere.
  std::string sentence;
  // "in_results"; "lost", and WhyNot says why; "stopped": it was there when the run failed;
  // "not_in_collection".
  std::string outcome;
  std::optional<std::size_t> rank;  // In the results, from 1.
  std::size_t total = 0;            // Results.
  std::optional<double> score;
  // Whether ranks and scores are those of the record, as far as that goes; nothing where it
  // has none of them.
  std::optional<bool> as_recorded;
  std::vector<StageStanding> stages;  // That ran.
};

// Says why a document stands where it does: of each search, field and term what it adds to
// the score, how scores are fused, and what later stages did. The run is made again over
// the documents of then, which is not recorded and costs nothing. Thread-safe.
class RankExplainer {
 public:
  // All must outlive it.
  RankExplainer(const PipelineRunner& runner, const Replayer& replayer)
      : runner_(runner), replayer_(replayer) {}

  // Of `replay` only as_of: over the documents of another time there is no record to agree
  // with.
  //   errors of Replayer::prepare()
  //   cancelled, timeout  the request is not wanted any more, or its time is over
  Result<ExplainAnswer> answer(const Execution& execution, const WhyQuestion& question,
                               const ReplayRequest& replay,
                               const RunRequest& request) const;

 private:
  const PipelineRunner& runner_;
  const Replayer& replayer_;
};

}  // namespace trawl
