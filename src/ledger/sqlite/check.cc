#include "ledger/sqlite/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

#include "ledger/execution_id_key.h"
#include "ledger/sqlite/aggregation.h"
#include "ledger/sqlite/contents_check.h"
#include "ledger/sqlite/group_summary.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/terms.h"
#include "ledger/sqlite/words.h"
#include "text/analyzer.h"

namespace trawl::sqlite {
namespace {

// Rows between two words about progress.
constexpr std::uint64_t kProgressRows = 100'000;
// Terms that are looked up at once.
constexpr std::size_t kTermsAtOnce = 32;

constexpr RollupUnit kCheckedUnits[] = {RollupUnit::all, RollupUnit::minute,
                                        RollupUnit::hour, RollupUnit::day,
                                        RollupUnit::month};

std::string text_of(const Error& error) {
  return error.detail.empty() ? error.message
                              : fmt::format("{}: {}", error.message, error.detail);
}

std::string_view name_of(RollupUnit unit) {
  switch (unit) {
    case RollupUnit::all:
      return "in all";
    case RollupUnit::minute:
      return "in the minute";
    case RollupUnit::hour:
      return "in the hour";
    case RollupUnit::day:
      return "on the day";
    case RollupUnit::month:
      return "in the month";
  }
  return "";
}

// Holds counts that come in the order of namespace, status and bucket against the rollups
// of one unit, which are read in that order: memory stays constant at any size.
class RollupComparison {
 public:
  using Tell = std::function<void(std::string)>;

  // Of the rollups of kAnyStatus, or of all others.
  static Result<RollupComparison> make(Connection& connection, RollupUnit unit,
                                       bool any_status) {
    // The text tells the statements of two units apart, which are in use together.
    TRAWL_ASSIGN(auto rows,
                 connection.prepare(fmt::format(
                     "SELECT ns, status, bucket, count FROM rollups WHERE unit = {} AND "
                     "status {} 0 ORDER BY ns, status, bucket",
                     static_cast<int>(unit), any_status ? "=" : "!=")));
    return RollupComparison(unit, std::move(rows));
  }

  Result<void> add(std::int64_t ns, std::int64_t status, TimeUs time, const Tell& tell) {
    const Key key{ns, status, rollup_bucket(unit_, time)};
    if (counted_ > 0 && key != key_) TRAWL_TRY(compare(tell));
    key_ = key;
    ++counted_;
    return {};
  }

  Result<void> finish(const Tell& tell) {
    if (counted_ > 0) TRAWL_TRY(compare(tell));
    while (true) {
      TRAWL_TRY(fetch());
      if (!stored_) return {};
      tell(describe(stored_->first, 0, stored_->second));
      stored_.reset();
    }
  }

 private:
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t>;

  RollupComparison(RollupUnit unit, Statement rows) : unit_(unit), rows_(std::move(rows)) {}

  Result<void> fetch() {
    if (stored_ || ended_) return {};
    TRAWL_ASSIGN(const bool found, rows_.step());
    ended_ = !found;
    if (found) {
      stored_.emplace(Key{rows_.integer(0), rows_.integer(1), rows_.integer(2)},
                      rows_.integer(3));
    }
    return {};
  }

  Result<void> compare(const Tell& tell) {
    while (true) {
      TRAWL_TRY(fetch());
      if (!stored_ || !(stored_->first < key_)) break;
      tell(describe(stored_->first, 0, stored_->second));
      stored_.reset();
    }
    std::int64_t stored = 0;
    if (stored_ && stored_->first == key_) {
      stored = stored_->second;
      stored_.reset();
    }
    if (stored != counted_) tell(describe(key_, counted_, stored));
    counted_ = 0;
    return {};
  }

