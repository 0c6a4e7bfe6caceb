#include "insight/replay_jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "insight/comparison.h"
#include "insight/diff.h"
#include "insight/insight_test_support.h"
#include "ledger/ledger_test_data.h"
#include "sqlite/connection.h"

namespace trawl::replay_jobs_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class ReplayJobsTest : public test::InsightTest {
 protected:
  ReplayJobsTest() { open(); }
  ~ReplayJobsTest() override { workers_.stop(); }

  void open() {
    jobs_.reset();
    jobs_ = std::make_unique<ReplayJobs>(
        ReplayJobParts{corpus_, corpus_, ledger_, recorder_, runner_, registry_, workers_,
                       clock_},
        ReplayJobStore::open(path_).value(), limits_,
        [this](const ReplayJob&) -> Result<void> {
          if (key_may_read_) return {};
          return make_error(ErrorCode::forbidden, "the key is revoked");
        });
  }

  ExecutionFilter all() const {
    ExecutionFilter filter;
    filter.namespace_id = ns_;
    filter.modes = ModeKinds::own();
    return filter;
  }
  ReplayJob wanted(std::string key = "key_a") const {
    ReplayJob job;
    job.namespace_id = ns_;
    job.key_id = std::move(key);
    return job;
  }
  ReplayJob wait_for_end(const ReplayJob& job) {
    const auto until = steady_clock::now() + std::chrono::seconds(60);
    ReplayJob now = job;
    while (!now.has_ended() && steady_clock::now() < until) {
      now = jobs_->wait_for_change(now, 100).value();
    }
    EXPECT_TRUE(now.has_ended());
    return now;
  }
  std::vector<Execution> make_runs(int count) {
    std::vector<Execution> out;
    for (int i = 0; i < count; ++i) {
      if (i % 5 == 0) write_some();
      const json::value body = a_pipeline();
      out.push_back(run(body, some_inputs()));
    }
    return out;
  }

  const test::ScratchDirectory directory_;
  const std::string path_ = directory_.file("jobs.db");
  WorkerPool workers_{WorkerPoolOptions{.slots = 1}};
  Recorder recorder_{ledger_, RecorderOptions()};
  ReplayJobLimits limits_;
  std::atomic<bool> key_may_read_ = true;
  std::unique_ptr<ReplayJobs> jobs_;
};

