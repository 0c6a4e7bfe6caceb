#include "app/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "app/data_files.h"
#include "base/file.h"
#include "ledger/sqlite/check.h"
#include "ledger/sqlite/reader.h"
#include "ledger/sqlite/repair.h"
#include "ledger/sqlite/schema.h"
#include "ledger/sqlite/settings.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "ledger/sqlite/terms_check.h"
#include "sqlite/connection.h"
#include "sqlite/copy.h"
#include "sqlite/migration.h"
#include "text/analyzer.h"

namespace trawl::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRestore =
    "restore a backup; if there is none, keep a copy of the directory and export what can "
    "still be read";
constexpr const char* kRepair =
    "the executions themselves are whole: stop the server, and `trawl doctor --repair` "
    "rebuilds this from them";
constexpr const char* kRemoveHistory =
    "`trawl doctor --repair` removes it; unless corpus.db was put back from another copy "
    "than ledger.db: then put back the right one";

// Namespaces of which there is history, and that neither exist nor are being removed.
Result<std::vector<NamespaceId>> strange_histories(const std::string& directory) {
  TRAWL_ASSIGN(const auto ledger, sqlite::open_for_reading(directory + "/" + kLedgerFile));
  TRAWL_ASSIGN(auto recorded, sqlite::recorded_namespaces(*ledger));
  TRAWL_ASSIGN(const auto corpus, sqlite::open_for_reading(directory + "/" + kCorpusFile));
  TRAWL_ASSIGN(const std::int64_t version, corpus->user_version());
  TRAWL_ASSIGN(
      auto known,
      corpus->prepare(version < 2 ? "SELECT 1 FROM namespaces WHERE namespace_id = ?"
                                  : "SELECT 1 FROM namespaces WHERE namespace_id = ?1 "
                                    "UNION SELECT 1 FROM deleted_namespaces WHERE "
                                    "namespace_id = ?1"));
  std::vector<NamespaceId> strange;
  for (NamespaceId& id : recorded) {
    TRAWL_ASSIGN(const bool found, known.bind(id.str()).step());
    if (!found) strange.push_back(std::move(id));
    known.reset();
  }
  return strange;
}

