#include "ledger/sqlite/sqlite_ledger.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/work_limit.h"
#include "base/write_health.h"
#include "ledger/engine.h"
#include "ledger/follow/feed.h"
#include "ledger/follow/follower.h"
#include "ledger/ledger_rules.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/aggregation.h"
#include "ledger/sqlite/maintenance.h"
#include "ledger/sqlite/page_cache.h"
#include "ledger/sqlite/prepared_record.h"
#include "ledger/sqlite/reader.h"
#include "ledger/sqlite/record.h"
#include "ledger/sqlite/retention.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/search.h"
#include "ledger/sqlite/terms.h"
#include "ledger/sqlite/upkeep.h"
#include "ledger/sqlite/writer.h"
#include "runtime/waiting.h"
#include "sqlite/connection.h"

namespace trawl {
namespace {

constexpr std::int64_t kUpkeepUs = 1'000'000;  // Between steps of a server's upkeep.

// Says that the history changed when a write ends, also one that throws behind its COMMIT.
class ChangeNotice {
 public:
  explicit ChangeNotice(sqlite::PageCache& pages) : pages_(pages) {}
  ~ChangeNotice() { pages_.history_changed(); }
  ChangeNotice(const ChangeNotice&) = delete;
  ChangeNotice& operator=(const ChangeNotice&) = delete;

 private:
  sqlite::PageCache& pages_;
};

class FileLedger final : public SqliteLedger, public PrerenderedReads {
 public:
  FileLedger(const std::string& path, const SqliteLedgerOptions& options,
             std::unique_ptr<sqlite::Connection> writer,
             std::unique_ptr<sqlite::Connection> maintenance)
      : options_(options),
        writer_(std::move(writer), words_),
        maintenance_(std::move(maintenance), words_, writer_, writer_mutex_),
        readers_(path, reader_options()) {}

  LedgerTraits traits() const override {
    return {.exact_totals = true,
            .transactional = true,
            .local = true,
            .exact_following = true};
  }
  const PrerenderedReads* prerendered() const override { return this; }

  void prepare(LedgerWrite& write) const override {
    auto prepared = std::make_shared<sqlite::PreparedRecord>();
    prepared->encoded = sqlite::encode_record(write.execution, &seen_);
    // Of long inputs that takes long, and whoever ran it waits: left to maintenance.
    const auto& inputs = write.execution.inputs;
    if (write.kind != LedgerWrite::Kind::started &&
        (!inputs || inputs->size() < kLongInputs)) {
      prepared->terms = sqlite::bare_terms(write.execution);
    }
    drop_answers(write.execution);  // They are in what was prepared.
    write.prepared = std::move(prepared);
  }

  // One transaction: an error of the call leaves nothing of the batch.
  Result<std::vector<AppendOutcome>> append(std::span<LedgerWrite> writes) override {
    std::vector<AppendOutcome> outcomes = refuse_invalid(writes);
    const Waiting waiting;  // For its turn to write, and the disk.
    const MutexLock lock(writer_mutex_);
    refuse_removed(removed_, writes, outcomes);
    if (std::none_of(outcomes.begin(), outcomes.end(),
                     [](const AppendOutcome& outcome) { return outcome.has_value(); })) {
      return outcomes;
    }
    TRAWL_TRY(recover_late());
    const ChangeNotice notice(pages_);
    TRAWL_TRY(writer_.append(writes, outcomes));
    feed_.publish(writes, outcomes);
    return outcomes;
  }

  Result<ExecutionPage> list(const ExecutionFilter& filter,
                             const ExecutionPageRequest& page) const override {
    TRAWL_ASSIGN(const RenderedPage found, list_json(filter, page));
    return parse_page(found, filter.namespace_id);
  }

  Result<void> scan(const ExecutionFilter& filter, const ScanRequest& request,
                    const ScanVisitor& visit) const override {
    return scan_json(filter, request, [&](const RenderedExecution& found) -> Result<bool> {
      TRAWL_ASSIGN(Execution execution, parse_rendered(found, filter.namespace_id));
      return visit({found.key, std::move(execution)});
    });
  }

  Result<RenderedPage> list_json(const ExecutionFilter& filter,
                                 const ExecutionPageRequest& page) const override {
    const bool kept = options_.keep_pages && sqlite::PageCache::keeps(filter, page);
    const std::uint64_t version = pages_.version();
    if (kept) {
      if (const auto found = pages_.find(filter, page, version)) return *found;
    }
    TRAWL_ASSIGN(auto connection, readers_.lease());
    TRAWL_ASSIGN(RenderedPage out,
                 sqlite::list_executions(*connection, words_, filter, page));
    if (kept) {
      pages_.keep(filter, page, version, std::make_shared<const RenderedPage>(out));
    }
    return out;
  }

