#include "pipeline/stage_cache.h"

namespace trawl {
namespace {

// Memory that a value holds, near enough to bound a cache by.
std::size_t estimate_bytes(const json::value& value) {
  std::size_t bytes = sizeof(json::value);
  if (const auto* object = value.if_object()) {
    for (const auto& field : *object)
      bytes += 32 + field.key().size() + estimate_bytes(field.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) bytes += estimate_bytes(item);
  } else if (const auto* text = value.if_string()) {
    bytes += text->size();
  }
  return bytes;
}

std::size_t estimate_bytes(const StageOutput& output) {
  std::size_t bytes = sizeof(StageOutput) + estimate_bytes(json::value(output.metadata));
  for (const auto& candidate : output.candidates) {
    bytes +=
        sizeof(Candidate) + candidate.document_id.size() + candidate.collection_id.size();
    for (const auto& field : *candidate.fields) {
      bytes += 32 + field.key().size() + estimate_bytes(field.value());
    }
  }
  return bytes;
}

}  // namespace

std::shared_ptr<const StageOutput> StageCache::find(const std::string& key) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    ++metrics_.misses;
    return nullptr;
  }
  ++metrics_.hits;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->output;
}

void StageCache::insert(const std::string& key, std::shared_ptr<const StageOutput> output) {
  const std::size_t bytes = estimate_bytes(*output);
  // One large result must not push out everything else.
  if (bytes > bytes_max_ / 4) return;
  const MutexLock lock(mutex_);
  if (by_key_.contains(key)) return;
  entries_.push_front({key, std::move(output), bytes});
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
