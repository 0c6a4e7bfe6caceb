#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "base/ids.h"
#include "ledger/error_kind.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/sqlite_ledger.h"

// Goal: whatever can be asked of a history, the SQLite ledger answers as the in-memory one,
// which looks at every execution with matches(). Whether rows are indexed, their groups
// closed, or neither, must not show.
namespace trawl::ledger_filter_test {
namespace {

using test::filter_of;
using test::make_execution;
using test::page_of;

const NamespaceId kNs("ns_a");
const NamespaceId kOther("ns_b");

constexpr std::string_view kWords[] = {"cheap",   "flights", "flight", "oslo",  "été",
                                       "node.js", "日本語",  "x86_64", "hotel", "7"};
constexpr std::string_view kStageIds[] = {"feature_search", "rerank", "limit"};
constexpr std::string_view kModes[] = {"replay", "fork", "saved", "replays"};
constexpr std::string_view kStatuses[] = {"completed", "completed", "failed", "cancelled"};

// Ids of documents with and without what JSON escapes, some part of others.
constexpr std::string_view kDocuments[] = {"d1",     "d12",  "a\"b\\", "x/y", "日本",
                                           "\u2028", "moby", "x",      "1",   "1.0"};

class FilterProperty : public testing::Test {
 protected:
  std::uint64_t seed_ =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937_64 random_{seed_};
  test::ScratchDirectory directory_;
  std::unique_ptr<SqliteLedger> sqlite_ =
      open_sqlite_ledger(directory_.file("l.db")).value();
  MemoryLedger memory_;
  std::vector<ExecutionId> ids_;

  std::size_t pick(std::size_t count) { return random_() % count; }
  bool chance(int one_in) { return random_() % static_cast<unsigned>(one_in) == 0; }
  template <std::size_t Size>
  std::string one_of(const std::string_view (&items)[Size]) {
    return std::string(items[pick(Size)]);
  }

  std::string text() {
    std::string out;
    for (auto n = 1 + pick(4); n > 0; --n) out += (out.empty() ? "" : " ") + one_of(kWords);
    return out;
  }

