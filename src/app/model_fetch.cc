#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/models.h"
#include "app/run_program.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/zip.h"
#include "providers/models.h"

namespace trawl::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFetchPrefix = ".fetch-";
constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;
constexpr std::uint64_t kNoticeBytesMax = 4 * 1024 * 1024;

// A file of an archive, and where it goes in the folder of its part.
struct PartFile {
  std::string_view entry;
  std::string_view name;
  std::uint64_t bytes_max = 0;
  std::string_view sha256;  // Empty for what is only to be read by people.
};

// What is fetched as a whole: a model, or the library.
struct Part {
  ModelState state;
  std::string folder;        // Where it goes, below the directory.
  std::string archive_name;  // As its client calls the file.
  std::string_view archive_sha256;
  std::vector<PartFile> files;
  // The programs that can fetch it, of which the first that is installed is asked.
  std::vector<std::vector<std::string>> clients;
};

Part part_of(const KnownModel& known, const ModelState& state) {
  Part part;
  part.state = state;
  part.folder = known.name;
  // group:name:version
  const std::string_view artifact = known.artifact;
  const std::size_t name = artifact.find(':') + 1;
  const std::size_t version = artifact.rfind(':') + 1;
  part.archive_name = fmt::format("{}-{}.jar", artifact.substr(name, version - 1 - name),
                                  artifact.substr(version));
  part.archive_sha256 = known.archive_sha256;
  part.files = {
      {known.entry, "model.onnx", known.model_bytes, known.model_sha256},
      {known.tokenizer_entry, "tokenizer.json", kNoticeBytesMax, known.tokenizer_sha256}};
  part.clients = {{"mvn", "-q", "-B",
                   "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
                   fmt::format("-Dartifact={}", known.artifact), "-DoutputDirectory=."}};
  return part;
}

Part part_of(const KnownRuntime& known, const ModelState& state) {
  Part part;
  part.state = state;
  part.folder = known.name;
  part.archive_name =
      fmt::format("{}-{}-cp311-cp311-{}.whl", known.name, known.version, known.platform);
  part.archive_sha256 = known.archive_sha256;
  part.files = {
      {known.entry, known.library_name, known.library_bytes, known.library_sha256},
      {known.licence_entry, "LICENSE", kNoticeBytesMax, {}},
      {known.notices_entry, "ThirdPartyNotices.txt", kNoticeBytesMax, {}}};
  // The library is the same for every Python; this one names the file that is known.
  const std::vector<std::string> arguments = {
      "download",
      "--quiet",
      "--no-deps",
      "--no-input",
      "--disable-pip-version-check",
      "--only-binary=:all:",
      "--python-version",
      "3.11",
      "--implementation",
      "cp",
      "--platform",
      std::string(known.platform),
      "--dest",
      ".",
      fmt::format("{}=={}", known.name, known.version)};
  for (std::vector<std::string> client :
       {std::vector<std::string>{"pip3"}, {"pip"}, {"python3", "-m", "pip"}}) {
    client.insert(client.end(), arguments.begin(), arguments.end());
    part.clients.push_back(std::move(client));
  }
  return part;
}

std::string system_message(std::string_view doing, const std::string& path,
                           std::error_code failed) {
  return fmt::format("cannot {} {}: {}", doing, path, failed.message());
}

Error not_stored(std::string_view doing, const std::string& path, std::error_code failed) {
  return make_error(ErrorCode::storage, system_message(doing, path, failed));
}
std::error_code last_error() {
  return {errno, std::generic_category()};
}

// A folder that can be read by the server's user, whoever fetched: models are no secret.
Result<void> make_folder(const std::string& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) return not_stored("make", path, failed);
  return {};
}

// On disk before this returns, so that what is moved to its place is whole.
Result<void> write_file(const std::string& path, std::string_view content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (file < 0) return not_stored("make", path, last_error());
  std::optional<Error> error;
  while (!content.empty() && !error) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written >= 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = not_stored("write", path, last_error());
    }
  }
  if (!error && (::fchmod(file, kFileMode) != 0 || ::fsync(file) != 0)) {
    error = not_stored("write", path, last_error());
  }
  ::close(file);
  if (error) return std::move(*error);
  return {};
}

