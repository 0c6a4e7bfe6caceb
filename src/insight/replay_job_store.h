#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "insight/replay_job.h"
#include "sqlite/connection.h"

namespace trawl {

// Jobs of replays and what came out, in jobs.db of the data directory. What a call wrote is
// on disk when it returns. Thread-safe. Every call may fail with storage, and one that
// writes with cannot_store.
class ReplayJobStore {
 public:
  // Makes the file when it is missing.
  //   storage  the file cannot be opened, is damaged, or comes from a newer version
  static Result<std::unique_ptr<ReplayJobStore>> open(const std::string& path);

  // A new job, and the executions that it has, in the order of their places.
  Result<void> add(const ReplayJob& job, std::span<const ExecutionId> executions);
  // Status, times and counts of a job, with the items that were done since.
  Result<void> save(const ReplayJob& job, std::span<const ReplayJobItem> done);

  Result<std::vector<ReplayJob>> list(const NamespaceId& ns) const;  // Newest first.
  Result<std::optional<ReplayJob>> find(const NamespaceId& ns, std::string_view id) const;
  Result<std::vector<ReplayJob>> unfinished() const;  // Of all namespaces, oldest first.
  Result<std::vector<NamespaceId>> namespaces() const;

  // Which items of a job, in the order of their places.
  struct ItemRequest {
    std::optional<ReplayOutcome> outcome;
    bool pending = false;          // Those that were not run again yet, and no others.
    bool results_changed = false;  // Only those whose results changed.
    std::size_t from_place = 0;
    std::size_t limit = std::numeric_limits<std::size_t>::max();
  };
  Result<std::vector<ReplayJobItem>> items(std::string_view id,
                                           const ItemRequest& request) const;
  Result<ReplayJobReport> report(const ReplayJob& job) const;

  // Nothing happens where there is no such job.
  Result<void> remove(const NamespaceId& ns, std::string_view id);
  Result<void> remove_namespace(const NamespaceId& ns);
  // Of the jobs of a namespace that have ended, removes all but the newest.
  Result<void> keep_newest(const NamespaceId& ns, std::size_t count);

  // As Corpus::try_write.
  Result<void> try_write();

 private:
  explicit ReplayJobStore(std::unique_ptr<sqlite::Connection> connection)
      : connection_(std::move(connection)) {}
  Result<std::vector<ReplayJob>> select(std::string_view where, std::string_view text) const
      TRAWL_REQUIRES(mutex_);
  Result<LikenessFigures> figures(std::int64_t job, const ReplayJob& of,
                                  std::string_view column) const TRAWL_REQUIRES(mutex_);
  Result<std::int64_t> number_of(std::string_view id) const TRAWL_REQUIRES(mutex_);
  Result<void> remove_jobs(std::string_view where, std::string_view text)
      TRAWL_REQUIRES(mutex_);

  mutable Mutex mutex_;
  const std::unique_ptr<sqlite::Connection> connection_ TRAWL_PT_GUARDED_BY(mutex_);
};

// The newest schema of jobs.db that this program knows.
std::int64_t replay_jobs_schema_version();

}  // namespace trawl
