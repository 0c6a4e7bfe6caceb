#include "pipeline/stage_cache.h"

namespace trawl {
namespace {

std::size_t estimate_bytes(const RememberedStage& stage) {
  std::size_t bytes = sizeof(RememberedStage) + to_json_text(stage.output.metadata).size();
  if (stage.output.facets) bytes += to_json_text(*stage.output.facets).size();
  for (const auto& warning : stage.output.warnings) bytes += warning.size();
  for (const auto& call : stage.external_calls) {
    bytes += sizeof(call) + (call.answer ? call.answer->size() : 0);
  }
  return bytes + stage.output.candidates.memory_bytes();
}

}  // namespace

RememberedStage RememberedStage::of(const StageOutput& output) {
  RememberedStage out{output, output.candidates.source_collections()};
  out.output.candidates = output.candidates.detached();
  return out;
}

std::shared_ptr<const RememberedStage> StageCache::find(const std::string& key) {
  return look_up(key, true);
}

Result<StageCache::Flights::Joined> StageCache::find_or_lead(const std::string& key,
                                                             const Checkpoint& check) {
  if (bytes_max_ == 0) return Flights::Joined{look_up(key, true), {}};
  if (auto known = look_up(key, false)) return Flights::Joined{std::move(known), {}};
  TRAWL_ASSIGN(Flights::Joined joined, flights_.join(key, check));
  if (joined.value != nullptr) {
    const MutexLock lock(mutex_);
    ++metrics_.hits;
    return joined;
  }
  // It may have come between the two looks.
  joined.value = look_up(key, true);
  if (joined.value != nullptr) joined.lead.publish(joined.value);
  return joined;
}

std::shared_ptr<const RememberedStage> StageCache::look_up(const std::string& key,
                                                           bool count_miss) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (count_miss) ++metrics_.misses;
    return nullptr;
  }
  ++metrics_.hits;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->stage;
}

void StageCache::insert(const std::string& key,
                        std::shared_ptr<const RememberedStage> stage) {
  const std::size_t bytes = estimate_bytes(*stage);
  // One large result must not push out everything else.
  if (bytes > bytes_max_ / 4) return;
  const MutexLock lock(mutex_);
  if (by_key_.contains(key)) return;
  entries_.push_front({key, std::move(stage), bytes});
  by_key_[key] = entries_.begin();
  metrics_.bytes += bytes;
  while (metrics_.bytes > bytes_max_) {
    metrics_.bytes -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

StageCache::Metrics StageCache::metrics() const {
  const MutexLock lock(mutex_);
  Metrics metrics = metrics_;
  metrics.entries = entries_.size();
  return metrics;
}

}  // namespace trawl
