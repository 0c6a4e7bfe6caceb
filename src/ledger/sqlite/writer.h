#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "ledger/ledger.h"
#include "ledger/sqlite/rollups.h"

namespace trawl::sqlite {

// The writing half of the SQLite ledger: the one connection that changes the file. Each
// call is one transaction, applied wholly or not at all. Used by one thread at a time; it
// must stay where it was made, since SQLite holds a pointer to it.
class Writer {
 public:
  // 256 MiB of log.
  static constexpr std::int64_t kLogPagesMax = 32 * 1024;

  // The connection's schema is up to date. A log of more than log_pages_max pages is moved
  // into the main file by the commits themselves.
  explicit Writer(std::unique_ptr<Connection> connection,
                  std::int64_t log_pages_max = kLogPagesMax);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As Ledger::commit, for writes that check_writes() passed.
  Result<std::vector<bool>> commit(std::span<const LedgerWrite> writes);
  Result<std::uint64_t> recover();
  // Makes the namespace's history unreachable; purge_some() deletes it.
  Result<void> remove_namespace(const NamespaceId& namespace_id);
  // Deletes some rows of removed namespaces. True when there are more.
  Result<bool> purge_some();

 private:
  // A row that is there already.
  struct Existing {
    std::int64_t seq = 0;
    std::int64_t status = 0;
    TimeUs timestamp = 0;
    bool running = false;
  };

  Result<std::vector<bool>> apply_all(std::span<const LedgerWrite> writes);
  Result<bool> apply(const LedgerWrite& write, RollupChanges& rollups);
  Result<std::optional<Existing>> find_existing(std::int64_t ns, const ExecutionId& id);
  Result<std::int64_t> put_row(const std::optional<Existing>& existing, std::int64_t ns,
                               std::int64_t status, const LedgerWrite& write);
  Result<void> put_details(std::int64_t seq, const Execution& execution);

  Result<std::int64_t> intern(std::unordered_map<std::string, std::int64_t>& known,
                              const std::string& text, std::string_view select,
                              std::string_view insert);
  Result<std::int64_t> namespace_number(const NamespaceId& id);
  Result<std::int64_t> status_number(std::string_view word);
  Result<std::optional<std::int64_t>> definition_number(std::int64_t ns,
                                                        const Execution& execution);
  // Numbers handed out in a transaction that failed were rolled back with it.
  void forget_numbers();
  void bound_log();

  std::unique_ptr<Connection> connection_;
  std::unordered_map<std::string, std::int64_t> namespaces_;
  std::unordered_map<std::string, std::int64_t> statuses_;
  std::unordered_map<std::string, std::int64_t> definitions_;
  const std::int64_t log_pages_max_;
  std::int64_t log_pages_ = 0;  // In the write-ahead log after the last commit.
  std::int64_t log_pages_allowed_ = 0;
};

}  // namespace trawl::sqlite
