#include "app/data_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "base/migration.h"
#include "base/sqlite_copy.h"
#include "corpus/store/schema.h"
#include "ledger/sqlite/schema.h"

namespace trawl::app {
namespace {

constexpr const char* kDatabases[] = {kLedgerFile, kCorpusFile, kKeysFile};

}  // namespace

Result<void> check_data_directory(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("there is no data directory {}; name it with --data-dir", directory));
  }
  for (const std::string name : kDatabases) {
    if (std::filesystem::exists(directory + "/" + name, ignored)) continue;
    return make_error(
        ErrorCode::not_found,
        fmt::format("{} is no data directory, or not a whole one: it has no {}; name "
                    "another with --data-dir",
                    directory, name));
  }
  return {};
}

Result<void> refuse_newer_files(const std::string& directory) {
  const std::pair<std::string, std::int64_t> known[] = {
      {directory + "/" + kLedgerFile, sqlite::ledger_schema_version()},
      {directory + "/" + kCorpusFile, store::schema_version()}};
  for (const auto& [path, version] : known) {
    const auto connection = sqlite::open_for_reading(path);
    // A missing file is made, and what is wrong with one is told by whoever opens it.
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
      std::begin(kDatabases), std::end(kDatabases), [&](const std::string database) {
        return name == database || name == database + "-wal" || name == database + "-shm";
      });
}

}  // namespace trawl::app
