#include "app/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>

#include "base/file.h"
#include "base/text.h"

extern char** environ;

namespace trawl::app {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
// Of what a program says before it fails, the end tells why.
constexpr std::size_t kLogBytesShown = 600;
constexpr mode_t kLogMode = 0600;

// What posix_spawn() is told to do in the child.
class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

std::string end_of_log(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return {};
  std::string_view rest = trim(*text);
  if (rest.size() > kLogBytesShown) {
    rest.remove_prefix(rest.size() - kLogBytesShown);
    // Whole lines, where there is more than one.
    const std::size_t line = rest.find('\n');
    if (line != std::string_view::npos) rest.remove_prefix(line + 1);
  }
  return std::string(rest);
}

// How it ended, or nothing where it took too long and was ended.
std::optional<int> wait_for(pid_t child, const ProgramRun& run) {
  const auto until = std::chrono::steady_clock::now() + run.time_max;
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return status;
    if (std::chrono::steady_clock::now() >= until) {
      kill(child, SIGKILL);
      (void)waitpid(child, &status, 0);
      return std::nullopt;
    }
    if (run.tick) run.tick();
    std::this_thread::sleep_for(kTick);
  }
}

}  // namespace

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string file = fmt::format("{}/{}", rest.substr(0, end), program);
    if (end > 0 && ::access(file.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Result<void> run_program(const ProgramRun& run) {
  SpawnActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(actions.get(), STDOUT_FILENO, run.log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, kLogMode);
  posix_spawn_file_actions_adddup2(actions.get(), STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(actions.get(), run.directory.c_str());
  std::vector<char*> arguments;
  for (const std::string& word : run.command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  const std::string& name = run.command.front();
  if (failed != 0) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("{} does not start: {}", name, std::strerror(failed)));
  }
  const auto status = wait_for(child, run);
  if (!status) {
    return make_error(ErrorCode::unavailable,
                      fmt::format("{} was ended after {} s", name, run.time_max.count()),
                      end_of_log(run.log));
  }
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
  return make_error(
      ErrorCode::unavailable,
      WIFEXITED(*status)
          ? fmt::format("{} failed with status {}", name, WEXITSTATUS(*status))
          : fmt::format("{} ended by signal {}", name, WTERMSIG(*status)),
      end_of_log(run.log));
}

}  // namespace trawl::app
