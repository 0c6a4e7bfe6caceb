#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "query/filter.h"
#include "sqlite/connection.h"

// Whatever the disk does, what the ledger acknowledged is there afterwards, once, and what
// the ledger says of it agrees: disk_faults_test.cc has writes, syncs and truncations that
// fail, power_cuts_test.cc has power cuts.
namespace trawl::test {

inline const NamespaceId kMain("ns_main");
inline const NamespaceId kBig("ns_big");
inline constexpr TimeUs kNow = 1'770'000'000'000'000;

// ---- What a ledger says, and whether the model says the same ----

inline std::vector<ExecutionFilter> questions() {
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

inline std::string first_difference(std::string_view found, std::string_view wanted) {
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
inline std::string figures(const Ledger& ledger) {
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
inline std::string difference(const Ledger& ledger, const Ledger& model) {
  static const std::vector<ExecutionFilter> kQuestions = questions();
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    const auto wanted = list_json(model, kQuestions[i], page_of(1'000)).value();
    const auto found = list_json(ledger, kQuestions[i], page_of(1'000));
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
    const auto all = list_json(model, filter_of(ns), page_of(1'000)).value();
    for (const std::string& id : ids_of(all)) {
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
inline std::string damage(const std::string& path) {
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
      {"contents with a wrong count of uses",
       "SELECT count(*) FROM contents c WHERE uses = 0 OR uses <> (SELECT count(*) FROM "
       "record_contents r WHERE r.content = c.content)"},
      {"contents that are not there",
       "SELECT count(*) FROM record_contents r WHERE content NOT IN (SELECT content FROM "
       "content_data d JOIN contents c USING (content))"},
      {"bytes of no content",
       "SELECT count(*) FROM content_data WHERE content NOT IN (SELECT content FROM "
       "contents)"},
      {"contents of no record",
       "SELECT count(*) FROM record_contents WHERE seq NOT IN (SELECT seq FROM records)"},
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

inline Step commit(std::vector<LedgerWrite> writes) {
  return {fmt::format("commit of {}", writes.size()),
          [writes = std::move(writes)](Ledger& ledger) -> Result<void> {
            std::vector<LedgerWrite> prepared = writes;
            for (LedgerWrite& write : prepared) ledger.prepare(write);
            TRAWL_ASSIGN(const auto changed, test::append(ledger, std::move(prepared)));
            EXPECT_EQ(changed.size(), writes.size());
            return {};
          }};
}
inline Step recover() {
  return {"recover", [](Ledger& ledger) -> Result<void> {
            TRAWL_TRY(ledger.recover());
            return {};
          }};
}
inline Step remove_failed(std::uint32_t limit) {
  return {"remove", [limit](Ledger& ledger) -> Result<void> {
            auto filter = filter_of(kMain);
            filter.status = status::kFailed;
            TRAWL_TRY(ledger.remove(filter, limit));
            return {};
          }};
}
inline Step prune(std::uint64_t keep, std::uint32_t limit) {
  return {"prune", [keep, limit](Ledger& ledger) -> Result<void> {
            RetentionPolicy policy;
            policy.max_count = keep;
            TRAWL_TRY(ledger.prune(kMain, policy, kNow, limit));
            return {};
          }};
}
inline Step remove_namespace(const NamespaceId& ns) {
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
inline std::string judge(const std::string& directory, History& history) {
  const ScratchDirectory copy;
  std::filesystem::copy(directory, copy.file("data"));
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
      commit({finished(make_execution(kMain, "after", kNow)),
              imported(make_execution(NamespaceId("ns_after"), "after", kNow))});
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
    Execution execution = make_execution(
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
    // What others have as well.
    for (auto stages = draw(4); stages > 0; --stages) {
      StageRecord& stage = execution.stages.emplace_back();
      stage.stage_name = fmt::format("stage {}", number);
      for (int i = static_cast<int>(draw(3)); i < 40; ++i) {
        stage.candidates.push_back({"col", fmt::format("doc_{}", i * i), 1.0 / (i + 1)});
      }
    }
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
inline void write_old_ledger(const std::string& directory, History& history,
                             Executions& make) {
  const std::string path = directory + "/ledger.db";
  const auto ledger = open_sqlite_ledger(path).value();
  const auto apply = [&](Step step) {
    ASSERT_TRUE(step.run(*ledger));
    history.acknowledge(std::move(step));
  };
  std::vector<LedgerWrite> big;
  for (int i = 0; i < 48; ++i) {
    auto execution = make_execution(kBig, fmt::format("big_{}", i), kNow + i);
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
  for (const char* table : {"record_contents", "executions", "records", "terms_pending"}) {
    ASSERT_TRUE(connection->execute(fmt::format(
        "UPDATE {} SET seq = seq + 4096 WHERE seq IN (SELECT seq FROM {} ORDER BY seq DESC "
        "LIMIT 4)",
        table, table == std::string_view("record_contents") ? "records" : table)));
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

// For tests that could go on for ever: how long they do. TRAWL_TEST_SECONDS asks for more.
inline std::chrono::seconds patience(int seconds) {
  const char* const asked = std::getenv("TRAWL_TEST_SECONDS");
  return std::chrono::seconds(asked == nullptr ? seconds : std::atoi(asked));
}

}  // namespace trawl::test
