#include "ledger/sqlite/maintenance.h"

#include <vector>

#include "base/clock.h"
#include "ledger/sqlite/aggregation.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/rows.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/terms.h"

namespace trawl::sqlite {
namespace {

// Executions that one transaction adds to the index: more would make a commit wait longer,
// fewer would leave the index in more pieces to be merged.
constexpr std::int64_t kIndexRows = 1'024;
// Commits wait while they are indexed, so that few long texts are enough.
constexpr std::size_t kIndexBytes = 128 * 1024;

// A look for unused words rests so many times as long as it took.
constexpr std::int64_t kRestFactor = 100;

}  // namespace

Result<bool> Maintenance::step() {
  TRAWL_ASSIGN(const bool more_terms, index_some());
  TRAWL_ASSIGN(const bool more_groups, close_one_group());
  bool more_rows = false;
  bool more_pages = false;
  {
    const MutexLock lock(writer_mutex_);
    TRAWL_ASSIGN(more_rows, writer_.purge_some());
  }
  bool more_merges = false;
  if (!more_terms && !more_rows) {
    const MutexLock lock(writer_mutex_);
    TRAWL_ASSIGN(more_merges, writer_.merge_terms_some());
  }
  {
    const MutexLock lock(writer_mutex_);
    TRAWL_ASSIGN(more_pages, writer_.vacuum_some());
  }
  bool more = more_terms || more_groups || more_rows || more_merges || more_pages;
  if (!more) {
    TRAWL_ASSIGN(more, sweep_words());
  }
  const MutexLock lock(writer_mutex_);
  const std::int64_t pages = writer_.log_pages();
  if (pages < kLogPages) log_pages_due_ = kLogPages;
  if (!more || pages >= log_pages_due_) {
    writer_.checkpoint();
    // Where a reader keeps the log as it is, it is not tried again at each step.
    log_pages_due_ = pages + kLogPages;
  }
  if (!more) writer_.empty_log();
  return more;
}

Result<bool> Maintenance::sweep_words() {
  const std::int64_t begin_us = monotonic_us();
  if (begin_us < next_sweep_us_) return false;
  {
    const MutexLock lock(writer_mutex_);
    TRAWL_ASSIGN(const bool any, writer_.begin_sweep());
    if (!any) return false;
  }
  std::vector<bool> used;
  {
    TRAWL_ASSIGN(auto transaction,
                 Transaction::begin(*connection_, Transaction::Kind::read));
    TRAWL_ASSIGN(used, words_in_use(*connection_));
  }
  const MutexLock lock(writer_mutex_);
  TRAWL_ASSIGN(const bool more, writer_.finish_sweep(used));
  const std::int64_t now_us = monotonic_us();
  next_sweep_us_ = more ? now_us : now_us + kRestFactor * (now_us - begin_us);
  return more;
}

Result<bool> Maintenance::read_terms(Statement& select, FreshTerms::Terms& terms) {
  std::size_t bytes = 0;
  while (true) {
    TRAWL_ASSIGN(const bool found, select.step());
    if (!found) return false;
    if (bytes >= kIndexBytes) return true;
    const std::int64_t seq = select.integer(0);
    if (auto fresh = fresh_terms_.take(seq)) {
      terms.emplace_back(seq, std::move(*fresh));
    } else {
      TRAWL_ASSIGN(const Execution execution, read_execution(*connection_, words_, seq));
      terms.emplace_back(seq, text_terms(select.integer(1), execution));
    }
    bytes += terms.back().second.size();
    if (static_cast<std::int64_t>(terms.size()) == kIndexRows) return true;
  }
}

Result<bool> Maintenance::index_some() {
  FreshTerms::Terms terms;
  bool more = false;
  {
    TRAWL_ASSIGN(auto transaction,
                 Transaction::begin(*connection_, Transaction::Kind::read));
    // What an error or the end of the server interrupted comes first: only one execution at
    // a time can be in the index in part.
    TRAWL_ASSIGN(const std::int64_t partly, read_setting(*connection_, kPartlyIndexed));
    if (partly != 0) {
      TRAWL_ASSIGN(auto select,
                   connection_->prepare("SELECT p.seq, e.ns FROM terms_pending p "
                                        "JOIN executions e ON e.seq = p.seq "
                                        "WHERE p.seq = ?"));
      select.bind(partly);
      TRAWL_TRY(read_terms(select, terms));
      more = true;
    }
    if (terms.empty()) {
      TRAWL_ASSIGN(auto select,
                   connection_->prepare("SELECT p.seq, e.ns FROM terms_pending p "
                                        "JOIN executions e ON e.seq = p.seq "
                                        "ORDER BY p.seq"));
      TRAWL_ASSIGN(more, read_terms(select, terms));
    }
  }
  if (terms.empty()) {
    fresh_terms_.clear();
    return false;
  }
  // At most the last is long by itself.
  std::optional<FreshTerms::Terms::value_type> tall;
  if (terms.back().second.size() > kIndexBytes) {
    tall = std::move(terms.back());
    terms.pop_back();
  }
  {
    const MutexLock lock(writer_mutex_);
    TRAWL_TRY(writer_.index(terms));
  }
  while (tall) {
    const MutexLock lock(writer_mutex_);
    TRAWL_ASSIGN(const bool more_parts,
                 writer_.index_part(tall->first, tall->second, kIndexBytes));
    if (!more_parts) break;
  }
  return more;
}

Result<bool> Maintenance::close_one_group() {
  // Full, and nothing in it runs.
  constexpr std::string_view kSelect =
      "SELECT g.grp FROM row_groups g INDEXED BY row_groups_open WHERE g.closed = 0 "
      "AND g.grp < (SELECT coalesce(max(seq), 0) / 4096 FROM executions) "
      "AND NOT EXISTS (SELECT 1 FROM executions e INDEXED BY executions_running "
      "WHERE e.running = 1 AND e.seq / 4096 = g.grp) ORDER BY g.grp LIMIT 1";
  static_assert(kRowGroupRows == 4096);
  std::int64_t group = -1;
  {
    TRAWL_ASSIGN(auto select, connection_->prepare(kSelect));
    TRAWL_ASSIGN(const bool found, select.step());
    if (!found) return false;
    group = select.integer(0);
  }
  {
    const MutexLock lock(writer_mutex_);
    writer_.begin_close(group);
  }
  TRAWL_ASSIGN(auto transaction, Transaction::begin(*connection_, Transaction::Kind::read));
  TRAWL_ASSIGN(RowGroup rows,
               RowGroup::read_range(*connection_, group * kRowGroupRows,
                                    group * kRowGroupRows + kRowGroupRows - 1));
  TRAWL_ASSIGN(const auto summary, summarize(*connection_, words_, rows));
  TRAWL_TRY(transaction.commit());
  const MutexLock lock(writer_mutex_);
  TRAWL_TRY(writer_.close_group(group, rows, encode_summary(summary)));
  return true;
}

}  // namespace trawl::sqlite