  Result<void> scan_json(const ExecutionFilter& filter, const ScanRequest& request,
                         const RenderedVisitor& visit) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::scan_executions(*connection, words_, filter, request, visit);
  }

  Result<Aggregate> aggregate(const ExecutionFilter& filter,
                              const AggregateRequest& request) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::aggregate_executions(*connection, words_, filter, request);
  }

  Result<std::unique_ptr<Following>> follow(FollowRequest request) const override {
    return follow_feed(*this, feed_, std::move(request));
  }

  Result<std::optional<std::string>> find_json(const NamespaceId& namespace_id,
                                               const ExecutionId& id) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::find_execution_json(*connection, words_, namespace_id, id);
  }

  Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::find_execution(*connection, words_, namespace_id, id);
  }

  Result<std::vector<Content>> contents(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::execution_contents(*connection, namespace_id, id);
  }

  Result<std::vector<RunningExecution>> running(
      const NamespaceId& namespace_id) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::running_executions(*connection, namespace_id);
  }

  Result<std::vector<VersionUse>> versions_in_use(TimeUs since) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::versions_in_use(*connection, since);
  }
  Result<void> forget_version_uses(TimeUs before) override {
    const MutexLock lock(writer_mutex_);
    return writer_.forget_version_uses(before);
  }

  Result<std::vector<NamespaceId>> namespaces() const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::recorded_namespaces(*connection);
  }

  Result<std::uint64_t> recover() override {
    const MutexLock lock(writer_mutex_);
    const ChangeNotice notice(pages_);
    auto ended = writer_.recover();
    recovers_late_ = !ended && ended.error().code == ErrorCode::cannot_store;
    if (!ended) return ended.error();
    const std::uint64_t count = ended->size();
    feed_.publish_ended(std::move(*ended));
    return count;
  }

  Result<void> try_write() override {
    const MutexLock lock(writer_mutex_);
    TRAWL_TRY(writer_.try_write());
    return recover_late();
  }

  Result<void> remove_namespace(const NamespaceId& namespace_id) override {
    const Waiting waiting;  // For its turn to write, and the disk.
    const MutexLock lock(writer_mutex_);
    removed_.insert(namespace_id);
    const ChangeNotice notice(pages_);
    return writer_.remove_namespace(namespace_id);
  }

  Result<std::uint64_t> remove(const ExecutionFilter& filter,
                               std::uint32_t limit) override {
    // Looked for without the lock, since that may take long, and commits wait for it.
    std::uint64_t removed = 0;
    while (removed < limit) {
      const auto wanted = limit - static_cast<std::uint32_t>(removed);
      // The error of a limit that ends it is told like others: some are deleted by now.
      TRAWL_ASSIGN(const auto ended,
                   bounded({}, [&] { return find_ended(filter, wanted); }));
      if (ended.empty()) break;
      const WorkUnlimited unlimited;
      const Waiting waiting;  // For its turn to write, and the disk.
      const MutexLock lock(writer_mutex_);
      const ChangeNotice notice(pages_);
      auto outcome = writer_.remove(ended);
      if (!outcome) return outcome;
      removed += *outcome;
      if (ended.size() < wanted) break;
    }
    return removed;
  }

  Result<PruneReport> prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                            TimeUs now, std::uint32_t limit) override {
    const Waiting waiting;  // For its turn to write, and the disk.
    const MutexLock lock(writer_mutex_);
    const ChangeNotice notice(pages_);
    return writer_.prune(namespace_id, policy, now, limit);
  }

  Result<PruneReport> preview_prune(const NamespaceId& namespace_id,
                                    const RetentionPolicy& policy,
                                    TimeUs now) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::preview_prune(*connection, namespace_id, policy, now);
  }

  bool maintain() override {
    const MutexLock lock(maintenance_mutex_);
    const auto more = maintenance_.step();
    if (more) {
      maintenance_failure_.clear();
      return *more;
    }
    // Said once as long as it continues.
    if (more.error().detail != maintenance_failure_) {
      maintenance_failure_ = more.error().detail;
      spdlog::error("maintenance of the history failed and will be retried: {}: {}",
                    more.error().message, more.error().detail);
    }
    return false;
  }

  Result<void> prepare_terms() {
    const MutexLock lock(writer_mutex_);
    return writer_.prepare_terms();
  }

  void start_upkeep() {
    if (options_.maintain_every_us == 0) return;
    upkeep_.emplace(std::chrono::microseconds(options_.maintain_every_us), [this] {
      // A load balancer sends nothing to a server that is not ready, so no request would
      // find out that the disk has room again.
      if (write_health::failure()) (void)try_write();
      return maintain();
    });
  }

  static sqlite::OpenOptions reader_options() {
    sqlite::OpenOptions options;
    options.read_only = true;
    options.cache_kib = kReaderCacheKib;
    options.mmap_bytes = kReaderMapBytes;
    options.temporary = sqlite::kTermEntriesSql;
    return options;
  }

 private:
  Result<std::vector<sqlite::FoundKey>> find_ended(const ExecutionFilter& filter,
                                                   std::uint32_t limit) const {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    TRAWL_ASSIGN(auto transaction,
                 sqlite::Transaction::begin(*connection, sqlite::Transaction::Kind::read));
    return sqlite::oldest_matches(*connection, words_, filter, limit);
  }

  // What a connection may hold of the file. A history is larger than memory sooner or
  // later, and mapped pages would all count as ours; the system keeps them for us anyway.
  static constexpr int kReaderCacheKib = 16 * 1024;
  static constexpr std::int64_t kReaderMapBytes = 0;
  static constexpr std::size_t kLongInputs = 64 * 1024;

  // What recover() could not do at the start.
  Result<void> recover_late() TRAWL_REQUIRES(writer_mutex_) {
    if (!recovers_late_) return {};
    const ChangeNotice notice(pages_);
    TRAWL_ASSIGN(std::vector<Execution> ended, writer_.recover());
    recovers_late_ = false;
    if (!ended.empty()) {
      spdlog::warn("{} executions were interrupted; they are marked failed", ended.size());
    }
    feed_.publish_ended(std::move(ended));
    return {};
  }

  const SqliteLedgerOptions options_;
  mutable sqlite::Words words_;
  mutable sqlite::SeenValues seen_;
  mutable sqlite::PageCache pages_;
  mutable ExecutionFeed
      feed_;  // Published to under writer_mutex_: in the order of commits.
  Mutex writer_mutex_;
  sqlite::Writer writer_ TRAWL_GUARDED_BY(writer_mutex_);
  std::set<NamespaceId> removed_ TRAWL_GUARDED_BY(writer_mutex_);
  bool recovers_late_ TRAWL_GUARDED_BY(writer_mutex_) = false;
  Mutex maintenance_mutex_;
  sqlite::Maintenance maintenance_ TRAWL_GUARDED_BY(maintenance_mutex_);
  std::string maintenance_failure_ TRAWL_GUARDED_BY(maintenance_mutex_);  // The last.
  mutable sqlite::ReaderPool readers_;
  std::optional<sqlite::Upkeep> upkeep_;  // Ends before what it works on.
};

}  // namespace