// A folder of this process beside the places of what is fetched, removed at the end. Those
// of processes that are gone are removed first.
class FetchFolder {
 public:
  static Result<FetchFolder> make(const std::string& directory) {
    std::error_code failed;
    const std::string whole = fs::absolute(directory, failed).lexically_normal().string();
    if (failed) return not_stored("find", directory, failed);
    const bool was_there = fs::exists(whole, failed);
    TRAWL_TRY(make_folder(whole));
    if (!was_there) (void)::chmod(whole.c_str(), kFolderMode);
    remove_left_over(whole);
    FetchFolder folder(fmt::format("{}/{}{}", whole, kFetchPrefix, ::getpid()));
    TRAWL_TRY(make_folder(folder.path_));
    return folder;
  }
  FetchFolder(FetchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  FetchFolder(const FetchFolder&) = delete;
  FetchFolder& operator=(const FetchFolder&) = delete;
  ~FetchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  // A new folder within it.
  Result<std::string> within(std::string_view name) const {
    const std::string path = fmt::format("{}/{}", path_, name);
    TRAWL_TRY(make_folder(path));
    return path;
  }

 private:
  explicit FetchFolder(std::string path) : path_(std::move(path)) {}

  static void remove_left_over(const std::string& directory) {
    std::error_code failed;
    for (fs::directory_iterator each(directory, failed), end; !failed && each != end;
         each.increment(failed)) {
      const std::string name = each->path().filename().string();
      if (!name.starts_with(kFetchPrefix)) continue;
      int process = 0;
      const char* begin = name.data() + kFetchPrefix.size();
      const auto read = std::from_chars(begin, name.data() + name.size(), process);
      const bool is_gone = read.ec == std::errc() && process > 0 &&
                           ::kill(process, 0) != 0 && errno == ESRCH;
      std::error_code ignored;
      if (is_gone || process == ::getpid()) fs::remove_all(each->path(), ignored);
    }
  }

  std::string path_;
};

// What is to be unpacked, and checked again file by file.
struct Content {
  std::string archive;  // The bytes of the archive, or empty:
  std::string folder;   // a folder with the files under their names.
};

Error no_archive(const Part& part, Error cause) {
  std::string message = fmt::format(
      "{} was not fetched: {}. Without a network, take {} (or a whole folder of models) "
      "from a machine that has it, and: trawl models fetch --from DIR",
      part.state.name, cause.message, part.archive_name);
  return make_error(ErrorCode::unavailable, std::move(message), std::move(cause.detail));
}

Result<std::string> checked_archive(const Part& part, const std::string& file) {
  TRAWL_ASSIGN(std::string bytes, read_file(file));
  const std::string found = sha256_hex(bytes);
  if (found == part.archive_sha256) return bytes;
  return make_error(
      ErrorCode::invalid,
      fmt::format("{} is not the archive of {} {} that is known here: its SHA-256 is {}, "
                  "not {}; nothing of it is used",
                  file, part.state.name, part.state.artifact, found, part.archive_sha256));
}

Result<Content> from_client(const Part& part, const std::string& folder,
                            const std::string& log, const FetchProgress& progress) {
  const auto client =
      std::find_if(part.clients.begin(), part.clients.end(),
                   [](const auto& command) { return is_installed(command.front()); });
  if (client == part.clients.end()) {
    const std::string& wanted = part.clients.front().front();
    return no_archive(
        part, make_error(ErrorCode::unavailable,
                         fmt::format("{} is not installed (Debian: apt-get "
                                     "install {})",
                                     wanted, wanted == "mvn" ? "maven" : "python3-pip")));
  }
  const TimeUs start = monotonic_us();
  ProgramRun run;
  run.command = *client;
  run.directory = folder;
  run.log = log;
  run.tick = [&] {
    progress(fmt::format("fetching {} with {}, {} s", part.state.name, client->front(),
                         (monotonic_us() - start) / kMicrosPerSecond));
  };
  if (const auto ran = run_program(run); !ran) return no_archive(part, ran.error());
  const std::string file = fmt::format("{}/{}", folder, part.archive_name);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    return no_archive(part, make_error(ErrorCode::unavailable,
                                       fmt::format("{} did not bring {}", client->front(),
                                                   part.archive_name)));
  }
  progress(fmt::format("unpacking {}", part.state.name));
  TRAWL_ASSIGN(std::string archive, checked_archive(part, file));
  return Content{std::move(archive), {}};
}