  std::string describe(const Key& key, std::int64_t rows, std::int64_t stored) const {
    const auto& [ns, status, bucket] = key;
    return fmt::format(
        "namespace {}, {} {}: the rollup says {}, the rows are {}", ns,
        status == kAnyStatus ? "any status" : fmt::format("status {}", status),
        unit_ == RollupUnit::all
            ? std::string(name_of(unit_))
            : fmt::format("{} from {}", name_of(unit_),
                          format_time(rollup_bucket_start(unit_, bucket))),
        stored, rows);
  }

  RollupUnit unit_;
  Statement rows_;
  std::optional<std::pair<Key, std::int64_t>> stored_;  // Read, not compared yet.
  bool ended_ = false;
  Key key_;
  std::int64_t counted_ = 0;  // Of key_.
};

class Check {
 public:
  Check(Connection& connection, const CheckOptions& options, const CheckProgress& progress)
      : connection_(connection), options_(options), progress_(progress) {}

  CheckReport run() {
    guard("executions", &Check::count);
    guard("rollups", &Check::check_rollups);
    guard("definitions", &Check::check_definitions);
    guard("contents", &Check::check_all_contents);
    guard("row groups", &Check::check_groups);
    guard("row groups", &Check::check_group_table);
    guard("terms", &Check::check_pending);
    guard("terms", &Check::check_samples);
    return std::move(report_);
  }

 private:
  // One comparison in a read transaction. What it cannot read is a problem of that part.
  void guard(std::string_view part, Result<void> (Check::*check)()) {
    if (const auto checked = (this->*check)(); !checked) {
      tell(part, "cannot be read: " + text_of(checked.error()));
    }
  }

  void tell(std::string_view part, std::string message) {
    ++report_.problem_count;
    if (++told_[std::string(part)] > options_.problems_max) return;
    report_.problems.push_back({std::string(part), std::move(message), group_});
  }
  RollupComparison::Tell teller(std::string_view part) {
    return [this, part](std::string message) { tell(part, std::move(message)); };
  }
  void progress(std::string_view doing, std::uint64_t done) const {
    if (progress_) progress_(doing, done, report_.executions);
  }
  Result<Transaction> begin() {
    return Transaction::begin(connection_, Transaction::Kind::read);
  }

  Result<void> count() {
    TRAWL_ASSIGN(report_.executions, count_all_executions(connection_));
    return {};
  }

  Result<void> check_rollups() {
    TRAWL_ASSIGN(const auto transaction, begin());
    TRAWL_TRY(compare_rollups(
        "SELECT ns, status, ts FROM executions INDEXED BY executions_by_status "
        "ORDER BY ns, status, ts",
        false));
    TRAWL_TRY(compare_rollups(
        "SELECT ns, 0, ts FROM executions INDEXED BY executions_by_time ORDER BY ns, ts",
        true));
    TRAWL_ASSIGN(const std::int64_t schema, connection_.user_version());
    if (schema < kModesSchema) return {};
    TRAWL_ASSIGN(const RollupChanges descended, RollupChanges::of_descended(connection_));
    TRAWL_ASSIGN(const std::uint64_t wrong, descended.count_wrong_descended(connection_));
    if (wrong > 0) {
      tell("rollups",
           fmt::format("{} of the counts of replays and forks are wrong", wrong));
    }
    return {};
  }

  Result<void> compare_rollups(std::string_view sql, bool any_status) {
    const auto tell_rollup = teller("rollups");
    std::vector<RollupComparison> units;
    for (const RollupUnit unit : kCheckedUnits) {
      TRAWL_ASSIGN(auto comparison, RollupComparison::make(connection_, unit, any_status));
      units.push_back(std::move(comparison));
    }
    TRAWL_ASSIGN(auto rows, connection_.prepare(sql));
    for (std::uint64_t done = 1;; ++done) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      for (auto& unit : units) {
        TRAWL_TRY(unit.add(rows.integer(0), rows.integer(1), rows.integer(2), tell_rollup));
      }
      if (done % kProgressRows == 0) progress("counting executions", done);
    }
    for (auto& unit : units) TRAWL_TRY(unit.finish(tell_rollup));
    return {};
  }

