#include "app/data_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "corpus/store/schema.h"
#include "insight/replay_job_store.h"
#include "ledger/sqlite/schema.h"
#include "sqlite/copy.h"
#include "sqlite/migration.h"

#include "base/log.h"
#include "base/private_files.h"
#include "sqlite/mark.h"

namespace trawl::app {
namespace {

constexpr const char* kDatabases[] = {kLedgerFile, kCorpusFile, kKeysFile, kJobsFile};

}  // namespace

Result<void> check_data_directory(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("there is no data directory {}; name it with --data-dir", directory));
  }
  for (const std::string name : kDatabases) {
    if (name == kJobsFile) continue;
    if (std::filesystem::exists(directory + "/" + name, ignored)) continue;
    return make_error(
        ErrorCode::not_found,
        fmt::format("{} is not a data directory, or an incomplete one: it has no {}; name "
                    "another with --data-dir",
                    directory, name));
  }
  return {};
}

Result<void> refuse_newer_files(const std::string& directory) {
  const std::pair<std::string, std::int64_t> known[] = {
      {directory + "/" + kLedgerFile, sqlite::ledger_schema_version()},
      {directory + "/" + kCorpusFile, store::schema_version()},
      {directory + "/" + kJobsFile, replay_jobs_schema_version()}};
  for (const auto& [path, version] : known) {
    const auto connection = sqlite::open_for_reading(path);
    // A missing file is made, and whoever opens a broken one reports what is wrong.
    if (!connection) continue;
    TRAWL_TRY(sqlite::refuse_newer_schema(**connection, version, path));
  }
  return {};
}

bool is_data_file(const std::string& name) {
  if (name == "LOCK" || name == "index") return true;
  if (name.starts_with(kRecordingKeyFile)) {
    return name == kRecordingKeyFile || name == std::string(kRecordingKeyFile) + ".new";
  }
  return std::any_of(
      std::begin(kDatabases), std::end(kDatabases), [&](const std::string& database) {
        return name == database || name == database + "-wal" || name == database + "-shm";
      });
}

std::vector<std::string> find_missing_logs(const std::string& directory) {
  std::vector<std::string> out;
  for (const std::string name : kDatabases) {
    const std::string path = directory + "/" + name;
    if (sqlite::lacks_its_log(path)) out.push_back(sqlite::without_log_message(path));
  }
  return out;
}

void make_data_private(const std::string& directory) {
  namespace fs = std::filesystem;
  std::size_t changed = 0;
  bool has_others = false;
  std::vector<std::string> not_ours;
  std::error_code ignored;
  const auto make_private = [&](const std::string& path) {
    const Tightened outcome = tighten(path);
    if (outcome == Tightened::yes) ++changed;
    if (outcome == Tightened::not_ours) not_ours.push_back(path);
  };
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!is_data_file(name)) {
      has_others = true;
      continue;
    }
    make_private(entry.path().string());
    if (entry.is_directory(ignored)) changed += tighten_all_within(entry.path().string());
  }
  // A folder that somebody shares with us, such as /tmp, is not ours to close.
  if (!has_others) make_private(directory);
  if (changed > 0) {
    spdlog::warn(
        "{} files and folders of {} could be used by others; now only by their owner",
        changed, directory);
  }
  if (!not_ours.empty()) {
    spdlog::warn(
        "others can use {}, which belongs to another user: make the server its owner, or "
        "remove those rights (0600, folders 0700)",
        fmt::join(not_ours, ", "));
  }
}

}  // namespace trawl::app
