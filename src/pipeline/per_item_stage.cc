#include "pipeline/per_item_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace trawl {
namespace {

// What is left undone is no fault of the document.
bool ends_the_run(const Error& error) {
  return error.code == ErrorCode::cancelled || error.code == ErrorCode::budget_exhausted ||
         error.code == ErrorCode::timeout;
}

// Tells of progress, one call at a time, though items end on several threads.
class Progress {
 public:
  Progress(StageRun& run, std::size_t total) : run_(run), total_(total) {}
  void item_ended() {
    const MutexLock lock(mutex_);
    run_.events.progressed(run_.stage_name, ++done_, total_);
  }

 private:
  StageRun& run_;
  const std::size_t total_;
  Mutex mutex_;
  std::size_t done_ TRAWL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

StageTraits PerItemStage::traits() const {
  const ItemTraits own = item_traits();
  return {.per_item = true,
          .keeps_order = true,
          .deterministic = own.deterministic,
          .network = own.network};
}

Result<StageOutput> PerItemStage::run(CandidateList input, StageRun& run) const {
  // Each item writes to its own place.
  std::vector<ItemOutput> items(input.size());
  std::vector<std::optional<Error>> failures(input.size());
  Progress progress(run, input.size());
  TRAWL_TRY(run.fan_out.for_each(
      input.size(), at_once(), run.check, [&](std::size_t i) -> Result<void> {
        auto made = item(input, i, run);
        progress.item_ended();
        if (made) {
          items[i] = std::move(*made);
          return {};
        }
        if (on_error() == OnError::raise || ends_the_run(made.error())) {
          return std::move(made).error();
        }
        failures[i] = std::move(made).error();
        return {};
      }));

  StageOutput output;
  CandidateList::Positions kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    ItemOutput& made = items[i];
    output.scanned_count += made.scanned_count;
    if (failures[i] && on_error() == OnError::remove) made.dropped = true;
    if (!made.dropped) kept.push_back(i);
    for (auto& [name, value] : made.fields) input.write(i, name, std::move(value));
    if (made.score) input.set_score(i, made.score);
    for (std::string& warning : made.warnings) {
      auto& all = output.warnings;
      if (std::find(all.begin(), all.end(), warning) == all.end()) {
        all.push_back(std::move(warning));
      }
    }
  }
  const auto first = std::find_if(failures.begin(), failures.end(),
                                  [](const auto& failure) { return failure.has_value(); });
  if (first != failures.end()) {
    const auto count = std::count_if(
        first, failures.end(), [](const auto& failure) { return failure.has_value(); });
    output.warnings.push_back(fmt::format(
        "{} of {} documents failed and were {}; the first: {}", count, failures.size(),
        on_error() == OnError::remove ? "left out" : "handed on as they came",
        (*first)->message));
    output.metadata["items_failed"] = count;
  }
  output.candidates = kept.size() < input.size() ? input.picked(kept) : std::move(input);
  return output;
}

}  // namespace trawl
