#include "app/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include <toml++/toml.h>

#include "app/engines.h"
#include "app/environment.h"
#include "base/text.h"
#include "http/message/cors.h"
#include "http/message/header_list.h"

extern char** environ;

namespace trawl::app {
namespace {

// One setting: its key in the file, and how a text sets it. The variable's name is the
// key in capitals: http.body_bytes_max is TRAWL_HTTP_BODY_BYTES_MAX.
struct Setting {
  std::string_view key;
  std::function<bool(const std::string& text)> set;
  std::string_view wanted;
};

template <class Number>
std::function<bool(const std::string&)> integer(Number& target, std::int64_t min,
                                                std::int64_t max) {
  return [&target, min, max](const std::string& text) {
    std::int64_t value = 0;
    if (!parse_integer(text, value) || value < min || value > max) return false;
    target = static_cast<Number>(value);
    return true;
  };
}

std::function<bool(const std::string&)> number(double& target, double min) {
  return [&target, min](const std::string& text) {
    try {
      std::size_t used = 0;
      const double value = std::stod(text, &used);
      if (used != text.size() || !(value >= min) || !std::isfinite(value)) return false;
      target = value;
      return true;
    } catch (const std::exception&) {
      return false;
    }
  };
}

std::function<bool(const std::string&)> text(std::string& target) {
  return [&target](const std::string& value) {
    if (value.empty()) return false;
    target = value;
    return true;
  };
}

// Origins in one text, or "*" for all of them.
std::function<bool(const std::string&)> origins(std::vector<std::string>& target) {
  return [&target](const std::string& value) {
    target.clear();
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view element = http::take_element(rest);
      const auto origin =
          element == "*" ? std::optional<std::string>("*") : http::parse_origin(element);
      if (!origin) return false;
      target.push_back(*origin);
    }
    return true;
  };
}

std::vector<Setting> settings_of(Config& config) {
  constexpr std::int64_t kBytesMax = std::int64_t{1} << 40;
  constexpr std::int64_t kMillisMax = 24 * 3600 * 1000;
  return {
      {"data_dir", text(config.data_dir), "a folder"},
      {"listen", text(config.listen), "HOST:PORT"},
      {"log_format",
       [&config](const std::string& value) {
         config.log_format = value == "json" ? LogFormat::json : LogFormat::text;
         return value == "json" || value == "text";
       },
       "text or json"},
      {"log_level",
       [&config](const std::string& value) {
         static const std::set<std::string> kLevels = {
             "trace", "debug", "info", "warning", "error", "critical", "off"};
         config.log_level = value;
         return kLevels.contains(value);
       },
       "trace, debug, info, warning, error, critical or off"},
      {"ledger.engine",
       [&config](const std::string& value) {
         config.ledger_engine = value;
         return is_ledger_engine(value);
       },
       ledger_engines()},
      {"corpus.engine",
       [&config](const std::string& value) {
         config.corpus_engine = value;
         return is_corpus_engine(value);
       },
       corpus_engines()},
      {"workers", integer(config.workers, 0, 1024), "0 to 1024"},
      {"long_workers", integer(config.long_workers, 0, 1024), "0 to 1024"},
      {"long_task_ms", integer(config.long_task_ms, 1, kMillisMax), "milliseconds"},
      {"queue_max", integer(config.queue_max, 1, 1'000'000), "1 to 1000000"},
      {"queue_per_key_max", integer(config.queue_per_key_max, 1, 1'000'000),
       "1 to 1000000"},
      {"waiting_max", integer(config.waiting_max, 0, 100'000), "0 to 100000"},
      {"stage_cache_bytes", integer(config.stage_cache_bytes, 0, kBytesMax), "bytes"},
      {"keep_superseded_days", number(config.keep_superseded_days, 0), "days, 0 or more"},
      {"replay_days", number(config.replay_days, 0), "days, 0 or more"},
      {"replay_bytes_max", integer(config.replay_bytes_max, 0, kBytesMax), "bytes, or 0"},
      {"http.threads", integer(config.http.threads, 0, 256), "0 to 256"},
      {"http.header_bytes_max", integer(config.http.header_bytes_max, 1024, 1 << 20),
       "1024 to 1048576"},
      {"http.body_bytes_max", integer(config.http.body_bytes_max, 1024, kBytesMax),
       "bytes, 1024 or more"},
      {"http.connections_max", integer(config.http.connections_max, 1, 1'000'000),
       "1 to 1000000"},
      {"http.streams_max", integer(config.http.streams_max, 1, 10'000), "1 to 10000"},
      {"http.streams_per_key_max", integer(config.http.streams_per_key_max, 1, 10'000),
       "1 to 10000"},
      {"http.uploads_max", integer(config.http.uploads_max, 1, 10'000), "1 to 10000"},
      {"http.uploads_per_key_max", integer(config.http.uploads_per_key_max, 1, 10'000),
       "1 to 10000"},
      {"http.bodies_bytes_max", integer(config.http.bodies_bytes_max, 1024, kBytesMax),
       "bytes, 1024 or more"},
      {"http.bodies_bytes_per_key_max",
       integer(config.http.bodies_bytes_per_key_max, 1024, kBytesMax),
       "bytes, 1024 or more"},
      {"http.bytes_per_s_min", integer(config.http.bytes_per_s_min, 0, 1'000'000),
       "0 to 1000000"},
      {"http.compress_bytes_min", integer(config.http.compress_bytes_min, 0, kBytesMax),
       "bytes, or 0 for never"},
      {"http.cors_origins", origins(config.http.cors_origins),
       "origins such as https://app.example.com, separated by commas, or *"},
      {"http.header_timeout_ms", integer(config.http.header_timeout_ms, 1, kMillisMax),
       "milliseconds"},
      {"http.idle_timeout_ms", integer(config.http.idle_timeout_ms, 1, kMillisMax),
       "milliseconds"},
      {"http.body_timeout_ms", integer(config.http.body_timeout_ms, 1, kMillisMax),
       "milliseconds"},
      {"http.write_timeout_ms", integer(config.http.write_timeout_ms, 1, kMillisMax),
       "milliseconds"},
      {"http.drain_timeout_ms", integer(config.http.drain_timeout_ms, 0, kMillisMax),
       "milliseconds"},
      {"keys.requests_per_minute",
       integer(config.key_limit.requests_per_minute, 0, kRequestsPerMinuteMax),
       "0 to 1000000; 0 is no limit"},
      {"keys.burst", integer(config.key_limit.burst, 0, kRequestsPerMinuteMax),
       "0 to 1000000; 0 is as many as in a minute"},
      {"ledger.queue_max", integer(config.recorder.queue_max, 1, 1'000'000),
       "1 to 1000000"},
      {"ledger.batch_max", integer(config.recorder.batch_max, 1, 10'000), "1 to 10000"},
      {"ledger.batch_wait_us", integer(config.recorder.batch_wait_us, 0, 1'000'000),
       "0 to 1000000"},
      {"ledger.boundary_candidates_max",
       integer(config.run.boundary_candidates_max, 0, 100'000), "0 to 100000"},
      {"ledger.retention_every_ms", integer(config.retention_every_ms, 0, kMillisMax),
       "milliseconds, or 0 for never"},
      {"ledger.results_max", integer(config.run.results_max, 0, 1'000'000), "0 to 1000000"},
      {"ledger.answer_bytes_max", integer(config.run.answer_bytes_max, 0, 1 << 30),
       "0 to 1073741824"},
      {"ledger.answers_bytes_max", integer(config.run.answers_bytes_max, 0, 1 << 30),
       "0 to 1073741824"},
      {"import.line_bytes_max", integer(config.limits.import_line_bytes_max, 1024, 1 << 30),
       "1024 to 1073741824"},
      {"import.document_bytes_max",
       integer(config.limits.document_bytes_max, 1024, 1 << 30), "1024 to 1073741824"},
      {"import.batch_documents", integer(config.limits.import_batch_documents, 1, 100'000),
       "1 to 100000"},
      {"import.batch_bytes", integer(config.limits.import_batch_bytes, 1024, 1 << 30),
       "1024 to 1073741824"},
      {"tail.heartbeat_ms", integer(config.limits.tail_heartbeat_ms, 10, kMillisMax),
       "milliseconds, 10 or more"},
      {"limits.query_bytes_max", integer(config.limits.query_bytes_max, 1024, kBytesMax),
       "bytes, 1024 or more"},
      {"limits.request_ms_max",
       [&config](const std::string& value) {
         auto& ms = config.limits.request_ms_max;
         if (!integer(ms, 0, kMillisMax)(value)) return false;
         config.run.time_ms_max = ms;
         return true;
       },
       "milliseconds, or 0 for no limit"},
      {"jobs.per_key_max", integer(config.jobs.per_key_max, 0, 1'000), "0 to 1000"},
      {"jobs.executions_max", integer(config.jobs.executions_max, 1, 10'000'000),
       "1 to 10000000"},
      {"jobs.kept_max", integer(config.jobs.kept_max, 1, 10'000), "1 to 10000"},
      {"models.directory", text(config.models_directory), "a folder"},
      {"models.default", text(config.default_model), "the name of a model, or none"},
      {"models.threads", integer(config.model_threads, 1, 256), "1 to 256"},
      {"tail.backfill_max", integer(config.limits.tail_backfill_max, 1, 1'000'000),
       "1 to 1000000"},
  };
}

std::string variable_of(std::string_view key) {
  std::string name = "TRAWL_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

Error bad_value(std::string_view where, const std::string& value, std::string_view wanted) {
  return make_error(ErrorCode::invalid, fmt::format("{} is '{}'; use {}", where,
                                                    truncate_text(value, 100), wanted));
}

Result<void> apply(const std::vector<Setting>& settings, std::string_view key,
                   const std::string& where, const std::string& value) {
  for (const auto& setting : settings) {
    if (setting.key != key) continue;
    if (!setting.set(value)) return bad_value(where, value, setting.wanted);
    return {};
  }
  std::vector<std::string_view> names;
  for (const auto& setting : settings) names.push_back(setting.key);
  return make_error(ErrorCode::invalid,
                    fmt::format("{} is an unknown setting{}; docs/configuration.md "
                                "lists them",
                                where, did_you_mean(key, names)));
}

// [prices.STAGE] base and per_document; [prices.default] is for all stages not named.
Result<void> read_prices(const toml::table& prices, const std::string& path,
                         PriceList& list) {
  for (const auto& [name, node] : prices) {
    const auto* table = node.as_table();
    const std::string stage(name.str());
    if (table == nullptr) {
      return make_error(
          ErrorCode::invalid,
          fmt::format("{}: prices.{} is not a table; use [prices.{}]", path, stage, stage));
    }
    StagePrice price;
    for (const auto& [key, value] : *table) {
      const auto amount = value.value<double>();
      const std::string where = fmt::format("{}: prices.{}.{}", path, stage, key.str());
      if (!amount || *amount < 0 || !std::isfinite(*amount)) {
        return make_error(ErrorCode::invalid,
                          where + " is not a number of credits, 0 or more");
      }
      if (key.str() == "base") {
        price.base = *amount;
      } else if (key.str() == "per_document") {
        price.per_document = *amount;
      } else {
        return make_error(ErrorCode::invalid,
                          where + " is an unknown setting; use base or per_document");
      }
    }
    if (stage == "default") {
      list.fallback = price;
    } else {
      list.by_stage[stage] = price;
    }
  }
  return {};
}

std::string text_of(const toml::node& node) {
  if (const auto value = node.value_exact<std::string>()) return *value;
  if (const auto value = node.value_exact<std::int64_t>()) return std::to_string(*value);
  if (const auto value = node.value_exact<double>()) return fmt::format("{}", *value);
  if (const auto value = node.value_exact<bool>()) return *value ? "true" : "false";
  if (const auto* list = node.as_array();
      list != nullptr && (list->empty() || list->is_homogeneous<std::string>())) {
    std::string joined;
    for (const auto& item : *list) {
      if (!joined.empty()) joined += ", ";
      joined += *item.value_exact<std::string>();
    }
    return joined;
  }
  return "(a list or table)";
}

Result<void> read_table(const std::vector<Setting>& settings, const toml::table& table,
                        const std::string& prefix, const std::string& path,
                        Config& config) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const bool is_setting =
        std::any_of(settings.begin(), settings.end(),
                    [&key](const Setting& setting) { return setting.key == key; });
    if (const auto* inner = node.as_table(); inner != nullptr && !is_setting) {
      if (key == "prices") {
        TRAWL_TRY(read_prices(*inner, path, config.run.prices));
      } else if (key == "providers") {
        TRAWL_TRY(read_providers(*inner, path, config.providers));
      } else {
        TRAWL_TRY(read_table(settings, *inner, key + ".", path, config));
      }
      continue;
    }
    TRAWL_TRY(apply(settings, key, fmt::format("{}: {}", path, key), text_of(node)));
  }
  return {};
}

Result<void> read_file_into(Config& config, const std::vector<Setting>& settings,
                            const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    return make_error(ErrorCode::invalid,
                      fmt::format("{}:{}:{}: {}", path, error.source().begin.line,
                                  error.source().begin.column, error.description()));
  }
  return read_table(settings, table, {}, path, config);
}

// Variables that other parts of the program read.
constexpr std::string_view kOtherVariables[] = {"TRAWL_API_KEY", "TRAWL_URL",
                                                "TRAWL_NAMESPACE", "TRAWL_CONFIG"};

bool is_known_variable(std::string_view name) {
  return std::find(std::begin(kOtherVariables), std::end(kOtherVariables), name) !=
         std::end(kOtherVariables);
}

// A model that can run here, or one that a provider makes vectors with.
Result<void> check_default_model(const Config& config) {
  std::vector<std::string_view> names;
  for (const KnownModel& model : known_models()) names.push_back(model.name);
  for (const ProviderConfig& each : config.providers) {
    if (each.kind == ProviderConfig::Kind::openai_embeddings) names.push_back(each.model);
  }
  names.push_back(kNoModel);
  const std::string& name = config.default_model;
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  return make_error(
      ErrorCode::invalid,
      fmt::format("models.default is '{}'; use one of {}{}", truncate_text(name, 100),
                  fmt::join(names, ", "), did_you_mean(name, names)));
}

bool holds_provider_key(const Config& config, std::string_view name) {
  return std::any_of(config.providers.begin(), config.providers.end(),
                     [name](const ProviderConfig& each) { return each.key_env == name; });
}

}  // namespace

Result<Config> load_config(const std::string& path, const Environment& environment,
                           const std::vector<std::string>& environment_names,
                           const Overrides& overrides) {
  Config config;
  const std::vector<Setting> settings = settings_of(config);
  constexpr const char* kDefaultPath = "trawl.toml";
  const std::string file =
      !path.empty() ? path : environment("TRAWL_CONFIG").value_or(std::string());
  if (!file.empty()) {
    if (!std::filesystem::exists(file)) {
      return make_error(ErrorCode::not_found,
                        fmt::format("the configuration file {} does not exist", file));
    }
    TRAWL_TRY(read_file_into(config, settings, file));
  } else if (std::filesystem::exists(kDefaultPath)) {
    TRAWL_TRY(read_file_into(config, settings, kDefaultPath));
  }

  std::map<std::string, std::string_view> variables;
  for (const auto& setting : settings) variables[variable_of(setting.key)] = setting.key;
  std::vector<std::string> unknown;
  std::vector<std::string> from_services;
  for (const auto& name : environment_names) {
    if (!name.starts_with("TRAWL_") || is_known_variable(name)) continue;
    if (holds_provider_key(config, name)) continue;
    const auto known = variables.find(name);
    const std::string value = environment(name).value_or("");
    if (known == variables.end()) {
      (is_service_variable(name) ? from_services : unknown).push_back(name);
    } else if (is_service_address(value)) {
      from_services.push_back(name);
    } else {
      TRAWL_TRY(apply(settings, known->second, name, value));
    }
  }
  std::vector<std::string_view> names(std::begin(kOtherVariables),
                                      std::end(kOtherVariables));
  for (const auto& pair : variables) names.push_back(pair.first);
  config.warnings = ignored_variables(unknown, from_services, names);
  config.accept_missing_log = overrides.accept_missing_log;

  const auto override_with = [&](const std::optional<std::string>& value,
                                 std::string_view key, const char* flag) -> Result<void> {
    return value ? apply(settings, key, flag, *value) : Result<void>();
  };
  TRAWL_TRY(override_with(overrides.data_dir, "data_dir", "--data-dir"));
  TRAWL_TRY(override_with(overrides.listen, "listen", "--listen"));
  TRAWL_TRY(override_with(overrides.log_format, "log_format", "--log-format"));
  TRAWL_TRY(override_with(overrides.log_level, "log_level", "--log-level"));
  TRAWL_TRY(override_with(overrides.models_directory, "models.directory", "--models-dir"));
  TRAWL_TRY(parse_listen(config.listen, config.http.host, config.http.port));
  TRAWL_TRY(check_default_model(config));
  return config;
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Result<Config> load_process_config(const std::string& path, const Overrides& overrides) {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair(*entry);
    const std::string name(pair.substr(0, pair.find('=')));
    if (environment_variable(name)) names.push_back(name);
  }
  return load_config(path, environment_variable, names, overrides);
}

Result<void> parse_listen(const std::string& text, std::string& host, std::uint16_t& port) {
  const auto colon = text.rfind(':');
  std::int64_t number = 0;
  if (colon == std::string::npos ||
      !parse_integer(std::string_view(text).substr(colon + 1), number) || number < 0 ||
      number > 65535) {
    return bad_value("listen", text, "HOST:PORT, such as 127.0.0.1:8080");
  }
  host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "127.0.0.1";
  port = static_cast<std::uint16_t>(number);
  return {};
}

}  // namespace trawl::app
