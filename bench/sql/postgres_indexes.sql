ALTER TABLE executions ADD PRIMARY KEY (ns, id);
CREATE INDEX executions_by_time ON executions (ns, ts DESC, id DESC);
-- Holds the id as well, so that a count or an offset reads nothing but the index.
CREATE INDEX executions_by_status ON executions (ns, status, ts DESC, id DESC);
CREATE INDEX executions_words ON executions USING gin (words);
VACUUM (ANALYZE) executions;
CHECKPOINT;
