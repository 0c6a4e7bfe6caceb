#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/services.h"
#include "app/engines.h"
#include "app/provider_config.h"
#include "auth/rate_limit.h"
#include "base/log.h"
#include "base/result.h"
#include "http/server/server.h"
#include "insight/replay_jobs.h"
#include "ledger/record/recorder.h"
#include "pipeline/pipeline_run.h"
#include "providers/models.h"

namespace trawl::app {

// What models.default is where no model is to be used unless it is named.
inline constexpr std::string_view kNoModel = "none";

// Everything that can be set. Defaults stand here and in docs/configuration.md.
struct Config {
  std::string data_dir = "trawl-data";
  std::string listen = "127.0.0.1:8080";
  LogFormat log_format = LogFormat::text;
  std::string log_level = "info";
  std::string ledger_engine = kEmbedded;
  std::string corpus_engine = kEmbedded;
  std::uint32_t workers = 0;       // Slots of the pool; 0: four for each core, at least 8.
  std::uint32_t long_workers = 0;  // Slots for long tasks; 0: one for each core.
  std::int64_t long_task_ms = kLongTaskUs / 1000;
  std::uint32_t waiting_max = 1000;       // Tasks of the pool that wait without a slot.
  std::uint32_t queue_max = 1024;         // Tasks of the pool that wait to begin,
  std::uint32_t queue_per_key_max = 256;  // and how many of these may be of one key.
  http::ServerOptions http;
  RecorderOptions recorder;
  RunOptions run;
  std::size_t stage_cache_bytes = 64 * 1024 * 1024;
  double keep_superseded_days = 1;
  double replay_days = 7;
  std::uint64_t replay_bytes_max = 0;        // 0: a quarter of the corpus, at least 1 GiB.
  std::int64_t retention_every_ms = 60'000;  // 0: only when it is asked for.
  api::Limits limits;
  ReplayJobLimits jobs;
  std::string models_directory;  // Empty: the folder `models` of the data directory.
  std::string default_model{kDefaultModel};  // Of new features; kNoModel: none.
  std::uint32_t model_threads = 1;
  std::vector<ProviderConfig> providers;
  RateLimit key_limit;  // For API keys that have none of their own.
  // Starts on files that lack their log, with what they hold. For once, never for good.
  bool accept_missing_log = false;
  std::vector<std::string> warnings;  // About what was read: ignored variables.
};

// What the command line says; beats everything else.
struct Overrides {
  std::optional<std::string> data_dir, listen, log_format, log_level, models_directory;
  bool accept_missing_log = false;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Flags beat TRAWL_* variables beat the file beat defaults. `path` empty: what TRAWL_CONFIG
// names, or else ./trawl.toml if it is there. Variables that are unknown are ignored and
// make a warning: an orchestrator sets some.
//   invalid    an unknown key, with the nearest name; a wrong type or range; not TOML
//   not_found  the named file is not there
Result<Config> load_config(const std::string& path, const Environment& environment,
                           const std::vector<std::string>& environment_names,
                           const Overrides& overrides);

// The same with the variables of this process.
Result<Config> load_process_config(const std::string& path, const Overrides& overrides);

// Nothing where it is not set, or empty. Not while another thread sets one.
std::optional<std::string> environment_variable(const std::string& name);

// "127.0.0.1:8080", "[::1]:8080", "localhost:0", ":8080" (127.0.0.1). Port 0 is a free one.
//   invalid  not of this form; whether the host exists is not looked at
Result<void> parse_listen(const std::string& text, std::string& host, std::uint16_t& port);

}  // namespace trawl::app
