#pragma once

#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "base/result.h"
#include "ledger/sqlite/words.h"
#include "ledger/sqlite/writer.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// What the history does when nobody waits for it: it indexes new executions, closes full
// row groups, deletes removed namespaces, gives free pages back and moves the log into the
// main file. Each step holds the writer for a few milliseconds at most; what can be read
// and worked out before is done on a connection of its own.
//
// Used by one thread at a time.
class Maintenance {
 public:
  Maintenance(std::unique_ptr<Connection> connection, Words& words, Writer& writer,
              Mutex& writer_mutex)
      : connection_(std::move(connection)),
        words_(words),
        fresh_terms_(writer.fresh_terms()),
        writer_(writer),
        writer_mutex_(writer_mutex) {}

  // One step of each. True when there is more to do. What an error interrupted is done by a
  // later call.
  Result<bool> step();

 private:
  // 16 MiB. While there is work, the log is emptied when it has become as long: a page that
  // is written many times moves once. Commits wait meanwhile (Connection::checkpoint),
  // which is why it is not longer.
  static constexpr std::int64_t kLogPages = 2 * 1024;

  // The terms of the executions that `select` names (seq, namespace), as many as may go
  // into the index at once. True when there may be more.
  Result<bool> read_terms(Statement& select, FreshTerms::Terms& terms);
  Result<bool> index_some();
  Result<bool> close_one_group();
  Result<bool> sweep_words();

  std::unique_ptr<Connection> connection_;
  Words& words_;
  FreshTerms& fresh_terms_;  // The writer's.
  Writer& writer_ TRAWL_GUARDED_BY(writer_mutex_);
  Mutex& writer_mutex_;
  std::int64_t log_pages_due_ = kLogPages;
  std::int64_t next_sweep_us_ = 0;
};

}  // namespace trawl::sqlite
