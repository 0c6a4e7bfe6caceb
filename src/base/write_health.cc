#include "base/write_health.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <map>

#include "base/log.h"
#include "base/mutex.h"

namespace trawl::write_health {
namespace {

Mutex mutex;
std::map<std::string, std::string>& failures() TRAWL_REQUIRES(mutex) {
  static auto* const kAll = new std::map<std::string, std::string>();
  return *kAll;
}
std::atomic<std::size_t> failure_count{0};

std::string describe(const std::string& file, const std::string& why) {
  return fmt::format("{} cannot be written: {}",
                     std::filesystem::path(file).filename().string(), why);
}

}  // namespace

void failed(const std::string& file, const std::string& why) {
  const MutexLock lock(mutex);
  const bool is_new = failures().emplace(file, why).second;
  if (!is_new) failures()[file] = why;
  failure_count = failures().size();
  if (is_new) spdlog::error("{}; trying again", describe(file, why));
}

void succeeded(const std::string& file) {
  if (failure_count.load(std::memory_order_relaxed) == 0) return;
  const MutexLock lock(mutex);
  if (failures().erase(file) > 0) spdlog::info("{} can be written again", file);
  failure_count = failures().size();
}

void forget(const std::string& file) {
  const MutexLock lock(mutex);
  failures().erase(file);
  failure_count = failures().size();
}

std::optional<std::string> failure() {
  if (failure_count.load(std::memory_order_relaxed) == 0) return std::nullopt;
  const MutexLock lock(mutex);
  if (failures().empty()) return std::nullopt;
  const auto& [file, why] = *failures().begin();
  return describe(file, why);
}

}  // namespace trawl::write_health
