#include "ledger/sqlite/retention.h"

#include <algorithm>
#include <optional>

#include "ledger/sqlite/rollups.h"

namespace trawl::sqlite {
namespace {

// A status of the namespace, and before which moment its executions are too old.
struct Age {
  std::int64_t status = 0;
  TimeUs before = 0;
};

struct Limits {
  std::int64_t ns = 0;
  std::vector<Age> ages;
  std::uint64_t total = 0;
  std::uint64_t excess_by_count = 0;  // The oldest so many are too many,
  std::uint64_t excess_by_bytes = 0;  // or take too much.
  double bytes_each = 0;
};

TimeUs moment_before(TimeUs now, std::int64_t age_us) {
  return now - kTimeMin < age_us ? kTimeMin : now - age_us;
}

Result<std::optional<Limits>> read_limits(Connection& connection,
                                          const NamespaceId& namespace_id,
                                          const RetentionPolicy& policy, TimeUs now) {
  std::optional<Limits> none;
  Limits out;
  {
    TRAWL_ASSIGN(auto select, connection.prepare("SELECT ns FROM namespaces WHERE id = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(namespace_id.str()).step());
    if (!found) return none;
    out.ns = select.integer(0);
  }
  std::uint64_t everywhere = 0;
  {
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT r.status, w.text FROM rollups r "
                                    "JOIN words w ON w.word = r.status WHERE r.ns = ? "
                                    "AND r.unit = 0 AND r.count > 0"));
    select.bind(out.ns);
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) break;
      const auto own = policy.status_max_age_us.find(select.string(1));
      const std::optional<std::int64_t> age = own != policy.status_max_age_us.end()
                                                  ? std::optional(own->second)
                                                  : policy.max_age_us;
      if (age) out.ages.push_back({select.integer(0), moment_before(now, *age)});
    }
  }
  TRAWL_ASSIGN(out.total,
               count_executions(connection, out.ns, kAnyStatus, kTimeMin, kTimeMax));
  {
    TRAWL_ASSIGN(const std::int64_t count,
                 connection.integer("SELECT coalesce(sum(count), 0) FROM rollups "
                                    "WHERE status = 0 AND unit = 0"));
    everywhere = static_cast<std::uint64_t>(count);
  }
  TRAWL_ASSIGN(const std::int64_t pages, connection.integer("PRAGMA page_count"));
  TRAWL_ASSIGN(const std::int64_t free, connection.integer("PRAGMA freelist_count"));
  TRAWL_ASSIGN(const std::int64_t page_size, connection.integer("PRAGMA page_size"));
  if (everywhere > 0) {
    out.bytes_each =
        static_cast<double>((pages - free) * page_size) / static_cast<double>(everywhere);
  }
  if (policy.max_count && out.total > *policy.max_count) {
    out.excess_by_count = out.total - *policy.max_count;
  }
  if (policy.max_bytes && out.bytes_each > 0) {
    const double kept = static_cast<double>(*policy.max_bytes) / out.bytes_each;
    const auto count = kept < static_cast<double>(out.total)
                           ? static_cast<std::uint64_t>(kept)
                           : out.total;
    out.excess_by_bytes = out.total - count;
  }
  return std::optional<Limits>(std::move(out));
}

void note(PruneReport& report, TimeUs timestamp) {
  report.oldest = std::min(report.oldest.value_or(timestamp), timestamp);
  report.newest = std::max(report.newest.value_or(timestamp), timestamp);
}

}  // namespace