// Goal: a job finds of each execution what a replay of it alone finds. Method: random
// pipelines, documents that change, and a patch that fits some of them.
TEST_F(ReplayJobsTest, FindsWhatSingleReplaysFind) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const std::vector<Execution> runs = make_runs(60);
  write_some();
  ASSERT_TRUE(jobs_->begin());

  const ReplayJob same = wait_for_end(jobs_->start(wanted(), all()).value());
  EXPECT_EQ(same.status, ReplayJobStatus::completed);
  EXPECT_EQ(same.count(ReplayOutcome::identical), runs.size()) << sentence_of(same);

  ReplayJob changing = wanted();
  changing.request.as_of = ReplayRequest::AsOf::now;
  changing.request.set = json::array{{{"op", "replace"},
                                      {"path", "/stages/0/config/parameters/final_top_k"},
                                      {"value", 3}}};
  const ReplayJob job = wait_for_end(jobs_->start(changing, all()).value());
  const auto items = jobs_->items(job.id, {}).value();
  ASSERT_EQ(items.size(), runs.size());
  std::size_t results_changed = 0;
  for (const ReplayJobItem& item : items) {
    const Execution original = ledger_.find(ns_, item.execution_id).value().value();
    SCOPED_TRACE(original.pipeline);
    auto prepared = replayer_.prepare(original, changing.request);
    if (!prepared) {
      EXPECT_EQ(item.outcome, ReplayOutcome::failed);
      EXPECT_EQ(item.error_type, error_code_name(prepared.error().code));
      continue;
    }
    // What draws draws otherwise each time, and sees another time.
    if (original.pipeline.find("sample") != std::string::npos ||
        original.pipeline.find("CONTEXT") != std::string::npos) {
      continue;
    }
    prepared->bound.use_cache = false;
    Execution again;
    again.summary.timestamp = clock_.now();
    runner_.describe(prepared->bound, again);
    (void)runner_.run(prepared->bound, again, {});
    const auto found = first_difference(original, again);
    ASSERT_EQ(item.outcome, found ? ReplayOutcome::changed : ReplayOutcome::identical);
    if (!found) continue;
    const ListDiff results = diff_results(original, again);
    EXPECT_EQ(item.stage_name, found->stage_name);
    EXPECT_EQ(item.what, found->what);
    EXPECT_EQ(item.rbo, results.rbo);
    EXPECT_EQ(item.overlap_at_10, results.overlap_at_10);
    EXPECT_EQ(item.entered, results.entered_count);
    EXPECT_EQ(item.left, results.left_count);
    results_changed += item.results_changed ? 1U : 0U;
  }
  EXPECT_GE(job.results_changed, results_changed);

  const ReplayJobReport report = jobs_->report(job).value();
  std::size_t caused = 0;
  for (const auto& [cause, count] : report.causes) caused += count;
  EXPECT_EQ(caused, job.count(ReplayOutcome::changed));
  std::vector<double> rbo;
  for (const ReplayJobItem& item : items) {
    if (item.outcome == ReplayOutcome::changed ||
        item.outcome == ReplayOutcome::identical) {
      rbo.push_back(item.rbo);
    }
  }
  std::sort(rbo.begin(), rbo.end());
  ASSERT_FALSE(rbo.empty());
  EXPECT_EQ(report.rbo.min, rbo.front());
  EXPECT_EQ(report.rbo.median, rbo[(rbo.size() - 1) / 2]);
  double sum = 0;
  for (const double one : rbo) sum += one;
  EXPECT_NEAR(report.rbo.mean, sum / static_cast<double>(rbo.size()), 1e-9);
  for (std::size_t i = 1; i < report.most_changed.size(); ++i) {
    const ReplayJobItem& a = report.most_changed[i - 1];
    const ReplayJobItem& b = report.most_changed[i];
    EXPECT_LE(a.rbo + a.overlap_at_10, b.rbo + b.overlap_at_10);
  }
}

// Goal: a job goes on where it was after any number of restarts, and does each execution
// once. Method: stop it at random moments.
TEST_F(ReplayJobsTest, GoesOnAfterRestarts) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const std::vector<Execution> runs = make_runs(80);
  ASSERT_TRUE(jobs_->begin());
  const ReplayJob job = jobs_->start(wanted(), all()).value();
  std::size_t before = 0;
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(milliseconds(pick(15)));
    jobs_->stop();
    open();
    const ReplayJob now = jobs_->find(ns_, job.id).value();
    EXPECT_GE(now.done(), before);
    before = now.done();
    ASSERT_TRUE(jobs_->begin());
  }
  const ReplayJob ended = wait_for_end(jobs_->find(ns_, job.id).value());
  EXPECT_EQ(ended.status, ReplayJobStatus::completed);
  EXPECT_EQ(ended.done(), runs.size());
  EXPECT_EQ(ended.count(ReplayOutcome::identical), runs.size());
  ReplayJobStore::ItemRequest pending;
  pending.pending = true;
  EXPECT_TRUE(jobs_->items(job.id, pending).value().empty());
  // And what has ended is there after another.
  jobs_->stop();
  open();
  EXPECT_EQ(sentence_of(jobs_->find(ns_, job.id).value()), sentence_of(ended));
}

TEST_F(ReplayJobsTest, KeysHaveLimits) {
  limits_ = {.per_key_max = 2, .executions_max = 5, .kept_max = 3};
  open();
  make_runs(5);
  // Nothing runs yet.
  const ReplayJob first = jobs_->start(wanted(), all()).value();
  ASSERT_TRUE(jobs_->start(wanted(), all()));
  EXPECT_EQ(jobs_->start(wanted(), all()).error().code, ErrorCode::too_many_requests);
  ASSERT_TRUE(jobs_->start(wanted("key_b"), all()));
  ASSERT_TRUE(jobs_->begin());
  for (const ReplayJob& job : jobs_->list(ns_).value()) wait_for_end(job);
  make_runs(1);
  const auto refused = jobs_->start(wanted(), all());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_EQ(refused.error().location, "executions");
  // What was refused took no place.
  auto some = all();
  some.execution_ids =
      std::vector<ExecutionId>{ExecutionId("exec_1"), ExecutionId("exec_x")};
  for (int i = 0; i < 4; ++i) {
    const ReplayJob job = wait_for_end(jobs_->start(wanted(), some).value());
    EXPECT_EQ(job.total, 1u);
  }
  EXPECT_LE(jobs_->list(ns_).value().size(), 4u);
  EXPECT_EQ(jobs_->find(ns_, first.id).error().code, ErrorCode::not_found);
}