  Result<void> check_definitions() {
    TRAWL_ASSIGN(const auto transaction, begin());
    std::unordered_map<std::int64_t, std::int64_t> counted;
    {
      TRAWL_ASSIGN(auto rows, connection_.prepare("SELECT definition FROM executions "
                                                  "WHERE definition IS NOT NULL"));
      for (std::uint64_t done = 1;; ++done) {
        TRAWL_ASSIGN(const bool found, rows.step());
        if (!found) break;
        ++counted[rows.integer(0)];
        if (done % kProgressRows == 0) progress("counting uses of pipelines", done);
      }
    }
    TRAWL_ASSIGN(auto rows,
                 connection_.prepare("SELECT definition, uses FROM definitions"));
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      const std::int64_t definition = rows.integer(0);
      const auto at = counted.find(definition);
      const std::int64_t uses = at == counted.end() ? 0 : at->second;
      if (at != counted.end()) counted.erase(at);
      if (uses != rows.integer(1)) {
        tell("definitions", fmt::format("definition {} says that {} executions use it; "
                                        "{} do",
                                        definition, rows.integer(1), uses));
      }
    }
    for (const auto& [definition, uses] : counted) {
      tell("definitions", fmt::format("{} executions use definition {}, which is not there",
                                      uses, definition));
    }
    return {};
  }

  Result<void> check_all_contents() {
    TRAWL_ASSIGN(const std::int64_t schema, connection_.user_version());
    if (schema < kContentsSchema) return {};
    return check_contents(connection_, options_.thorough,
                          [this](std::string_view part, std::string message) {
                            tell(part, std::move(message));
                          });
  }

  // Group by group, each in a read transaction of its own, so a long check does not
  // keep the writer's log from being emptied.
  Result<void> check_groups() {
    std::uint64_t done = 0;
    for (std::int64_t group = 0;; ++group) {
      TRAWL_ASSIGN(const auto transaction, begin());
      TRAWL_ASSIGN(const auto next, next_group(group));
      if (!next) return {};
      group = *next;
      const std::uint64_t problems = report_.problem_count;
      if (const auto checked = check_group(group, done); !checked) {
        if (problems == report_.problem_count) {
          tell("row groups",
               fmt::format("group {} cannot be read: {}", group, text_of(checked.error())));
        }
      }
      progress(options_.thorough ? "reading executions" : "looking at row groups", done);
    }
  }

  // The first group from this on that has an execution or a record.
  Result<std::optional<std::int64_t>> next_group(std::int64_t group) {
    std::optional<std::int64_t> next;
    for (const std::string_view sql : {"SELECT min(seq) FROM executions WHERE seq >= ?",
                                       "SELECT min(seq) FROM records WHERE seq >= ?"}) {
      TRAWL_ASSIGN(auto select, connection_.prepare(sql));
      TRAWL_TRY(select.bind(group * kRowGroupRows).step());
      if (select.is_null(0)) continue;
      const std::int64_t found = group_of(select.integer(0));
      next = next ? std::min(*next, found) : found;
    }
    return next;
  }

  struct Place {
    bool closed = false;
    std::int64_t row_count = 0;
    TimeUs ts_min = 0, ts_max = 0;
  };
  Result<std::optional<Place>> find_place(std::int64_t group) {
    TRAWL_ASSIGN(auto select,
                 connection_.prepare("SELECT closed, row_count, ts_min, ts_max FROM "
                                     "row_groups WHERE grp = ?"));
    TRAWL_ASSIGN(const bool found, select.bind(group).step());
    std::optional<Place> place;
    if (found) {
      place = Place{select.integer(0) != 0, select.integer(1), select.integer(2),
                    select.integer(3)};
    }
    return place;
  }

