#include "ledger/sqlite/sqlite_ledger.h"

#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/sqlite.h"
#include "ledger/ledger_rules.h"
#include "ledger/sqlite/reader.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/writer.h"

namespace trawl {
namespace {

// Readers take most pages from the mapped file; this much each is for the log's pages.
constexpr int kReaderCacheKib = 8 * 1024;

// Deleting a large namespace is spread over many calls of maintain().
constexpr int kPurgesPerMaintenance = 20;

class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(const std::string& path, std::unique_ptr<sqlite::Connection> writer,
               std::unique_ptr<sqlite::Connection> maintenance)
      : writer_(std::move(writer)),
        maintenance_(std::move(maintenance)),
        readers_(path, reader_options()) {}

  Result<std::vector<bool>> commit(std::span<const LedgerWrite> writes) override {
    TRAWL_TRY(check_writes(writes));
    if (writes.empty()) return std::vector<bool>();
    const std::lock_guard lock(writer_mutex_);
    return writer_.commit(writes);
  }

  Result<ExecutionPage> list(const ExecutionFilter& filter,
                             const ExecutionPageRequest& page) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::list_executions(*connection, filter, page);
  }

  Result<void> scan(const ExecutionFilter& filter, const ScanRequest& request,
                    const ScanVisitor& visit) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::scan_executions(*connection, filter, request, visit);
  }

  Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                        const ExecutionId& id) const override {
    TRAWL_ASSIGN(auto connection, readers_.lease());
    return sqlite::find_execution(*connection, namespace_id, id);
  }

  Result<std::uint64_t> recover() override {
    const std::lock_guard lock(writer_mutex_);
    return writer_.recover();
  }

  Result<void> remove_namespace(const NamespaceId& namespace_id) override {
    const std::lock_guard lock(writer_mutex_);
    return writer_.remove_namespace(namespace_id);
  }

  Result<std::uint64_t> remove(const ExecutionFilter& filter,
                               std::uint32_t limit) override {
    const std::lock_guard lock(writer_mutex_);
    (void)filter, (void)limit;
    return make_error(ErrorCode::internal, "not built yet");
  }

  Result<PruneReport> prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                            TimeUs now, std::uint32_t limit) override {
    const std::lock_guard lock(writer_mutex_);
    (void)namespace_id, (void)policy, (void)now, (void)limit;
    return make_error(ErrorCode::internal, "not built yet");
  }

  Result<PruneReport> preview_prune(const NamespaceId& namespace_id,
                                    const RetentionPolicy& policy,
                                    TimeUs now) const override {
    (void)namespace_id, (void)policy, (void)now;
    return make_error(ErrorCode::internal, "not built yet");
  }

  void maintain() override {
    for (int i = 0; i < kPurgesPerMaintenance; ++i) {
      const std::lock_guard lock(writer_mutex_);
      const auto more = writer_.purge_some();
      if (!more) {
        spdlog::error(
            "deleting the history of a removed namespace failed and is tried "
            "again: {}: {}",
            more.error().message, more.error().detail);
      }
      if (!more || !*more) break;
    }
    const std::lock_guard lock(maintenance_mutex_);
    maintenance_->checkpoint();
  }

 private:
  static sqlite::OpenOptions reader_options() {
    sqlite::OpenOptions options;
    options.read_only = true;
    options.cache_kib = kReaderCacheKib;
    return options;
  }

  std::mutex writer_mutex_;
  sqlite::Writer writer_;  // Guarded by writer_mutex_.
  std::mutex maintenance_mutex_;
  // Guarded by maintenance_mutex_. Apart from the writer's, so that a commit does not wait
  // for a checkpoint.
  std::unique_ptr<sqlite::Connection> maintenance_;
  mutable sqlite::ReaderPool readers_;
};

}  // namespace

Result<std::unique_ptr<Ledger>> open_sqlite_ledger(const std::string& path) {
  TRAWL_ASSIGN(auto writer, sqlite::Connection::open(path));
  TRAWL_TRY(sqlite::prepare_ledger_schema(*writer, path));
  sqlite::OpenOptions options;
  options.cache_kib = kReaderCacheKib;
  TRAWL_ASSIGN(auto maintenance, sqlite::Connection::open(path, options));
  TRAWL_TRY(maintenance->execute("PRAGMA wal_autocheckpoint=0"));
  return std::unique_ptr<Ledger>(
      std::make_unique<SqliteLedger>(path, std::move(writer), std::move(maintenance)));
}

}  // namespace trawl
