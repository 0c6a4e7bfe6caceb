#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ledger/execution_filter.h"
#include "model/execution.h"

namespace trawl {

// A place in the list: the order is (timestamp descending, execution_id descending).
struct ExecutionKey {
  TimeUs timestamp = 0;
  ExecutionId execution_id;

  auto operator<=>(const ExecutionKey&) const = default;
};

struct ExecutionPageRequest {
  std::uint32_t limit = 20;           // 1..kExecutionLimitMax
  std::uint32_t offset = 0;           // 0..kExecutionOffsetMax
  std::optional<ExecutionKey> after;  // Only executions that come after it in the list.
};

inline constexpr std::uint32_t kExecutionLimitMax = 1000;
inline constexpr std::uint32_t kExecutionOffsetMax = 10'000;

struct ExecutionPage {
  std::string rows;  // The rows' JSON objects, joined by commas.
  std::uint32_t row_count = 0;
  std::uint64_t total = 0;           // Exactly how many match the filter, on every page.
  bool has_more = false;             // Whether an execution follows the last row.
  std::optional<ExecutionKey> last;  // Of the last row; none on an empty page.
};

// One change to the history. What a batch holds becomes durable together.
struct LedgerWrite {
  enum class Kind {
    started,   // Inserts a row in status processing; ignored when the id is there.
    finished,  // Inserts, or replaces the row that `started` made.
    imported,  // Inserts; an id that is there already is left alone.
  };
  Kind kind = Kind::finished;
  Execution execution;
};

// The history of executions. An execution that ended is never edited. Ids are unique
// within a namespace. Safe for concurrent use: many readers, and one commit at a time.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Applies the writes in order, in one transaction; on return they are on disk and in
  // the list. For each write, whether it changed anything (false: a repeated id).
  //   storage  the disk refused; nothing of the batch was applied
  virtual Result<std::vector<bool>> commit(std::span<const LedgerWrite> writes) = 0;

  // A page and its total from one state of the history. Following `last` visits every
  // execution that was there at the start once, whatever is written meanwhile.
  virtual Result<ExecutionPage> list(const ExecutionFilter& filter,
                                     const ExecutionPageRequest& page) const = 0;

  // The whole record, or nothing when the namespace has no such id.
  virtual Result<std::optional<Execution>> find(const NamespaceId& namespace_id,
                                                const ExecutionId& id) const = 0;

  // Ends what a dead process left in status processing, as failed with the error
  // "interrupted: …". Returns how many there were. Called once, before the first commit.
  virtual Result<std::uint64_t> recover() = 0;

  // Forgets a namespace's whole history, when the namespace is deleted.
  virtual Result<void> remove_namespace(const NamespaceId& namespace_id) = 0;

  // Work that need not delay a commit, such as moving the log into the main file. Called
  // from a thread of its own.
  virtual void maintain() {}
};

}  // namespace trawl
