#include "ledger/memory_ledger.h"

#include <algorithm>

#include "ledger/ledger_rules.h"
#include "model/execution_json.h"

namespace trawl {

Result<std::vector<bool>> MemoryLedger::commit(std::span<const LedgerWrite> writes) {
  // Everything that can be refused is refused before the first write is applied.
  TRAWL_TRY(check_writes(writes));
  const std::lock_guard lock(mutex_);
  std::vector<bool> changed;
  for (const LedgerWrite& write : writes) {
    Entries& entries = namespaces_[write.execution.namespace_id];
    const auto [place, added] = entries.try_emplace(write.execution.summary.execution_id);
    Entry& entry = place->second;
    const bool ends_it = write.kind == LedgerWrite::Kind::finished && entry.running;
    changed.push_back(added || ends_it);
    if (!changed.back()) continue;
    entry.execution = write.execution;
    entry.running = write.kind == LedgerWrite::Kind::started;
    if (entry.running) entry.execution.summary.status = status::kProcessing;
  }
  return changed;
}

Result<ExecutionPage> MemoryLedger::list(const ExecutionFilter& filter,
                                         const ExecutionPageRequest& page) const {
  TRAWL_TRY(check_page(page));
  const std::lock_guard lock(mutex_);
  std::map<ExecutionKey, const ExecutionSummary*, std::greater<>> matching;
  if (const auto entries = namespaces_.find(filter.namespace_id);
      entries != namespaces_.end()) {
    for (const auto& [id, entry] : entries->second) {
      const ExecutionSummary& summary = entry.execution.summary;
      if (filter.status && summary.status != *filter.status) continue;
      if (filter.start_time && summary.timestamp < *filter.start_time) continue;
      if (filter.end_time && summary.timestamp > *filter.end_time) continue;
      matching.emplace(ExecutionKey{summary.timestamp, id}, &summary);
    }
  }
  ExecutionPage out;
  out.total = matching.size();
  auto at = page.after ? matching.upper_bound(*page.after) : matching.begin();
  for (std::uint32_t i = 0; i < page.offset && at != matching.end(); ++i) ++at;
  for (; at != matching.end() && out.row_count < page.limit; ++at, ++out.row_count) {
    if (out.row_count > 0) out.rows.push_back(',');
    out.rows += execution_row_json(*at->second);
    out.last = at->first;
  }
  out.has_more = at != matching.end();
  return out;
}

Result<std::optional<Execution>> MemoryLedger::find(const NamespaceId& namespace_id,
                                                    const ExecutionId& id) const {
  const std::lock_guard lock(mutex_);
  std::optional<Execution> found;
  if (const auto entries = namespaces_.find(namespace_id); entries != namespaces_.end()) {
    if (const auto entry = entries->second.find(id); entry != entries->second.end()) {
      found = entry->second.execution;
    }
  }
  return found;
}

Result<std::uint64_t> MemoryLedger::recover() {
  const std::lock_guard lock(mutex_);
  std::uint64_t recovered = 0;
  for (auto& [namespace_id, entries] : namespaces_) {
    for (auto& [id, entry] : entries) {
      if (!entry.running) continue;
      entry.execution.summary.status = status::kFailed;
      entry.execution.error = kInterrupted;
      entry.running = false;
      ++recovered;
    }
  }
  return recovered;
}

Result<void> MemoryLedger::remove_namespace(const NamespaceId& namespace_id) {
  const std::lock_guard lock(mutex_);
  namespaces_.erase(namespace_id);
  return {};
}

}  // namespace trawl
