#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ledger/aggregate.h"
#include "ledger/execution_filter.h"
#include "ledger/retention/policy.h"
#include "model/execution.h"
#include "model/recorded_fields.h"
#include "model/version_use.h"

namespace trawl {

// What a list is ordered by: any recorded field with kSort, as its place in the table;
// these are named in code. Ties are broken by timestamp, then by execution_id (see
// execution_id_key.h), in the same direction.
enum class ExecutionSort : std::size_t {
  timestamp = recorded_index("timestamp"),
  duration_ms = recorded_index("duration_ms"),
  credits_used = recorded_index("credits_used"),
  total_returned = recorded_index("total_returned"),
};
constexpr const RecordedField& sort_field(ExecutionSort sort) {
  return kRecordedFields[static_cast<std::size_t>(sort)];
}

// A place in the list. Greater keys are listed first, unless the order is ascending.
struct ExecutionKey {
  TimeUs timestamp = 0;
  ExecutionId execution_id;
  double value = 0;  // Of the field that the list is sorted by; 0 for timestamp.

  bool operator==(const ExecutionKey&) const = default;
  std::partial_ordering operator<=>(const ExecutionKey& other) const;
};

struct ExecutionPageRequest {
  std::uint32_t limit = 20;           // 1..kExecutionLimitMax
  std::uint32_t offset = 0;           // 0..kExecutionOffsetMax
  std::optional<ExecutionKey> after;  // Only executions that come after it in the list.
  ExecutionSort sort = ExecutionSort::timestamp;
  bool ascending = false;
  // How long to look, where no index answers; at least one step is always made. Lists in
  // another order than that of time are not cut short: they end with `timeout`.
  std::int64_t budget_us = 2'000'000;
  bool detail = false;  // Whole records, and not only their summaries.
};

inline constexpr std::uint32_t kExecutionLimitMax = 1000;
inline constexpr std::uint32_t kExecutionOffsetMax = 10'000;

// What a page says of the list besides its rows.
struct ExecutionPageFacts {
  std::uint64_t total = 0;  // How many match the filter, wherever the page begins.
  // False: there are at least so many. The budget ran out, or the engine does not count
  // exactly (LedgerTraits).
  bool total_exact = true;
  bool has_more = false;  // Whether another page may follow.
  // The budget ran out before the page was full. `last` continues from where it stopped.
  bool partial = false;
  // Of the last row, or where a partial page stopped; none on another page without rows.
  std::optional<ExecutionKey> last;
};
struct ExecutionPage : ExecutionPageFacts {
  // Namespace and summary of each; the rest where the request asked for detail.
  std::vector<Execution> executions;
};

// One execution of a scan, and its key in the order of time.
struct ScannedExecution {
  ExecutionKey key;
  Execution execution;
};
struct ScanRequest {
  std::optional<ExecutionKey> after;  // As in a list by time, newest first.
  bool detail = false;                // Whole records, as in a list.
  // Asked now and then, also while nothing matches; empty: never.
  std::function<bool()> cancelled = {};
};
// Returns whether to go on; an error ends the scan and is its result.
using ScanVisitor = std::function<Result<bool>(const ScannedExecution&)>;

// What retention took, or would take.
struct PruneReport {
  std::uint64_t by_age = 0;
  std::uint64_t by_count = 0;
  std::uint64_t by_bytes = 0;
  std::uint64_t bytes = 0;       // About what they take on disk.
  std::optional<TimeUs> oldest;  // Timestamps of the first and last of them.
  std::optional<TimeUs> newest;
  bool more = false;  // The step was full: call again.

  std::uint64_t total() const { return by_age + by_count + by_bytes; }
};

// What a ledger made of a write beforehand; each engine knows only its own.
struct PreparedWrite {
  virtual ~PreparedWrite() = default;
};

// One change to the history.
struct LedgerWrite {
  enum class Kind {
    started,   // Inserts a row in status processing; ignored when the id is there.
    finished,  // Inserts, or replaces the row that `started` made.
    imported,  // Inserts; an id that is there already is left alone.
  };
  Kind kind = Kind::finished;
  Execution execution;
  // What Ledger::prepare made of it; null when it was not asked.
  std::shared_ptr<const PreparedWrite> prepared = {};

