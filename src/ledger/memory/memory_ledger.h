#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "ledger/follow/feed.h"
#include "ledger/ledger.h"

namespace trawl {

// What MemoryLedgers keep, one or several of them: each stands for a server.
struct MemoryHistory {
  struct Entry {
    Execution execution;
    bool running = false;  // Made by `started` and not ended.
    std::string server;    // That wrote it last.
    std::vector<Content> contents;
  };
  using Entries = std::map<ExecutionId, Entry>;

  Mutex mutex;
  std::map<NamespaceId, Entries> namespaces TRAWL_GUARDED_BY(mutex);
  std::set<NamespaceId> removed TRAWL_GUARDED_BY(mutex);
  std::map<std::pair<std::string, std::uint64_t>, TimeUs> version_uses
      TRAWL_GUARDED_BY(mutex);
  std::map<std::string, TimeUs> lease_ends TRAWL_GUARDED_BY(mutex);  // By server.
  ExecutionFeed feed{{.recent_max = 4096}};
};

// Which server a ledger is, where several share a history.
struct MemoryLease {
  std::string server;         // As LedgerOpening::server.
  std::int64_t lease_us = 0;  // As LedgerTraits::lease_us, the same for all of them.
  const Clock* clock = &system_clock();
};

// The history in plain maps, lost when the process ends. It answers every question by
// looking at everything, so it is easy to believe: tests hold the other ledgers
// against it. It ignores budgets and RetentionPolicy::max_bytes. Thread-safe.
class MemoryLedger : public Ledger {
 public:
  MemoryLedger() : MemoryLedger(std::make_shared<MemoryHistory>(), {}) {}
  MemoryLedger(std::shared_ptr<MemoryHistory> history, MemoryLease lease)
      : shared_(std::move(history)), history_(*shared_), lease_(std::move(lease)) {}

  LedgerTraits traits() const override {
    return {.exact_totals = true,
            .transactional = true,
            .local = true,
            .exact_following = true,
            .lease_us = lease_.lease_us};
  }
  Result<std::vector<AppendOutcome>> append(std::span<LedgerWrite> writes) override;
  Result<ExecutionPage> list(const ExecutionFilter& filter,
                             const ExecutionPageRequest& page) const override;
  Result<void> scan(const ExecutionFilter& filter, const ScanRequest& request,
                    const ScanVisitor& visit) const override;
  Result<Aggregate> aggregate(const ExecutionFilter& filter,
                              const AggregateRequest& request) const override;
  Result<std::unique_ptr<Following>> follow(FollowRequest request) const override;
  Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override;
  Result<std::vector<Content>> contents(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override;
  Result<std::vector<RunningExecution>> running(
      const NamespaceId& namespace_id) const override;
  Result<std::vector<VersionUse>> versions_in_use(TimeUs since) const override;
  Result<void> forget_version_uses(TimeUs before) override;
  Result<std::vector<NamespaceId>> namespaces() const override;
  Result<std::uint64_t> recover() override;
  Result<std::uint64_t> keep_lease() override;
  Result<void> remove_namespace(const NamespaceId& namespace_id) override;
  Result<std::uint64_t> remove(const ExecutionFilter& filter, std::uint32_t limit) override;
  Result<PruneReport> prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                            TimeUs now, std::uint32_t limit) override;
  Result<PruneReport> preview_prune(const NamespaceId& namespace_id,
                                    const RetentionPolicy& policy,
                                    TimeUs now) const override;

 private:
  using Entry = MemoryHistory::Entry;
  using Entries = MemoryHistory::Entries;
  using Found = std::map<ExecutionKey, const Entry*, std::greater<>>;
  Found find_all(const ExecutionFilter& filter, ExecutionSort sort) const
      TRAWL_REQUIRES(history_.mutex);
  PruneReport plan(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                   TimeUs now, std::size_t limit, std::vector<ExecutionId>& going) const
      TRAWL_REQUIRES(history_.mutex);

  void renew_lease() TRAWL_REQUIRES(history_.mutex);
  // Of servers whose lease has run out; `own`: and of this one.
  std::uint64_t end_running(bool own);

  const std::shared_ptr<MemoryHistory> shared_;
  MemoryHistory& history_;
  const MemoryLease lease_;
};

}  // namespace trawl
