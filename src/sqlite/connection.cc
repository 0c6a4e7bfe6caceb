#include "sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/log.h"
#include "base/private_files.h"
#include "base/work_limit.h"
#include "base/write_health.h"
#include "sqlite/mark.h"

namespace trawl::sqlite {
namespace {

// Instructions of SQLite between two looks at the work limit of the thread: some tenths of
// a millisecond.
constexpr int kInstructionsPerCheck = 10'000;

int is_given_up(void*) {
  return check_work() ? 0 : 1;
}

constexpr int kBusyMs = 5'000;

constexpr int kReadersMs = 50;

// A log that was longer, because a reader needed it or much was written at once, is cut
// back. Up to here the file keeps its size, which makes the sync of a commit cheaper.
constexpr std::int64_t kLogBytesKept = 32 * 1024 * 1024;

std::string path_of(sqlite3* db) {
  const char* path = sqlite3_db_filename(db, "main");
  return path == nullptr ? "" : path;
}

bool means_full(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

// A disk can be full, but a quota can also be used up, or the size that a file of this
// process may have. Then SQLite says only that a write failed, and the file says why.
bool is_full(sqlite3* db, int code) {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  if ((code & 0xFF) != SQLITE_IOERR) return false;
  if (means_full(sqlite3_system_errno(db))) return true;
  if (code != SQLITE_IOERR_WRITE) return false;
  for (const int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;  // The database, and its log.
    int error = 0;
    if (sqlite3_file_control(db, "main", which, &file) == SQLITE_OK && file != nullptr &&
        file->pMethods != nullptr &&
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK &&
        means_full(error)) {
      return true;
    }
  }
  return false;
}

bool is_write_failure(int code) {
  switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_NOMEM:
      return false;
    default:
      return (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_FULL ||
             (code & 0xFF) == SQLITE_READONLY;
  }
}

}  // namespace

Error sqlite_error(sqlite3* db, std::string_view doing) {
  const int code = db == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(db);
  const bool full = db != nullptr && is_full(db, code);
  std::string detail =
      fmt::format("{}: {} (SQLite error {})", doing,
                  db == nullptr ? "out of memory" : sqlite3_errmsg(db), code);
  if (is_write_failure(code)) {
    write_health::failed(path_of(db), full ? "the disk is full"
                                      : (code & 0xFF) == SQLITE_READONLY
                                          ? "it may be read-only"
                                          : "the disk failed");
  }
  if (full) {
    return make_error(ErrorCode::cannot_store,
                      "the disk is full; nothing of this request was stored: free some "
                      "space and send it again",
                      std::move(detail));
  }
  switch (code & 0xFF) {
    case SQLITE_READONLY:
      return make_error(ErrorCode::cannot_store,
                        "the data directory cannot be written, it may be read-only; "
                        "nothing of this request was stored",
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
    case SQLITE_NOMEM:
      return make_error(
          ErrorCode::unavailable,
          "the server does not have enough memory for this now; try again shortly",
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
      if (write_health::failure() && sqlite3_stmt_readonly(statement_) == 0 &&
          sqlite3_get_autocommit(db_) != 0) {
        write_health::succeeded(path_of(db_));
      }
      return false;
    case SQLITE_INTERRUPT:
      if (auto wanted = check_work(); !wanted) return std::move(wanted).error();
      return make_error(ErrorCode::cancelled, "the read was abandoned");
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

Result<std::unique_ptr<Connection>> Connection::open_in(Way way, const std::string& path,
                                                        const OpenOptions& options,
                                                        int& code) {
  // Statistics of memory, which nobody reads, would take a global lock at each allocation.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
  sqlite3* db = nullptr;
  // A read-only reader of a WAL database must still be able to create the shared-memory
  // file, so readers open for writing and are held to reading by query_only.
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  std::string name = path;
  if (way == Way::frozen) {
    flags |= SQLITE_OPEN_URI;
    name = "file:";
    for (const char c : path) {
      if (c == '%' || c == '?' || c == '#') {
        name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      } else {
        name.push_back(c);
      }
    }
    name += "?immutable=1";
  }
  const int opened =
      sqlite3_open_v2(name.c_str(), &db, flags, way == Way::alone ? "unix-excl" : nullptr);
  if (opened != SQLITE_OK) {
    Error error = sqlite_error(db, "open " + path);
    code = db == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(db);
    sqlite3_close(db);
    return error;
  }
  auto connection = std::unique_ptr<Connection>(new Connection(db));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyMs);
  std::error_code missing;
  const bool is_new = std::filesystem::file_size(path, missing) == 0 || missing;
  if (auto set = connection->execute(fmt::format(
          "PRAGMA page_size=8192; {}PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
          "PRAGMA foreign_keys=OFF; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; "
          "PRAGMA cache_size=-{}; PRAGMA mmap_size={};",
          // Decided when a file is made; elsewhere it would be a write.
          options.incremental_vacuum && is_new ? "PRAGMA auto_vacuum=INCREMENTAL; " : "",
          options.cache_kib, options.mmap_bytes));
      !set) {
    code = sqlite3_extended_errcode(db);
    return std::move(set).error();
  }
  if (!options.temporary.empty()) TRAWL_TRY(connection->execute(options.temporary));
  if (options.read_only) {
    TRAWL_TRY(connection->execute("PRAGMA query_only=1"));
    sqlite3_progress_handler(db, kInstructionsPerCheck, is_given_up, nullptr);
  }
  return connection;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path,
                                                     const OpenOptions& options) {
  // Made here rather than by SQLite, so nobody else can read it for a moment; SQLite
  // gives the files next to it the same rights. A failure shows there.
  if (!options.read_only) (void)make_private_file(path);
  if (options.owner) {
    for (const char* suffix : {"", "-wal", "-shm"}) (void)tighten(path + suffix);
  }
  int code = SQLITE_OK;
  auto connection = open_in(Way::shared, path, options, code);
  if (!connection) {
    std::error_code ignored;
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const bool is_frozen = ::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0 &&
                           (errno == EACCES || errno == EROFS);
    const auto log_bytes = std::filesystem::file_size(path + "-wal", ignored);
    // The simulated disk of a test is not bypassed.
    const bool is_system_disk =
        std::string_view(sqlite3_vfs_find(nullptr)->zName) == "unix";
    std::optional<Way> way;
    if (is_frozen &&
        ((code & 0xFF) == SQLITE_CANTOPEN || (code & 0xFF) == SQLITE_READONLY) &&
        (ignored || log_bytes == 0)) {
      way = Way::frozen;
    } else if (code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMOPEN ||
               code == SQLITE_IOERR_SHMMAP || (code & 0xFF) == SQLITE_FULL) {
      way = Way::alone;
    }
    if (!way || !is_system_disk) return connection;
    connection = open_in(*way, path, options, code);
    if (!connection) return connection;
  }
  if (options.owner) (*connection)->take_over(path);
  return connection;
}

void Connection::take_over(const std::string& path) {
  is_owner_ = true;
  if (is_read_only()) {
    write_health::failed(path_of(db_), "it may be read-only");
    spdlog::warn("{} is open for reading only", path);
    return;
  }
  if (auto limited = execute(fmt::format("PRAGMA journal_size_limit={}", kLogBytesKept));
      !limited) {
    spdlog::warn("{}: {}", path, limited.error().detail);
  }
  marks_ = true;
  // On a full disk that is done by the first write that succeeds.
  if (try_write()) checkpoint();
}

Result<void> Connection::try_write() {
  TRAWL_TRY(execute(fmt::format("PRAGMA application_id={}", kMarkOpen)));
  write_health::succeeded(path_of(db_));
  return {};
}

bool Connection::is_read_only() const {
  return sqlite3_db_readonly(db_, "main") == 1;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  // The last connection to close moves this, with the rest of the log, into the file.
  if (marks_) (void)execute(fmt::format("PRAGMA application_id={}", kMarkClosed));
  if (is_owner_) write_health::forget(path_of(db_));
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
  std::error_code ignored;
  const auto log_bytes = std::filesystem::file_size(path_of(db_) + "-wal", ignored);
  const bool is_long = !ignored && log_bytes > static_cast<std::uint64_t>(kLogBytesKept);
  // Both hold SQLite's own lock of writers, too, so that other processes cannot commit.
  const int mode = is_long ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_FULL;
  // Readers are short, so a moment is enough for those that keep a long log; where
  // there always is one, it would never be begun anew otherwise.
  sqlite3_busy_timeout(db_, is_long ? kReadersMs : 0);
  sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr);
  sqlite3_busy_timeout(db_, kBusyMs);
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  TRAWL_ASSIGN(auto statement,
               connection.prepare(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
  TRAWL_TRY(statement.run());
  return Transaction(connection, kind);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // Fails only where SQLite has rolled back already, as after a full disk.
  if (auto statement = connection_->prepare("ROLLBACK")) (void)statement->run();
}

Result<void> Transaction::commit() {
  TRAWL_ASSIGN(auto statement, connection_->prepare("COMMIT"));
  TRAWL_TRY(statement.run());
  if (kind_ == Kind::write && write_health::failure()) {
    write_health::succeeded(path_of(connection_->handle()));
  }
  connection_ = nullptr;
  return {};
}

ReaderPool::ReaderPool(std::string path, OpenOptions options)
    : path_(std::move(path)), options_(std::move(options)) {
  options_.read_only = true;
}

Result<ReaderPool::Lease> ReaderPool::lease() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(connection));
    }
  }
  TRAWL_ASSIGN(auto connection, Connection::open(path_, options_));
  return Lease(*this, std::move(connection));
}

std::size_t ReaderPool::idle_count() const {
  const MutexLock lock(mutex_);
  return idle_.size();
}

ReaderPool::Lease::~Lease() {
  if (connection_ == nullptr) return;
  const MutexLock lock(pool_->mutex_);
  if (pool_->idle_.size() < kIdleMax) pool_->idle_.push_back(std::move(connection_));
}

}  // namespace trawl::sqlite