TEST_F(ReplayJobsTest, JobsAreOfTheirNamespace) {
  make_runs(3);
  const ReplayJob job = jobs_->start(wanted(), all()).value();
  const NamespaceId other("ns_other");
  EXPECT_EQ(jobs_->find(other, job.id).error().code, ErrorCode::not_found);
  EXPECT_EQ(jobs_->cancel(other, job.id).error().code, ErrorCode::not_found);
  EXPECT_EQ(jobs_->remove(other, job.id).error().code, ErrorCode::not_found);
  EXPECT_TRUE(jobs_->list(other).value().empty());
  EXPECT_EQ(jobs_->remove(ns_, job.id).error().code, ErrorCode::already_exists);
  ASSERT_TRUE(jobs_->begin());
  wait_for_end(job);
  ASSERT_TRUE(jobs_->remove(ns_, job.id));
  EXPECT_EQ(jobs_->find(ns_, job.id).error().code, ErrorCode::not_found);
  EXPECT_TRUE(jobs_->list(ns_).value().empty());
}

TEST_F(ReplayJobsTest, EndsWhereItIsCancelledOrItsKeyMayNoLongerRead) {
  make_runs(40);
  ASSERT_TRUE(jobs_->begin());
  const ReplayJob job = jobs_->start(wanted(), all()).value();
  const ReplayJob cancelled = jobs_->cancel(ns_, job.id).value();
  EXPECT_EQ(cancelled.status, ReplayJobStatus::cancelled);
  EXPECT_TRUE(cancelled.ended.has_value());
  EXPECT_EQ(jobs_->cancel(ns_, job.id).value().status, ReplayJobStatus::cancelled);
  key_may_read_ = false;
  const ReplayJob failed = wait_for_end(jobs_->start(wanted(), all()).value());
  EXPECT_EQ(failed.status, ReplayJobStatus::failed);
  EXPECT_EQ(failed.error, "the key is revoked");
  EXPECT_EQ(failed.done(), 0u);
}

TEST_F(ReplayJobsTest, RecordsWhereItIsAskedTo) {
  const std::vector<Execution> runs = make_runs(10);
  ReplayJob recorded = wanted();
  recorded.record = true;
  ASSERT_TRUE(jobs_->begin());
  const ReplayJob job = wait_for_end(jobs_->start(recorded, all()).value());
  for (const ReplayJobItem& item : jobs_->items(job.id, {}).value()) {
    const auto replay = ledger_.find(ns_, item.replay_id).value();
    ASSERT_TRUE(replay.has_value());
    EXPECT_EQ(replay->summary.execution_mode, kReplayMode);
    EXPECT_EQ(replay->parent_execution_id, item.execution_id.str());
    EXPECT_EQ(replay->request_id, job.id);
  }
  EXPECT_EQ(test::total_of(ledger_, all()), runs.size());
}

TEST_F(ReplayJobsTest, WhatIsGoneSaysSo) {
  const std::vector<Execution> runs = make_runs(4);
  const ReplayJob job = jobs_->start(wanted(), all()).value();
  auto one = all();
  one.execution_ids = std::vector<ExecutionId>{runs[0].summary.execution_id};
  ASSERT_EQ(ledger_.remove(one, 1).value(), 1u);
  ASSERT_TRUE(jobs_->begin());
  const ReplayJob ended = wait_for_end(job);
  EXPECT_EQ(ended.count(ReplayOutcome::gone), 1u);
  const ReplayJobReport report = jobs_->report(ended).value();
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].error_type, "gone");
  EXPECT_EQ(report.problems[0].count, 1u);
}

