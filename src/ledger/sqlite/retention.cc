#include "ledger/sqlite/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

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
  std::optional<std::uint64_t> count_max;
  std::optional<std::uint64_t> fitting;  // As many as have room in max_bytes.
  double bytes_each = 0;

  bool is_too_old(std::int64_t status, TimeUs timestamp) const {
    return std::any_of(ages.begin(), ages.end(), [&](const Age& age) {
      return age.status == status && timestamp < age.before;
    });
  }
};

// How many of the oldest are too many when those that are too old are gone. Running ones
// are among them: they stay, and no newer one goes for them.
struct Excess {
  std::uint64_t count = 0;
  std::uint64_t PruneReport::*reason = &PruneReport::by_count;
};

Excess excess_of(const Limits& limits, std::uint64_t too_old) {
  const std::uint64_t left = limits.total - std::min(limits.total, too_old);
  const std::uint64_t by_count = left - std::min(left, limits.count_max.value_or(left));
  const std::uint64_t by_bytes = left - std::min(left, limits.fitting.value_or(left));
  if (by_bytes > by_count) return {by_bytes, &PruneReport::by_bytes};
  return {by_count, &PruneReport::by_count};
}

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
  out.count_max = policy.max_count;
  if (policy.max_bytes && out.bytes_each > 0) {
    const double fitting = static_cast<double>(*policy.max_bytes) / out.bytes_each;
    if (fitting < static_cast<double>(out.total)) {
      out.fitting = static_cast<std::uint64_t>(fitting);
    }
  }
  return std::optional<Limits>(std::move(out));
}

void note(PruneReport& report, TimeUs timestamp) {
  report.oldest = std::min(report.oldest.value_or(timestamp), timestamp);
  report.newest = std::max(report.newest.value_or(timestamp), timestamp);
}

// Counts with the help of rollups, since a history has far more executions than a preview
// may read.
class Preview {
 public:
  static Result<Preview> make(Connection& connection, const Limits& limits) {
    Preview out(connection, limits);
    TRAWL_ASSIGN(auto rows,
                 connection.prepare("SELECT ts, status FROM executions INDEXED BY "
                                    "executions_running WHERE running = 1 AND ns = ?"));
    rows.bind(limits.ns);
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) return out;
      out.running_.push_back({rows.integer(0), rows.integer(1)});
    }
  }

  Result<std::uint64_t> too_old_until(TimeUs last) const {
    std::uint64_t count = 0;
    for (const Age& age : limits_.ages) {
      TRAWL_ASSIGN(const auto some,
                   count_executions(connection_, limits_.ns, age.status, kTimeMin,
                                    std::min(age.before - 1, last)));
      count += some;
    }
    for (const Running& running : running_) {
      if (running.timestamp <= last &&
          limits_.is_too_old(running.status, running.timestamp)) {
        --count;
      }
    }
    return count;
  }

  Result<void> note_too_old(PruneReport& report) const {
    for (const Age& age : limits_.ages) {
      for (const char* order : {"ts, id", "ts DESC, id DESC"}) {
        TRAWL_ASSIGN(auto select,
                     connection_.prepare(fmt::format(
                         "SELECT ts FROM executions INDEXED BY executions_by_status WHERE "
                         "ns = ? AND status = ? AND ts < ? AND running = 0 ORDER BY {} "
                         "LIMIT 1",
                         order)));
        TRAWL_ASSIGN(const bool found,
                     select.bind(limits_.ns, age.status, age.before).step());
        if (found) note(report, select.integer(0));
      }
    }
    return {};
  }

  // Counts those that go of the oldest `excess`, above 0, of what is not too old.
  Result<void> note_too_many(std::uint64_t excess, std::uint64_t& counter,
                             PruneReport& report) const {
    TRAWL_ASSIGN(const TimeUs last, time_of(excess, false));
    TRAWL_ASSIGN(const std::uint64_t before, left_until(last - 1, false));
    TRAWL_ASSIGN(counter, left_until(last - 1, true));
    TRAWL_ASSIGN(auto rows, connection_.prepare(
                                "SELECT status, running FROM executions INDEXED BY "
                                "executions_by_time WHERE ns = ? AND ts = ? ORDER BY id"));
    rows.bind(limits_.ns, last);
    for (std::uint64_t more = excess - before; more > 0;) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      const bool running = rows.integer(1) != 0;
      if (!running && limits_.is_too_old(rows.integer(0), last)) continue;
      --more;
      if (!running) ++counter;
    }
    if (counter == 0) return {};
    for (const std::uint64_t place : {std::uint64_t{1}, counter}) {
      TRAWL_ASSIGN(const TimeUs timestamp, time_of(place, true));
      note(report, timestamp);
    }
    return {};
  }

 private:
  struct Running {
    TimeUs timestamp = 0;
    std::int64_t status = 0;
  };

  Preview(Connection& connection, const Limits& limits)
      : connection_(connection), limits_(limits) {}

  // What is not too old, up to and with an instant.
  Result<std::uint64_t> left_until(TimeUs last, bool without_running) const {
    TRAWL_ASSIGN(std::uint64_t count,
                 count_executions(connection_, limits_.ns, kAnyStatus, kTimeMin, last));
    TRAWL_ASSIGN(const std::uint64_t too_old, too_old_until(last));
    count -= too_old;
    if (without_running) {
      count -= static_cast<std::uint64_t>(
          std::count_if(running_.begin(), running_.end(),
                        [&](const Running& running) { return running.timestamp <= last; }));
    }
    return count;
  }

  // The timestamp of that one of them in the order of time, counted from 1.
  Result<TimeUs> time_of(std::uint64_t place, bool without_running) const {
    TimeUs first = kTimeMin;
    TimeUs last = kTimeMax;
    while (first < last) {
      const TimeUs middle = std::midpoint(first, last);
      TRAWL_ASSIGN(const std::uint64_t count, left_until(middle, without_running));
      if (count >= place) {
        last = middle;
      } else {
        first = middle + 1;
      }
    }
    return first;
  }

  Connection& connection_;
  const Limits& limits_;
  std::vector<Running> running_;
};

}  // namespace

