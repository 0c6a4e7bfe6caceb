#include "insight/whole_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/work_limit.h"
#include "insight/comparison.h"

namespace trawl {
namespace {

bool is_cut_short(const Execution& execution) {
  const auto& summary = execution.summary;
  return execution.results.size() < static_cast<std::size_t>(summary.total_returned) ||
         std::any_of(execution.stages.begin(), execution.stages.end(),
                     [](const StageRecord& stage) {
                       return !stage.error &&
                              stage.candidates.size() <
                                  static_cast<std::size_t>(stage.output_count);
                     });
}

}  // namespace

Result<WholeLists> with_whole_lists(const Execution& execution, const Replayer& replayer,
                                    const PipelineRunner& runner,
                                    const RunRequest& request) {
  WholeLists out{execution, false, {}};
  if (!is_cut_short(execution)) return out;
  const std::string_view id = execution.summary.execution_id.str();
  auto prepared = replayer.prepare(execution, ReplayRequest());
  if (!prepared) {
    const ErrorCode code = prepared.error().code;
    if (code != ErrorCode::gone && code != ErrorCode::invalid &&
        code != ErrorCode::not_found) {
      return std::move(prepared).error();
    }
    out.problem = fmt::format("{}.", prepared.error().message);
    return out;
  }
  RunRequest run = request;
  run.replay = prepared->replay ? &*prepared->replay : nullptr;
  run.shown_count = 0;
  run.recorded_max = kWholeListMax;
  Execution again;
  again.summary.execution_id = execution.summary.execution_id;
  runner.run(prepared->bound, again, run);
  TRAWL_TRY(check_work());
  if (again.summary.status == status::kCancelled) {
    return make_error(ErrorCode::cancelled, *again.error);
  }
  if (const auto difference = first_difference(execution, again)) {
    out.problem =
        fmt::format("{} was run again and went another way: {}.", id, difference->sentence);
    return out;
  }
  out.replayed = true;
  for (std::size_t i = 0; i < execution.stages.size(); ++i) {
    out.execution.stages[i].candidates = std::move(again.stages[i].candidates);
    out.execution.stages[i].candidates_truncated = again.stages[i].candidates_truncated;
  }
  out.execution.results = std::move(again.results);
  return out;
}

}  // namespace trawl