  Execution execution() {
    // Few timestamps, so that ties are the rule; ids of ours and of others.
    const TimeUs time = static_cast<TimeUs>(pick(300)) * kMicrosPerMinute;
    const std::string id = chance(3) ? fmt::format("exec_{}", random_() % 100'000)
                                     : make_execution_id(1'700'000'000'000'000).str();
    Execution out = make_execution(chance(4) ? kOther : kNs, id, time, one_of(kStatuses));
    ids_.push_back(out.summary.execution_id);
    if (chance(4)) out.summary.execution_mode = one_of(kModes);
    out.summary.duration_ms = chance(2) ? static_cast<double>(pick(50)) / 8.0
                                        : static_cast<double>(pick(5000)) / 1000.0;
    out.summary.credits_used = static_cast<double>(pick(20)) / 7.0;
    out.summary.total_returned = static_cast<std::int64_t>(pick(4));
    out.summary.total_processed = static_cast<std::int64_t>(pick(1000));
    if (!chance(3)) out.summary.cache_hit_rate = static_cast<double>(pick(3)) / 2.0;
    if (!chance(4)) out.summary.query_summary = text();
    if (!chance(4)) {
      out.summary.collection_ids.emplace();
      for (auto n = pick(3); n > 0; --n) {
        out.summary.collection_ids->push_back(fmt::format("col_{}", pick(3)));
      }
    }
    if (!chance(4)) {
      out.inputs = fmt::format(R"({{"query":"{}","n":{},"deep":[{{"a":"{}"}}]}})", text(),
                               pick(9), one_of(kWords));
      out.inputs_hash = hash_inputs(*out.inputs);
    }
    // What completed may have an error too, where it was imported.
    if (out.summary.status == "failed" || chance(9)) {
      out.error = "timeout in " + one_of(kStageIds) + " of " +
                  (chance(2) ? one_of(kWords) : text());
    }
    if (out.summary.status == "failed") {
      out.failed_stage = one_of(kStageIds);
    }
    for (auto n = pick(3); n > 0; --n) {
      out.stages.emplace_back().stage_id = one_of(kStageIds);
    }
    for (auto n = chance(2) ? pick(4) : 0; n > 0; --n) {
      out.results.push_back({fmt::format("col_{}", pick(3)), one_of(kDocuments), 0.5});
    }
    // What a stage handed on need not be returned.
    if (!out.stages.empty() && chance(2)) {
      out.stages.back().candidates.push_back({"col_0", one_of(kDocuments), 1.0});
    }
    if (chance(2)) out.labels.emplace_back("team", chance(2) ? "Search" : "ads");
    if (chance(3)) out.labels.emplace_back("user.id", std::to_string(pick(30)));
    if (chance(3)) {
      static constexpr std::string_view kWhen[] = {"", "1970-01-01", "1970-01-01T00:00:00Z",
                                                   "\u0130zmir", "I\u0307ZMIR"};
      out.labels.emplace_back("when", one_of(kWhen));
    }
    out.caller_key_id = fmt::format("key_{}", pick(3));
    out.request_id = fmt::format("req_{}", random_() % 500);
    if (chance(2)) {
      out.pipeline = fmt::format(R"({{"stages":[{}]}})", pick(4));
      out.fingerprint = "F" + std::to_string(pick(4));
      out.shape = "s" + std::to_string(pick(2));
    }
    return out;
  }

  std::string condition() {
    static constexpr std::string_view kNumbers[] = {"duration_ms",     "credits_used",
                                                    "cache_hit_rate",  "total_returned",
                                                    "total_processed", "total_stages"};
    static constexpr std::string_view kComparisons[] = {"gt",  "gte", "lt",
                                                        "lte", "eq",  "ne"};
    const auto make = [](std::string_view field, std::string_view op, std::string value) {
      return fmt::format(R"({{"field":"{}","operator":"{}","value":{}}})", field, op,
                         value);
    };
    const auto quoted = [](const std::string& word) { return "\"" + word + "\""; };
    switch (pick(15)) {
      case 0:
      case 1: {
        static constexpr std::string_view kValues[] = {"0", "1",   "2.5", "0.5", "\"2\"",
                                                       "3", "500", "-1",  "null"};
        return make(one_of(kNumbers), one_of(kComparisons), one_of(kValues));
      }
      case 2:
        return make("status", chance(2) ? "in" : "nin", R"(["failed","CANCELLED"])");
      case 3:
        return make("collection_ids", chance(2) ? "in" : "ne",
                    chance(2) ? R"(["col_0","col_2"])" : "\"col_1\"");
      case 4:
        return make("stage_id", chance(2) ? "eq" : "nin", quoted(one_of(kStageIds)));
      case 5:
        return fmt::format(
            R"({{"field":"labels.team","operator":"{}","value":"{}","case_sensitive":{}}})",
            chance(2) ? "eq" : "ne", chance(2) ? "Search" : "search", chance(2));
      case 6:
        if (chance(2)) {
          return make("labels.when", chance(2) ? "eq" : "ne",
                      chance(2) ? "\"1970-01-01T01:00:00+01:00\"" : "\"izmir\"");
        }
        return make("labels.user.id", chance(2) ? "in" : "gte",
                    chance(2) ? R"(["3","7"])" : "7");
      case 7:
        return make("request_id", "eq", fmt::format("\"REQ_{}\"", random_() % 500));
      case 8:
        return make("fingerprint", chance(2) ? "eq" : "ne", "\"f1\"");
      case 9:
        return make("query_summary", "contains", quoted(one_of(kWords)));
      case 10:
        return make("inputs.n", one_of(kComparisons), std::to_string(pick(9)));
      case 11: {
        static constexpr std::string_view kNullable[] = {
            "cache_hit_rate", "collection_ids", "failed_stage", "error",
            "shape",          "labels.team",    "stage_id"};
        return make(one_of(kNullable), chance(2) ? "is_null" : "exists",
                    chance(2) ? "true" : "false");
      }
      case 12:
        return make("returned_document", chance(2) ? "eq" : "nin",
                    to_json_text(json::value(one_of(kDocuments))));
      case 13:
        return make("timestamp", one_of(kComparisons), R"("1970-01-01T02:00:00Z")");
      default:
        return make("error", "text", quoted(one_of(kWords)));
    }
  }

  std::string where(int depth) {
    if (depth == 0 || chance(3)) return condition();
    static constexpr std::string_view kGroups[] = {"AND", "OR", "NOT"};
    std::string out = "{\"" + one_of(kGroups) + "\":[";
    for (auto n = 1 + pick(3); n > 0; --n) out += where(depth - 1) + (n > 1 ? "," : "");
    return out + "]}";
  }

  std::string query() {
    const std::string word = one_of(kWords);
    switch (pick(6)) {
      case 0:
        return "\"" + word + " " + one_of(kWords) + "\"";
      case 1:
        return word.substr(0, 3) + "*";
      case 2:
        return word + " " + one_of(kWords);
      case 3:
        return "!?";
      default:
        return word;
    }
  }

  ExecutionFilter filter() {
    ExecutionFilter out = filter_of(kNs);
    if (chance(4)) out.status = one_of(kStatuses);
    if (chance(2)) {
      out.modes = chance(2) ? ModeKinds::own() : ModeKinds::none();
      for (ModeKind kind = 0; kind < kModeKinds; ++kind) {
        if (chance(3)) out.modes.add(kind);
      }
    }
    if (chance(4)) out.start_time = static_cast<TimeUs>(pick(300)) * kMicrosPerMinute;
    if (chance(4)) out.end_time = static_cast<TimeUs>(pick(300)) * kMicrosPerMinute;
    if (chance(3)) out.query = TextQuery::parse(query());
    if (chance(8)) out.error = TextQuery::parse(query());
    if (chance(8)) {
      out.error_kind = error_kind("timeout in " + one_of(kStageIds) + " of " +
                                  (chance(4) ? text() : one_of(kWords)));
    }
    if (chance(8)) {
      out.execution_ids.emplace();
      for (int i = 0; i < 40; ++i) out.execution_ids->push_back(ids_[pick(ids_.size())]);
    }
    if (chance(5)) {
      out.returned_document = ReturnedDocument{one_of(kDocuments), {}};
      if (chance(3)) out.returned_document->collection_ids = {"col_1", "col_2"};
    }
    if (chance(2)) {
      source_ = where(2);
      out.where.push_back(Filter::compile(parse_json(source_).value(), "filters").value());
    } else {
      source_.clear();
    }
    return out;
  }

  // All pages of both, held against each other.
  void compare(const ExecutionFilter& asked, ExecutionPageRequest page) {
    SCOPED_TRACE(fmt::format(
        "modes {} status {} query {} error {} kind {} where {} returned {} sort {} "
        "ascending {} "
        "limit {} offset {}",
        asked.modes.bits(), asked.status.value_or("-"),
        asked.query ? asked.query->normalized() : "-",
        asked.error ? asked.error->normalized() : "-", asked.error_kind.value_or("-"),
        source_, asked.returned_document ? asked.returned_document->document_id : "-",
        sort_field(page.sort).name, page.ascending, page.limit, page.offset));
    page.budget_us = 600'000'000;
    for (int pages = 0; pages < 40; ++pages) {
      const auto wanted = list_json(memory_, asked, page).value();
      const auto found = list_json(*sqlite_, asked, page).value();
      ASSERT_EQ(found.rows, wanted.rows);
      ASSERT_EQ(found.total, wanted.total);
      ASSERT_TRUE(found.total_exact);
      ASSERT_FALSE(found.partial);
      ASSERT_EQ(found.has_more, wanted.has_more);
      if (!wanted.has_more) return;
      ASSERT_EQ(found.last, wanted.last);
      page.after = found.last;
      page.offset = 0;
    }
  }

  void compare_some(int count) {
    for (int i = 0; i < count && !HasFatalFailure(); ++i) {
      ExecutionPageRequest page = page_of(static_cast<std::uint32_t>(1 + pick(60)));
      static constexpr ExecutionSort kSorts[] = {
          ExecutionSort::timestamp, ExecutionSort::duration_ms, ExecutionSort::credits_used,
          ExecutionSort::total_returned};
      page.sort = kSorts[pick(std::size(kSorts))];
      page.ascending = chance(2);
      if (chance(4)) page.offset = static_cast<std::uint32_t>(pick(100));
      compare(filter(), page);
    }
  }

  void add(int count) {
    std::vector<LedgerWrite> writes;
    for (int i = 0; i < count; ++i) {
      const auto kind = chance(9)   ? LedgerWrite::Kind::started
                        : chance(2) ? LedgerWrite::Kind::imported
                                    : LedgerWrite::Kind::finished;
      writes.push_back({kind, execution()});
    }
    ASSERT_EQ(test::append(*sqlite_, writes).value(),
              test::append(memory_, writes).value());
  }

  void scan_agrees() {
    const ExecutionFilter asked = filter();
    SCOPED_TRACE(source_);
    const auto all = [&](const Ledger& ledger, bool detail) {
      std::string out;
      EXPECT_TRUE(
          scan_json(ledger, asked, {std::nullopt, detail}, [&](const auto& scanned) {
            out += scanned.key.execution_id.str() + " " + scanned.json + "\n";
            return true;
          }));
      return out;
    };
    ASSERT_EQ(all(*sqlite_, false), all(memory_, false));
    ASSERT_EQ(all(*sqlite_, true), all(memory_, true));
  }

  void aggregates_agree() {
    ExecutionFilter asked = filter();
    if (chance(2)) {
      asked.query.reset();
      asked.error.reset();
      asked.error_kind.reset();
      asked.execution_ids.reset();
      asked.returned_document.reset();
      asked.where.clear();
    }
    AggregateRequest request;
    request.bucket = static_cast<TimeBucket>(pick(6));
    static constexpr const char* kZones[] = {"UTC", "Europe/Berlin", "Asia/Kolkata",
                                             "-03:30", "America/New_York"};
    const char* const zone = kZones[pick(std::size(kZones))];
    request.zone = TimeZone::parse(zone).value();
    request.by = static_cast<AggregateBy>(pick(kAggregateBys));
    request.label = chance(2) ? "team" : "when";
    request.budget_us = 600'000'000;
    SCOPED_TRACE(fmt::format("{} bucket {} of {} by {} start {} end {}", source_,
                             static_cast<int>(request.bucket), zone,
                             static_cast<int>(request.by), asked.start_time.value_or(-1),
                             asked.end_time.value_or(-1)));
    const auto wanted = memory_.aggregate(asked, request).value();
    const auto found = sqlite_->aggregate(asked, request).value();
    ASSERT_FALSE(found.partial);
    const auto same = [](const AggregateFigures& a, const AggregateFigures& b) {
      EXPECT_EQ(a.count, b.count);
      EXPECT_EQ(a.failed, b.failed);
      EXPECT_EQ(a.completed, b.completed);
      EXPECT_EQ(a.zero_results, b.zero_results);
      EXPECT_EQ(a.duration_ms_max, b.duration_ms_max);
      EXPECT_EQ(a.duration_ms.value(), b.duration_ms.value());
      EXPECT_EQ(a.credits.value(), b.credits.value());
      EXPECT_NEAR(a.cache_rate_sum, b.cache_rate_sum, 1e-6 * b.cache_rate_sum);
      EXPECT_EQ(a.cache_rate_count, b.cache_rate_count);
      EXPECT_EQ(a.durations_ms, b.durations_ms);
    };
    same(found.total, wanted.total);
    ASSERT_EQ(found.rows.size(), wanted.rows.size());
    for (std::size_t i = 0; i < wanted.rows.size(); ++i) {
      ASSERT_EQ(found.rows[i].bucket, wanted.rows[i].bucket);
      ASSERT_EQ(found.rows[i].key, wanted.rows[i].key);
      same(found.rows[i].figures, wanted.rows[i].figures);
    }
  }

  std::string source_;
};

TEST_F(FilterProperty, AgreesWithTheReferenceWhileTheIndexGrows) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  for (int round = 0; round < 12 && !HasFatalFailure(); ++round) {
    add(60);
    if (chance(2)) sqlite_->maintain();
    compare_some(12);
    if (chance(3)) {
      ExecutionFilter some = filter();
      SCOPED_TRACE("remove " + source_);
      ASSERT_EQ(sqlite_->remove(some, 7).value(), memory_.remove(some, 7).value());
    }
    scan_agrees();
    for (int i = 0; i < 6; ++i) aggregates_agree();
  }
}

TEST_F(FilterProperty, AgreesWithTheReferenceInClosedGroups) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  for (int i = 0; i < 45; ++i) add(100);
  ASSERT_TRUE(sqlite_->recover());
  ASSERT_TRUE(memory_.recover());
  while (sqlite_->maintain()) {
  }
  compare_some(12);
  for (int i = 0; i < 12; ++i) aggregates_agree();
  // Deleting opens the group again.
  ExecutionFilter failed = filter_of(kNs);
  failed.status = "failed";
  ASSERT_EQ(sqlite_->remove(failed, 50).value(), memory_.remove(failed, 50).value());
  compare_some(4);
  while (sqlite_->maintain()) {
  }
  compare_some(8);
}

// Goal: totals that only the index of terms is asked for are those of the rows, wherever a
// page ends in their groups, and while some wait for the index.
TEST_F(FilterProperty, CountsWordsThatManyShare) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  int made = 0;
  const auto add_some = [&](int count) {
    std::vector<LedgerWrite> writes;
    for (int i = 0; i < count; ++i, ++made) {
      Execution execution =
          make_execution(made % 5 == 0 ? kOther : kNs, fmt::format("e{:06}", made),
                         made * TimeUs{1'000'000}, one_of(kStatuses));
      execution.summary.query_summary = made % 3 == 0 ? "shared" : "shared by most";
      writes.push_back({LedgerWrite::Kind::finished, std::move(execution)});
    }
    ASSERT_EQ(test::append(*sqlite_, writes).value(),
              test::append(memory_, writes).value());
  };
  const auto compare_words = [&] {
    for (const char* words : {"shared", "most", "shared most", "most \"shared by\""}) {
      ExecutionFilter asked = filter_of(kNs);
      asked.query = TextQuery::parse(words);
      ExecutionPageRequest page = page_of(static_cast<std::uint32_t>(400 + pick(200)));
      page.ascending = chance(2);
      compare(asked, page);
      asked.start_time = static_cast<TimeUs>(pick(3'000)) * 1'000'000;
      asked.end_time = static_cast<TimeUs>(9'000 + pick(3'000)) * 1'000'000;
      page.limit = 5;
      page.offset = static_cast<std::uint32_t>(pick(6'000));
      ASSERT_EQ(list_json(*sqlite_, asked, page).value().total,
                list_json(memory_, asked, page).value().total);
      asked.status = "failed";
      ASSERT_EQ(list_json(*sqlite_, asked, page).value().total,
                list_json(memory_, asked, page).value().total);
    }
  };
  for (int i = 0; i < 12; ++i) add_some(1'000);
  while (sqlite_->maintain()) {
  }
  compare_words();
  ExecutionFilter failed = filter_of(kNs);
  failed.status = "failed";
  ASSERT_EQ(sqlite_->remove(failed, 30).value(), memory_.remove(failed, 30).value());
  add_some(500);
  compare_words();
}

// Goal: a document is looked for among the results alone, by its exact id, in any or in one
// of some collections.
TEST_F(FilterProperty, FindsWhoReturnedADocument) {
  const auto add_one = [&](const std::string& id, const ScoredId& result) {
    Execution execution = make_execution(kNs, id, 0);
    execution.stages.emplace_back().candidates.push_back({"col_1", "dropped", 1.0});
    execution.results = {{"col_1", "first", 2.0}, result};
    for (Ledger* ledger :
         {static_cast<Ledger*>(sqlite_.get()), static_cast<Ledger*>(&memory_)}) {
      ASSERT_TRUE(test::put(*ledger, test::imported(execution)));
    }
  };
  add_one("plain", {"col_1", "moby", 1.0});
  add_one("other", {"col_2", "moby", 1.0});
  add_one("longer", {"col_1", "moby2", 1.0});
  add_one("cased", {"col_1", "Moby", 1.0});
  add_one("quoted", {"col_1", "a\"b/\\\n\u00e9", 1.0});
  add_one("path", {"col_1", "c:\\d", 1.0});
  add_one("number", {"col_1", "1.0", 1.0});
  using Ids = std::vector<std::string>;
  const auto found = [&](const ReturnedDocument& wanted) {
    ExecutionFilter asked = filter_of(kNs);
    asked.returned_document = wanted;
    const auto ids = test::ids_of(list_json(*sqlite_, asked, page_of(10)).value());
    EXPECT_EQ(ids, test::ids_of(list_json(memory_, asked, page_of(10)).value()));
    return ids;
  };
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_EQ(found({"moby", {}}), (Ids{"plain", "other"}));
    EXPECT_EQ(found({"moby", {"col_2"}}), Ids{"other"});
    EXPECT_EQ(found({"moby", {"moby", "col_1"}}), Ids{"plain"});
    EXPECT_EQ(found({"moby", {"col_3"}}), Ids());
    EXPECT_EQ(found({"a\"b/\\\n\u00e9", {}}), Ids{"quoted"});
    EXPECT_EQ(found({"c:\\d", {}}), Ids{"path"});
    EXPECT_EQ(found({"1", {}}), Ids());
    EXPECT_EQ(found({"1.0", {}}), Ids{"number"});
    EXPECT_EQ(found({"dropped", {}}), Ids());
    EXPECT_EQ(found({"first", {}}).size(), 7u);
    while (sqlite_->maintain()) {
    }
  }
}

// Goal: a budget cuts pages short, and following the cursors still visits every match once.
TEST_F(FilterProperty, PartialPagesGoOn) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  for (int i = 0; i < 10; ++i) add(60);
  ExecutionFilter asked = filter_of(kNs);
  asked.where.push_back(
      Filter::condition("query_summary", "contains", "hotel", true, "filters").value());
  for (const bool ascending : {false, true}) {
    ExecutionPageRequest page = page_of(10);
    page.ascending = ascending;
    page.budget_us = 600'000'000;
    std::vector<std::string> wanted;
    {
      auto all = page;
      all.limit = 1000;
      wanted = test::ids_of(list_json(memory_, asked, all).value());
    }
    ASSERT_GT(wanted.size(), 20u);
    page.budget_us = 0;
    std::vector<std::string> found;
    int partial = 0;
    for (int pages = 0; pages < 2'000; ++pages) {
      const auto got = list_json(*sqlite_, asked, page).value();
      for (auto& id : test::ids_of(got)) found.push_back(std::move(id));
      partial += got.partial ? 1 : 0;
      EXPECT_LE(got.total, wanted.size());
      EXPECT_TRUE(!got.partial || !got.total_exact);
      if (!got.has_more) break;
      ASSERT_TRUE(got.last);
      page.after = got.last;
    }
    EXPECT_EQ(found, wanted);
    EXPECT_GT(partial, 0);
  }
}

TEST(TextQueryTest, NoTextIsASyntaxError) {
  EXPECT_TRUE(TextQuery::parse("").matches_everything());
  EXPECT_TRUE(TextQuery::parse(" \t*").matches_everything());
  EXPECT_TRUE(TextQuery::parse("?!").matches_nothing());
  EXPECT_EQ(TextQuery::parse("Cheap FLIGHTS cheap").normalized(), "cheap flights");
  EXPECT_EQ(TextQuery::parse("\"cheap flights\" os*").normalized(),
            "\"cheap flights\" os*");
  EXPECT_EQ(TextQuery::parse("\"open end").normalized(), "\"open end\"");
  EXPECT_EQ(TextQuery::parse("\"cheap fli\"*").normalized(), "\"cheap fli*\"");
  EXPECT_EQ(TextQuery::parse("AND OR NOT NEAR(").normalized(), "and or not near");
  EXPECT_EQ(TextQuery::parse("日本語").normalized(), "日本語");
  for (const char* text :
       {"日本語 cheap", "\"node.js 日本\"", "c++*", "x86_64", "été \"", "a\"b c\"d"}) {
    const TextQuery query = TextQuery::parse(text);
    EXPECT_EQ(TextQuery::parse(query.normalized()).phrases().size(),
              query.phrases().size());
    EXPECT_EQ(TextQuery::parse(query.normalized()).normalized(), query.normalized())
        << text;
  }
}

}  // namespace
}  // namespace trawl::ledger_filter_test
