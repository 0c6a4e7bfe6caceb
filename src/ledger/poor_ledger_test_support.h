#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"

namespace trawl::test {

// Keeps only what every ledger has to: it is not local, reads lag behind writes until a
// refresh, totals are lower bounds, and nothing is rendered beforehand. It counts the calls
// that come on a thread that serves sockets. What is deleted is gone from both states.
struct PoorHistory {
  std::shared_ptr<MemoryHistory> written = std::make_shared<MemoryHistory>();
  std::shared_ptr<MemoryHistory> shown = std::make_shared<MemoryHistory>();
};
class PoorLedger final : public Ledger, public Refreshed {
  void note_call() const {
    ++calls_;
    if (std::this_thread::get_id() == forbidden_) ++forbidden_calls_;
  }
  template <class Change>
  auto in_both(const Change& change) {
    note_call();
    refresh();
    const MutexLock lock(mutex_);
    (void)change(written_);
    return change(shown_);
  }

 public:
  PoorLedger() : PoorLedger(PoorHistory(), {}) {}
  PoorLedger(const PoorHistory& history, const MemoryLease& lease)
      : lease_us_(lease.lease_us),
        written_(history.written, lease),
        shown_(history.shown, lease) {}

  LedgerTraits traits() const override { return {.lease_us = lease_us_}; }

  // No call may come from this thread.
  void forbid(std::thread::id thread) { forbidden_ = thread; }
  int forbidden_calls() const { return forbidden_calls_; }
  int calls() const { return calls_; }

  Result<std::vector<AppendOutcome>> append(std::span<LedgerWrite> writes) override {
    note_call();
    const MutexLock lock(mutex_);
    log_.insert(log_.end(), writes.begin(), writes.end());
    return written_.append(writes);
  }
  void refresh() override {
    const MutexLock lock(mutex_);
    // What was refused once is refused again.
    (void)shown_.append(log_);
    log_.clear();
  }

  Result<ExecutionPage> list(const ExecutionFilter& filter,
                             const ExecutionPageRequest& page) const override {
    note_call();
    TRAWL_ASSIGN(ExecutionPage found, shown_.list(filter, page));
    found.total_exact = false;
    return found;
  }
  Result<void> scan(const ExecutionFilter& filter, const ScanRequest& request,
                    const ScanVisitor& visit) const override {
    note_call();
    return shown_.scan(filter, request, visit);
  }
  Result<Aggregate> aggregate(const ExecutionFilter& filter,
                              const AggregateRequest& request) const override {
    note_call();
    return shown_.aggregate(filter, request);
  }
  Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override {
    note_call();
    return shown_.find(namespace_id, id);
  }
  Result<std::vector<Content>> contents(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override {
    note_call();
    return shown_.contents(namespace_id, id);
  }
  Result<std::vector<RunningExecution>> running(
      const NamespaceId& namespace_id) const override {
    note_call();
    return shown_.running(namespace_id);
  }
  Result<std::vector<VersionUse>> versions_in_use(TimeUs since) const override {
    note_call();
    return written_.versions_in_use(since);
  }
  Result<void> forget_version_uses(TimeUs before) override {
    note_call();
    return written_.forget_version_uses(before);
  }
  Result<std::vector<NamespaceId>> namespaces() const override {
    note_call();
    return shown_.namespaces();
  }
  Result<std::uint64_t> recover() override {
    return in_both([](MemoryLedger& ledger) { return ledger.recover(); });
  }
  Result<std::uint64_t> keep_lease() override {
    return in_both([](MemoryLedger& ledger) { return ledger.keep_lease(); });
  }
  Result<void> remove_namespace(const NamespaceId& namespace_id) override {
    return in_both(
        [&](MemoryLedger& ledger) { return ledger.remove_namespace(namespace_id); });
  }
  Result<std::uint64_t> remove(const ExecutionFilter& filter,
                               std::uint32_t limit) override {
    return in_both([&](MemoryLedger& ledger) { return ledger.remove(filter, limit); });
  }
  Result<PruneReport> prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                            TimeUs now, std::uint32_t limit) override {
    return in_both([&](MemoryLedger& ledger) {
      return ledger.prune(namespace_id, policy, now, limit);
    });
  }
  Result<PruneReport> preview_prune(const NamespaceId& namespace_id,
                                    const RetentionPolicy& policy,
                                    TimeUs now) const override {
    note_call();
    return shown_.preview_prune(namespace_id, policy, now);
  }

 private:
  const std::int64_t lease_us_;
  std::thread::id forbidden_;
  mutable std::atomic<int> calls_ = 0;
  mutable std::atomic<int> forbidden_calls_ = 0;
  Mutex mutex_;  // Keeps the two states of the same order.
  std::vector<LedgerWrite> log_ TRAWL_GUARDED_BY(mutex_);  // Since the last refresh.
  MemoryLedger written_;
  MemoryLedger shown_;
};

}  // namespace trawl::test
