#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/sqlite/contents.h"
#include "ledger/sqlite/fresh_terms.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/search.h"
#include "ledger/sqlite/version_uses.h"
#include "ledger/sqlite/words.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// The writing half of the SQLite ledger: the one connection that changes the file. Each
// call is one transaction, applied wholly or not at all. Used by one thread at a time; it
// must stay where it was made, since SQLite holds a pointer to it. Errors are those of
// sqlite_error().
//
// writer.cc records, writer_removal.cc deletes, writer_upkeep.cc does what nobody waits
// for.
class Writer {
 public:
  // 256 MiB of log.
  static constexpr std::int64_t kLogPagesMax = 32 * 1024;

  // The connection's schema must be up to date. A log of more than log_pages_max pages is
  // moved into the main file by the commits themselves.
  Writer(std::unique_ptr<Connection> connection, Words& words,
         std::int64_t log_pages_max = kLogPagesMax);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As Ledger::append, in one transaction: after an error nothing of it is there. What has
  // an error among the outcomes is left out.
  Result<void> append(std::span<const LedgerWrite> writes,
                      std::span<AppendOutcome> outcomes);
  // As Ledger::recover; what was ended, as far as its start was recorded.
  Result<std::vector<Execution>> recover();
  // As Ledger::try_write.
  Result<void> try_write() { return connection_->try_write(); }
  // Makes the namespace's history unreachable; purge_some() deletes it.
  Result<void> remove_namespace(const NamespaceId& namespace_id);
  // Deletes some rows of removed namespaces. True when there are more.
  Result<bool> purge_some();

  // Deletes those of the executions that are still there. They have ended: what matched
  // once matches still.
  Result<std::uint64_t> remove(std::span<const FoundKey> ended);
  // As Ledger::prune.
  Result<PruneReport> prune(const NamespaceId& namespace_id, const RetentionPolicy& policy,
                            TimeUs now, std::uint32_t limit);

  // Puts these into the index of terms, where they still wait for it.
  Result<void> index(const FreshTerms::Terms& terms);
  // The same for a part of the terms of one execution, which waits until the last is in.
  // False where nothing is left to do.
  Result<bool> index_part(std::int64_t seq, std::string_view terms, std::size_t bytes_max);
  // text_terms() of executions that wait for the index, as far as they are kept.
  FreshTerms& fresh_terms() { return fresh_terms_; }
  // Prepares to close a group whose rows are read meanwhile, on another connection.
  void begin_close(std::int64_t group) { changed_groups_.erase(group); }
  // Stores the columns, unless a row changed since begin_close(). An empty group is
  // forgotten.
  Result<void> close_group(std::int64_t group, const RowGroup& rows,
                           std::string_view summary);
  // Rewrites some of the index of terms, so that what was deleted leaves the disk: at once
  // if it is a tenth of all, else when this takes a hundredth of the time. True when there
  // is more.
  Result<bool> merge_terms_some();
  // As Ledger::forget_version_uses.
  Result<void> forget_version_uses(TimeUs before) {
    return sqlite::forget_version_uses(*connection_, before);
  }
  // Words that no execution has any more are removed in two steps, between which those in
  // use are found on another connection, by a transaction that begins after the first. The
  // first returns whether there may be any.
  Result<bool> begin_sweep();
  // `used` says of each number whether it is in use. True when there are more.
  Result<bool> finish_sweep(const std::vector<bool>& used);
  // Deleted text is overwritten in the file, but the log keeps old pages until others take
  // their place: empties it if it may show some, unless somebody reads from it just now.
  void empty_log();
  // Gives free pages at the end of the file back. True when there are more.
  Result<bool> vacuum_some();
  // Moves the log into the main file; no commit can begin it anew meanwhile.
  void checkpoint() { connection_->checkpoint(); }
  // In the write-ahead log after the last commit.
  std::int64_t log_pages() const { return log_pages_; }
  // Brings the index of terms up to this version of the analyzer, by emptying it.
  Result<void> prepare_terms();

