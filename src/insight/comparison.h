#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/json.h"
#include "model/execution.h"

namespace trawl {

// Where two runs of a pipeline first differ.
struct FirstDifference {
  std::string stage_name;  // Empty: in the results.
  std::size_t stage_index = 0;
  // What differs: "stage", "status", "count", "document", "score", "content", "searches",
  // "written" or "error".
  std::string what;
  std::optional<std::size_t> rank;  // From 1, of the first candidate that differs.
  std::string sentence;             // In plain English.
  json::value before;               // As it was, and
  json::value after;                // as it is.
};

// Whether two executions have the same candidates, with the same scores and content, at
// each boundary and in the results, as far as both records go; nothing where they have.
// Times, costs and warnings are not compared; of errors what they say, but not the places
// of a request that they name.
std::optional<FirstDifference> first_difference(const Execution& before,
                                                const Execution& after);

// Why that may be, out of what the records hold, the likeliest first: "parameters",
// "inputs", "documents", "answers", "seed", "time", "program" (nothing that was recorded
// differs). With a sentence.
struct DifferenceCause {
  std::string cause;
  std::string sentence;
};
DifferenceCause cause_of_difference(const Execution& before, const Execution& after);

}  // namespace trawl
