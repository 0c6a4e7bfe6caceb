#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "ledger/ledger.h"

namespace trawl {

// The history in plain maps, lost when the process ends. It answers every question by
// looking at everything, so it is easy to believe: tests hold the other ledgers
// against it. It ignores budgets and RetentionPolicy::max_bytes. Thread-safe.
class MemoryLedger : public Ledger {
 public:
  LedgerTraits traits() const override { return {true, true, true}; }
  Result<std::vector<AppendOutcome>> append(std::span<LedgerWrite> writes) override;
  Result<ExecutionPage> list(const ExecutionFilter& filter,
                             const ExecutionPageRequest& page) const override;
  Result<void> scan(const ExecutionFilter& filter, const ScanRequest& request,
                    const ScanVisitor& visit) const override;
  Result<Aggregate> aggregate(const ExecutionFilter& filter,
                              const AggregateRequest& request) const override;
  Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override;
  Result<std::vector<ExecutionKey>> running(const NamespaceId& namespace_id) const override;
  Result<std::vector<VersionUse>> versions_in_use(TimeUs since) const override;
  Result<void> forget_version_uses(TimeUs before) override;
  Result<std::vector<NamespaceId>> namespaces() const override;
  Result<std::uint64_t> recover() override;
  Result<void> remove_namespace(const NamespaceId& namespace_id) override;
  Result<std::uint64_t> remove(const ExecutionFilter& filter, std::uint32_t limit) override;
  Result<PruneReport> prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                            TimeUs now, std::uint32_t limit) override;
  Result<PruneReport> preview_prune(const NamespaceId& namespace_id,
                                    const RetentionPolicy& policy,
                                    TimeUs now) const override;

 private:
  struct Entry {
    Execution execution;
    bool running = false;  // Made by `started` and not ended.
  };
  using Entries = std::map<ExecutionId, Entry>;
  using Found = std::map<ExecutionKey, const Entry*, std::greater<>>;
  Found find_all(const ExecutionFilter& filter, ExecutionSort sort) const
      TRAWL_REQUIRES(mutex_);
  PruneReport plan(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                   TimeUs now, std::size_t limit, std::vector<ExecutionId>& going) const
      TRAWL_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<NamespaceId, Entries> namespaces_ TRAWL_GUARDED_BY(mutex_);
  std::set<NamespaceId> removed_ TRAWL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::uint64_t>, TimeUs> version_uses_
      TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