// What documents of older versions take.
Result<void> measure_superseded(const std::string& directory, DoctorReport& report) {
  TRAWL_ASSIGN(const auto corpus, sqlite::open_for_reading(directory + "/" + kCorpusFile));
  TRAWL_ASSIGN(auto kept,
               corpus->prepare(
                   "SELECT count(*), sum(length(payload) + 2 * length(document_id) + 64), "
                   "min(v.written_at) FROM superseded s "
                   "JOIN documents d ON d.row_id = s.collection << 40 | s.place "
                   "JOIN (SELECT collection, min(written_at) AS written_at FROM versions "
                   "GROUP BY collection) v ON v.collection = s.collection"));
  TRAWL_ASSIGN(const bool found, kept.step());
  if (found && kept.integer(0) > 0) {
    report.superseded_documents = static_cast<std::uint64_t>(kept.integer(0));
    report.superseded_bytes = static_cast<std::uint64_t>(kept.integer(1));
    report.oldest_version_at = kept.integer(2);
  }
  TRAWL_ASSIGN(const std::int64_t has_cuts,
               corpus->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'cuts'"));
  if (has_cuts == 0) return {};
  TRAWL_ASSIGN(const std::int64_t at,
               corpus->integer("SELECT coalesce(max(at), 0) FROM cuts WHERE for_room = 1"));
  if (at > 0) report.versions_cut_at = at;
  return {};
}

std::string text_of(const Error& error) {
  return error.detail.empty() ? error.message
                              : fmt::format("{}: {}", error.message, error.detail);
}

class Doctor {
 public:
  Doctor(std::string directory, bool quick, const DoctorProgress& progress)
      : directory_(std::move(directory)), quick_(quick), progress_(progress) {}

  DoctorReport run() {
    for (const std::string& missing : find_missing_logs(directory_)) {
      const auto end = missing.find(" was open");
      tell(fs::path(missing.substr(0, end)).filename().string(), "log", missing, kRestore);
    }
    for (const char* name : {kLedgerFile, kCorpusFile, kKeysFile, kJobsFile}) {
      std::error_code ignored;
      if (name == kJobsFile && !fs::exists(directory_ + "/" + name, ignored)) continue;
      DoctorReport::File file;
      file.name = name;
      if (const auto checked = check_file(file); !checked) {
        tell(name, "file", text_of(checked.error()), kRestore);
      }
      report_.files.push_back(std::move(file));
    }
    check_alone();
    check_recording_key();
    // A damaged file was told of already.
    (void)measure_superseded(directory_, report_);
    return std::move(report_);
  }

 private:
  void tell(std::string file, std::string part, std::string message, std::string remedy) {
    ++report_.problem_count;
    report_.problems.push_back(
        {std::move(file), std::move(part), std::move(message), std::move(remedy)});
  }

  Result<void> check_file(DoctorReport::File& file) {
    const std::string path = directory_ + "/" + file.name;
    std::error_code ignored;
    file.bytes = fs::file_size(path, ignored);
    if (const auto bytes = fs::file_size(path + "-wal", ignored); !ignored) {
      file.log_bytes = bytes;
    }
    TRAWL_ASSIGN(const auto connection, sqlite::open_for_reading(path));
    const auto number = [&](std::string_view sql) -> Result<std::uint64_t> {
      TRAWL_ASSIGN(const std::int64_t value, connection->integer(sql));
      return static_cast<std::uint64_t>(value);
    };
    if (file.name == kLedgerFile) {
      TRAWL_TRY(
          sqlite::refuse_newer_schema(*connection, sqlite::ledger_schema_version(), path));
    }
    TRAWL_ASSIGN(file.page_bytes, number("PRAGMA page_size"));
    TRAWL_ASSIGN(file.pages, number("PRAGMA page_count"));
    TRAWL_ASSIGN(file.free_pages, number("PRAGMA freelist_count"));
    TRAWL_TRY(check_structure(*connection, file.name));
    if (file.name == kLedgerFile) check_ledger(*connection, file);
    if (!quick_) measure(*connection, file);
    return {};
  }

  Result<void> check_structure(sqlite::Connection& connection, const std::string& file) {
    if (progress_) progress_("checking the structure of " + file, 0, 0);
    TRAWL_ASSIGN(auto rows, connection.prepare(quick_ ? "PRAGMA quick_check"
                                                      : "PRAGMA integrity_check"));
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) return {};
      if (rows.text(0) != "ok") tell(file, "structure", rows.string(0), kRestore);
    }
  }

  void check_ledger(sqlite::Connection& connection, const DoctorReport::File& file) {
    sqlite::CheckOptions options;
    options.thorough = !quick_;
    options.seed = std::random_device()();
    const sqlite::CheckReport found = sqlite::check_ledger(connection, options, progress_);
    for (const auto& problem : found.problems) {
      tell(kLedgerFile, problem.part, problem.message,
           problem.part == "records" ? kRestore : kRepair);
    }
    report_.problem_count += found.problem_count - found.problems.size();
    report_.notes.insert(report_.notes.end(), found.notes.begin(), found.notes.end());
    report_.executions = found.executions;
    report_.open_groups = found.open_groups;
    report_.closed_groups = found.closed_groups;
    report_.pending_terms = found.pending_terms;
    report_.samples = found.samples;
    if (found.executions > 0) {
      report_.bytes_per_execution =
          static_cast<double>((file.pages - file.free_pages) * file.page_bytes) /
          static_cast<double>(found.executions);
    }
  }

  // How large each table and index is; reads every page.
  void measure(sqlite::Connection& connection, DoctorReport::File& file) {
    if (progress_) progress_("measuring " + file.name, 0, 0);
    auto rows = connection.prepare(
        "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC");
    if (!rows) {
      report_.notes.push_back(
          fmt::format("the sizes of the tables of {} are not known: this SQLite has no "
                      "dbstat",
                      file.name));
      return;
    }
    while (true) {
      const auto found = rows->step();
      if (!found || !*found) return;
      file.tables.push_back(
          {rows->string(0), static_cast<std::uint64_t>(rows->integer(1))});
    }
  }

  // What needs the server to be stopped: SQLite offers the check of an index of terms only
  // to writers, and the two databases change one after the other.
  void check_alone() {
    const auto lock = DirectoryLock::acquire(directory_);
    report_.server_running = !lock && lock.error().code == ErrorCode::unavailable;
    if (!lock) {
      report_.notes.push_back(
          report_.server_running ? "the structure of the index of terms was not checked, "
                                   "because a server is running; stop it to check that too"
                                 : "the structure of the index of terms was not checked: " +
                                       lock.error().message);
      return;
    }
    if (quick_) return;
    check_namespaces();
    if (const auto checked = check_terms(); !checked) {
      tell(kLedgerFile, "terms",
           "the index of terms is damaged: " + text_of(checked.error()), kRepair);
    }
  }

  void check_namespaces() {
    const auto strange = strange_histories(directory_);
    if (!strange) return;  // check_file() reports it.
    for (const NamespaceId& id : *strange) {
      tell(kLedgerFile, "namespaces",
           fmt::format("there is history of the namespace {}, which does not exist",
                       id.str()),
           kRemoveHistory);
    }
  }

  Result<void> check_terms() {
    if (progress_) progress_("checking the index of terms", 0, 0);
    TRAWL_ASSIGN(const auto connection,
                 sqlite::open_for_reading(directory_ + "/" + kLedgerFile));
    TRAWL_TRY(connection->execute("PRAGMA query_only=0"));
    TRAWL_TRY(sqlite::check_terms_index(*connection));
    TRAWL_ASSIGN(const std::int64_t analyzer,
                 sqlite::read_setting(*connection, "analyzer"));
    if (analyzer != kAnalyzerVersion) return {};  // The next start rebuilds it.
    sqlite::Words words;
    TRAWL_ASSIGN(auto transaction,
                 sqlite::Transaction::begin(*connection, sqlite::Transaction::Kind::read));
    TRAWL_ASSIGN(const auto wrong, sqlite::find_wrong_terms(*connection, words, progress_));
    if (!wrong.empty()) {
      tell(kLedgerFile, "terms",
           fmt::format("{} executions are found by words that are not theirs; the first is "
                       "number {}",
                       wrong.size(), *std::min_element(wrong.begin(), wrong.end())),
           kRepair);
    }
    return {};
  }

  void check_recording_key() {
    const std::string path = directory_ + "/" + kRecordingKeyFile;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      report_.notes.push_back(
          fmt::format("there is no {}; the next start creates one, and hashes of redacted "
                      "inputs will differ from those recorded before",
                      kRecordingKeyFile));
      return;
    }
    if (const auto secret = read_or_make_secret(path, kRecordingKeyBytes); !secret) {
      tell(kRecordingKeyFile, "file", text_of(secret.error()), "restore it from a backup");
    }
  }

  const std::string directory_;
  const bool quick_;
  const DoctorProgress& progress_;
  DoctorReport report_;
};

}  // namespace

