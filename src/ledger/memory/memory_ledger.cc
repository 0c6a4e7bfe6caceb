#include "ledger/memory/memory_ledger.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/hash.h"
#include "ledger/follow/follower.h"
#include "ledger/ledger_rules.h"

namespace trawl {

Result<std::vector<AppendOutcome>> MemoryLedger::append(std::span<LedgerWrite> writes) {
  std::vector<AppendOutcome> outcomes = refuse_invalid(writes);
  const MutexLock lock(history_.mutex);
  renew_lease();
  refuse_removed(history_.removed, writes, outcomes);
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!outcomes[i]) continue;
    const LedgerWrite& write = writes[i];
    Entries& entries = history_.namespaces[write.execution.namespace_id];
    const auto [place, added] = entries.try_emplace(write.execution.summary.execution_id);
    Entry& entry = place->second;
    const bool ends_it = write.kind == LedgerWrite::Kind::finished && entry.running;
    if (!added && !ends_it) continue;
    outcomes[i] = Appended::written;
    entry.execution = write.execution;
    drop_answers(entry.execution);
    entry.contents.clear();
    for (const std::string_view answer : kept_answers(write.execution)) {
      Content content{sha256_hex(answer), std::string(answer)};
      if (std::find(entry.contents.begin(), entry.contents.end(), content) ==
          entry.contents.end()) {
        entry.contents.push_back(std::move(content));
      }
    }
    entry.running = write.kind == LedgerWrite::Kind::started;
    entry.server = lease_.server;
    if (entry.running) entry.execution.summary.status = status::kProcessing;
    if (write.kind == LedgerWrite::Kind::imported) continue;
    for (const CollectionVersion& searched : write.execution.collection_versions) {
      TimeUs& last_used = history_.version_uses[{searched.collection_id, searched.version}];
      last_used = std::max(last_used, write.execution.summary.timestamp);
    }
  }
  history_.feed.publish(writes, outcomes);
  return outcomes;
}

namespace {

Execution copy_of(const Execution& execution, bool detail) {
  if (detail) return execution;
  Execution out;
  out.namespace_id = execution.namespace_id;
  out.summary = execution.summary;
  return out;
}

}  // namespace

MemoryLedger::Found MemoryLedger::find_all(const ExecutionFilter& filter,
                                           ExecutionSort sort) const {
  Found found;
  const auto entries = history_.namespaces.find(filter.namespace_id);
  if (entries == history_.namespaces.end()) return found;
  for (const auto& [id, entry] : entries->second) {
    if (matches(filter, entry.execution)) {
      found.emplace(execution_key(entry.execution.summary, sort), &entry);
    }
  }
  return found;
}

Result<ExecutionPage> MemoryLedger::list(const ExecutionFilter& filter,
                                         const ExecutionPageRequest& page) const {
  TRAWL_TRY(check_page(page));
  const MutexLock lock(history_.mutex);
  const Found found = find_all(filter, page.sort);
  std::vector<std::pair<ExecutionKey, const Entry*>> matching(found.begin(), found.end());
  if (page.ascending) std::reverse(matching.begin(), matching.end());
  ExecutionPage out;
  out.total = matching.size();
  std::size_t skipped = 0;
  for (const auto& [key, entry] : matching) {
    if (page.after && (page.ascending ? key <= *page.after : key >= *page.after)) continue;
    if (skipped < page.offset) {
      ++skipped;
      continue;
    }
    if (out.executions.size() == page.limit) {
      out.has_more = true;
      break;
    }
    out.executions.push_back(copy_of(entry->execution, page.detail));
    out.last = key;
  }
  return out;
}

Result<void> MemoryLedger::scan(const ExecutionFilter& filter, const ScanRequest& request,
                                const ScanVisitor& visit) const {
  std::vector<ScannedExecution> found;
  {
    const MutexLock lock(history_.mutex);
    for (const auto& [key, entry] : find_all(filter, ExecutionSort::timestamp)) {
      if (request.after && key >= *request.after) continue;
      found.push_back({key, copy_of(entry->execution, request.detail)});
    }
  }
  const auto check = [&request]() -> Result<void> {
    if (!request.cancelled || !request.cancelled()) return {};
    return make_error(ErrorCode::cancelled, "the scan was abandoned");
  };
  TRAWL_TRY(check());
  for (const ScannedExecution& execution : found) {
    TRAWL_TRY(check());
    TRAWL_ASSIGN(const bool go_on, visit(execution));
    if (!go_on) break;
  }
  return {};
}

