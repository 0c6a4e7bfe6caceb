#include "ledger/sqlite/schema.h"

namespace trawl::sqlite {
namespace {

constexpr const char* kSteps[] = {
    R"sql(
-- Names that repeat in every row, as numbers. A namespace's number is never used again,
-- so that rows of a removed namespace cannot come back in a new one.
CREATE TABLE namespaces (
  ns INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE
) STRICT;

-- Status numbers begin at 1; rollups count every status together under 0.
CREATE TABLE statuses (
  status INTEGER PRIMARY KEY,
  word TEXT NOT NULL UNIQUE
) STRICT;

-- Removed namespaces whose rows are still to be deleted.
CREATE TABLE removed (
  ns INTEGER PRIMARY KEY
) STRICT;

-- Pipelines, each stored once in a namespace under the digest of these three columns.
CREATE TABLE definitions (
  definition INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,
  digest TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  shape TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  UNIQUE (ns, digest)
) STRICT;

-- One row an execution. `row` is the JSON that the list serves, and the source of the
-- summary when a record is read; the columns beside it are for conditions.
CREATE TABLE executions (
  seq INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,
  ts INTEGER NOT NULL,        -- microseconds since 1970, UTC
  id TEXT NOT NULL,
  status INTEGER NOT NULL,
  running INTEGER NOT NULL,   -- 1 while this server runs it; imported rows have 0
  duration_us INTEGER NOT NULL,
  credits_used REAL NOT NULL,
  total_processed INTEGER NOT NULL,
  total_returned INTEGER NOT NULL,
  cache_hit_rate REAL,
  failed_stage TEXT,
  caller_key_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  inputs_hash TEXT,
  definition INTEGER,
  row TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX executions_by_id ON executions (ns, id);
CREATE INDEX executions_by_time ON executions (ns, ts, id);
CREATE INDEX executions_by_status ON executions (ns, status, ts, id);
CREATE INDEX executions_running ON executions (running) WHERE running = 1;

-- What only a look at one execution needs, apart so that pages read narrow rows.
CREATE TABLE details (
  seq INTEGER PRIMARY KEY,
  inputs TEXT,
  stages TEXT NOT NULL,
  results TEXT,               -- NULL: the candidates of the last stage
  collection_versions TEXT NOT NULL,
  labels TEXT NOT NULL,
  error TEXT,
  client TEXT NOT NULL,
  trace_id TEXT NOT NULL
) STRICT;

CREATE TABLE rollups (
  ns INTEGER NOT NULL,
  status INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (ns, status, unit, bucket)
) STRICT, WITHOUT ROWID;
)sql",
};

}  // namespace

Result<void> prepare_ledger_schema(Connection& connection, const std::string& path) {
  return migrate(connection, kSteps, path);
}

}  // namespace trawl::sqlite