Result<DoctorReport> examine(const std::string& data_dir, bool quick,
                             const DoctorProgress& progress) {
  TRAWL_TRY(check_data_directory(data_dir));
  return Doctor(data_dir, quick, progress).run();
}

Result<std::vector<std::string>> repair(const std::string& data_dir,
                                        const DoctorProgress& progress) {
  TRAWL_TRY(check_data_directory(data_dir));
  TRAWL_ASSIGN(const DirectoryLock lock, DirectoryLock::acquire(data_dir));
  for (const std::string& missing : find_missing_logs(data_dir)) {
    return make_error(ErrorCode::storage,
                      missing +
                          ". To continue with what it holds, start a server once with "
                          "--accept-missing-log, then repair");
  }
  TRAWL_TRY(refuse_newer_files(data_dir));
  const std::string path = data_dir + "/" + kLedgerFile;
  TRAWL_ASSIGN(std::vector<std::string> done, sqlite::repair_ledger(path, progress));
  TRAWL_ASSIGN(const auto strange, strange_histories(data_dir));
  TRAWL_ASSIGN(const auto ledger, open_sqlite_ledger(path));
  for (const NamespaceId& id : strange) {
    TRAWL_TRY(ledger->remove_namespace(id));
    done.push_back(fmt::format(
        "the history of the namespace {}, which does not exist, was removed", id.str()));
  }
  // What was opened and emptied is rebuilt now rather than by the next start.
  for (std::uint64_t steps = 1; ledger->maintain(); ++steps) {
    if (progress) progress("tidying up", steps, 0);
  }
  return done;
}

}  // namespace trawl::app