Result<Content> from_url(const Part& part, const std::string& from,
                         const std::string& folder, const std::string& log,
                         const FetchProgress& progress) {
  if (!is_installed("curl")) {
    return make_error(ErrorCode::unavailable,
                      "curl is not installed, which reads URLs (Debian: apt-get install "
                      "curl); --from takes a folder, too");
  }
  const std::string url =
      fmt::format("{}{}{}", from, from.ends_with('/') ? "" : "/", part.archive_name);
  const std::string file = fmt::format("{}/{}", folder, part.archive_name);
  const TimeUs start = monotonic_us();
  ProgramRun run;
  run.command = {"curl",
                 "--fail",
                 "--silent",
                 "--show-error",
                 "--location",
                 "--proto",
                 "=http,https,file",
                 "--max-filesize",
                 std::to_string(part.state.download_bytes),
                 "--output",
                 file,
                 "--",
                 url};
  run.directory = folder;
  run.log = log;
  run.tick = [&] {
    std::error_code none;
    const auto bytes = fs::file_size(file, none);
    progress(fmt::format("fetching {} from {}, {} of {} KiB, {} s", part.state.name, from,
                         none ? 0 : bytes / 1024, part.state.download_bytes / 1024,
                         (monotonic_us() - start) / kMicrosPerSecond));
  };
  if (auto ran = run_program(run); !ran) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("{} was not fetched from {}: {}", part.state.name, url,
                                  ran.error().message),
                      ran.error().detail);
  }
  TRAWL_ASSIGN(std::string archive, checked_archive(part, file));
  return Content{std::move(archive), {}};
}

// A folder with the archives, or one of models that was fetched elsewhere.
Result<Content> from_folder(const Part& part, const std::string& from) {
  std::error_code ignored;
  const std::string file = fmt::format("{}/{}", from, part.archive_name);
  if (fs::exists(file, ignored)) {
    TRAWL_ASSIGN(std::string archive, checked_archive(part, file));
    return Content{std::move(archive), {}};
  }
  const std::string folder = fmt::format("{}/{}", from, part.folder);
  if (fs::exists(fmt::format("{}/{}", folder, part.files.front().name), ignored)) {
    return Content{{}, folder};
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("{} has neither {} nor {}/{}", from, part.archive_name,
                                part.folder, part.files.front().name));
}

bool is_url(std::string_view from) {
  return from.starts_with("http://") || from.starts_with("https://") ||
         from.starts_with("file://");
}

Result<std::string> file_content(const PartFile& file, const Content& content,
                                 const ZipReader* zip) {
  std::string bytes;
  if (zip != nullptr) {
    TRAWL_ASSIGN(bytes, zip->read(file.entry, file.bytes_max));
  } else {
    const std::string path = fmt::format("{}/{}", content.folder, file.name);
    TRAWL_ASSIGN(bytes, read_file(path));
  }
  if (file.sha256.empty() || sha256_hex(bytes) == file.sha256) return bytes;
  return make_error(
      ErrorCode::invalid,
      fmt::format("{} in {} is not the file that is known here, by its SHA-256", file.name,
                  zip != nullptr ? "the archive" : content.folder));
}

// Where it comes from, for who finds the folder.
std::string source_text(const Part& part) {
  json::object files;
  for (const PartFile& file : part.files) {
    if (!file.sha256.empty()) files[file.name] = file.sha256;
  }
  return to_json_text(json::object{{"name", part.state.name},
                                   {"licence", part.state.licence},
                                   {"source", part.state.source},
                                   {"artifact", part.state.artifact},
                                   {"artifact_sha256", part.archive_sha256},
                                   {"sha256", std::move(files)},
                                   {"fetched_at", format_time(system_clock().now())}}) +
         "\n";
}