  // Of the execution: its start is the first, its end the last. A ledger that has this one
  // or a later one changes nothing.
  int revision() const { return kind == Kind::started ? 1 : 2; }
};

// What became of a write.
enum class Appended {
  written,   // Durable, and in the list.
  repeated,  // Its execution is there in this revision or a later one; nothing changed.
};
// An error is that of this write alone: it was not applied.
using AppendOutcome = Result<Appended>;

// What an engine promises beyond what every ledger does.
struct LedgerTraits {
  // A page's total is exact, unless its budget ran out.
  bool exact_totals = false;
  // A page and its total are of one state of the history, and what append() wrote is in it
  // when append() returns. Otherwise both may lag behind.
  bool transactional = false;
  // A read is a look into memory or a file of this machine. Otherwise no call is made on a
  // thread that serves sockets.
  bool local = false;
  // Following tells each state once and in the order of commits, also after a break.
  // Otherwise some of the last seconds may come twice then, and imported executions of that
  // time may come too.
  bool exact_following = false;
  // Several servers may write to the history, and what one of them runs is its own for so
  // long after it last said that it lives (keep_lease()). 0: one server at a time has it.
  std::int64_t lease_us = 0;
};

// An execution that was started and has not ended.
struct RunningExecution {
  ExecutionKey key;
  bool here = true;  // On this server; else on another that shares the history.

  bool operator==(const RunningExecution&) const = default;
};

// What an external call answered, as it came.
struct Content {
  std::string sha256;  // Of the bytes, hex, as ExternalCall::answer_sha256 names it.
  std::string bytes;

  bool operator==(const Content&) const = default;
};

class PrerenderedReads;
class Following;
struct FollowRequest;

// The history of executions. An execution that ended is never edited. Ids are unique
// within a namespace. Safe for concurrent use. What an engine does for its upkeep is its
// own matter, on threads of its own.
//
// Every call may also fail with storage, or with unavailable (no memory, or another process
// holds the store), and one that writes with cannot_store. What takes a filter counts its
// work (base/work_limit.h): on a thread that has a limit, call it within bounded().
class Ledger {
 public:
  virtual ~Ledger() = default;

  virtual LedgerTraits traits() const = 0;  // The same for its whole life.
  // Null, unless the engine keeps the JSON that is served; see rendered.h.
  virtual const PrerenderedReads* prerendered() const { return nullptr; }

  // Does what append() needs of a write and what can be done before, on the caller's
  // thread. Optional; the write must not be changed afterwards.
  virtual void prepare(LedgerWrite& write) const { (void)write; }

  // Applies the writes in order, and says of each what became of it. It is idempotent by
  // namespace, id and revision: after an error of the call, or no answer at all, the same
  // batch can be appended again. A write that is refused does not take the others with it.
  // The kinds are still there afterwards; the answers of external calls need not be.
  // Of a write:
  //   invalid    its namespace is empty, or validate_summary() refuses its summary
  //   not_found  remove_namespace() was called for its namespace
  virtual Result<std::vector<AppendOutcome>> append(std::span<LedgerWrite> writes) = 0;

  // A page and its total. Following `last` visits every
  // execution that was there at the start once, whatever is written meanwhile.
  //   invalid  limit or offset is out of range; or, here and wherever a filter is taken, a
  //            text is too long for one of its patterns (text_pattern.h)
  //   timeout  the budget was too short to sort the list, or for one part of the history
  virtual Result<ExecutionPage> list(const ExecutionFilter& filter,
                                     const ExecutionPageRequest& page) const = 0;