 private:
  // A row that is there already.
  struct Existing {
    std::int64_t seq = 0;
    std::int64_t status = 0;
    std::int64_t mode = 0;
    TimeUs timestamp = 0;
    bool running = false;
  };
  // What a transaction has still to write when all rows are in.
  struct Pending {
    RollupChanges rollups;
    std::map<std::int64_t, std::int64_t> definition_uses;
    Contents::Uses content_uses;
    std::map<std::int64_t, std::pair<TimeUs, TimeUs>> group_times;
    FreshTerms::Terms terms;
    std::int64_t unindexed = 0;  // Executions taken out of the index.
  };
  struct Numbers;  // The words of a row.

  Result<void> apply_all(std::span<const LedgerWrite> writes,
                         std::span<AppendOutcome> outcomes);
  Result<std::vector<Execution>> end_running();
  Result<Appended> apply(const LedgerWrite& write, Pending& pending);
  Result<std::optional<Existing>> find_existing(std::int64_t ns, std::string_view id);
  Result<std::optional<std::int64_t>> insert_row(std::int64_t ns, std::string_view id,
                                                 const Numbers& numbers,
                                                 const ExecutionSummary& summary);
  Result<void> update_row(const Existing& existing, const Numbers& numbers,
                          const ExecutionSummary& summary, Pending& pending);
  // Contents of an earlier record of it have to be released first.
  Result<void> put_record(std::int64_t ns, std::int64_t seq, const LedgerWrite& write,
                          Pending& pending);
  Result<void> await_index(std::int64_t seq);
  // How many bytes of its terms index_part() has put into the index, of one that waits for
  // the rest; else 0.
  Result<std::size_t> indexed_part(std::int64_t seq);
  // Remembers that.
  Result<void> note_part(std::int64_t seq, std::int64_t bytes);
  Result<void> finish(const Pending& pending);
  Result<void> remove_row(std::int64_t seq, Pending& pending);
  Result<std::uint64_t> remove_rows(const std::vector<std::int64_t>& seqs);
  // The number of the next execution: greater than any that there ever was, so that what
  // still knows a deleted one by its number never takes another for it.
  Result<std::int64_t> next_seq();
  // The group's rows change: closed columns of it go.
  Result<void> touch_group(std::int64_t group);

  Result<std::int64_t> intern(std::unordered_map<std::string, std::int64_t>& known,
                              const std::string& text, std::string_view select,
                              std::string_view insert);
  Result<std::int64_t> namespace_number(const NamespaceId& id);
  Result<std::int64_t> word_number(std::string_view text);
  // The kind of a mode's word.
  Result<ModeKind> kind_of(std::int64_t mode);
  std::string definition_digest(const Execution& execution);
  Result<std::optional<std::int64_t>> definition_number(std::int64_t ns,
                                                        const Execution& execution);
  // Numbers handed out in a transaction that failed were rolled back with it.
  void forget_numbers();
  void bound_log();

  std::unique_ptr<Connection> connection_;
  Words& words_;
  std::unordered_map<std::string, std::int64_t> namespaces_;
  std::unordered_map<std::string, std::int64_t> word_numbers_;
  std::unordered_map<std::string, std::string> digests_;  // Of texts of definitions.
  std::unordered_map<std::string, std::int64_t> definitions_;
  Contents contents_;
  std::unordered_set<std::int64_t> changed_groups_;  // Since their begin_close().
  std::optional<std::int64_t> next_seq_;             // Unknown until it is needed.
  FreshTerms fresh_terms_;
  VersionUses version_uses_;
  bool merging_ = false;
  std::int64_t merged_rows_ = 0;  // Deleted ones, which the merge under way takes out.
  std::int64_t merge_us_ = 0;     // How long it has taken by now.
  std::int64_t next_merge_us_ = 0;
  bool sweeping_ = false;
  std::int64_t swept_rows_ = 0;  // Deleted ones, whose words the sweep under way removes.
  std::unordered_set<std::int64_t> words_taken_;  // Since the sweep began.
  bool log_shows_deleted_ = true;                 // Of before the start, for all we know.
  const std::int64_t log_pages_max_;
  std::int64_t log_pages_ = 0;
  std::int64_t log_pages_allowed_ = 0;
};

}  // namespace trawl::sqlite
