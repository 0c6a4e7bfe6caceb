#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace trawl::sqlite {

// One prepared statement in use. Bind by position from 1, step, read columns from 0; reset
// on destruction, so a connection can prepare once and run often.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  Statement(Statement&& other) noexcept
      : db_(other.db_),
        statement_(std::exchange(other.statement_, nullptr)),
        next_(other.next_) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  // Binds the arguments to the parameters in order. Text is bound without a copy where it
  // is passed as a view: it must outlive the last step().
  template <class... Args>
  Statement& bind(const Args&... args) {
    (bind_next(args), ...);
    return *this;
  }
  Statement& bind_next(std::int64_t value);
  Statement& bind_next(std::uint64_t value) {
    return bind_next(static_cast<std::int64_t>(value));
  }
  Statement& bind_next(int value) { return bind_next(static_cast<std::int64_t>(value)); }
  Statement& bind_next(std::uint32_t value) {
    return bind_next(static_cast<std::int64_t>(value));
  }
  Statement& bind_next(bool value) { return bind_next(static_cast<std::int64_t>(value)); }
  Statement& bind_next(double value);
  Statement& bind_next(std::string_view text);
  Statement& bind_next(const std::string& text) {
    return bind_next(std::string_view(text));
  }
  Statement& bind_next(const char* text) { return bind_next(std::string_view(text)); }
  Statement& bind_next(std::nullptr_t);
  Statement& bind_blob(std::string_view bytes);
  template <class T>
  Statement& bind_next(const std::optional<T>& value) {
    return value ? bind_next(*value) : bind_next(nullptr);
  }

  // True on a row, false at the end. Fails as sqlite_error(); a statement of a reader also
  // fails when the work limit of the thread ends it, with its error (base/work_limit.h).
  Result<bool> step();
  // Steps once, without a look at rows.
  Result<void> run();
  // Makes it ready to be bound and run again.
  void reset();

  // Of the row at hand. NULL reads as 0, or as the empty text.
  std::int64_t integer(int column) const;
  double real(int column) const;
  bool is_null(int column) const;
  // Valid until the next step or reset.
  std::string_view text(int column) const;
  std::string string(int column) const { return std::string(text(column)); }
  std::optional<std::string> optional_string(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  int next_ = 1;
};

struct OpenOptions {
  bool read_only = false;  // Its statements end when the work limit of the thread says so.
  // For the one connection of the process that writes to a file of the data directory: the
  // file and its log are ours alone to read, the log is cut back when it was long, and the
  // file says that it is open (mark.h). Where it cannot be written now, because the
  // disk is full or mounted read-only, it is opened for reading, and write_health says so.
  bool owner = false;
  int cache_kib = 64 * 1024;
  std::int64_t mmap_bytes = std::int64_t{1} << 40;
  bool incremental_vacuum = false;  // For files that shrink; decided when a file is made.
  std::string temporary;  // SQL that makes tables of the connection's own, in `temp`.
};

// One connection; used by one thread at a time. Calls fail as sqlite_error(). Statements
// and transactions must not outlive it.
class Connection {
 public:
  // Opens in WAL mode with synchronous=FULL: a commit that returned is on disk. Makes the
  // file where it is missing; unless it is opened read_only, for its owner alone.
  //   storage       the file cannot be opened, is not a database or is damaged
  //   cannot_store  the disk is full or read-only, and there is no way round
  //   unavailable   another process held it for five seconds
  static Result<std::unique_ptr<Connection>> open(const std::string& path,
                                                  const OpenOptions& options = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs statements without parameters or rows.
  Result<void> execute(const std::string& sql);
  // Prepared on first use, kept for the life of the connection. `sql` is the cache key.
  // Only one Statement of the same text may be in use at a time.
  Result<Statement> prepare(std::string_view sql);
  std::int64_t last_insert_rowid() const;
  std::int64_t changes() const;
  // The first column of the first row, or 0.
  Result<std::int64_t> integer(std::string_view sql);
  // Moves the log into the main file, as far as no reader needs the state before. A log
  // file that has grown long is cut to nothing; only for that, readers are waited for, 50
  // ms at most. What fails is left to the next one.
  //
  // Load-bearing: nobody may commit meanwhile, on any connection of the process, so callers
  // hold what commits hold. SQLite before 3.51.3 loses pages when a commit begins the log
  // anew while a checkpoint begins (sqlite.org/wal.html, "the WAL-reset bug").
  void checkpoint();
  // Commits a change that changes nothing. For an owner whose last write failed.
  Result<void> try_write();
  bool is_read_only() const;
  // PRAGMA user_version, for schema migrations.
  Result<std::int64_t> user_version() { return integer("PRAGMA user_version"); }
  sqlite3* handle() { return db_; }

 private:
  // Looks texts up without making strings of them.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // How a file is opened.
  enum class Way {
    shared,  // As always.
    alone,   // Without the index of the log that processes share, which needs room on disk.
    frozen,  // A file that nobody can write.
  };
  static Result<std::unique_ptr<Connection>> open_in(Way way, const std::string& path,
                                                     const OpenOptions& options, int& code);
  void take_over(const std::string& path);

  explicit Connection(sqlite3* db) : db_(db) {}
  sqlite3* db_;
  bool is_owner_ = false;
  bool marks_ = false;  // Says in the file that it is open, and that it is not.
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements_;
};

// Brings a database to the newest schema: step n leads from PRAGMA user_version n to
// n + 1, each in a transaction of its own. A step that was released is never edited.
// The longer form is in migration.h.
//   storage  a newer version of the program wrote the file, or the disk refused
Result<void> migrate(Connection& connection, std::span<const char* const> steps,
                     const std::string& path);

// Rolls back unless committed.
class [[nodiscard]] Transaction {
 public:
  enum class Kind { read, write };
  // A write waits for those of other connections.
  //   unavailable  five seconds were not enough
  static Result<Transaction> begin(Connection& connection, Kind kind);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), kind_(other.kind_) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  Transaction(Connection& connection, Kind kind) : connection_(&connection), kind_(kind) {}
  Connection* connection_;
  Kind kind_;
};

// Lends read connections to threads, opening one more when all are out; each stays open for
// the next. Must outlive what it lends. Thread-safe.
class ReaderPool {
 public:
  ReaderPool(std::string path, OpenOptions options);

  class [[nodiscard]] Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Connection> connection_;
  };
  // Fails as Connection::open().
  Result<Lease> lease();

  // Each keeps its cache, so those beyond so many are closed when they are not used.
  static constexpr std::size_t kIdleMax = 8;
  std::size_t idle_count() const;

 private:
  std::string path_;
  OpenOptions options_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ TRAWL_GUARDED_BY(mutex_);
};

// What the last call on `db` failed with; null: there was no memory to open one. A write
// that the disk refused is also noted in write_health.
//   cannot_store  the disk is full, or the file cannot be written
//   storage       the disk failed, or the file is damaged or cannot be opened
//   unavailable   no memory, or another connection holds the file
//   internal      anything else: a defect, such as SQL that is wrong
// The detail has `doing`, such as the SQL, and the words of SQLite.
Error sqlite_error(sqlite3* db, std::string_view doing);

}  // namespace trawl::sqlite
