#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/deadline.h"
#include "runtime/stop.h"

namespace trawl {

// Who asks, and how long the answer is of use.
struct AskContext {
  StopToken stop;
  Deadline deadline;
  // W3C trace context, empty where there is none (pipeline/stage.h).
  std::string trace_id;
  std::string parent_id;
};

// Something outside of the server that answers questions, such as a model. Questions and
// answers are bytes here, so that they can be recorded and given again; what they mean is
// agreed between a provider and who asks it. Thread-safe.
class Provider {
 public:
  virtual ~Provider() = default;

  // Names it in records, and so also what it answers with, such as the model and its
  // revision: equal names give answers that can stand for each other.
  virtual std::string_view name() const = 0;
  // Waits for the answer, until it is there, the deadline has passed or somebody stops it.
  //   timeout, cancelled, unavailable, and what the provider says of the question
  virtual Result<std::string> ask(const std::string& question,
                                  const AskContext& context) const = 0;
};

}  // namespace trawl
