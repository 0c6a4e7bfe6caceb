#include "base/segment_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/byte_sink.h"
#include "base/private_files.h"

namespace trawl {
namespace {

namespace fs = std::filesystem;

bool is_segment_file(std::string_view name, std::string_view suffix) {
  if (!name.starts_with(kSegmentFilePrefix)) return false;
  if (name.ends_with(FileSink::kTemporarySuffix)) {
    name.remove_suffix(FileSink::kTemporarySuffix.size());
  }
  return name.ends_with(suffix);
}

}  // namespace

std::vector<std::string> list_segment_files(const std::string& directory,
                                            std::string_view suffix) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator at(directory, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    std::string name = at->path().filename().string();
    if (is_segment_file(name, suffix)) names.push_back(std::move(name));
  }
  return names;
}

Result<void> make_index_directory(const std::string& path) {
  if (const std::error_code made = make_private_directories(path)) {
    return make_error(
        ErrorCode::storage,
        fmt::format("cannot make the index directory {}: {}", path, made.message()));
  }
  return {};
}

void remove_index_file(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

void remove_segment_files(const std::string& directory, std::string_view suffix) {
  for (const auto& name : list_segment_files(directory, suffix)) {
    remove_index_file(directory + "/" + name);
  }
  // Fails where something else is there.
  std::error_code ignored;
  if (fs::is_directory(directory, ignored)) fs::remove(directory, ignored);
}

}  // namespace trawl
