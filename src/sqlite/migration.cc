#include "sqlite/migration.h"

#include <fmt/format.h>

#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace trawl::sqlite {
namespace {

constexpr std::int64_t kTellEveryUs = 2 * kMicrosPerSecond;

}  // namespace

MigrationProgress::MigrationProgress(std::string path)
    : path_(std::move(path)), next_us_(monotonic_us() + kTellEveryUs) {}

void MigrationProgress::at(std::string_view doing, std::uint64_t done,
                           std::uint64_t total) {
  if (monotonic_us() < next_us_) return;
  next_us_ = monotonic_us() + kTellEveryUs;
  if (total == 0) {
    spdlog::info("{}: {}, {} so far", path_, doing, done);
  } else {
    spdlog::info("{}: {}, {} of {}", path_, doing, done, total);
  }
}

Result<void> refuse_newer_schema(Connection& connection, std::int64_t known,
                                 const std::string& path) {
  TRAWL_ASSIGN(const std::int64_t found, connection.user_version());
  if (found >= 0 && found <= known) return {};
  return make_error(
      ErrorCode::storage,
      fmt::format("{} was written by a newer version of trawl (schema {}; this one knows "
                  "up to {}); use that version, or another data directory",
                  path, found, known));
}

Result<void> migrate(Connection& connection, std::span<const MigrationStep> steps,
                     const std::string& path) {
  const auto newest = static_cast<std::int64_t>(steps.size());
  TRAWL_TRY(refuse_newer_schema(connection, newest, path));
  TRAWL_ASSIGN(const std::int64_t found, connection.user_version());
  const std::int64_t begin_us = monotonic_us();
  // There is nothing to tell about a file that is being made.
  const bool tells = found > 0 && found < newest;
  if (tells) {
    spdlog::info("{}: upgrading the data from schema {} to {}; this may be interrupted",
                 path, found, newest);
  }
  MigrationProgress progress(path);
  for (std::int64_t version = found; version < newest; ++version) {
    const MigrationStep& step = steps[static_cast<std::size_t>(version)];
    TRAWL_ASSIGN(auto transaction,
                 Transaction::begin(connection, Transaction::Kind::write));
    TRAWL_TRY(connection.execute(step.sql));
    if (step.work != nullptr) TRAWL_TRY(step.work(connection, progress));
    TRAWL_TRY(connection.execute(fmt::format("PRAGMA user_version={}", version + 1)));
    TRAWL_TRY(transaction.commit());
  }
  if (tells) {
    spdlog::info("{}: the data has schema {} now, after {} ms", path, newest,
                 (monotonic_us() - begin_us) / 1000);
  }
  return {};
}

Result<void> migrate(Connection& connection, std::span<const char* const> steps,
                     const std::string& path) {
  std::vector<MigrationStep> all;
  for (const char* sql : steps) all.push_back({sql});
  return migrate(connection, std::span<const MigrationStep>(all), path);
}

}  // namespace trawl::sqlite