Result<PruneStep> plan_prune(Connection& connection, const NamespaceId& namespace_id,
                             const RetentionPolicy& policy, TimeUs now,
                             std::uint32_t limit) {
  PruneStep step;
  TRAWL_ASSIGN(const auto limits, read_limits(connection, namespace_id, policy, now));
  if (!limits) return step;
  const auto take = [&](Statement& select, std::uint64_t& counter) -> Result<void> {
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) return {};
      const std::int64_t seq = select.integer(0);
      const bool running = select.integer(2) != 0;
      if (running) continue;
      if (std::find(step.seqs.begin(), step.seqs.end(), seq) != step.seqs.end()) continue;
      if (step.seqs.size() == limit) {
        step.report.more = true;
        return {};
      }
      step.seqs.push_back(seq);
      note(step.report, select.integer(1));
      ++counter;
    }
  };
  for (const Age& age : limits->ages) {
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT seq, ts, running FROM executions INDEXED BY "
                                    "executions_by_status WHERE ns = ? AND status = ? "
                                    "AND ts < ? AND running = 0 ORDER BY ts, id LIMIT ?"));
    select.bind(limits->ns, age.status, age.before, std::uint32_t{limit + 1});
    TRAWL_TRY(take(select, step.report.by_age));
  }
  // Whatever is too old goes first; then the oldest that are too many.
  const std::uint64_t excess = std::max(limits->excess_by_count, limits->excess_by_bytes);
  if (!step.report.more && excess > step.seqs.size()) {
    // A running one stays and keeps its place among the oldest: no newer one goes for it.
    TRAWL_ASSIGN(const std::int64_t running,
                 connection.integer("SELECT count(*) FROM executions INDEXED BY "
                                    "executions_running WHERE running = 1"));
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT seq, ts, running FROM executions INDEXED BY "
                                    "executions_by_time WHERE ns = ? ORDER BY ts, id "
                                    "LIMIT ?"));
    select.bind(limits->ns,
                std::min<std::uint64_t>(excess, std::uint64_t{limit} + 1 +
                                                    static_cast<std::uint64_t>(running)));
    TRAWL_TRY(take(select, limits->excess_by_count >= limits->excess_by_bytes
                               ? step.report.by_count
                               : step.report.by_bytes));
  }
  step.report.bytes = static_cast<std::uint64_t>(limits->bytes_each *
                                                 static_cast<double>(step.seqs.size()));
  return step;
}

Result<PruneReport> preview_prune(Connection& connection, const NamespaceId& namespace_id,
                                  const RetentionPolicy& policy, TimeUs now) {
  PruneReport report;
  TRAWL_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Kind::read));
  TRAWL_ASSIGN(const auto limits, read_limits(connection, namespace_id, policy, now));
  if (!limits) return report;
  const auto too_old_until = [&](TimeUs last) -> Result<std::uint64_t> {
    std::uint64_t count = 0;
    for (const Age& age : limits->ages) {
      TRAWL_ASSIGN(const auto some,
                   count_executions(connection, limits->ns, age.status, kTimeMin,
                                    std::min(age.before - 1, last)));
      count += some;
    }
    return count;
  };
  TRAWL_ASSIGN(report.by_age, too_old_until(kTimeMax));
  const std::uint64_t excess =
      std::min(std::max(limits->excess_by_count, limits->excess_by_bytes), limits->total);
  if (excess > 0) {
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT ts FROM executions INDEXED BY "
                                    "executions_by_time WHERE ns = ? ORDER BY ts, id "
                                    "LIMIT 1 OFFSET ?"));
    TRAWL_ASSIGN(const bool found, select.bind(limits->ns, excess - 1).step());
    if (found) {
      report.newest = select.integer(0);
      TRAWL_ASSIGN(const auto too_old, too_old_until(*report.newest));
      (limits->excess_by_count >= limits->excess_by_bytes ? report.by_count
                                                          : report.by_bytes) =
          excess - std::min(excess, too_old);
    }
  }
  for (const Age& age : limits->ages) {
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT max(ts) FROM executions INDEXED BY "
                                    "executions_by_status WHERE ns = ? AND status = ? "
                                    "AND ts < ?"));
    TRAWL_ASSIGN(const bool found, select.bind(limits->ns, age.status, age.before).step());
    if (found && !select.is_null(0)) note(report, select.integer(0));
  }
  if (report.total() > 0) {
    TRAWL_ASSIGN(auto select,
                 connection.prepare("SELECT min(ts) FROM executions INDEXED BY "
                                    "executions_by_time WHERE ns = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(limits->ns).step());
    if (found && !select.is_null(0)) note(report, select.integer(0));
  }
  report.bytes =
      static_cast<std::uint64_t>(limits->bytes_each * static_cast<double>(report.total()));
  return report;
}

}  // namespace trawl::sqlite