Result<Aggregate> MemoryLedger::aggregate(const ExecutionFilter& filter,
                                          const AggregateRequest& request) const {
  const MutexLock lock(history_.mutex);
  Aggregator out;
  for (const auto& [key, entry] : find_all(filter, ExecutionSort::timestamp)) {
    const ExecutionSummary& summary = entry->execution.summary;
    AggregateFigures one;
    one.add(summary.status, finite_amount(summary.duration_ms),
            finite_amount(summary.credits_used), summary.total_returned,
            summary.cache_hit_rate);
    out.add_total(one);
    const TimeUs bucket =
        bucket_span(request.bucket, summary.timestamp, request.zone).begin;
    for (const AggregateKey& name : aggregate_keys(request, entry->execution)) {
      out.add(bucket, name, one);
    }
  }
  return std::move(out).finish();
}

Result<std::unique_ptr<Following>> MemoryLedger::follow(FollowRequest request) const {
  return follow_feed(*this, history_.feed, std::move(request));
}

Result<std::optional<Execution>> MemoryLedger::find(const NamespaceId& namespace_id,
                                                    const ExecutionId& id) const {
  const MutexLock lock(history_.mutex);
  std::optional<Execution> found;
  if (const auto entries = history_.namespaces.find(namespace_id);
      entries != history_.namespaces.end()) {
    if (const auto entry = entries->second.find(id); entry != entries->second.end()) {
      found = entry->second.execution;
    }
  }
  return found;
}

Result<std::vector<Content>> MemoryLedger::contents(const NamespaceId& namespace_id,
                                                    const ExecutionId& id) const {
  const MutexLock lock(history_.mutex);
  std::vector<Content> out;
  if (const auto entries = history_.namespaces.find(namespace_id);
      entries != history_.namespaces.end()) {
    if (const auto entry = entries->second.find(id); entry != entries->second.end()) {
      out = entry->second.contents;
    }
  }
  return out;
}

Result<std::vector<RunningExecution>> MemoryLedger::running(
    const NamespaceId& namespace_id) const {
  const MutexLock lock(history_.mutex);
  std::vector<RunningExecution> out;
  if (const auto entries = history_.namespaces.find(namespace_id);
      entries != history_.namespaces.end()) {
    for (const auto& [id, entry] : entries->second) {
      if (!entry.running) continue;
      out.push_back(
          {{entry.execution.summary.timestamp, id}, entry.server == lease_.server});
    }
  }
  return out;
}

Result<std::vector<VersionUse>> MemoryLedger::versions_in_use(TimeUs since) const {
  const MutexLock lock(history_.mutex);
  std::vector<VersionUse> out;
  for (const auto& [searched, last_used] : history_.version_uses) {
    if (last_used >= since) out.push_back({searched.first, searched.second, last_used});
  }
  return out;
}

Result<void> MemoryLedger::forget_version_uses(TimeUs before) {
  const MutexLock lock(history_.mutex);
  std::erase_if(history_.version_uses,
                [&](const auto& use) { return use.second < before; });
  return {};
}

Result<std::vector<NamespaceId>> MemoryLedger::namespaces() const {
  const MutexLock lock(history_.mutex);
  std::vector<NamespaceId> ids;
  for (const auto& [id, entries] : history_.namespaces) {
    if (!entries.empty()) ids.push_back(id);
  }
  return ids;
}

Result<std::uint64_t> MemoryLedger::recover() {
  return end_running(true);
}

Result<std::uint64_t> MemoryLedger::keep_lease() {
  return end_running(false);
}

void MemoryLedger::renew_lease() {
  if (lease_.lease_us > 0) {
    history_.lease_ends[lease_.server] = lease_.clock->now() + lease_.lease_us;
  }
}

