#include "ledger/sqlite/writer.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/terms.h"
#include "text/analyzer.h"

namespace trawl::sqlite {
namespace {

// Pages of the index of terms that one transaction of merge_terms_some() writes.
constexpr int kMergePages = 64;

// What rewrites the index of terms rests so many times as long as it took: it costs a
// hundredth of one core and of the disk, however large the history is.
constexpr std::int64_t kMergeRestFactor = 100;

// Words that one transaction of finish_sweep() removes.
constexpr std::size_t kSweepWords = 2'000;

// Pages that one transaction of vacuum_some() moves, and so many may stay free: new rows
// take them soon.
constexpr std::int64_t kVacuumPages = 128;
constexpr std::int64_t kFreePagesMax = 256;

}  // namespace

Result<void> Writer::index(const FreshTerms::Terms& terms) {
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  for (const auto& [seq, text] : terms) {
    TRAWL_ASSIGN(auto waiting,
                 connection_->prepare("DELETE FROM terms_pending WHERE seq = ?"));
    TRAWL_TRY(waiting.bind(seq).run());
    // Deleted meanwhile, with its row.
    if (connection_->changes() == 0) continue;
    TRAWL_TRY(index_terms(*connection_, seq, text));
  }
  TRAWL_TRY(transaction.commit());
  bound_log();
  return {};
}

Result<bool> Writer::index_part(std::int64_t seq, std::string_view terms,
                                std::size_t bytes_max) {
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  TRAWL_ASSIGN(const std::size_t begin, indexed_part(seq));
  std::size_t end = terms.size();
  if (begin + bytes_max < end) end = std::min(terms.find(' ', begin + bytes_max), end);
  const bool is_last = end == terms.size();
  {
    TRAWL_ASSIGN(auto waiting,
                 connection_->prepare(is_last ? "DELETE FROM terms_pending WHERE seq = ?"
                                              : "UPDATE terms_pending SET seq = seq "
                                                "WHERE seq = ?"));
    TRAWL_TRY(waiting.bind(seq).run());
    // Deleted meanwhile, with its row.
    if (connection_->changes() == 0) return false;
  }
  TRAWL_TRY(index_terms(*connection_, seq, std::string(terms.substr(begin, end - begin))));
  TRAWL_TRY(is_last ? note_part(0, 0) : note_part(seq, static_cast<std::int64_t>(end)));
  TRAWL_TRY(transaction.commit());
  bound_log();
  return !is_last;
}

Result<std::size_t> Writer::indexed_part(std::int64_t seq) {
  TRAWL_ASSIGN(const std::int64_t partly, read_setting(*connection_, kPartlyIndexed));
  if (partly != seq) return 0;
  TRAWL_ASSIGN(const std::int64_t bytes, read_setting(*connection_, kIndexedBytes));
  return static_cast<std::size_t>(bytes);
}

Result<void> Writer::note_part(std::int64_t seq, std::int64_t bytes) {
  TRAWL_ASSIGN(const std::int64_t partly, read_setting(*connection_, kPartlyIndexed));
  TRAWL_ASSIGN(const std::int64_t done, read_setting(*connection_, kIndexedBytes));
  TRAWL_TRY(add_to_setting(*connection_, kPartlyIndexed, seq - partly));
  return add_to_setting(*connection_, kIndexedBytes, bytes - done);
}

Result<void> Writer::close_group(std::int64_t group, const RowGroup& rows,
                                 std::string_view summary) {
  if (changed_groups_.contains(group)) return {};
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  if (rows.size() == 0) {
    TRAWL_ASSIGN(auto forget, connection_->prepare("DELETE FROM row_groups WHERE grp = ?"));
    TRAWL_TRY(forget.bind(group).run());
  } else {
    TRAWL_TRY(rows.close(*connection_, group, summary));
  }
  return transaction.commit();
}

Result<bool> Writer::merge_terms_some() {
  const std::int64_t begin_us = monotonic_us();
  if (!merging_) {
    TRAWL_ASSIGN(merged_rows_, read_setting(*connection_, kUnmerged));
    if (merged_rows_ <= 0) return false;
    if (begin_us < next_merge_us_) {
      TRAWL_ASSIGN(const std::int64_t live,
                   connection_->integer("SELECT coalesce(sum(count), 0) FROM rollups "
                                        "WHERE status = 0 AND unit = 0"));
      if (merged_rows_ < live / 10) return false;
    }
  }
  // FTS5: a negative number of pages puts every segment on the list to be merged, and
  // later calls continue with it; when hardly a row changes, it is done.
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  const int before = sqlite3_total_changes(connection_->handle());
  {
    TRAWL_ASSIGN(auto merge, connection_->prepare("INSERT INTO terms (terms, rank) "
                                                  "VALUES ('merge', ?)"));
    TRAWL_TRY(merge.bind(merging_ ? kMergePages : -kMergePages).run());
  }
  const bool more = sqlite3_total_changes(connection_->handle()) - before >= 2;
  if (!more) TRAWL_TRY(add_to_setting(*connection_, kUnmerged, -merged_rows_));
  TRAWL_TRY(transaction.commit());
  merging_ = more;
  log_shows_deleted_ = true;
  merge_us_ += monotonic_us() - begin_us;
  if (!merging_)
    next_merge_us_ = monotonic_us() + kMergeRestFactor * std::exchange(merge_us_, 0);
  bound_log();
  return merging_;
}

Result<bool> Writer::begin_sweep() {
  TRAWL_ASSIGN(swept_rows_, read_setting(*connection_, kUnswept));
  sweeping_ = swept_rows_ > 0;
  words_taken_.clear();
  // A word that is known already would not be noted when it is taken.
  if (sweeping_) forget_numbers();
  return sweeping_;
}

Result<bool> Writer::finish_sweep(const std::vector<bool>& used) {
  if (!std::exchange(sweeping_, false)) return false;
  std::vector<std::int64_t> unused;
  {
    TRAWL_ASSIGN(auto words, connection_->prepare("SELECT word FROM words"));
    while (unused.size() <= kSweepWords) {
      TRAWL_ASSIGN(const bool found, words.step());
      if (!found) break;
      const auto word = static_cast<std::size_t>(words.integer(0));
      // Those beyond came later.
      if (word < used.size() && !used[word] && !words_taken_.contains(words.integer(0))) {
        unused.push_back(words.integer(0));
      }
    }
  }
  const bool more = unused.size() > kSweepWords;
  // From here on no number is known that may be gone.
  forget_numbers();
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  for (const std::int64_t word : unused) {
    TRAWL_ASSIGN(auto remove, connection_->prepare("DELETE FROM words WHERE word = ?"));
    TRAWL_TRY(remove.bind(word).run());
  }
  if (!more) TRAWL_TRY(add_to_setting(*connection_, kUnswept, -swept_rows_));
  TRAWL_TRY(transaction.commit());
  log_shows_deleted_ = true;
  return more;
}

Result<bool> Writer::vacuum_some() {
  TRAWL_ASSIGN(const std::int64_t free, connection_->integer("PRAGMA freelist_count"));
  if (free <= kFreePagesMax) return false;
  TRAWL_TRY(
      connection_->execute(fmt::format("PRAGMA incremental_vacuum({})", kVacuumPages)));
  bound_log();
  return free - kVacuumPages > kFreePagesMax;
}

Result<void> Writer::prepare_terms() {
  TRAWL_ASSIGN(const std::int64_t version,
               connection_->integer("SELECT coalesce(max(value), 0) FROM settings WHERE "
                                    "name = 'analyzer'"));
  if (version == kAnalyzerVersion) return {};
  TRAWL_ASSIGN(auto transaction,
               Transaction::begin(*connection_, Transaction::Kind::write));
  TRAWL_TRY(connection_->execute(
      "INSERT INTO terms (terms) VALUES ('delete-all'); DELETE FROM terms_pending; "
      "DELETE FROM settings WHERE name IN ('partly_indexed', 'indexed_bytes'); "
      "INSERT INTO terms_pending (seq) SELECT seq FROM executions WHERE running = 0"));
  TRAWL_ASSIGN(auto remember,
               connection_->prepare("INSERT OR REPLACE INTO settings (name, value) "
                                    "VALUES ('analyzer', ?)"));
  TRAWL_TRY(remember.bind(kAnalyzerVersion).run());
  return transaction.commit();
}

}  // namespace trawl::sqlite
