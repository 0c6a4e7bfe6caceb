#include "app/instance.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include "api/executions/export_ticket.h"
#include "api/insight/replay_job_routes.h"
#include "api/namespaces/deleted_history.h"
#include "api/namespaces/recording.h"
#include "api/namespaces/retention.h"
#include "api/operate/metrics.h"
#include "api/services.h"
#include "app/data_files.h"
#include "app/engines.h"
#include "app/models.h"
#include "app/providers.h"
#include "auth/key_store.h"
#include "base/file.h"
#include "base/write_health.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "embedding/embedding_queue.h"
#include "insight/replay_jobs.h"
#include "ledger/ledger.h"
#include "runtime/periodic.h"
#include "runtime/thread.h"
#include "stages/register_stages.h"

namespace trawl::app {
namespace {

constexpr const char* kAdminUser = "admin@localhost";
// In which all providers that are asked at the start have to answer.
constexpr std::chrono::seconds kProvidersAtStart{30};

std::size_t worker_count(std::uint32_t configured) {
  if (configured != 0) return configured;
  // What reads waits for disks, without notice, so there are more than cores.
  return std::max<std::size_t>(8, std::size_t{4} * std::thread::hardware_concurrency());
}

std::size_t long_worker_count(std::uint32_t configured) {
  return configured != 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

// Programs up to 0.1.0 could leave the history of a deleted namespace behind; or the two
// files are not of one data directory, so that nothing is removed without being asked to.
Result<void> warn_of_strange_histories(const Catalog& catalog, const Ledger& ledger) {
  TRAWL_ASSIGN(const auto recorded, ledger.namespaces());
  TRAWL_ASSIGN(const auto deleted, catalog.deleted_namespaces());
  for (const NamespaceId& id : recorded) {
    if (catalog.find_namespace(id.str())) continue;
    if (std::find(deleted.begin(), deleted.end(), id) != deleted.end()) continue;
    spdlog::warn(
        "there is history of the namespace {}, which does not exist; unless {} was put "
        "back "
        "from another copy than {}, `trawl doctor --repair` removes it",
        id.str(), kCorpusFile, kLedgerFile);
  }
  return {};
}

// A data directory has one server; one that was copied to another machine has another.
std::string server_name(const std::string& data_dir) {
  std::error_code ignored;
  const auto path = std::filesystem::weakly_canonical(data_dir, ignored);
  std::array<char, 256> host = {};
  (void)gethostname(host.data(), host.size() - 1);
  return fmt::format("{}:{}", host.data(), path.string());
}

class RunningInstance final : public Instance {
 public:
  RunningInstance(const Config& config, DirectoryLock lock, std::unique_ptr<KeyStore> keys,
                  OpenedCorpus corpus, std::unique_ptr<Ledger> ledger,
                  std::unique_ptr<ReplayJobStore> jobs, std::string recording_key,
                  ServerProviders providers)
      : config_(config),
        lock_(std::move(lock)),
        keys_(std::move(keys)),
        catalog_(std::move(corpus.catalog)),
        corpus_(std::move(corpus.corpus)),
        ledger_(std::move(ledger)),
        providers_(std::move(providers)),
        cache_(config.stage_cache_bytes),
        workers_(std::make_unique<WorkerPool>(
            WorkerPoolOptions{.slots = worker_count(config.workers),
                              .long_slots = long_worker_count(config.long_workers),
                              .long_task_us = config.long_task_ms * 1000,
                              .queue_max = config.queue_max,
                              .account_queue_max = config.queue_per_key_max,
                              .waiting_max = config.waiting_max})),
        embedding_(*catalog_, *corpus_, providers_.embedders, embedding_options()),
        runner_(*catalog_, *corpus_, cache_, run_options(config), FanOut(*workers_),
                &providers_.recorded),
        policies_(*catalog_, std::move(recording_key)),
        retention_policies_(api::compile_retention(*catalog_)),
        recorder_(std::make_unique<Recorder>(
            *ledger_, config.recorder,
            [this](const NamespaceId& ns) { return policies_.find(ns); })),
        pruner_(*ledger_),
        job_runner_(*catalog_, *corpus_, cache_, run_options(config), FanOut(),
                    &providers_.recorded),
        replay_jobs_({*catalog_, *corpus_, *ledger_, *recorder_, job_runner_, stages_,
                      *workers_, system_clock()},
                     std::move(jobs), config.jobs,
                     [this](const ReplayJob& job) {
                       return api::may_go_on(*keys_, job, system_clock().now());
                     }),
        services_{*catalog_,
                  *corpus_,
                  *ledger_,
                  *recorder_,
                  *keys_,
                  stages_,
                  runner_,
                  cache_,
                  system_clock(),
                  metrics_,
                  *workers_,
                  pruner_,
                  config.limits,
                  ready_,
                  [this] { return server_metrics(); },
                  reserved_names_,
                  [this] { return vacuum_now(); },
                  replay_jobs_,
                  policies_,
                  providers_.embedders,
                  embedding_,
                  providers_.policies} {
    register_stages(stages_);
    api::add_routes(router_, services_);
  }

  ~RunningInstance() override { stop(); }

  Result<void> listen() {
    auto observer = [this](const http::Request& request, std::string_view route, int status,
                           std::int64_t duration_us) {
      metrics_.request_served(route, request.method, status, duration_us);
      // As it was sent: a decoded space would let a path make up the fields behind it.
      spdlog::debug("{} {} {} {} {} us", request.request_id, request.method,
                    api::path_for_log(request), status, duration_us);
    };
    TRAWL_ASSIGN(server_, http::Server::start(config_.http, router_, *workers_, observer));
    TRAWL_TRY(replay_jobs_.begin());
    embedding_.start();
    warm_up_ = start_thread("models", [this] { warm_up_default_model(); });
    listening_ = server_.get();
    ready_ = true;
    if (const std::int64_t lease_us = ledger_->traits().lease_us; lease_us > 0) {
      lease_ = std::make_unique<Periodic>(
          std::chrono::milliseconds(std::max<std::int64_t>(lease_us / 4'000, 1)),
          [this] { keep_lease(); });
    }
    vacuum_ = std::make_unique<Periodic>(std::chrono::hours(1), [this] { vacuum(); });
    health_ = std::make_unique<Periodic>(std::chrono::seconds(1),
                                         [this] { try_failed_writes(); });
    if (config_.retention_every_ms > 0) {
      retention_ = std::make_unique<Periodic>(
          std::chrono::milliseconds(config_.retention_every_ms), [this] {
            api::remove_deleted_histories(*catalog_, *ledger_);
            replay_jobs_.forget_deleted_namespaces();
            api::prune_all(*catalog_, retention_policies_, pruner_, system_clock().now(),
                           [this] { return !ready_.load(); });
          });
    }
    return {};
  }

  // Makes what a fresh server needs: the namespace `default` and an administrator's key.
  Result<void> provision(const std::optional<std::string>& first_key) {
    if (!catalog_->find_namespace("default")) {
      Namespace wanted;
      wanted.name = "default";
      wanted.definition = {{"namespace_type", "standard"},
                           {"description", "Serves requests that name no namespace"},
                           {"feature_extractors", json::array()},
                           {"payload_indexes", json::array()},
                           {"auto_create_indexes", false}};
      TRAWL_TRY(catalog_->create_namespace(std::move(wanted)));
    }
    for (const ApiKey& key : keys_->list()) workers_->set_weight(key.id.str(), key.weight);
    if (!keys_->empty()) {
      if (first_key && !keys_->authenticate(*first_key, system_clock().now())) {
        spdlog::warn(
            "TRAWL_API_KEY is not an active key of this data directory; it is taken as "
            "the administrator's key on the first start only (docs/configuration.md: a "
            "lost key)");
      }
      return {};
    }
    ApiKey wanted;
    wanted.name = "administrator";
    wanted.user = kAdminUser;
    wanted.description = "Made on the first start";
    wanted.permissions = {Permission::admin};
    auto created = keys_->create(std::move(wanted), first_key);
    if (!created) {
      Error error = std::move(created).error();
      if (first_key) error.message = "TRAWL_API_KEY: " + error.message;
      return error;
    }
    if (!first_key) generated_key_ = created->secret;
    return {};
  }

  std::uint16_t port() const override { return server_->port(); }
  const std::optional<std::string>& generated_key() const override {
    return generated_key_;
  }

  void stop() override {
    if (stopped_.exchange(true)) return;
    ready_ = false;
    retention_.reset();
    vacuum_.reset();
    health_.reset();
    replay_jobs_.stop();
    embedding_.stop();
    if (server_) server_->stop();
    workers_->stop();
    recorder_->stop();
    warm_up_.join();
    lease_.reset();  // Until here something of this server ran.
  }

 private:
  // A request may be served before listen() has returned.
  http::ServerMetrics server_metrics() const {
    const http::Server* server = listening_;
    return server == nullptr ? http::ServerMetrics() : server->metrics();
  }

  // So that the first search need not wait until it is loaded. A network says little of how
  // it is, and a call would cost something.
  void warm_up_default_model() const {
    const auto embedder = providers_.embedders.find(providers_.embedders.default_name());
    if (!embedder || !(*embedder)->is_local()) return;
    give_way_to_other_threads();
    const std::string text;
    // What fails is logged where it does.
    (void)(*embedder)->embed(std::span(&text, 1), EmbeddingTask::query, AskContext());
  }

  // A load balancer sends nothing to a server that is not ready, so no request would
  // find out that the disk has room again.
  void try_failed_writes() {
    if (!write_health::failure()) return;
    (void)corpus_->try_write();
    (void)keys_->try_write();
    (void)replay_jobs_.try_write();
  }

  void keep_lease() {
    const auto ended = ledger_->keep_lease();
    if (!ended) {
      spdlog::error("the lease of what runs here was not renewed: {} ({})",
                    ended.error().message, ended.error().detail);
    } else if (*ended > 0) {
      spdlog::warn("{} executions of servers that are gone are marked failed", *ended);
    }
  }

  // Whether the texts of a namespace may go to a provider of the configuration.
  Result<void> may_send(const NamespaceId& namespace_id, std::string_view asked) const {
    TRAWL_ASSIGN(const Namespace ns, catalog_->find_namespace(namespace_id.str()));
    return providers_.policies.check(asked, ns.name);
  }
  RunOptions run_options(const Config& config) const {
    RunOptions options = config.run;
    options.may_send = [this](const NamespaceId& id, std::string_view asked) {
      return may_send(id, asked);
    };
    return options;
  }
  EmbeddingQueue::Options embedding_options() const {
    EmbeddingQueue::Options options;
    options.may_receive = [this](const NamespaceId& id,
                                 const Embedder& embedder) -> Result<void> {
      if (embedder.is_local()) return {};
      return may_send(id, embedder.model().provider);
    };
    return options;
  }

  // Removes what no execution may be run again over. One runs at a time.
  Result<VacuumReport> vacuum_now() {
    const MutexLock lock(vacuum_mutex_);
    api::remove_deleted_histories(*catalog_, *ledger_);
    VacuumRequest request;
    request.now = system_clock().now();
    request.replay_bytes_max = config_.replay_bytes_max;
    const TimeUs since =
        request.now -
        static_cast<TimeUs>(config_.replay_days * static_cast<double>(kMicrosPerDay));
    std::vector<VersionUse> in_use;
    if (config_.replay_days > 0) {
      // Who cannot tell what is needed removes nothing.
      TRAWL_ASSIGN(in_use, ledger_->versions_in_use(since));
    }
    request.in_use = in_use;
    TRAWL_ASSIGN(VacuumReport report, corpus_->vacuum(request));
    TRAWL_TRY(ledger_->forget_version_uses(since));
    metrics_.versions_kept(report.kept, request.now);
    return report;
  }

  void vacuum() {
    const auto report = vacuum_now();
    if (!report) {
      spdlog::error("vacuum: {} ({})", report.error().message, report.error().detail);
    } else if (report->removed > 0) {
      spdlog::info("vacuum: {} superseded documents were removed", report->removed);
    }
  }

  const Config config_;
  DirectoryLock lock_;
  std::unique_ptr<KeyStore> keys_;
  std::shared_ptr<Catalog> catalog_;
  std::shared_ptr<Corpus> corpus_;
  std::unique_ptr<Ledger> ledger_;
  StageRegistry stages_;
  const ServerProviders providers_;
  StageCache cache_;
  std::unique_ptr<WorkerPool> workers_;
  EmbeddingQueue embedding_;
  PipelineRunner runner_;
  api::Metrics metrics_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopped_{false};
  api::RecordingPolicies policies_;
  api::RetentionPolicies retention_policies_;
  std::unique_ptr<Recorder> recorder_;
  Pruner pruner_;
  PipelineRunner job_runner_;  // On the one thread of the jobs.
  ReplayJobs replay_jobs_;
  api::ReservedNames reserved_names_;
  api::Services services_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::atomic<const http::Server*> listening_{nullptr};
  Mutex vacuum_mutex_;
  Thread warm_up_;
  std::unique_ptr<Periodic> vacuum_;
  std::unique_ptr<Periodic> health_;
  std::unique_ptr<Periodic> retention_;
  std::unique_ptr<Periodic> lease_;
  std::optional<std::string> generated_key_;
};

}  // namespace

Result<std::unique_ptr<Instance>> Instance::start(
    const Config& config, const std::optional<std::string>& first_key) {
  AskContext asking;
  asking.deadline = Deadline::after(kProvidersAtStart);
  ServerProviders providers;
  TRAWL_TRY(make_providers(config.providers, environment_variable, asking, providers));
  add_built_in_models(config, providers.embedders);
  add_recorded_embedders(providers);
  // What is there can be read where it cannot be written.
  const bool has_data = check_data_directory(config.data_dir).has_value();
  TRAWL_ASSIGN(DirectoryLock lock, DirectoryLock::acquire(config.data_dir, has_data));
  make_data_private(config.data_dir);
  for (const std::string& missing : find_missing_logs(config.data_dir)) {
    if (config.accept_missing_log) {
      spdlog::warn("{}. It is used anyway, because of --accept-missing-log", missing);
      continue;
    }
    return make_error(ErrorCode::storage,
                      fmt::format("{}. To continue with what it holds, start once with "
                                  "--accept-missing-log",
                                  missing));
  }
  TRAWL_TRY(refuse_newer_files(config.data_dir));
  TRAWL_ASSIGN(auto keys,
               KeyStore::open(config.data_dir + "/" + kKeysFile, config.key_limit));
  CorpusOpening corpus_opening;
  corpus_opening.directory = config.data_dir;
  corpus_opening.keep_superseded_us = static_cast<std::int64_t>(
      config.keep_superseded_days * static_cast<double>(kMicrosPerDay));
  TRAWL_ASSIGN(auto corpus, open_corpus_engine(config.corpus_engine, corpus_opening));
  TRAWL_ASSIGN(auto jobs, ReplayJobStore::open(config.data_dir + "/" + kJobsFile));
  LedgerOpening ledger_opening;
  ledger_opening.directory = config.data_dir;
  ledger_opening.server = server_name(config.data_dir);
  TRAWL_ASSIGN(auto ledger, open_ledger_engine(config.ledger_engine, ledger_opening));
  api::remove_deleted_histories(*corpus.catalog, *ledger);
  TRAWL_TRY(warn_of_strange_histories(*corpus.catalog, *ledger));
  const auto interrupted = ledger->recover();
  if (!interrupted) {
    // What can be read is served, from a full disk too.
    if (interrupted.error().code != ErrorCode::cannot_store) return interrupted.error();
    spdlog::warn("interrupted executions will be ended later: {}",
                 interrupted.error().message);
  } else if (*interrupted > 0) {
    spdlog::warn(
        "{} executions were interrupted when the server stopped; they are marked failed",
        *interrupted);
  }
  TRAWL_ASSIGN(
      std::string recording_key,
      read_or_make_secret(config.data_dir + "/" + kRecordingKeyFile, kRecordingKeyBytes));
  auto instance = std::make_unique<RunningInstance>(
      config, std::move(lock), std::move(keys), std::move(corpus), std::move(ledger),
      std::move(jobs), std::move(recording_key), std::move(providers));
  TRAWL_TRY(instance->provision(first_key));
  TRAWL_TRY(instance->listen());
  return std::unique_ptr<Instance>(std::move(instance));
}

}  // namespace trawl::app
