#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/endpoint.h"
#include "insight/replay.h"
#include "model/execution.h"
#include "pipeline/pipeline_run.h"

namespace trawl::api {

// How an execution comes of another one.
struct Descent {
  const Execution& original;
  std::string_view mode;
  std::string_view relation;
  bool record = true;
};

// What is replied of it; the warnings are those of the request and of its run.
using DescendantReply = std::function<std::string(
    const Execution& made, const std::vector<std::string>& warnings)>;

// Makes an execution of another one, on a worker. The reply leaves when the record is on
// disk, where there is one. `replay` and `start` as those of RunRequest.
//   unavailable  there is no room for its record; nothing is run then
Result<void> run_descendant(const Services& services,
                            const std::shared_ptr<http::Request>& request, Call& call,
                            const http::Reply& reply, const Descent& descent,
                            BoundPipeline bound, const RunReplay* replay,
                            const RunStart* start, std::int64_t begun_us,
                            const DescendantReply& text);

}  // namespace trawl::api
