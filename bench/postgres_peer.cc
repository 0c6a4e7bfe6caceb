#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <memory>
#include <set>
#include <utility>

#include "peer.h"

namespace trawl::bench {
namespace {

struct Closer {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using ConnectionPtr = std::unique_ptr<PGconn, Closer>;
using ResultPtr = std::unique_ptr<PGresult, Closer>;

Error postgres_error(PGconn* connection) {
  return make_error(ErrorCode::storage, "PostgreSQL refused", PQerrorMessage(connection));
}

Result<ConnectionPtr> connect(const std::string& connection_text) {
  ConnectionPtr connection(PQconnectdb(connection_text.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) return postgres_error(connection.get());
  return connection;
}

Result<ResultPtr> run(PGconn* connection, const char* sql) {
  ResultPtr result(PQexec(connection, sql));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
    return postgres_error(connection);
  }
  return result;
}

// Builds a statement and its values side by side.
class Query {
 public:
  std::string sql;
  std::vector<std::string> values;

  // Appends a parameter of a type, as $1::bigint.
  Query& value(std::string text, std::string_view type) {
    values.push_back(std::move(text));
    sql += fmt::format("${}::{}", values.size(), type);
    return *this;
  }
  Query& number(std::int64_t number, std::string_view type = "bigint") {
    return value(std::to_string(number), type);
  }
  Query& add(std::string_view text) {
    sql += text;
    return *this;
  }
};

void add_conditions(Query& query, const Question& question) {
  query.add(" WHERE ns = ").number(question.ns, "smallint");
  if (question.failed) query.add(" AND status = ").number(kPeerFailed, "smallint");
  if (question.start) {
    query.add(" AND ts BETWEEN ")
        .number(*question.start)
        .add(" AND ")
        .number(*question.end);
  }
  if (question.after_time) {
    query.add(" AND (ts, id) < (").number(*question.after_time).add(", ");
    query.value(question.id, "text").add(")");
  }
  if (!question.words.empty()) {
    std::string all;
    for (const auto& word : question.words) all += (all.empty() ? "" : " & ") + word;
    query.add(" AND words @@ ").value(all, "tsquery");
  }
}

constexpr std::string_view kNewestFirst = " ORDER BY ts DESC, id DESC LIMIT ";

class PostgresPeer final : public Peer {
 public:
  PostgresPeer(ConnectionPtr plain, ConnectionPtr custom)
      : plain_{std::move(plain), {}}, custom_{std::move(custom), {}} {}

  std::string_view name() const override { return "postgres"; }

  Result<Answer> ask(const Question& question) override {
    Answer answer;
    if (question.kind == Question::Kind::detail) {
      Query query;
      query.add(
          "SELECT id, row, inputs, inputs_hash, fingerprint, stages, results, "
          "collection_versions, labels, error, failed_stage, caller_key_id, client, "
          "request_id, trace_id FROM executions");
      query.add(" WHERE ns = ").number(question.ns, "smallint").add(" AND id = ");
      query.value(question.id, "text");
      TRAWL_ASSIGN(const auto result, execute(plain_, query));
      if (PQntuples(result.get()) == 1) {
        answer.rows = PQgetvalue(result.get(), 0, 0);
        answer.row_count = 1;
      }
      return answer;
    }
    Session& session = question.words.empty() ? plain_ : custom_;
    if (question.kind != Question::Kind::total) {
      TRAWL_ASSIGN(const auto result, execute(session, page_query(question)));
      const int rows = PQntuples(result.get());
      for (int i = 0; i < rows; ++i) {
        if (i > 0) answer.rows.push_back(',');
        answer.rows.append(PQgetvalue(result.get(), i, 0),
                           static_cast<std::size_t>(PQgetlength(result.get(), i, 0)));
      }
      answer.row_count = static_cast<std::uint32_t>(rows);
    }
    if (question.kind != Question::Kind::page) {
      Query query;
      query.add("SELECT count(*) FROM executions");
      add_conditions(query, question);
      TRAWL_ASSIGN(const auto result, execute(session, query));
      const std::string_view text = PQgetvalue(result.get(), 0, 0);
      std::uint64_t total = 0;
      std::from_chars(text.data(), text.data() + text.size(), total);
      answer.total = total;
    }
    return answer;
  }

 private:
  struct Session {
    ConnectionPtr connection;
    std::set<std::string> prepared;
  };

