#include "app/serve.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/exposure.h"
#include "app/instance.h"
#include "base/visible_text.h"

namespace trawl::app {
namespace {

int refuse(const Error& error) {
  fmt::print(stderr, "trawl: {}\n", visible_text(error.message));
  if (!error.detail.empty()) {
    fmt::print(stderr, "trawl: {}\n", visible_text(error.detail));
  }
  return error.code == ErrorCode::invalid ? 2 : 1;
}

// The signals that end the server wait until this thread asks for them; the threads that
// are started later inherit the mask.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int serve(const ServeFlags& flags) {
  const auto config =
      load_process_config(flags.config.value_or(""),
                          {flags.data_dir, flags.listen, flags.log_format, flags.log_level,
                           flags.models_directory, flags.accept_missing_log});
  if (!config) return refuse(config.error());
  configure_log(config->log_format, config->log_level);
  for (const std::string& warning : config->warnings) spdlog::warn("{}", warning);
  const sigset_t signals = block_stop_signals();
  // Both are seen as errors of the write that caused them.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);

  auto instance = Instance::start(*config, environment_variable("TRAWL_API_KEY"));
  if (!instance) return refuse(instance.error());
  const std::string host = config->http.host.find(':') == std::string::npos
                               ? config->http.host
                               : fmt::format("[{}]", config->http.host);
  if (const auto& key = (*instance)->generated_key()) {
    fmt::print("administrator's key, shown only once: {}\n", *key);
    std::fflush(stdout);
  }
  for (const auto& warning :
       {root_warning(::geteuid(), config->data_dir), exposure_warning(config->http.host)}) {
    if (warning) spdlog::warn("{}", *warning);
  }
  spdlog::info("trawl {} listens on http://{}:{}, data in {}", TRAWL_VERSION, host,
               (*instance)->port(),
               std::filesystem::absolute(config->data_dir).lexically_normal().string());

  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping: {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  (*instance)->stop();
  spdlog::info("stopped");
  return 0;
}

}  // namespace trawl::app