// Puts the finished folder in its place, in the way of which an older one may be.
Result<void> move_to_place(const std::string& made, const std::string& place,
                           const std::string& aside) {
  std::error_code failed;
  if (fs::exists(place, failed)) {
    fs::rename(place, aside, failed);
    if (failed) return not_stored("replace", place, failed);
  }
  fs::rename(made, place, failed);
  if (failed) {
    std::error_code ignored;
    fs::rename(aside, place, ignored);
    return not_stored("make", place, failed);
  }
  return {};
}

Result<std::uint64_t> unpack(const Part& part, const Content& content,
                             const FetchFolder& fetch, const std::string& directory) {
  std::optional<ZipReader> zip;
  if (content.folder.empty()) {
    TRAWL_ASSIGN(zip, ZipReader::open(content.archive));
  }
  TRAWL_ASSIGN(const std::string made, fetch.within(part.folder + ".made"));
  std::uint64_t bytes = 0;
  for (const PartFile& file : part.files) {
    const auto found = file_content(file, content, zip ? &*zip : nullptr);
    if (!found && file.sha256.empty()) continue;  // A notice that is not there.
    if (!found) return found.error();
    bytes += found->size();
    TRAWL_TRY(write_file(fmt::format("{}/{}", made, file.name), *found));
  }
  TRAWL_TRY(write_file(made + "/source.json", source_text(part)));
  (void)::chmod(made.c_str(), kFolderMode);
  TRAWL_TRY(move_to_place(made, fmt::format("{}/{}", directory, part.folder),
                          fmt::format("{}/{}.old", fetch.path(), part.folder)));
  return bytes;
}

// The library, unless this is a machine for which none is known, and the models.
Result<std::vector<Part>> parts_of(const FetchRequest& request) {
  const std::vector<ModelState> states = list_models(request.directory);
  const auto state_named = [&](std::string_view name) {
    return *std::find_if(states.begin(), states.end(),
                         [&](const ModelState& state) { return state.name == name; });
  };
  std::vector<Part> parts;
  if (const KnownRuntime* runtime = known_runtime()) {
    parts.push_back(part_of(*runtime, state_named(runtime->name)));
  }
  for (const std::string& name : request.names) {
    TRAWL_ASSIGN(const KnownModel* known, known_model(name));
    parts.push_back(part_of(*known, state_named(known->name)));
  }
  return parts;
}

}  // namespace

Result<std::vector<FetchedPart>> fetch_models(const FetchRequest& request,
                                              const FetchNotice& notice,
                                              const FetchProgress& progress) {
  TRAWL_ASSIGN(const std::vector<Part> parts, parts_of(request));
  std::vector<FetchedPart> fetched;
  std::optional<FetchFolder> fetch;
  for (const Part& part : parts) {
    const TimeUs start = monotonic_us();
    FetchedPart done;
    done.name = part.state.name;
    done.was_there = part.state.state == ModelState::State::fetched && !request.force;
    if (!done.was_there) {
      notice(part.state);
      if (!fetch) {
        TRAWL_ASSIGN(auto made, FetchFolder::make(request.directory));
        fetch.emplace(std::move(made));
      }
      TRAWL_ASSIGN(const std::string folder, fetch->within(part.folder));
      const std::string log = fmt::format("{}/{}.log", fetch->path(), part.folder);
      auto content = request.from.empty() ? from_client(part, folder, log, progress)
                     : is_url(request.from)
                         ? from_url(part, request.from, folder, log, progress)
                         : from_folder(part, request.from);
      if (!content) return content.error();
      done.download_bytes = content->archive.size();
      TRAWL_ASSIGN(done.bytes, unpack(part, *content, *fetch, request.directory));
      done.seconds = static_cast<double>(monotonic_us() - start) / kMicrosPerSecond;
    }
    fetched.push_back(std::move(done));
  }
  return fetched;
}

}  // namespace trawl::app