  Result<void> check_group(std::int64_t group, std::uint64_t& done) {
    const std::int64_t first = group * kRowGroupRows;
    const std::int64_t last = first + kRowGroupRows - 1;
    std::int64_t rows = 0, running = 0;
    TimeUs earliest = 0, latest = 0;
    {
      TRAWL_ASSIGN(auto select,
                   connection_.prepare("SELECT count(*), sum(running), min(ts), max(ts) "
                                       "FROM executions WHERE seq BETWEEN ? AND ?"));
      TRAWL_TRY(select.bind(first, last).step());
      rows = select.integer(0);
      running = select.integer(1);
      earliest = select.integer(2);
      latest = select.integer(3);
    }
    TRAWL_TRY(check_records(first, last, done));
    if (rows == 0) return {};
    TRAWL_ASSIGN(const auto place, find_place(group));
    if (!place) {
      tell("row groups",
           fmt::format("group {} has {} executions but is not listed", group, rows));
      return {};
    }
    if (earliest < place->ts_min || latest > place->ts_max) {
      tell("row groups",
           fmt::format("group {} says that it lies from {} to {}; its executions lie from "
                       "{} to {}",
                       group, format_time(place->ts_min), format_time(place->ts_max),
                       format_time(earliest), format_time(latest)));
    }
    ++(place->closed ? report_.closed_groups : report_.open_groups);
    if (!place->closed) return {};
    if (running > 0) {
      tell("row groups",
           fmt::format("group {} is closed, but {} of its executions are running", group,
                       running));
    }
    if (rows != place->row_count) {
      tell("row groups", fmt::format("group {} says that it has {} executions; it has {}",
                                     group, place->row_count, rows));
      return {};
    }
    if (!options_.thorough) return {};
    return compare_columns(group, first, last);
  }

  Result<void> compare_columns(std::int64_t group, std::int64_t first, std::int64_t last) {
    group_ = group;
    auto compared = compare_all_columns(group, first, last);
    group_.reset();
    return compared;
  }

  Result<void> compare_all_columns(std::int64_t group, std::int64_t first,
                                   std::int64_t last) {
    TRAWL_ASSIGN(RowGroup rows, RowGroup::read_range(connection_, first, last));
    RowGroup columns(connection_, group, rows.size());
    const auto differs = [&](std::size_t column, std::string_view how) {
      tell("row groups", fmt::format("column {} of group {} {}", column, group, how));
    };
    for (std::size_t i = 0; i < kIntColumns; ++i) {
      const auto column = static_cast<IntColumn>(i);
      TRAWL_ASSIGN(const auto* wanted, rows.integers(column));
      const auto stored = columns.integers(column);
      if (!stored) {
        differs(i, "cannot be read");
      } else if (**stored != *wanted) {
        differs(i, "differs from the rows");
      }
    }
    for (std::size_t i = 0; i < kRealColumns; ++i) {
      const std::size_t number = static_cast<std::size_t>(RealColumn::duration_ms) + i;
      const auto column = static_cast<RealColumn>(number);
      TRAWL_ASSIGN(const auto* wanted, rows.reals(column));
      const auto stored = columns.reals(column);
      if (!stored) {
        differs(number, "cannot be read");
      } else if (!std::equal(wanted->begin(), wanted->end(), (*stored)->begin(),
                             (*stored)->end(), [](double a, double b) {
                               return std::bit_cast<std::uint64_t>(a) ==
                                      std::bit_cast<std::uint64_t>(b);
                             })) {
        differs(number, "differs from the rows");
      }
    }
    TRAWL_ASSIGN(const auto summarized, summarize(connection_, words_, rows));
    // A sum of large amounts is rounded when it is stored.
    TRAWL_ASSIGN(const auto wanted, decode_summary(encode_summary(summarized)));
    const auto stored = read_summary(connection_, group);
    if (!stored) {
      tell("row groups", fmt::format("the summary of group {} cannot be read", group));
    } else if (encode_summary(*stored) != encode_summary(wanted)) {
      tell("row groups",
           fmt::format("the summary of group {} differs from its rows", group));
    }
    return {};
  }