TEST(ReplayJobStore, ANewerFileIsRefused) {
  const test::ScratchDirectory directory;
  const std::string path = directory.file("jobs.db");
  ASSERT_TRUE(ReplayJobStore::open(path));
  {
    const auto connection = sqlite::Connection::open(path).value();
    EXPECT_EQ(connection->user_version().value(), replay_jobs_schema_version());
    ASSERT_TRUE(connection->execute("PRAGMA user_version = 99"));
  }
  EXPECT_EQ(ReplayJobStore::open(path).error().code, ErrorCode::storage);
}

// Goal: the first schema, written out here, is read for ever.
TEST(ReplayJobStore, TheFirstSchemaIsRead) {
  const test::ScratchDirectory directory;
  const std::string path = directory.file("jobs.db");
  {
    const auto connection = sqlite::Connection::open(path).value();
    ASSERT_TRUE(connection->execute(R"sql(
      CREATE TABLE jobs (job INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        namespace_id TEXT NOT NULL, key_id TEXT NOT NULL, created INTEGER NOT NULL,
        started INTEGER, ended INTEGER, status INTEGER NOT NULL, executions TEXT NOT NULL,
        as_of INTEGER NOT NULL, time INTEGER NOT NULL, changes TEXT NOT NULL,
        externals INTEGER NOT NULL, record INTEGER NOT NULL, total INTEGER NOT NULL,
        identical INTEGER NOT NULL, changed INTEGER NOT NULL, gone INTEGER NOT NULL,
        failed INTEGER NOT NULL, results_changed INTEGER NOT NULL,
        interruptions INTEGER NOT NULL, error TEXT NOT NULL) STRICT;
      CREATE INDEX jobs_by_namespace ON jobs (namespace_id, job);
      CREATE INDEX jobs_unfinished ON jobs (status) WHERE status < 2;
      CREATE TABLE items (job INTEGER NOT NULL, place INTEGER NOT NULL,
        execution_id TEXT NOT NULL, outcome INTEGER, stage_name TEXT, what TEXT,
        rank INTEGER, cause TEXT, results_changed INTEGER, overlap_at_10 REAL, rbo REAL,
        entered INTEGER, "left" INTEGER, moved INTEGER, error_type TEXT, message TEXT,
        replay_id TEXT, PRIMARY KEY (job, place)) STRICT, WITHOUT ROWID;
      INSERT INTO jobs VALUES (1, 'job_1', 'ns_a', 'key_a', 5, 6, 7, 2, '{"query":"x"}', 1,
        0, '[{"op":"remove","path":"/a"}]', 1, 0, 2, 1, 1, 0, 0, 1, 3, '');
      INSERT INTO items (job, place, execution_id, outcome) VALUES (1, 0, 'exec_1', 0);
      INSERT INTO items VALUES (1, 1, 'exec_2', 1, 'few', 'count', 3, 'parameters', 1, 0.5,
        0.25, 4, 5, 6, NULL, NULL, NULL);
      PRAGMA user_version = 1;
    )sql"));
  }
  const auto store = ReplayJobStore::open(path).value();
  const ReplayJob job = store->find(NamespaceId("ns_a"), "job_1").value().value();
  EXPECT_EQ(job.status, ReplayJobStatus::completed);
  EXPECT_EQ(job.request.as_of, ReplayRequest::AsOf::now);
  EXPECT_EQ(job.request.externals, Externals::live);
  EXPECT_EQ(job.executions.at("query").get_string(), "x");
  EXPECT_EQ(job.interruptions, 3u);
  const auto items = store->items("job_1", {}).value();
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].outcome, ReplayOutcome::identical);
  EXPECT_EQ(items[0].rbo, 1);
  EXPECT_EQ(items[1].stage_name, "few");
  EXPECT_EQ(items[1].rank, 3u);
  EXPECT_EQ(items[1].moved, 6u);
  const ReplayJobReport report = store->report(job).value();
  EXPECT_EQ(report.rbo.mean, 0.625);
  EXPECT_EQ(report.overlap_at_10.min, 0.5);
}

}  // namespace
}  // namespace trawl::replay_jobs_test
