CREATE UNIQUE INDEX executions_by_id ON executions (ns, id);
CREATE INDEX executions_by_time ON executions (ns, ts DESC, id DESC);
CREATE INDEX executions_by_status ON executions (ns, status, ts DESC, id DESC);

-- The table holds the text, so the index need not.
CREATE VIRTUAL TABLE executions_text USING fts5 (
  query_summary, inputs, content = 'executions', tokenize = 'unicode61'
);
INSERT INTO executions_text (executions_text) VALUES ('rebuild');
ANALYZE;
