#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "execution_generator.h"
#include "history.h"

namespace trawl::bench {

// A question about the history, put to every store in its own words.
struct Question {
  enum class Kind { page, total, page_and_total, detail };
  Kind kind = Kind::page;
  std::uint32_t ns = 0;              // Index into the namespaces.
  bool failed = false;               // Only those.
  std::optional<TimeUs> start, end;  // Both or none; both included.
  std::optional<TimeUs> after_time;  // With `id`: only what comes after it in the list.
  std::string id;                    // Of the detail, or of the cursor.
  std::uint32_t limit = 20;
  std::uint32_t offset = 0;
  std::vector<std::string> words;  // All of them have to be in the texts.
};

struct Answer {
  std::string rows;  // The rows' JSON, joined by commas; of a detail, its id.
  std::uint32_t row_count = 0;
  // None where it was not asked for. Our ledger counts with every page.
  std::optional<std::uint64_t> total;
};

// A store that holds the same history. Used by one thread.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string_view name() const = 0;
  virtual Result<Answer> ask(const Question& question) = 0;
};

// The ledger itself, in process.
Result<std::unique_ptr<Peer>> open_trawl_peer(const History& history);

// The file that fill_sqlite() filled, in process.
Result<std::unique_ptr<Peer>> open_sqlite_peer(const std::string& path);

// A server that fill_postgres() filled, over its socket, with prepared statements.
//   not_enabled  built without libpq
Result<std::unique_ptr<Peer>> open_postgres_peer(const std::string& connection);

// Copy the whole generated history into tables that are there (sql/*_tables.sql) and
// empty.
Result<void> fill_sqlite(const std::string& path, const History& history);
Result<void> fill_postgres(const std::string& connection, const History& history);

// An execution as one row of the peers' table, in the order of its columns.
struct PeerRow {
  std::int64_t ns = 0, status = 0, ts = 0, duration_us = 0;
  std::int64_t total_processed = 0, total_returned = 0;
  double credits_used = 0;
  std::optional<double> cache_hit_rate;
  std::string id, caller_key_id, client, request_id, trace_id, inputs_hash, fingerprint;
  std::optional<std::string> failed_stage, error;
  std::string row, query_summary, inputs, stages, results, versions, labels;
};
PeerRow make_peer_row(const ExecutionGenerator& generator, const History& history,
                      std::uint64_t number);

// Numbers of the peers' status column.
inline constexpr std::int64_t kPeerCompleted = 1, kPeerFailed = 2, kPeerCancelled = 3;

}  // namespace trawl::bench
