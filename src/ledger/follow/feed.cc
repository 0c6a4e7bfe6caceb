#include "ledger/follow/feed.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "runtime/guarded.h"
#include "runtime/waiting.h"

namespace trawl {
namespace {

using Kind = FeedEvent::Kind;

// Good for the life of this process.
std::uint64_t event_hash(const NamespaceId& namespace_id, const ExecutionId& id,
                         Kind kind) {
  const std::hash<std::string_view> hash;
  std::uint64_t value = hash(id.str());
  value ^= hash(namespace_id.str()) + 0x9E3779B97F4A7C15 + (value << 6) + (value >> 2);
  return value * 2 + (kind == Kind::ended ? 1 : 0);
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  const std::string bytes = random_bytes(sizeof number);
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// Lets go of what no filter looks at. clear() would keep the memory.
void slim(Execution& execution) {
  std::vector<ScoredId>().swap(execution.results);
  std::string().swap(execution.pipeline);
  for (StageRecord& stage : execution.stages) {
    std::vector<ScoredId>().swap(stage.candidates);
    std::vector<std::string>().swap(stage.warnings);
    stage.metadata = json::object();
    std::vector<ExternalCall>().swap(stage.external_calls);
  }
}

std::size_t bytes_of(const Execution& execution) {
  std::size_t bytes = sizeof execution + execution.stages.size() * sizeof(StageRecord);
  for (const auto* text :
       {&execution.inputs, &execution.error, &execution.summary.query_summary}) {
    if (*text) bytes += (*text)->size();
  }
  for (const auto& [name, value] : execution.labels) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

std::optional<std::uint64_t> RecentEvents::sequence_of(const NamespaceId& namespace_id,
                                                       const ExecutionId& id,
                                                       Kind kind) const {
  const auto found = sequences_.find(event_hash(namespace_id, id, kind));
  if (found == sequences_.end()) return std::nullopt;
  return found->second;
}

ExecutionFeed::Subscription::Batch ExecutionFeed::Subscription::wait(
    std::chrono::milliseconds time_max) {
  Batch batch;
  const auto end = std::chrono::steady_clock::now() + time_max;
  const Waiting waiting;
  MutexLock lock(mutex_);
  while (events_.empty() && dropped_ == 0 && !woken_ && changed_.wait_until(lock, end)) {
  }
  batch.events.swap(events_);
  batch.dropped = std::exchange(dropped_, 0);
  bytes_ = 0;
  woken_ = false;
  return batch;
}

void ExecutionFeed::Subscription::wake() {
  const MutexLock lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

void ExecutionFeed::Subscription::push(const FeedEvent& event, std::size_t bytes) {
  const MutexLock lock(mutex_);
  // Once one is lost, so are those behind it until the reader has come: what it takes at
  // a time has no gap inside.
  if (dropped_ > 0 || events_.size() >= limits_.events_max ||
      bytes_ + bytes > limits_.bytes_max) {
    ++dropped_;
    return;
  }
  events_.push_back(event);
  bytes_ += bytes;
  changed_.notify_one();
}

ExecutionFeed::ExecutionFeed(Limits limits)
    : limits_(limits), epoch_(random_number()), recent_(limits.recent_max) {}

std::shared_ptr<ExecutionFeed::Subscription> ExecutionFeed::subscribe(
    const NamespaceId& namespace_id) {
  const MutexLock lock(mutex_);
  auto subscription = std::make_shared<Subscription>(namespace_id, limits_, sequence_);
  subscriptions_.emplace_back(subscription);
  return subscription;
}

void ExecutionFeed::publish(std::span<LedgerWrite> writes,
                            std::span<const AppendOutcome> results) {
  // What is durable is recorded, whoever hears of it.
  run_guarded("telling those who follow the history",
              [&] { publish_all(writes, results); });
}

void ExecutionFeed::publish_ended(std::vector<Execution> executions) {
  run_guarded("telling those who follow the history", [&] {
    std::vector<LedgerWrite> writes;
    writes.reserve(executions.size());
    for (Execution& execution : executions) {
      writes.push_back({LedgerWrite::Kind::finished, std::move(execution)});
    }
    publish_all(writes, std::vector<AppendOutcome>(writes.size(), Appended::written));
  });
}

void ExecutionFeed::publish_all(std::span<LedgerWrite> writes,
                                std::span<const AppendOutcome> results) {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Subscription>> listeners;
  for (auto it = subscriptions_.begin(); it != subscriptions_.end();) {
    if (auto listener = it->lock()) {
      listeners.push_back(std::move(listener));
      ++it;
    } else {
      it = subscriptions_.erase(it);
    }
  }
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!results[i] || *results[i] != Appended::written) continue;
    if (writes[i].kind == LedgerWrite::Kind::imported) continue;
    Execution& execution = writes[i].execution;
    FeedEvent event;
    event.kind = writes[i].kind == LedgerWrite::Kind::started ? Kind::started : Kind::ended;
    event.sequence = ++sequence_;
    recent_[sequence_ % recent_.size()] =
        event_hash(execution.namespace_id, execution.summary.execution_id, event.kind);
    const auto first =
        std::find_if(listeners.begin(), listeners.end(), [&](const auto& listener) {
          return listener->namespace_id_ == execution.namespace_id;
        });
    if (first == listeners.end()) continue;
    slim(execution);
    // The row of a start reads so, whatever its writer said.
    if (event.kind == Kind::started) execution.summary.status = status::kProcessing;
    const std::size_t bytes = bytes_of(execution);
    event.execution = std::make_shared<const Execution>(std::move(execution));
    for (auto listener = first; listener != listeners.end(); ++listener) {
      if ((*listener)->namespace_id_ == event.execution->namespace_id) {
        (*listener)->push(event, bytes);
      }
    }
  }
}

RecentEvents ExecutionFeed::recent(std::uint64_t after) const {
  std::vector<std::uint64_t> hashes;
  std::uint64_t first = 0;
  {
    const MutexLock lock(mutex_);
    const std::uint64_t known = std::min<std::uint64_t>(sequence_, recent_.size());
    first = std::max(after, sequence_ - known) + 1;
    hashes.reserve(sequence_ + 1 - first);
    for (std::uint64_t sequence = first; sequence <= sequence_; ++sequence) {
      hashes.push_back(recent_[sequence % recent_.size()]);
    }
  }
  std::unordered_map<std::uint64_t, std::uint64_t> sequences;
  sequences.reserve(hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) sequences[hashes[i]] = first + i;
  return RecentEvents(std::move(sequences));
}

}  // namespace trawl