  // Every execution has a record, every record an execution, and together they can be read.
  Result<void> check_records(std::int64_t first, std::int64_t last, std::uint64_t& done) {
    std::vector<std::int64_t> seqs;
    {
      TRAWL_ASSIGN(auto rows,
                   connection_.prepare("SELECT e.seq, r.seq FROM executions e LEFT JOIN "
                                       "records r ON r.seq = e.seq "
                                       "WHERE e.seq BETWEEN ? AND ?"));
      rows.bind(first, last);
      while (true) {
        TRAWL_ASSIGN(const bool found, rows.step());
        if (!found) break;
        ++done;
        if (rows.is_null(1)) {
          tell("records", fmt::format("{} has no record", name(rows.integer(0))));
        } else {
          seqs.push_back(rows.integer(0));
        }
      }
    }
    {
      TRAWL_ASSIGN(auto count,
                   connection_.prepare("SELECT count(*) FROM records r WHERE seq BETWEEN "
                                       "? AND ? AND NOT EXISTS (SELECT 1 FROM executions "
                                       "e WHERE e.seq = r.seq)"));
      TRAWL_TRY(count.bind(first, last).step());
      if (count.integer(0) > 0) {
        tell("records", fmt::format("{} records of group {} belong to no execution",
                                    count.integer(0), group_of(first)));
      }
    }
    if (!options_.thorough) return {};
    for (const std::int64_t seq : seqs) {
      if (const auto execution = read_execution(connection_, words_, seq); !execution) {
        tell("records",
             fmt::format("{} cannot be read: {}", name(seq), text_of(execution.error())));
      }
    }
    return {};
  }

  // What to call an execution in a message: its id, where that can be read.
  std::string name(std::int64_t seq) {
    const auto key = read_id_key(connection_, seq);
    return key ? fmt::format("execution {}", execution_id_text(*key))
               : fmt::format("execution number {}", seq);
  }

