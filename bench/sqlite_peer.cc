#include <fmt/format.h>

#include <utility>

#include "peer.h"
#include "sqlite/connection.h"

namespace trawl::bench {
namespace {

constexpr std::uint64_t kRowsPerCommit = 10'000;

// The WHERE clause and its values, in order.
struct Condition {
  std::string sql;
  std::vector<std::int64_t> numbers;
};

Condition condition_of(const Question& question) {
  Condition out{"ns = ?", {question.ns}};
  if (question.failed) {
    out.sql += " AND status = ?";
    out.numbers.push_back(kPeerFailed);
  }
  if (question.start) {
    out.sql += " AND ts BETWEEN ? AND ?";
    out.numbers.insert(out.numbers.end(), {*question.start, *question.end});
  }
  return out;
}

std::string match_of(const Question& question) {
  std::string out;
  for (const auto& word : question.words) out += fmt::format("\"{}\" ", word);
  return out;
}

class SqlitePeer final : public Peer {
 public:
  explicit SqlitePeer(std::unique_ptr<sqlite::Connection> connection)
      : connection_(std::move(connection)) {}

  std::string_view name() const override { return "sqlite"; }

  Result<Answer> ask(const Question& question) override {
    Answer answer;
    if (question.kind == Question::Kind::detail) {
      TRAWL_TRY(detail(question, answer));
      return answer;
    }
    if (question.kind != Question::Kind::total) TRAWL_TRY(page(question, answer));
    if (question.kind != Question::Kind::page) TRAWL_TRY(count(question, answer));
    return answer;
  }

 private:
  Result<void> detail(const Question& question, Answer& answer) {
    TRAWL_ASSIGN(
        auto select,
        connection_->prepare(
            "SELECT id, row, inputs, inputs_hash, fingerprint, stages, results, "
            "collection_versions, labels, error, failed_stage, caller_key_id, "
            "client, request_id, trace_id FROM executions WHERE ns = ? AND id = ?"));
    TRAWL_ASSIGN(const bool found,
                 select.bind(std::uint32_t{question.ns}, question.id).step());
    if (!found) return {};
    // Touches every column, so all of them are read.
    std::size_t bytes = 0;
    for (int column = 0; column < 15; ++column) bytes += select.text(column).size();
    answer.rows = select.string(0);
    answer.row_count = bytes > 0 ? 1 : 0;
    return {};
  }

  Result<void> page(const Question& question, Answer& answer) {
    const Condition condition = condition_of(question);
    std::string sql;
    if (!question.words.empty()) {
      // Rows were inserted in the order of time, so the rowid stands in for it; sorting
      // all matches by timestamp would take far longer.
      sql =
          "SELECT e.row FROM executions_text t JOIN executions e ON e.rowid = t.rowid "
          "WHERE e.ns = ? AND executions_text MATCH ? ORDER BY t.rowid DESC LIMIT ?";
    } else if (question.after_time) {
      sql = fmt::format(
          "SELECT row FROM executions WHERE {} AND (ts, id) < (?, ?) "
          "ORDER BY ts DESC, id DESC LIMIT ?",
          condition.sql);
    } else if (question.offset > 0) {
      // The rows that are skipped are skipped in the index.
      sql = fmt::format(
          "SELECT row FROM executions WHERE rowid IN (SELECT rowid FROM executions "
          "WHERE {} ORDER BY ts DESC, id DESC LIMIT ? OFFSET ?) ORDER BY ts DESC, id DESC",
          condition.sql);
    } else {
      sql = fmt::format(
          "SELECT row FROM executions WHERE {} ORDER BY ts DESC, id DESC LIMIT ?",
          condition.sql);
    }
    const std::string match = match_of(question);
    TRAWL_ASSIGN(auto select, connection_->prepare(sql));
    for (const std::int64_t number : condition.numbers) select.bind(number);
    if (!question.words.empty()) select.bind(match);
    if (question.after_time) select.bind(*question.after_time, question.id);
    select.bind(question.limit);
    if (question.offset > 0) select.bind(question.offset);
    while (true) {
      TRAWL_ASSIGN(const bool found, select.step());
      if (!found) return {};
      if (answer.row_count++ > 0) answer.rows.push_back(',');
      answer.rows += select.text(0);
    }
  }

  Result<void> count(const Question& question, Answer& answer) {
    const Condition condition = condition_of(question);
    const std::string match = match_of(question);
    TRAWL_ASSIGN(
        auto select,
        connection_->prepare(
            question.words.empty()
                ? fmt::format("SELECT COUNT(*) FROM executions WHERE {}", condition.sql)
                : "SELECT COUNT(*) FROM executions_text t JOIN executions e "
                  "ON e.rowid = t.rowid WHERE e.ns = ? AND executions_text MATCH ?"));
    for (const std::int64_t number : condition.numbers) select.bind(number);
    if (!question.words.empty()) select.bind(match);
    TRAWL_ASSIGN(const bool found, select.step());
    answer.total = found ? static_cast<std::uint64_t>(select.integer(0)) : 0;
    return {};
  }

  std::unique_ptr<sqlite::Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_sqlite_peer(const std::string& path) {
  sqlite::OpenOptions options;
  options.read_only = true;
  TRAWL_ASSIGN(auto connection, sqlite::Connection::open(path, options));
  return std::unique_ptr<Peer>(std::make_unique<SqlitePeer>(std::move(connection)));
}

Result<void> fill_sqlite(const std::string& path, const History& history) {
  const ExecutionGenerator generator(history.shape);
  TRAWL_ASSIGN(auto connection, sqlite::Connection::open(path));
  // Nobody relies on this copy, so its filling need not be safe.
  TRAWL_TRY(connection->execute("PRAGMA synchronous=OFF"));
  for (std::uint64_t number = 0; number < history.shape.count;) {
    TRAWL_ASSIGN(auto transaction,
                 sqlite::Transaction::begin(*connection, sqlite::Transaction::Kind::write));
    const std::uint64_t end = std::min(history.shape.count, number + kRowsPerCommit);
    for (; number < end; ++number) {
      const PeerRow row = make_peer_row(generator, history, number);
      TRAWL_ASSIGN(auto insert, connection->prepare(
                                    "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, "
                                    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
      TRAWL_TRY(insert
                    .bind(row.ns, row.id, row.ts, row.status, row.duration_us,
                          row.credits_used, row.total_processed, row.total_returned,
                          row.cache_hit_rate, row.failed_stage, row.caller_key_id,
                          row.request_id, row.inputs_hash, row.fingerprint, row.row,
                          row.query_summary, row.inputs, row.error, row.client,
                          row.trace_id, row.labels, row.versions, row.results, row.stages)
                    .run());
    }
    TRAWL_TRY(transaction.commit());
  }
  return connection->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace trawl::bench