Result<std::unique_ptr<SqliteLedger>> open_sqlite_ledger(
    const std::string& path, const SqliteLedgerOptions& options) {
  sqlite::OpenOptions opening;
  opening.incremental_vacuum = true;
  opening.mmap_bytes = 0;
  opening.owner = true;
  TRAWL_ASSIGN(auto writer, sqlite::Connection::open(path, opening));
  TRAWL_TRY(sqlite::prepare_ledger_schema(*writer, path));
  opening.cache_kib = 8 * 1024;
  opening.owner = false;
  TRAWL_ASSIGN(auto maintenance, sqlite::Connection::open(path, opening));
  TRAWL_TRY(maintenance->execute("PRAGMA wal_autocheckpoint=0"));
  auto ledger = std::make_unique<FileLedger>(path, options, std::move(writer),
                                             std::move(maintenance));
  TRAWL_TRY(ledger->prepare_terms());
  ledger->start_upkeep();
  return std::unique_ptr<SqliteLedger>(std::move(ledger));
}

Result<std::unique_ptr<Ledger>> open_embedded_ledger(const LedgerOpening& opening) {
  SqliteLedgerOptions options;
  options.maintain_every_us = kUpkeepUs;
  TRAWL_ASSIGN(auto ledger, open_sqlite_ledger(opening.directory + "/ledger.db", options));
  return std::unique_ptr<Ledger>(std::move(ledger));
}

}  // namespace trawl
