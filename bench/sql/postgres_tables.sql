-- As sqlite_tables.sql, in PostgreSQL's types.
DROP TABLE IF EXISTS executions;
CREATE TABLE executions (
  ns smallint NOT NULL,
  id text COLLATE "C" NOT NULL,
  ts bigint NOT NULL,
  status smallint NOT NULL,
  duration_us bigint NOT NULL,
  credits_used double precision NOT NULL,
  total_processed bigint NOT NULL,
  total_returned bigint NOT NULL,
  cache_hit_rate double precision,
  failed_stage text,
  caller_key_id text NOT NULL,
  request_id text NOT NULL,
  inputs_hash text NOT NULL,
  fingerprint text NOT NULL,
  row text NOT NULL,
  query_summary text NOT NULL,
  inputs text NOT NULL,
  error text,
  client text NOT NULL,
  trace_id text NOT NULL,
  labels text NOT NULL,
  collection_versions text NOT NULL,
  results text NOT NULL,
  stages text COMPRESSION lz4 NOT NULL,
  -- Kept, so that a walk down an index can look at the words without parsing the text.
  words tsvector GENERATED ALWAYS AS
    (to_tsvector('simple', query_summary || ' ' || inputs)) STORED
);
