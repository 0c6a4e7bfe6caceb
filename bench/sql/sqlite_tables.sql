-- The history as one would first think of it: one table, and an index for each list.
CREATE TABLE executions (
  ns INTEGER NOT NULL,
  id TEXT NOT NULL,
  ts INTEGER NOT NULL,            -- microseconds since 1970
  status INTEGER NOT NULL,        -- 1 completed, 2 failed, 3 cancelled
  duration_us INTEGER NOT NULL,
  credits_used REAL NOT NULL,
  total_processed INTEGER NOT NULL,
  total_returned INTEGER NOT NULL,
  cache_hit_rate REAL,
  failed_stage TEXT,
  caller_key_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  inputs_hash TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  row TEXT NOT NULL,              -- the JSON that the list serves
  query_summary TEXT NOT NULL,
  inputs TEXT NOT NULL,
  error TEXT,
  client TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  labels TEXT NOT NULL,
  collection_versions TEXT NOT NULL,
  results TEXT NOT NULL,
  stages TEXT NOT NULL
);
