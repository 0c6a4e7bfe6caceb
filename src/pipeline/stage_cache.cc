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
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    ++metrics_.misses;
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