  // Visits every match that is there when it begins, newest first, in constant memory. It
  // holds no state meanwhile, however long a visit takes: what is deleted before it is
  // reached is left out, and what ends reads ended.
  //   cancelled  the request says so
  //   timeout    the conditions took more than ten seconds for one part of the history
  //   and what `visit` returns
  virtual Result<void> scan(const ExecutionFilter& filter, const ScanRequest& request,
                            const ScanVisitor& visit) const = 0;

  // Figures of all matches, or of those that the budget was enough for (`partial`).
  // Percentiles are within QuantileSketch::kRelativeError.
  virtual Result<Aggregate> aggregate(const ExecutionFilter& filter,
                                      const AggregateRequest& request) const = 0;

  // Follows what starts and ends from a cursor on, or from now (follow/following.h). The
  // ledger must outlive it. An engine that cannot tell of appends as they happen leaves it
  // at this: it looks every so often, and tells nothing of a start that it did not see run.
  virtual Result<std::unique_ptr<Following>> follow(FollowRequest request) const;

  // The whole record, or nothing when the namespace has no such id.
  virtual Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                                const ExecutionId& id) const = 0;

  // The answers that the execution's external calls got, where append() was given them with
  // `answer_kept`; each once, in the order of the calls. They stay as long as the
  // execution. Nothing where it kept none, or the namespace has no such id. No other read
  // has them.
  virtual Result<std::vector<Content>> contents(const NamespaceId& namespace_id,
                                                const ExecutionId& id) const = 0;

  // What runs: started and not ended, on this server or another. An imported execution does
  // not, even if its status reads processing.
  virtual Result<std::vector<RunningExecution>> running(
      const NamespaceId& namespace_id) const = 0;
  // The versions of collections that executions searched which ran (imported ones did not)
  // and began at `since` or later, in no order. As durable as the executions, and known as
  // long, whatever is deleted of those; last_used is up to a minute too late.
  virtual Result<std::vector<VersionUse>> versions_in_use(TimeUs since) const = 0;
  // Forgets those that were last used before.
  virtual Result<void> forget_version_uses(TimeUs before) = 0;
  // Those of which there is history.
  virtual Result<std::vector<NamespaceId>> namespaces() const = 0;

  // Ends what a dead process left in status processing, as failed with the error
  // "interrupted: …": whatever earlier lives of this server left, and what keep_lease()
  // ends. Returns how many there were. Called once, before the first append().
  //   cannot_store  nothing can be written; it is done as soon as something can
  virtual Result<std::uint64_t> recover() = 0;
  // Says that this server lives, as append() does too, and ends in the same way what others
  // run whose lease has run out. To be called several times in each lease; an end that its
  // server appends after all comes too late, and is `repeated`.
  virtual Result<std::uint64_t> keep_lease() { return 0; }

  // Forgets a namespace's whole history, when the namespace is deleted. From this call on,
  // even if it fails, writes to it are refused for the life of this object: ids of
  // namespaces are never used again.
  virtual Result<void> remove_namespace(const NamespaceId& namespace_id) = 0;

  // Deletes up to `limit` ended executions that match, oldest first; running ones stay.
  // Returns how many; when it is `limit`, there may be more. After an error some may be
  // deleted already.
  virtual Result<std::uint64_t> remove(const ExecutionFilter& filter,
                                       std::uint32_t limit) = 0;

  // Deletes up to `limit` of the executions that the policy does not keep, in one
  // transaction: those that are too old, then the oldest that are too many.
  virtual Result<PruneReport> prune(const NamespaceId& namespace_id,
                                    const RetentionPolicy& policy, TimeUs now,
                                    std::uint32_t limit) = 0;
  // What prune() would take if it were called until nothing is left to take. `bytes`, and
  // what goes by bytes, are estimates.
  virtual Result<PruneReport> preview_prune(const NamespaceId& namespace_id,
                                            const RetentionPolicy& policy,
                                            TimeUs now) const = 0;
};

}  // namespace trawl
