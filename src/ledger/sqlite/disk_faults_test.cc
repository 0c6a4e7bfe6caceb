#include <gtest/gtest.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>
#include <random>
#include <thread>
#include <tuple>

#include "base/ids.h"
#include "base/log.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/sqlite/faulty_disk_test_support.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "sqlite/connection.h"

// Whatever the disk does, what the ledger acknowledged is there afterwards, once, and what
// the ledger says of it agrees: writes, syncs and truncations that fail, and power cuts.
namespace trawl::disk_faults_test {
namespace {

namespace fs = std::filesystem;
using test::FaultyDisk;
using test::filter_of;
using test::finished;
using test::imported;
using test::page_of;
using test::started;

const NamespaceId kMain("ns_main");
const NamespaceId kBig("ns_big");
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr TimeUs kNow = 1'770'000'000'000'000;

// ---- What a ledger says, and whether the model says the same ----

std::vector<ExecutionFilter> questions() {
  std::vector<ExecutionFilter> out;
  for (const NamespaceId& ns : {kMain, kBig}) out.push_back(filter_of(ns));
  for (const auto status :
       {status::kCompleted, status::kFailed, status::kProcessing, status::kCancelled}) {
    out.push_back(filter_of(kMain));
    out.back().status = status;
  }
  out.push_back(filter_of(kMain));
  out.back().start_time = kNow - 90 * kMicrosPerSecond;
  out.back().end_time = kNow + 3 * kMicrosPerMinute;
  // What the index of terms and the columns of row groups answer.
  out.push_back(filter_of(kMain));
  out.back().query = TextQuery::parse("apple");
  out.push_back(filter_of(kMain));
  out.back().where.push_back(
      Filter::compile(
          parse_json(R"({"field":"credits_used","operator":"gte","value":3})").value(),
          "filters")
          .value());
  return out;
}

std::string first_difference(std::string_view found, std::string_view wanted) {
  const auto [at, other] =
      std::mismatch(found.begin(), found.end(), wanted.begin(), wanted.end());
  // The row that it is in.
  const auto start =
      found.rfind("{\"execution_id", static_cast<std::size_t>(at - found.begin()));
  const auto from = start == std::string_view::npos ? 0 : start;
  return fmt::format("{} instead of {}", found.substr(std::min(from, found.size()), 300),
                     wanted.substr(std::min(from, wanted.size()), 300));
}

// Counts by collection, which whole row groups answer from their summaries.
std::string figures(const Ledger& ledger) {
  AggregateRequest request;
  request.by = AggregateBy::collection;
  const auto found = ledger.aggregate(filter_of(kMain), request);
  if (!found) return found.error().message + ": " + found.error().detail;
  std::string out = fmt::format("{} in all", found->total.count);
  for (const auto& row : found->rows) {
    out += fmt::format(", {}: {} with {} credits, {} failed", row.key.value_or(""),
                       row.figures.count, row.figures.credits.value(), row.figures.failed);
  }
  return out;
}

// Empty when both give the same answers; otherwise the first that differs.
std::string difference(const Ledger& ledger, const Ledger& model) {
  static const std::vector<ExecutionFilter> kQuestions = questions();
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    const auto wanted = model.list(kQuestions[i], page_of(1'000)).value();
    const auto found = ledger.list(kQuestions[i], page_of(1'000));
    if (!found) {
      return fmt::format("question {}: {}: {}", i, found.error().message,
                         found.error().detail);
    }
    // The model's rows are in order, each once, and its total is what it counted.
    if (found->rows != wanted.rows || found->total != wanted.total || found->has_more) {
      return fmt::format("question {}: {} of {} rows instead of {}; {}", i,
                         found->row_count, found->total, wanted.row_count,
                         first_difference(found->rows, wanted.rows));
    }
  }
  if (figures(ledger) != figures(model)) {
    return fmt::format("figures: {} instead of {}", figures(ledger), figures(model));
  }
  for (const NamespaceId& ns : {kMain, kBig}) {
    const auto all = model.list(filter_of(ns), page_of(1'000)).value();
    for (const std::string& id : test::ids_of(all)) {
      if (ns == kBig && id != "big_7") continue;  // They are all alike.
      const auto wanted = model.find(ns, ExecutionId(id)).value();
      const auto found = ledger.find(ns, ExecutionId(id));
      if (!found) return id + ": " + found.error().message + ": " + found.error().detail;
      if (*found != wanted) return id + " is not what was recorded";
    }
  }
  return {};
}

// Whether the file is whole: for SQLite, and as the counts and the rows have to agree.
std::string damage(const std::string& path) {
  const auto connection = sqlite::Connection::open(path).value();
  {
    auto check = connection->prepare("PRAGMA integrity_check").value();
    const auto row = check.step();
    if (!row) return "integrity_check: " + row.error().detail;
    if (check.text(0) != "ok") return "integrity_check: " + check.string(0);
  }
  if (const auto index = connection->execute(
          "INSERT INTO terms (terms, rank) VALUES ('integrity-check', 0)");
      !index) {
    return "the index of terms: " + index.error().detail;
  }
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  std::map<Key, std::int64_t> wanted;
  auto rows = connection->prepare("SELECT ns, status, ts FROM executions").value();
  while (rows.step().value()) {
    for (int unit = 0; unit <= 4; ++unit) {
      const auto bucket =
          sqlite::rollup_bucket(static_cast<sqlite::RollupUnit>(unit), rows.integer(2));
      ++wanted[{rows.integer(0), rows.integer(1), unit, bucket}];
      ++wanted[{rows.integer(0), sqlite::kAnyStatus, unit, bucket}];
    }
  }
  std::map<Key, std::int64_t> found;
  auto counts =
      connection->prepare("SELECT ns, status, unit, bucket, count FROM rollups").value();
  while (counts.step().value()) {
    found[{counts.integer(0), counts.integer(1), counts.integer(2), counts.integer(3)}] =
        counts.integer(4);
  }
  if (found != wanted) return "the rollups do not say what the rows say";
  constexpr std::pair<const char*, const char*> kZeros[] = {
      {"records without a row",
       "SELECT count(*) FROM records WHERE seq NOT IN "
       "(SELECT seq FROM executions)"},
      {"rows without a record",
       "SELECT count(*) FROM executions WHERE seq NOT IN "
       "(SELECT seq FROM records)"},
      {"definitions with a wrong count of uses",
       "SELECT count(*) FROM definitions d WHERE uses <> (SELECT count(*) FROM executions "
       "e WHERE e.definition = d.definition)"},
      {"rows without a row group",
       "SELECT count(*) FROM executions WHERE seq / 4096 NOT "
       "IN (SELECT grp FROM row_groups)"},
      {"rows whose status is no word",
       "SELECT count(*) FROM executions WHERE status NOT "
       "IN (SELECT word FROM words)"},
  };
  static_assert(sqlite::kRowGroupRows == 4096);
  for (const auto& [what, sql] : kZeros) {
    if (connection->integer(sql).value() != 0) return what;
  }
  return {};
}

// ---- What is done to a ledger ----

// One call that changes a ledger; the same on the one that is tested and on the model.
struct Step {
  std::string name;
  std::function<Result<void>(Ledger&)> run;
};

Step commit(std::vector<LedgerWrite> writes) {
  return {fmt::format("commit of {}", writes.size()),
          [writes = std::move(writes)](Ledger& ledger) -> Result<void> {
            TRAWL_ASSIGN(const auto changed, ledger.commit(writes));
            EXPECT_EQ(changed.size(), writes.size());
            return {};
          }};
}
Step recover() {
  return {"recover", [](Ledger& ledger) -> Result<void> {
            TRAWL_TRY(ledger.recover());
            return {};
          }};
}
Step remove_failed(std::uint32_t limit) {
  return {"remove", [limit](Ledger& ledger) -> Result<void> {
            auto filter = filter_of(kMain);
            filter.status = status::kFailed;
            TRAWL_TRY(ledger.remove(filter, limit));
            return {};
          }};
}
Step prune(std::uint64_t keep, std::uint32_t limit) {
  return {"prune", [keep, limit](Ledger& ledger) -> Result<void> {
            RetentionPolicy policy;
            policy.max_count = keep;
            TRAWL_TRY(ledger.prune(kMain, policy, kNow, limit));
            return {};
          }};
}
Step remove_namespace(const NamespaceId& ns) {
  return {"remove_namespace", [ns](Ledger& ledger) { return ledger.remove_namespace(ns); }};
}

// What was done and acknowledged, and what was tried in vain since.
class History {
 public:
  // `wrote`: the disk was touched, so that nothing of earlier attempts is left there.
  void acknowledge(Step step, bool wrote = true) {
    done_.push_back(std::move(step));
    if (wrote) tried_.clear();
  }
  void refuse(Step step) { tried_.push_back(std::move(step)); }

  // What is done by now.
  std::unique_ptr<MemoryLedger> model() const {
    auto ledger = std::make_unique<MemoryLedger>();
    for (const Step& step : done_) EXPECT_TRUE(step.run(*ledger)) << step.name;
    return ledger;
  }
  std::size_t size() const { return done_.size(); }
  // A call that failed may have reached the disk all the same: whole, and only the last
  // that did, since each begins where the log ended before.
  std::size_t tried() const { return tried_.size(); }
  const std::string& tried(std::size_t which) const { return tried_[which].name; }
  // The last of what was done, for messages.
  std::string last() const {
    std::string out;
    for (std::size_t i = done_.size() - std::min<std::size_t>(done_.size(), 4);
         i < done_.size(); ++i) {
      out += done_[i].name + ", ";
    }
    return out;
  }
  void settle(std::size_t which) { acknowledge(std::move(tried_[which])); }
  std::unique_ptr<MemoryLedger> model_with(std::size_t which) const {
    auto ledger = model();
    EXPECT_TRUE(tried_[which].run(*ledger));
    return ledger;
  }

 private:
  std::vector<Step> done_;
  std::vector<Step> tried_;  // Since the last of done_.
};

// Compares what a disk holds with the history, on a copy that an ordinary start then works
// on, and settles what became of the last call. Empty when all is well.
std::string judge(const std::string& directory, History& history) {
  const test::ScratchDirectory copy;
  fs::copy(directory, copy.file("data"));
  const std::string path = copy.file("data/ledger.db");
  auto opened = open_sqlite_ledger(path);
  if (!opened) return "it cannot be opened: " + opened.error().detail;
  auto ledger = std::move(*opened);
  auto model = history.model();
  std::string differs = difference(*ledger, *model);
  for (std::size_t i = 0; !differs.empty() && i < history.tried(); ++i) {
    model = history.model_with(i);
    const std::string still = difference(*ledger, *model);
    if (!still.empty()) {
      differs += fmt::format("\nor, with the {} that failed: {}", history.tried(i), still);
      continue;
    }
    differs.clear();
    history.settle(i);
    break;
  }
  if (!differs.empty()) return "after " + history.last() + differs;
  // From here on it has to be a ledger like any other.
  if (ledger->recover().value() != model->recover().value()) return "recover";
  while (ledger->maintain()) {
  }
  const Step more =
      commit({finished(test::make_execution(kMain, "after", kNow)),
              imported(test::make_execution(NamespaceId("ns_after"), "after", kNow))});
  if (!more.run(*ledger) || !more.run(*model)) return "it takes nothing new";
  if (differs = difference(*ledger, *model); !differs.empty()) {
    return "after a start: " + differs;
  }
  ledger.reset();
  return damage(path);
}

// Executions as they come: times that tie and step back, few or new words, long and short.
class Executions {
 public:
  explicit Executions(std::uint64_t seed) : random_(seed) {}

  Execution next() {
    const auto number = ++count_;
    Execution execution = test::make_execution(
        kMain,
        draw(3) == 0 ? fmt::format("imported_{}", number)
                     : make_execution_id(kNow + static_cast<TimeUs>(draw(5))).str(),
        kNow + static_cast<TimeUs>(number / 3) * kMicrosPerSecond -
            static_cast<TimeUs>(draw(40)) * kMicrosPerSecond,
        draw(4) == 0 ? status::kFailed : status::kCompleted);
    execution.summary.query_summary =
        fmt::format("{} pie {}", draw(2) == 0 ? "apple" : "plum", number);
    execution.summary.credits_used = static_cast<double>(draw(6));
    execution.summary.collection_ids = {fmt::format("col_{}", draw(4))};
    execution.pipeline = fmt::format(R"({{"stages":[{}]}})", draw(5));
    execution.fingerprint = fmt::format("fingerprint {}", draw(5));
    execution.inputs = fmt::format(R"({{"query":"{}"}})", noise(draw(200)));
    // Longer than a page now and then, whatever compression makes of it.
    if (draw(12) == 0) execution.inputs = noise(20'000);
    return execution;
  }
  std::string noise(std::size_t size) {
    std::string out;
    // One word, so it fills the records and not the index.
    static constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    while (out.size() < size) out += kLetters[draw(kLetters.size())];
    return out;
  }
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

 private:
  std::mt19937_64 random_;
  std::uint64_t count_ = 0;
};

// A ledger of some age: its first row group is full, as far as numbers go, and a namespace
// waits to be removed whose pages are worth giving back.
void write_old_ledger(const std::string& directory, History& history, Executions& make) {
  const std::string path = directory + "/ledger.db";
  const auto ledger = open_sqlite_ledger(path).value();
  const auto apply = [&](Step step) {
    ASSERT_TRUE(step.run(*ledger));
    history.acknowledge(std::move(step));
  };
  std::vector<LedgerWrite> big;
  for (int i = 0; i < 48; ++i) {
    auto execution = test::make_execution(kBig, fmt::format("big_{}", i), kNow + i);
    execution.inputs = make.noise(90'000);
    big.push_back(finished(std::move(execution)));
  }
  apply(commit(std::move(big)));
  std::vector<LedgerWrite> writes;
  for (int i = 0; i < 12; ++i) writes.push_back(finished(make.next()));
  apply(commit(std::move(writes)));
  while (ledger->maintain()) {
  }
  writes.clear();
  for (int i = 0; i < 4; ++i) writes.push_back(finished(make.next()));
  apply(commit(std::move(writes)));
  // As if those between had come and gone.
  const auto connection = sqlite::Connection::open(path).value();
  for (const char* table : {"executions", "records", "terms_pending"}) {
    ASSERT_TRUE(connection->execute(fmt::format(
        "UPDATE {} SET seq = seq + 4096 WHERE seq IN (SELECT seq FROM {} ORDER BY seq DESC "
        "LIMIT 4)",
        table, table)));
  }
  ASSERT_TRUE(connection->execute(
      fmt::format("INSERT INTO row_groups VALUES (1, 0, 0, {}, {})", kTimeMin, kTimeMax)));
}

class DiskFaults : public testing::Test {
 protected:
  // Faults are the point here: nobody wants to read a log of them.
  void SetUp() override {
    level_ = spdlog::get_level();
    spdlog::set_level(spdlog::level::off);
  }
  void TearDown() override { spdlog::set_level(level_); }

  static std::uint64_t seed() {
    return static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  }

 private:
  spdlog::level::level_enum level_ = spdlog::level::info;
};

// ---- Writes, syncs and truncations that fail ----

// A short life of a ledger; a null step is a pause for maintenance.
std::vector<Step> short_life(Executions& make) {
  const Execution a = make.next();
  const Execution b = make.next();
  const Execution left = make.next();
  const Step pause = {"maintain", nullptr};
  return {recover(),
          commit({started(a), started(b)}),
          commit({finished(a), imported(make.next()), imported(make.next())}),
          pause,
          commit({finished(b), finished(a), started(left)}),
          remove_failed(2),
          commit({finished(make.next()), finished(make.next())}),
          prune(5, 3),
          remove_namespace(kBig),
          pause,
          commit({finished(make.next())})};
}

struct Outcome {
  std::uint64_t operations = 0;
  std::uint64_t refused = 0;
  std::int64_t closed_groups = 0;  // Of a life without failures, and the file's size.
  std::uint64_t bytes = 0;
};

// Lives through `steps` on a copy of `from`, while the operations first..last fail.
Outcome live(const std::string& from, History history, const std::vector<Step>& steps,
             std::uint64_t first, std::uint64_t last) {
  SCOPED_TRACE(fmt::format("operations {} to {} fail", first, last));
  const bool once = first == last;
  const test::ScratchDirectory directory;
  const std::string data = directory.file("data");
  fs::copy(from, data);
  Outcome outcome;
  {
    FaultyDisk disk;
    disk.fail(first, last);
    const auto clear = [](const Error& error) {
      const bool is_full = error.message.find("the disk is full") == 0;
      EXPECT_EQ(error.code, is_full ? ErrorCode::cannot_store : ErrorCode::storage)
          << error.message << ": " << error.detail;
      EXPECT_TRUE(error.message.find("the disk is full") == 0 ||
                  error.message.find("the disk failed") == 0 ||
                  error.message.find("cannot be opened") != std::string::npos)
          << error.message << ": " << error.detail;
    };
    auto ledger = open_sqlite_ledger(data + "/ledger.db");
    if (!ledger) {
      clear(ledger.error());
      ++outcome.refused;
      // Nobody has to know what was half made: a second attempt gets it right.
      if (once) ledger = open_sqlite_ledger(data + "/ledger.db");
    }
    if (once) {
      EXPECT_TRUE(ledger) << ledger.error().detail;
    }
    for (std::size_t i = 0; ledger && i < steps.size(); ++i) {
      if (!steps[i].run) {
        // Bounded, since on a broken disk it may have more to do for ever.
        for (int n = 0; n < 20 && (*ledger)->maintain(); ++n) {
        }
        continue;
      }
      auto before = disk.operations();
      auto result = steps[i].run(**ledger);
      if (!result) {
        clear(result.error());
        ++outcome.refused;
        history.refuse(steps[i]);
        // What was refused is not there, and the same again is as good as new; a start
        // continues without what it could not recover.
        EXPECT_EQ(difference(**ledger, *history.model()), "") << steps[i].name;
        if (once && steps[i].name != "recover") {
          before = disk.operations();
          result = steps[i].run(**ledger);
          EXPECT_TRUE(result) << steps[i].name << ": " << result.error().detail;
        }
      }
      if (result) history.acknowledge(steps[i], disk.operations() > before);
    }
    if (ledger) {
      EXPECT_EQ(difference(**ledger, *history.model()), "");
    }
    outcome.operations = disk.operations();
    // One failure costs one call, or none where nobody waits for what failed.
    if (once) {
      EXPECT_LE(outcome.refused, 1u);
    }
    ledger = make_error(ErrorCode::internal, "closed");
  }
  if (last == 0) {
    const auto connection = sqlite::Connection::open(data + "/ledger.db").value();
    outcome.closed_groups =
        connection->integer("SELECT count(*) FROM row_groups WHERE closed = 1").value();
    outcome.bytes = fs::file_size(data + "/ledger.db");
  }
  EXPECT_EQ(judge(data, history), "");
  return outcome;
}

using std::chrono::steady_clock;

// For tests that could go on for ever: how long they do. TRAWL_TEST_SECONDS asks for more.
std::chrono::seconds patience(int seconds) {
  const char* const asked = std::getenv("TRAWL_TEST_SECONDS");
  return std::chrono::seconds(asked == nullptr ? seconds : std::atoi(asked));
}

// Fails every operation of a life in turn, alone and with all that follow, in random order
// so that what the time allows is spread over all of it.
void fail_each(const std::string& from, const History& history,
               const std::vector<Step>& steps, std::mt19937_64& random,
               std::chrono::seconds time) {
  const auto until = steady_clock::now() + time;
  const Outcome calm = live(from, history, steps, 0, 0);
  ASSERT_EQ(calm.refused, 0u);
  ASSERT_GT(calm.operations, 30u);
  std::vector<std::uint64_t> operations(calm.operations);
  std::iota(operations.begin(), operations.end(), 1);
  std::shuffle(operations.begin(), operations.end(), random);
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;
  for (const std::uint64_t n : operations) {
    if (steady_clock::now() > until && failed >= 10) break;
    refused += live(from, history, steps, n, n).refused;
    refused += live(from, history, steps, n, kNever).refused;
    ++failed;
    if (testing::Test::HasFailure()) break;
  }
  std::cout << failed << " of " << calm.operations << " operations failed, one at a time; "
            << refused << " calls were refused\n";
  EXPECT_GT(refused, 0u);
}

TEST_F(DiskFaults, ANewLedgerSurvivesEachFailure) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const test::ScratchDirectory directory;
  fs::create_directory(directory.file("data"));
  Executions make(1);
  fail_each(directory.file("data"), {}, short_life(make), random, patience(40));
}

// The first failed execution of a ledger may be one that recovery ends.
TEST_F(DiskFaults, RecoverySurvivesEachFailure) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const test::ScratchDirectory directory;
  fs::create_directory(directory.file("data"));
  History history;
  const Step start = commit({started(test::make_execution(kMain, "left", kNow))});
  ASSERT_TRUE(start.run(*open_sqlite_ledger(directory.file("data/ledger.db")).value()));
  history.acknowledge(start);
  const Step more =
      commit({finished(test::make_execution(kMain, "e", kNow, status::kFailed))});
  fail_each(directory.file("data"), history, {recover(), more}, random, patience(20));
}

TEST_F(DiskFaults, AnOldLedgerSurvivesFailures) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const test::ScratchDirectory directory;
  fs::create_directory(directory.file("data"));
  Executions make(2);
  History history;
  write_old_ledger(directory.file("data"), history, make);
  const auto steps = short_life(make);
  // What it is there for: a group is closed, and space is given back.
  const Outcome calm = live(directory.file("data"), history, steps, 0, 0);
  EXPECT_EQ(calm.closed_groups, 1);
  EXPECT_LT(calm.bytes, fs::file_size(directory.file("data/ledger.db")));
  fail_each(directory.file("data"), history, steps, random, patience(10));
}

// ---- Power cuts ----

struct Loss {
  std::uint64_t cuts = 0;
  std::uint64_t acknowledged = 0;  // Calls, in all lives.
  std::uint64_t bad = 0;           // Cuts after which something was lost or damaged.
  std::string first;               // What, the first time.
};

// Lives a random life in `directory` until the power is cut, and puts what is left of the
// files into `remains`.
void live_until_the_cut(const std::string& directory, const std::string& remains,
                        History& history, Executions& make, std::mt19937_64& random,
                        FaultyDisk::Durability durability) {
  const std::string path = directory + "/ledger.db";
  FaultyDisk disk(durability);
  // Often early, where files are made and logs begin.
  const std::uint64_t cut = 1 + random() % (random() % 3 == 0 ? 150 : 1'500);
  disk.cut_power_at(cut);
  if (random() % 4 == 0) {
    const std::uint64_t fault = 1 + random() % cut;
    disk.fail(fault, fault);
  }
  // On a thread of its own in every second life, as in the server.
  const bool two_threads = random() % 2 == 0;
  std::deque<Execution> running;
  while (!disk.power_is_cut()) {
    auto ledger = open_sqlite_ledger(path);
    if (!ledger) continue;  // For a single failure; a cut ends the loop.
    std::atomic<bool> stop = false;
    std::thread maintainer;
    if (two_threads) {
      maintainer = std::thread([&] {
        while (!stop) {
          (*ledger)->maintain();
          std::this_thread::yield();
        }
      });
    }
    for (auto n = 1 + random() % 60; n > 0 && !disk.power_is_cut(); --n) {
      Step step;
      switch (random() % 16) {
        case 0:
          step = remove_failed(static_cast<std::uint32_t>(1 + random() % 5));
          break;
        case 1:
          step = prune(10 + random() % 40, static_cast<std::uint32_t>(1 + random() % 20));
          break;
        case 2:
          step = random() % 4 == 0 ? remove_namespace(kBig) : recover();
          break;
        case 3:
        case 4:
          if (!two_threads) {
            for (auto turns = random() % 5; turns > 0; --turns) (*ledger)->maintain();
          }
          continue;
        default: {
          std::vector<LedgerWrite> writes;
          for (auto size = 1 + random() % (random() % 4 == 0 ? 20 : 3); size > 0; --size) {
            const auto kind = random() % 4;
            if (kind == 0) {
              running.push_back(make.next());
              writes.push_back(started(running.back()));
            } else if (kind == 1 && !running.empty()) {
              writes.push_back(finished(running.front()));
              running.pop_front();
            } else {
              writes.push_back(kind == 2 ? imported(make.next()) : finished(make.next()));
            }
          }
          step = commit(std::move(writes));
        }
      }
      const auto before = disk.operations();
      const bool done = step.run(**ledger).has_value();
      if (!done) {
        history.refuse(std::move(step));
      } else {
        history.acknowledge(std::move(step), disk.operations() > before && !two_threads);
      }
    }
    stop = true;
    if (maintainer.joinable()) maintainer.join();
    // Sometimes the power goes just when all is calm; otherwise this is a clean stop.
    if (random() % 4 == 0) disk.cut_power_at(disk.operations());
    ledger = make_error(ErrorCode::internal, "closed");
  }
  disk.write_remains(random, remains);
  // The index of the log is shared memory: after a power cut it holds anything.
  if (random() % 2 == 0) {
    std::ofstream(remains + "/ledger.db-shm", std::ios::binary) << make.noise(32'768);
  }
}

// Cuts the power again and again; each history goes through up to three cuts, some of them
// while it recovers from the one before.
Loss cut_power(std::mt19937_64& random, std::chrono::milliseconds time,
               FaultyDisk::Durability durability) {
  const auto until = steady_clock::now() + time;
  Loss loss;
  const test::ScratchDirectory old;
  fs::create_directory(old.file("data"));
  History old_history;
  Executions make(random());
  write_old_ledger(old.file("data"), old_history, make);
  while (steady_clock::now() < until || loss.cuts < 15) {
    const test::ScratchDirectory directory;
    std::string data = directory.file("0");
    History history;
    if (random() % 4 == 0) {
      fs::copy(old.file("data"), data);
      history = old_history;
    } else {
      fs::create_directory(data);
    }
    for (int i = 1; i <= 3; ++i) {
      const std::string remains = directory.file(std::to_string(i));
      fs::create_directory(remains);
      ++loss.cuts;
      std::string wrong;
      try {
        live_until_the_cut(data, remains, history, make, random, durability);
        wrong = judge(remains, history);
      } catch (const std::exception& thrown) {
        // What an earlier cut damaged may be noticed at any call.
        wrong = fmt::format("a call failed: {}", thrown.what());
      }
      if (!wrong.empty()) {
        if (loss.bad == 0) loss.first = wrong;
        ++loss.bad;
        break;
      }
      data = remains;
    }
    loss.acknowledged += history.size();
  }
  return loss;
}

TEST_F(DiskFaults, PowerCutsLoseNothingThatWasAcknowledged) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const Loss loss = cut_power(random, patience(15), FaultyDisk::Durability::full);
  std::cout << loss.cuts << " power cuts after " << loss.acknowledged << " calls\n";
  EXPECT_EQ(loss.bad, 0u) << loss.first;
  EXPECT_GT(loss.cuts, 10u);
  EXPECT_GT(loss.acknowledged, loss.cuts);
}

// Goal: the test above would notice a ledger that does not wait for the disk. Method: skip
// the syncs that SQLite leaves out with synchronous=NORMAL, and with OFF.
TEST_F(DiskFaults, PowerCutsAreNoticedWhereSyncsAreSkipped) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  for (const auto durability :
       {FaultyDisk::Durability::main_file, FaultyDisk::Durability::none}) {
    const Loss loss = cut_power(random, std::chrono::seconds(2), durability);
    std::cout << loss.bad << " of " << loss.cuts
              << " power cuts lost something: " << loss.first.substr(0, 100) << '\n';
    EXPECT_GT(loss.bad, 0u);
  }
}

}  // namespace
}  // namespace trawl::disk_faults_test