std::uint64_t MemoryLedger::end_running(bool own) {
  const MutexLock lock(history_.mutex);
  renew_lease();
  const auto is_dead = [&](const std::string& server) {
    history_.mutex.assert_held();
    if (server == lease_.server) return own;
    const auto end = history_.lease_ends.find(server);
    return end == history_.lease_ends.end() || end->second <= lease_.clock->now();
  };
  std::vector<Execution> ended;
  for (auto& [namespace_id, entries] : history_.namespaces) {
    for (auto& [id, entry] : entries) {
      if (!entry.running || !is_dead(entry.server)) continue;
      entry.execution.summary.status = status::kFailed;
      entry.execution.error = kInterrupted;
      entry.running = false;
      ended.push_back(entry.execution);
    }
  }
  const std::uint64_t count = ended.size();
  history_.feed.publish_ended(std::move(ended));
  return count;
}

Result<void> MemoryLedger::remove_namespace(const NamespaceId& namespace_id) {
  const MutexLock lock(history_.mutex);
  history_.removed.insert(namespace_id);
  history_.namespaces.erase(namespace_id);
  return {};
}

Result<std::uint64_t> MemoryLedger::remove(const ExecutionFilter& filter,
                                           std::uint32_t limit) {
  const MutexLock lock(history_.mutex);
  const Found found = find_all(filter, ExecutionSort::timestamp);
  std::vector<ExecutionId> going;
  for (auto it = found.rbegin(); it != found.rend() && going.size() < limit; ++it) {
    if (!it->second->running) going.push_back(it->first.execution_id);
  }
  for (const ExecutionId& id : going) history_.namespaces[filter.namespace_id].erase(id);
  return going.size();
}

// The ids that go, and why: what is too old, then the oldest that are too many.
PruneReport MemoryLedger::plan(const NamespaceId& namespace_id,
                               const RetentionPolicy& policy, TimeUs now, std::size_t limit,
                               std::vector<ExecutionId>& going) const {
  ExecutionFilter everything;
  everything.namespace_id = namespace_id;
  const Found found = find_all(everything, ExecutionSort::timestamp);
  const auto is_too_old = [&](const Entry& entry) {
    const ExecutionSummary& summary = entry.execution.summary;
    const auto own = policy.status_max_age_us.find(summary.status);
    const std::optional<std::int64_t> age = own != policy.status_max_age_us.end()
                                                ? std::optional(own->second)
                                                : policy.max_age_us;
    return !entry.running && age && summary.timestamp < now - *age;
  };
  std::vector<ExecutionKey> too_old, too_many;
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    if (is_too_old(*it->second)) too_old.push_back(it->first);
  }
  const std::uint64_t left = found.size() - too_old.size();
  std::uint64_t excess = left - std::min(left, policy.max_count.value_or(left));
  for (auto it = found.rbegin(); it != found.rend() && excess > 0; ++it) {
    if (is_too_old(*it->second)) continue;
    // A running one stays and keeps its place among the oldest: no newer one goes for it.
    --excess;
    if (!it->second->running) too_many.push_back(it->first);
  }
  PruneReport report;
  const auto take = [&](const std::vector<ExecutionKey>& keys, std::uint64_t& counter) {
    for (const ExecutionKey& key : keys) {
      report.more = going.size() == limit;
      if (report.more) return;
      ++counter;
      report.oldest = std::min(report.oldest.value_or(key.timestamp), key.timestamp);
      report.newest = std::max(report.newest.value_or(key.timestamp), key.timestamp);
      going.push_back(key.execution_id);
    }
  };
  take(too_old, report.by_age);
  take(too_many, report.by_count);
  return report;
}

Result<PruneReport> MemoryLedger::prune(const NamespaceId& namespace_id,
                                        const RetentionPolicy& policy, TimeUs now,
                                        std::uint32_t limit) {
  const MutexLock lock(history_.mutex);
  std::vector<ExecutionId> going;
  const PruneReport report = plan(namespace_id, policy, now, limit, going);
  for (const ExecutionId& id : going) history_.namespaces[namespace_id].erase(id);
  return report;
}

Result<PruneReport> MemoryLedger::preview_prune(const NamespaceId& namespace_id,
                                                const RetentionPolicy& policy,
                                                TimeUs now) const {
  const MutexLock lock(history_.mutex);
  std::vector<ExecutionId> going;
  return plan(namespace_id, policy, now, std::numeric_limits<std::size_t>::max(), going);
}

}  // namespace trawl