  // What stands in row_groups and chunks without any rows.
  Result<void> check_group_table() {
    TRAWL_ASSIGN(const auto transaction, begin());
    {
      TRAWL_ASSIGN(auto rows,
                   connection_.prepare(fmt::format(
                       "SELECT grp FROM row_groups g WHERE closed = 1 AND NOT EXISTS "
                       "(SELECT 1 FROM executions e WHERE e.seq BETWEEN g.grp * {0} AND "
                       "g.grp * {0} + {0} - 1)",
                       kRowGroupRows)));
      while (true) {
        TRAWL_ASSIGN(const bool found, rows.step());
        if (!found) break;
        tell("row groups",
             fmt::format("group {} is closed and has no executions", rows.integer(0)));
      }
    }
    TRAWL_ASSIGN(auto rows,
                 connection_.prepare(fmt::format(
                     "SELECT DISTINCT chunk / {} AS grp FROM chunks WHERE grp NOT IN "
                     "(SELECT grp FROM row_groups WHERE closed = 1)",
                     kColumnsMax)));
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) return {};
      tell("row groups",
           fmt::format("group {} has columns but is not closed", rows.integer(0)));
    }
  }

  Result<void> check_pending() {
    TRAWL_ASSIGN(const auto transaction, begin());
    {
      TRAWL_ASSIGN(const std::int64_t pending,
                   connection_.integer("SELECT count(*) FROM terms_pending"));
      report_.pending_terms = static_cast<std::uint64_t>(pending);
    }
    TRAWL_ASSIGN(auto rows,
                 connection_.prepare("SELECT p.seq FROM terms_pending p WHERE NOT EXISTS "
                                     "(SELECT 1 FROM executions e WHERE e.seq = p.seq)"));
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) return {};
      tell("terms", fmt::format("number {} waits to be indexed but is no execution",
                                rows.integer(0)));
    }
  }

  Result<void> check_samples() {
    if (options_.samples == 0) return {};
    std::int64_t lowest = 0, highest = 0;
    {
      TRAWL_ASSIGN(const auto transaction, begin());
      TRAWL_ASSIGN(const std::int64_t version,
                   connection_.integer("SELECT coalesce(max(value), 0) FROM settings WHERE "
                                       "name = 'analyzer'"));
      if (version != kAnalyzerVersion) {
        report_.notes.emplace_back(
            "the index of terms is of another version and was not compared; the next start "
            "of the server rebuilds it");
        return {};
      }
      TRAWL_ASSIGN(lowest, connection_.integer("SELECT min(seq) FROM executions"));
      TRAWL_ASSIGN(highest, connection_.integer("SELECT max(seq) FROM executions"));
    }
    std::mt19937_64 random(options_.seed);
    std::uniform_int_distribution<std::int64_t> draw(lowest, std::max(lowest, highest));
    for (std::uint32_t i = 0; i < options_.samples; ++i) {
      TRAWL_TRY(check_sample(draw(random)));
      if (progress_) progress_("looking up words", i + 1, options_.samples);
    }
    return {};
  }

  Result<void> check_sample(std::int64_t from) {
    TRAWL_ASSIGN(const auto transaction, begin());
    std::int64_t seq = 0, ns = 0;
    {
      TRAWL_ASSIGN(auto select,
                   connection_.prepare("SELECT seq, ns FROM executions e WHERE seq >= ? "
                                       "AND running = 0 AND NOT EXISTS (SELECT 1 FROM "
                                       "terms_pending p WHERE p.seq = e.seq) "
                                       "ORDER BY seq LIMIT 1"));
      TRAWL_ASSIGN(const bool found, select.bind(from).step());
      if (!found) return {};
      seq = select.integer(0);
      ns = select.integer(1);
    }
    const auto execution = read_execution(connection_, words_, seq);
    if (!execution) return {};  // Told by check_records().
    ++report_.samples;
    const std::string terms = text_terms(ns, *execution);
    std::size_t at = 0;
    while (at < terms.size()) {
      std::string expression;
      for (std::size_t n = 0; n < kTermsAtOnce && at < terms.size(); ++n) {
        const std::size_t end = std::min(terms.find(' ', at), terms.size());
        if (!expression.empty()) expression += " AND ";
        expression += fmt::format("\"{}\"", std::string_view(terms).substr(at, end - at));
        at = end + 1;
      }
      TRAWL_ASSIGN(auto match, connection_.prepare("SELECT 1 FROM terms WHERE terms MATCH "
                                                   "? AND rowid = ?"));
      TRAWL_ASSIGN(const bool found, match.bind(expression, seq).step());
      if (found) continue;
      tell("terms", fmt::format("{} is not found by its words", name(seq)));
      return {};
    }
    return {};
  }

  Connection& connection_;
  const CheckOptions& options_;
  const CheckProgress& progress_;
  Words words_;
  CheckReport report_;
  std::map<std::string, std::size_t> told_;
  std::optional<std::int64_t> group_;  // Whose columns are being compared.
};

}  // namespace

CheckReport check_ledger(Connection& connection, const CheckOptions& options,
                         const CheckProgress& progress) {
  return Check(connection, options, progress).run();
}

Result<void> check_terms_index(Connection& writer) {
  TRAWL_ASSIGN(auto transaction, Transaction::begin(writer, Transaction::Kind::write));
  return writer.execute("INSERT INTO terms (terms) VALUES ('integrity-check')");
}

Result<std::uint64_t> count_all_executions(Connection& connection) {
  TRAWL_ASSIGN(const std::int64_t count,
               connection.integer("SELECT coalesce(sum(count), 0) FROM rollups WHERE "
                                  "unit = 0 AND status = 0 AND ns NOT IN (SELECT ns FROM "
                                  "removed)"));
  return static_cast<std::uint64_t>(count);
}

}  // namespace trawl::sqlite
