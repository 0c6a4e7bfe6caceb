#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/namespaces/recording.h"
#include "api/operate/metrics.h"
#include "api/services.h"
#include "auth/key_store.h"
#include "base/json.h"
#include "corpus/store/sqlite_corpus.h"
#include "insight/replay_jobs.h"
#include "ledger/ledger_test_data.h"
#include "ledger/poor_ledger_test_support.h"
#include "runtime/worker_pool.h"
#include "stages/register_stages.h"

// The API over a ledger that keeps only what every ledger has to.
namespace trawl::app::poor_ledger_test {
namespace {

class CollectingWriter final : public http::BodyWriter {
 public:
  Result<void> write(std::string_view piece) override {
    text += piece;
    return {};
  }
  void trailer(std::string, std::string) override {}
  bool is_closed() const override { return false; }
  void on_closed(std::function<void()>) override {}

  std::string text;
};

// The routes and what they need, without sockets.
class PoorApi : public testing::Test {
 protected:
  PoorApi() {
    register_stages(stages_);
    api::add_routes(router_, services_);
    Namespace wanted;
    wanted.name = "default";
    ns_ = corpus_->create_namespace(std::move(wanted)).value().id;
    ApiKey key;
    key.name = "administrator";
    key.permissions = {Permission::admin};
    secret_ = keys_->create(std::move(key), std::nullopt).value().secret;
    for (int i = 0; i < 5; ++i) {
      Execution execution =
          test::make_execution(ns_, "e" + std::to_string(i), 1'770'000'000'000'000 + i);
      execution.inputs = R"({"query":"whale"})";
      execution.summary.query_summary = "whale";
      execution.summary.duration_ms = i;
      execution.summary.collection_ids = {{"col_gone", "gone"}};
      StageRecord stage;
      stage.stage_name = "find";
      stage.duration_us = 2'000;
      execution.stages = {stage};
      test::put(ledger_, test::finished(std::move(execution)));
    }
    // Who answers a request is told by this thread, which stands for one of the sockets'.
    ledger_.forbid(std::this_thread::get_id());
  }
  ~PoorApi() override { workers_.stop(); }

  // As the server answers it: on this thread, or on a worker if the route says so.
  http::Response ask(std::string method, std::string path, std::string body = "",
                     std::vector<http::Header> query = {}) {
    auto request = std::make_shared<http::Request>();
    request->method = method;
    request->path = request->target = path;
    request->query = std::move(query);
    request->headers = {{"Authorization", "Bearer " + secret_}};
    request->body = std::move(body);
    request->request_id = "req_test";
    auto match = router_.match(method, path);
    if (match.route == nullptr) {
      ADD_FAILURE() << path << " is no route";
      return {};
    }
    request->path_parameters = std::move(match.path_parameters);
    auto admitted = match.route->handler.admit(*request);
    if (!admitted) return http::error_response(admitted.error(), request->request_id);
    std::promise<http::Response> answer;
    const auto run = [&] {
      match.route->handler(
          request, [&](http::Response response) { answer.set_value(std::move(response)); });
    };
    if (match.route->run_on == http::RunOn::worker) {
      EXPECT_TRUE(workers_.submit(run));
    } else {
      run();
    }
    http::Response response = answer.get_future().get();
    if (response.stream) {
      CollectingWriter writer;
      std::thread([&] { EXPECT_TRUE(response.stream(writer)); }).join();
      response.body = std::move(writer.text);
    }
    EXPECT_EQ(response.status, 200) << method << " " << path << ": " << response.body;
    return response;
  }
  json::object ask_json(std::string method, std::string path, std::string body = "",
                        std::vector<http::Header> query = {}) {
    return parse_json(
               ask(std::move(method), std::move(path), std::move(body), std::move(query))
                   .body)
        .value()
        .get_object();
  }

  const test::ScratchDirectory directory_;
  std::unique_ptr<EmbeddedCorpus> corpus_ = [this] {
    CorpusOptions options;
    options.directory = directory_.file("data");
    return open_corpus(std::move(options)).value();
  }();
  std::unique_ptr<KeyStore> keys_ = KeyStore::open(directory_.file("keys.db")).value();
  test::PoorLedger ledger_;
  StageRegistry stages_;
  StageCache cache_{1 << 20};
  PipelineRunner runner_{*corpus_, *corpus_, cache_, RunOptions()};
  api::Metrics metrics_;
  Recorder recorder_{ledger_, RecorderOptions()};
  Pruner pruner_{ledger_};
  WorkerPool workers_{WorkerPoolOptions{.slots = 2}};
  std::atomic<bool> ready_ = true;
  api::ReservedNames reserved_names_;
  ReplayJobs replay_jobs_{
      {*corpus_, *corpus_, ledger_, recorder_, runner_, stages_, workers_, system_clock()},
      ReplayJobStore::open(directory_.file("jobs.db")).value(),
      {},
      [](const ReplayJob&) -> Result<void> { return {}; }};
  api::RecordingPolicies policies_{*corpus_, "key"};
  Embedders embedders_;
  EmbeddingQueue embedding_{*corpus_, *corpus_, embedders_, {}};
  ProviderPolicies provider_policies_;
  api::Services services_{*corpus_,
                          *corpus_,
                          ledger_,
                          recorder_,
                          *keys_,
                          stages_,
                          runner_,
                          cache_,
                          system_clock(),
                          metrics_,
                          workers_,
                          pruner_,
                          {},
                          ready_,
                          [] { return http::ServerMetrics(); },
                          reserved_names_,
                          [] { return VacuumReport(); },
                          replay_jobs_,
                          policies_,
                          embedders_,
                          embedding_,
                          provider_policies_};
  http::Router router_;
  NamespaceId ns_;
  std::string secret_;
};

constexpr const char* kExecutions = "/v1/retrievers/executions/";

// Goal: nothing asks for more than the traits promise, and no call of a ledger that is not
// local comes on a thread of sockets. Method: every kind of read.
TEST_F(PoorApi, ReadsAreRenderedAndWaitOnWorkers) {
  const std::string list = std::string(kExecutions) + "list";
  for (const char* body : {"", "{}", R"({"status":"completed"})", R"({"query":"whale"})",
                           R"({"sort":"duration_ms"})", R"({"fields":["pipeline"]})",
                           R"({"collection_ids":["gone"]})"}) {
    const json::object page = ask_json("POST", list, body, {{"limit", "2"}});
    EXPECT_EQ(page.at("results").get_array().size(), 2u) << body;
    EXPECT_EQ(page.at("total").to_number<int>(), 5) << body;
    // Never more than the ledger knows.
    EXPECT_EQ(page.at("total_relation").get_string(), "at_least") << body;
  }
  const json::object page = ask_json("POST", list, R"({"count_only":true})");
  EXPECT_TRUE(page.at("results").get_array().empty());

  const auto execution = ledger_.find(ns_, ExecutionId("e3")).value();
  EXPECT_EQ(ledger_.forbidden_calls(), 1);  // This one.
  ledger_.forbid({});
  const std::string wanted = execution_detail_json(execution.value());
  ledger_.forbid(std::this_thread::get_id());
  // Behind what was recorded stands whether it can be run again.
  const std::string shown = ask("GET", std::string(kExecutions) + "e3").body;
  const std::string recorded = wanted.substr(0, wanted.size() - 1);
  EXPECT_EQ(shown.substr(0, recorded.size()), recorded);

  for (const char* detail : {"true", "false"}) {
    const std::string rows = ask("POST", std::string(kExecutions) + "export", "{}",
                                 {{"detail", detail}, {"after", "e4"}})
                                 .body;
    EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 4 + 1) << rows;  // A trailer.
    EXPECT_EQ(rows.find(wanted + "\n") != std::string::npos, detail == std::string("true"));
  }
  const std::string csv =
      ask("POST", std::string(kExecutions) + "export", "", {{"format", "csv"}}).body;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 5) << csv;

  EXPECT_EQ(ask_json("POST", std::string(kExecutions) + "aggregate", "{}")
                .at("total")
                .at("count")
                .to_number<int>(),
            5);
  (void)ask("GET", std::string(kExecutions) + "tail", "", {{"end_after_ms", "1"}});
  for (const http::Header& condition :
       {http::Header{"status", "completed"}, http::Header{"collection_ids", "col_gone"}}) {
    const std::string past =
        ask("GET", std::string(kExecutions) + "tail", "",
            {{"since", "2026-01-01T00:00:00Z"}, {"end_after_ms", "1"}, condition})
            .body;
    for (int i = 0; i < 5; ++i) {
      EXPECT_NE(past.find("\"e" + std::to_string(i) + "\""), std::string::npos) << past;
    }
  }
  for (const std::string path : {"stages", "slow-queries", "performance"}) {
    const http::Response found = ask("GET", "/v1/analytics/retrievers/adhoc/" + path);
    EXPECT_FALSE(found.body.empty());
  }
  EXPECT_GT(ledger_.calls(), 15);
  EXPECT_EQ(ledger_.forbidden_calls(), 1);
}

}  // namespace
}  // namespace trawl::app::poor_ledger_test
