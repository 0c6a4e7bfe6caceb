#include "pipeline/run_memory.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/hash.h"

namespace trawl {

RunMemory::RunMemory(StageCache& cache, const BoundPipeline& bound, bool has_versions,
                     bool is_used)
    : cache_(cache), bound_(bound), is_used_(is_used), chain_(root_key(has_versions)) {}

std::string RunMemory::root_key(bool has_versions) const {
  if (!has_versions) return {};
  std::string key = bound_.namespace_id.str();
  for (const auto* list : {&bound_.snapshots, &bound_.extra}) {
    key += '\n';
    for (const auto& snapshot : *list) {
      key += fmt::format("{}@{},", snapshot->collection().id.str(), snapshot->version());
    }
  }
  return key;
}

// What a result says of itself names places of the request that it was made for.
std::string RunMemory::cache_key() const {
  return key_ + "\n" + location_;
}

void RunMemory::begin(const PipelineStage& stage, const RenderedStage& rendered) {
  location_ = stage.location;
  key_ = chain_.empty() ? chain_ : sha256_hex(chain_ + "\n" + stage_key(stage, rendered));
}

Result<std::optional<RunMemory::Known>> RunMemory::recall(std::size_t index,
                                                          const Checkpoint& check) {
  if (!is_used_ || key_.empty()) return std::nullopt;
  std::shared_ptr<const RememberedStage> known;
  if (bound_.stage_facts[index].may_be_remembered) {
    TRAWL_ASSIGN(auto joined, cache_.find_or_lead(cache_key(), check));
    known = std::move(joined.value);
    lead_ = std::move(joined.lead);
  } else {
    known = cache_.find(cache_key());
  }
  if (known == nullptr) return std::nullopt;
  std::vector<std::shared_ptr<const Snapshot>> sources;
  for (const std::string& collection : known->collections) {
    for (const auto* list : {&bound_.snapshots, &bound_.extra}) {
      for (const auto& snapshot : *list) {
        if (sources.size() == known->collections.size()) break;
        if (snapshot->collection().id.str() == collection) sources.push_back(snapshot);
      }
    }
  }
  if (sources.size() != known->collections.size()) return std::nullopt;
  StageOutput output = known->output;
  output.candidates = known->output.candidates.attached(std::move(sources));
  return Known{std::move(output), known->external_calls};
}

void RunMemory::leave_out() {
  key_.clear();
  lead_.give_up();
}

void RunMemory::keep(StageOutput output, std::vector<ExternalCall> external_calls) {
  chain_ = key_;
  if (!is_used_ || key_.empty()) return;
  pending_ =
      Pending{cache_key(), std::move(output), std::move(external_calls), std::move(lead_)};
}

void RunMemory::remember(const CandidateList& candidates) {
  if (!pending_) return;
  pending_->output.candidates = candidates;
  RememberedStage remembered = RememberedStage::of(pending_->output);
  remembered.external_calls = std::move(pending_->external_calls);
  auto stage = std::make_shared<const RememberedStage>(std::move(remembered));
  cache_.insert(pending_->key, stage);
  pending_->lead.publish(std::move(stage));
  pending_.reset();
}

void RunMemory::go_on() const {
  lead_.go_on();
  if (pending_) pending_->lead.go_on();
}

}  // namespace trawl