  static Query page_query(const Question& question) {
    Query query;
    if (question.offset == 0) {
      query.add("SELECT row FROM executions");
      add_conditions(query, question);
      query.add(kNewestFirst).number(question.limit);
      return query;
    }
    // What is skipped is skipped in the index, and only the page's rows are fetched.
    query.add("SELECT e.row FROM (SELECT ns, ts, id FROM executions");
    add_conditions(query, question);
    query.add(kNewestFirst).number(question.limit);
    query.add(" OFFSET ").number(question.offset);
    query.add(") k JOIN executions e ON e.ns = k.ns AND e.id = k.id ");
    query.add("ORDER BY k.ts DESC, k.id DESC");
    return query;
  }

  // The statement's text is its name too; PostgreSQL would cut it to 63 bytes, so a
  // number stands for it.
  static Result<ResultPtr> execute(Session& session, const Query& query) {
    PGconn* connection = session.connection.get();
    const auto [at, is_new] = session.prepared.insert(query.sql);
    const std::string name = fmt::format("s{}", static_cast<const void*>(&*at));
    if (is_new) {
      const ResultPtr made(
          PQprepare(connection, name.c_str(), query.sql.c_str(), 0, nullptr));
      if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) return postgres_error(connection);
    }
    std::vector<const char*> values;
    for (const auto& value : query.values) values.push_back(value.c_str());
    ResultPtr result(PQexecPrepared(connection, name.c_str(),
                                    static_cast<int>(values.size()), values.data(), nullptr,
                                    nullptr, 0));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return postgres_error(connection);
    return result;
  }

  Session plain_;   // Plans are kept.
  Session custom_;  // For words: the best plan depends on how common they are.
};

void append_field(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out.push_back(c);
    }
  }
  out.push_back('\t');
}
void append_field(std::string& out, std::int64_t number) {
  out += fmt::format("{}\t", number);
}
void append_field(std::string& out, double number) {
  out += fmt::format("{}\t", number);
}
template <class T>
void append_field(std::string& out, const std::optional<T>& value) {
  if (value) {
    append_field(out, *value);
  } else {
    out += "\\N\t";
  }
}
template <class... Fields>
void append_line(std::string& out, const Fields&... fields) {
  (append_field(out, fields), ...);
  out.back() = '\n';
}

}  // namespace

Result<std::unique_ptr<Peer>> open_postgres_peer(const std::string& connection) {
  TRAWL_ASSIGN(auto plain, connect(connection));
  TRAWL_ASSIGN(auto custom, connect(connection));
  TRAWL_TRY(run(custom.get(), "SET plan_cache_mode = force_custom_plan"));
  return std::unique_ptr<Peer>(
      std::make_unique<PostgresPeer>(std::move(plain), std::move(custom)));
}

Result<void> fill_postgres(const std::string& connection_text, const History& history) {
  const ExecutionGenerator generator(history.shape);
  TRAWL_ASSIGN(auto connection, connect(connection_text));
  // In one transaction with the TRUNCATE, the rows need no log and are frozen at once.
  TRAWL_TRY(run(connection.get(), "BEGIN"));
  TRAWL_TRY(run(connection.get(), "TRUNCATE executions"));
  TRAWL_TRY(run(
      connection.get(),
      "COPY executions (ns, id, ts, status, duration_us, credits_used, total_processed, "
      "total_returned, cache_hit_rate, failed_stage, caller_key_id, request_id, "
      "inputs_hash, fingerprint, row, query_summary, inputs, error, client, trace_id, "
      "labels, collection_versions, results, stages) FROM STDIN WITH (FREEZE)"));
  std::string lines;
  for (std::uint64_t number = 0; number < history.shape.count; ++number) {
    const PeerRow row = make_peer_row(generator, history, number);
    append_line(lines, row.ns, row.id, row.ts, row.status, row.duration_us,
                row.credits_used, row.total_processed, row.total_returned,
                row.cache_hit_rate, row.failed_stage, row.caller_key_id, row.request_id,
                row.inputs_hash, row.fingerprint, row.row, row.query_summary, row.inputs,
                row.error, row.client, row.trace_id, row.labels, row.versions, row.results,
                row.stages);
    if (lines.size() < 1 << 20 && number + 1 < history.shape.count) continue;
    if (PQputCopyData(connection.get(), lines.data(), static_cast<int>(lines.size())) !=
        1) {
      return postgres_error(connection.get());
    }
    lines.clear();
  }
  if (PQputCopyEnd(connection.get(), nullptr) != 1) return postgres_error(connection.get());
  const ResultPtr copied(PQgetResult(connection.get()));
  if (PQresultStatus(copied.get()) != PGRES_COMMAND_OK) {
    return postgres_error(connection.get());
  }
  while (const ResultPtr rest{PQgetResult(connection.get())}) {
  }
  TRAWL_TRY(run(connection.get(), "COMMIT"));
  return {};
}

}  // namespace trawl::bench
