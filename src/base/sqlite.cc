#include "base/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/work_limit.h"

namespace trawl::sqlite {
namespace {

// Instructions of SQLite between two looks at the work limit of the thread: some tenths of
// a millisecond.
constexpr int kInstructionsPerCheck = 10'000;

int is_given_up(void*) {
  return check_work() ? 0 : 1;
}

}  // namespace

Error sqlite_error(sqlite3* db, std::string_view doing) {
  const int code = db == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(db);
  std::string detail =
      fmt::format("{}: {} (SQLite error {})", doing,
                  db == nullptr ? "out of memory" : sqlite3_errmsg(db), code);
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return make_error(ErrorCode::storage,
                        "the disk is full; nothing of this request was stored",
                        std::move(detail));
    case SQLITE_READONLY:
      return make_error(
          ErrorCode::storage,
          "the data directory cannot be written; nothing of this request was stored",
          std::move(detail));
    case SQLITE_IOERR:
      return make_error(ErrorCode::storage,
                        "the disk failed; nothing of this request was stored",
                        std::move(detail));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make_error(ErrorCode::storage, "the stored data is damaged",
                        std::move(detail));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return make_error(ErrorCode::storage, "a file of the data directory cannot be opened",
                        std::move(detail));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make_error(ErrorCode::unavailable, "the store is busy; try again",
                        std::move(detail));
    default:
      return make_error(ErrorCode::internal, "the store failed", std::move(detail));
  }
}

Statement::~Statement() {
  if (statement_ != nullptr) reset();
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  next_ = 1;
}

Statement& Statement::bind_next(std::int64_t value) {
  sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

Statement& Statement::bind_next(double value) {
  sqlite3_bind_double(statement_, next_++, value);
  return *this;
}

Statement& Statement::bind_next(std::string_view text) {
  // A null pointer would bind NULL instead of the empty text.
  sqlite3_bind_text64(statement_, next_++, text.data() == nullptr ? "" : text.data(),
                      text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_next(std::nullptr_t) {
  sqlite3_bind_null(statement_, next_++);
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  sqlite3_bind_blob64(statement_, next_++, bytes.data() == nullptr ? "" : bytes.data(),
                      bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    case SQLITE_INTERRUPT:
      if (auto wanted = check_work(); !wanted) return std::move(wanted).error();
      return make_error(ErrorCode::cancelled, "the read was given up");
    default:
      return sqlite_error(db_, sqlite3_sql(statement_));
  }
}

Result<void> Statement::run() {
  auto row = step();
  if (!row) return std::move(row).error();
  reset();
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), size);
}

std::optional<std::string> Statement::optional_string(int column) const {
  if (is_null(column)) return std::nullopt;
  return string(column);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path,
                                                     const OpenOptions& options) {
  // Statistics of memory, which nobody reads, would take a global lock at each allocation.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
  sqlite3* db = nullptr;
  // A read-only reader of a WAL database must still be able to create the shared-memory
  // file, so readers open for writing and are held to reading by query_only.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &db, flags, nullptr) != SQLITE_OK) {
    Error error = sqlite_error(db, "open " + path);
    sqlite3_close(db);
    return error;
  }
  auto connection = std::unique_ptr<Connection>(new Connection(db));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 5'000);
  TRAWL_TRY(connection->execute(fmt::format(
      "PRAGMA page_size=8192; {}PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
      "PRAGMA foreign_keys=OFF; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA "
      "cache_size=-{}; "
      "PRAGMA mmap_size={};",
      options.incremental_vacuum ? "PRAGMA auto_vacuum=INCREMENTAL; " : "",
      options.cache_kib, options.mmap_bytes)));
  if (options.read_only) {
    TRAWL_TRY(connection->execute("PRAGMA query_only=1"));
    sqlite3_progress_handler(db, kInstructionsPerCheck, is_given_up, nullptr);
  }
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Result<void> Connection::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(db_, sql.substr(0, 200));
  }
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) {
    return Statement(db_, known->second);
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return sqlite_error(db_, sql);
  }
  statements_.emplace(sql, statement);
  return Statement(db_, statement);
}

std::int64_t Connection::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(db_);
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(db_);
}

Result<std::int64_t> Connection::integer(std::string_view sql) {
  TRAWL_ASSIGN(auto statement, prepare(sql));
  TRAWL_ASSIGN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

void Connection::checkpoint() {
  sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  TRAWL_ASSIGN(auto statement,
               connection.prepare(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
  TRAWL_TRY(statement.run());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // Fails only where SQLite has rolled back already, as after a full disk.
  if (auto statement = connection_->prepare("ROLLBACK")) (void)statement->run();
}

Result<void> Transaction::commit() {
  TRAWL_ASSIGN(auto statement, connection_->prepare("COMMIT"));
  TRAWL_TRY(statement.run());
  connection_ = nullptr;
  return {};
}

ReaderPool::ReaderPool(std::string path, OpenOptions options)
    : path_(std::move(path)), options_(options) {
  options_.read_only = true;
}

Result<ReaderPool::Lease> ReaderPool::lease() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(connection));
    }
  }
  TRAWL_ASSIGN(auto connection, Connection::open(path_, options_));
  return Lease(*this, std::move(connection));
}

ReaderPool::Lease::~Lease() {
  if (connection_ == nullptr) return;
  const std::lock_guard lock(pool_->mutex_);
  pool_->idle_.push_back(std::move(connection_));
}

}  // namespace trawl::sqlite