Result<PruneStep> plan_prune(Connection& connection, const NamespaceId& namespace_id,
                             const RetentionPolicy& policy, TimeUs now,
                             std::uint32_t limit) {
  PruneStep step;
  TRAWL_ASSIGN(const auto limits, read_limits(connection, namespace_id, policy, now));
  if (!limits) return step;
  // Whether there was room for it.
  const auto take = [&](const Statement& row, std::uint64_t& counter) {
    step.report.more = step.seqs.size() == limit;
    if (step.report.more) return false;
    step.seqs.push_back(row.integer(0));
    note(step.report, row.integer(1));
    ++counter;
    return true;
  };
  for (const Age& age : limits->ages) {
    TRAWL_ASSIGN(auto rows,
                 connection.prepare("SELECT seq, ts FROM executions INDEXED BY "
                                    "executions_by_status WHERE ns = ? AND status = ? "
                                    "AND ts < ? AND running = 0 ORDER BY ts, id"));
    rows.bind(limits->ns, age.status, age.before);
    while (!step.report.more) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found || !take(rows, step.report.by_age)) break;
    }
  }
  Excess excess;
  if (!step.report.more) excess = excess_of(*limits, step.report.by_age);
  if (excess.count > 0) {
    TRAWL_ASSIGN(auto rows, connection.prepare(
                                "SELECT seq, ts, status, running FROM executions INDEXED "
                                "BY executions_by_time WHERE ns = ? ORDER BY ts, id"));
    rows.bind(limits->ns);
    while (excess.count > 0) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      const bool running = rows.integer(3) != 0;
      if (!running && limits->is_too_old(rows.integer(2), rows.integer(1))) continue;
      --excess.count;
      if (!running && !take(rows, step.report.*excess.reason)) break;
    }
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
  TRAWL_ASSIGN(const Preview preview, Preview::make(connection, *limits));
  TRAWL_ASSIGN(report.by_age, preview.too_old_until(kTimeMax));
  TRAWL_TRY(preview.note_too_old(report));
  const Excess excess = excess_of(*limits, report.by_age);
  if (excess.count > 0) {
    TRAWL_TRY(preview.note_too_many(excess.count, report.*excess.reason, report));
  }
  report.bytes =
      static_cast<std::uint64_t>(limits->bytes_each * static_cast<double>(report.total()));
  return report;
}

}  // namespace trawl::sqlite
