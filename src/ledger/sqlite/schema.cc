#include "ledger/sqlite/schema.h"

#include <fmt/format.h>

#include <iterator>

#include "base/log.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/repair.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/settings.h"
#include "sqlite/migration.h"

namespace trawl::sqlite {
namespace {

constexpr const char* kTables = R"sql(
-- Names that repeat in every row, as numbers. A namespace's number is never used again,
-- so that rows of a removed namespace cannot come back in a new one.
CREATE TABLE namespaces (
  ns INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE
) STRICT;

-- Every other text that repeats: status words, modes, names of stages, ids of keys, lists of
-- collections. Numbers begin at 1 and are never used again.
CREATE TABLE words (
  word INTEGER PRIMARY KEY AUTOINCREMENT,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- Removed namespaces whose rows are still to be deleted.
CREATE TABLE removed (
  ns INTEGER PRIMARY KEY
) STRICT;

-- Pipelines, each stored once in a namespace under the digest of what it is.
CREATE TABLE definitions (
  definition INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,
  digest TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  shape INTEGER,              -- a word
  pipeline TEXT NOT NULL,
  uses INTEGER NOT NULL,      -- executions that have it
  UNIQUE (ns, digest)
) STRICT;

-- One row an execution: what the list shows of it.
CREATE TABLE executions (
  seq INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,
  ts INTEGER NOT NULL,        -- microseconds since 1970, UTC
  id BLOB NOT NULL,           -- execution_id_key()
  status INTEGER NOT NULL,    -- this and the next five: words, NULL for none
  mode INTEGER NOT NULL,
  failed_stage INTEGER,
  caller INTEGER,
  collections INTEGER,        -- a JSON array
  stages INTEGER,             -- a JSON array of stage ids
  definition INTEGER,
  running INTEGER NOT NULL,   -- 1 while this server runs it; imported rows have 0
  row TEXT NOT NULL           -- row_values_json()
) STRICT;
CREATE UNIQUE INDEX executions_by_id ON executions (ns, id);
CREATE INDEX executions_by_time ON executions (ns, ts, id);
CREATE INDEX executions_by_status ON executions (ns, status, ts, id);
CREATE INDEX executions_running ON executions (running) WHERE running = 1;

-- What only a look at one execution needs, apart so that pages read narrow rows.
CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  record BLOB NOT NULL        -- encode_record()
) STRICT;

-- How many executions there are: by namespace, status (a word, or 0 for all) and stretch of
-- time.
CREATE TABLE rollups (
  ns INTEGER NOT NULL,
  status INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (ns, status, unit, bucket)
) STRICT, WITHOUT ROWID;

-- Row groups: executions whose seq has the same quotient by kRowGroupRows. A closed group
-- has its columns in `chunks`, and no execution of it changes; the rest are open.
CREATE TABLE row_groups (
  grp INTEGER PRIMARY KEY,
  closed INTEGER NOT NULL,
  row_count INTEGER NOT NULL,  -- of a closed group
  ts_min INTEGER NOT NULL,     -- no execution of the group is earlier
  ts_max INTEGER NOT NULL
) STRICT;
CREATE INDEX row_groups_open ON row_groups (closed) WHERE closed = 0;
CREATE TABLE chunks (
  chunk INTEGER PRIMARY KEY,   -- grp * kColumnsMax + column
  data BLOB NOT NULL
) STRICT;

-- The words of the summaries, inputs and errors, and of what else is looked up by its exact
-- value: text_terms() of a row under its seq.
CREATE VIRTUAL TABLE terms USING fts5(
  body, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '+#'"
);
-- Ended executions that are not in `terms` yet.
CREATE TABLE terms_pending (
  seq INTEGER PRIMARY KEY
) STRICT;

-- Numbers to remember: the analyzer whose terms are in `terms`.
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersionUses = R"sql(
-- The versions of collections that executions searched, and the end of the minute in which
-- the last of them began.
CREATE TABLE version_uses (
  collection TEXT NOT NULL,
  version INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  PRIMARY KEY (collection, version)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kContents = R"sql(
-- What records have in common, stored once in a namespace.
CREATE TABLE contents (
  content INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,
  digest BLOB NOT NULL,       -- SHA-256
  uses INTEGER NOT NULL,      -- rows of record_contents that name it
  UNIQUE (ns, digest)
) STRICT;
-- Its bytes, apart, since a row is rewritten whole when its uses change.
CREATE TABLE content_data (
  content INTEGER PRIMARY KEY,
  data BLOB NOT NULL          -- pack_content()
) STRICT;
-- Which contents a record has: cut-outs from place 0 up, in their order, and
-- what its external calls were answered from place -1 down.
CREATE TABLE record_contents (
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  content INTEGER NOT NULL,
  PRIMARY KEY (seq, place)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kModes = R"sql(
-- The rollups of executions that descend from others, by the kind of their mode
-- (model/mode_kind.h); they are among all in `rollups`, too.
CREATE TABLE mode_rollups (
  ns INTEGER NOT NULL,
  mode INTEGER NOT NULL,
  status INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (ns, mode, status, unit, bucket)
) STRICT, WITHOUT ROWID;
-- 1 where there ever were such: lists of all others need not look for them.
ALTER TABLE namespaces ADD COLUMN descended INTEGER NOT NULL DEFAULT 0;
)sql";

// Histories up to this size have their terms reindexed by step 2, which takes
// maintenance a few minutes at most. Text is searched meanwhile, only slower.
constexpr std::uint64_t kIndexAnewMax = 1'000'000;

// Before step 2, the number of a deleted execution came back with the next one when it was
// the newest: into row groups that were closed, and to words that were still kept.
Result<void> mend_reused_numbers(Connection& connection, MigrationProgress& progress) {
  TRAWL_TRY(remember_used_numbers(connection));
  TRAWL_ASSIGN(const GroupRepair groups,
               repair_groups(connection, [&](std::string_view doing, std::uint64_t done,
                                             std::uint64_t total) {
                 progress.at(doing, done, total);
               }));
  if (groups.opened > 0) {
    spdlog::warn(
        "{} row groups lacked executions, which totals and filters missed; they will be "
        "rebuilt",
        groups.opened);
  }
  TRAWL_ASSIGN(const std::uint64_t executions, count_all_executions(connection));
  if (executions == 0) return {};
  if (executions <= kIndexAnewMax) return index_terms_anew(connection);
  spdlog::info(
      "the index of terms is kept; if executions were deleted before, `trawl doctor` tells "
      "whether some are found by words of others, and `trawl doctor --repair` repairs "
      "that");
  // What was deleted before anybody counted.
  TRAWL_TRY(add_to_setting(connection, kUnmerged, 1));
  TRAWL_TRY(add_to_setting(connection, kUnswept, 1));
  return {};
}

Result<void> count_modes(Connection& connection, MigrationProgress& progress) {
  progress.at("counting replays", 0, 0);
  return recount_descended(connection);
}

// A step that was released is never edited.
constexpr MigrationStep kSteps[] = {
    {kTables},   {"", mend_reused_numbers}, {kVersionUses},
    {kContents}, {kModes, count_modes},
};

// The layout before 0.1 also called itself version 1.
Result<bool> is_early_layout(Connection& connection) {
  TRAWL_ASSIGN(const std::int64_t statuses,
               connection.integer("SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                                  "AND name = 'statuses'"));
  return statuses != 0;
}

}  // namespace

Result<void> prepare_ledger_schema(Connection& connection, const std::string& path) {
  TRAWL_ASSIGN(const bool early, is_early_layout(connection));
  if (early) {
    return make_error(
        ErrorCode::storage,
        fmt::format(
            "{} was written by a version of trawl before 0.1, whose history this one "
            "cannot read; use another data directory, or remove that file",
            path));
  }
  return migrate(connection, std::span<const MigrationStep>(kSteps), path);
}

std::int64_t ledger_schema_version() {
  return static_cast<std::int64_t>(std::size(kSteps));
}

}  // namespace trawl::sqlite
