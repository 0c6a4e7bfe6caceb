#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/golden_test_support.h"
#include "ledger/execution_id_key.h"
#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/group_summary.h"
#include "ledger/sqlite/record.h"
#include "ledger/sqlite/row_group.h"
#include "ledger/sqlite/schema.h"

// Histories are years old: what older programs wrote into them is read by every later one.
namespace trawl::sqlite::stored_forms_test {
namespace {

constexpr std::size_t kRecordHead = 5;

// As any other program would unpack it.
std::string unpack(std::string_view frame, std::string_view dictionary) {
  std::string content(ZSTD_getFrameContentSize(frame.data(), frame.size()), '\0');
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  const std::size_t size =
      ZSTD_decompress_usingDict(context, content.data(), content.size(), frame.data(),
                                frame.size(), dictionary.data(), dictionary.size());
  ZSTD_freeDCtx(context);
  return size == content.size() ? content : "cannot be unpacked";
}

constexpr std::size_t kNewestRecord = 2;

std::string golden_name(std::string_view of, std::size_t version) {
  return version == 1 ? fmt::format("{}.hex", of) : fmt::format("{}_{}.hex", of, version);
}

std::string record_dictionary_as_ever(std::size_t version) {
  return test::golden_parts(
             golden_name("record_dictionary", version),
             fmt::format("The zstd dictionary (raw content) of records of version {}",
                         version),
             {{"dictionary", std::string(record_dictionary(version))}})
      .at("dictionary");
}

Execution recorded_with_version(std::size_t version) {
  Execution execution = test::golden_execution();
  if (version == 1) return execution;
  execution.parent_execution_id = "exec_parent";
  execution.relation = "replay";
  execution.retriever_id = "ret_1";
  execution.retriever_revision = 3;
  execution.queue_wait_ms = 0.25;
  StageRecord& stage = execution.stages.front();
  stage.parameters = json::object{{"query", "window manager"}};
  stage.context = {12, 0.5};
  stage.seed = 7'001;
  stage.candidates.front().content_hash = 0x00c0ffee;
  stage.candidates.front().searches = {{0, 2, 3.5}, {1, 1, 0.25}};
  stage.candidates.front().written = json::object{{"rank", 1}};
  return execution;
}

TEST(StoredForms, RecordDictionariesAreAsEver) {
  for (const std::size_t version : {1, 2}) {
    EXPECT_EQ(record_dictionary_as_ever(version), record_dictionary(version));
  }
}

TEST(StoredForms, RecordsAreAsEver) {
  for (const std::size_t version : {1, 2}) {
    SCOPED_TRACE(version);
    const std::string dictionary = record_dictionary_as_ever(version);
    const Execution execution = recorded_with_version(version);
    const std::string name = golden_name("record", version);
    const std::string comment = "encode_record(), before and after it is packed";
    std::map<std::string, std::string> golden;
    if (version == kNewestRecord) {
      const std::string today = encode_record(execution).record;
      golden = test::golden_parts(
          name, comment,
          {{"head", today.substr(0, kRecordHead)},
           {"content", unpack(std::string_view(today).substr(kRecordHead), dictionary)},
           {"frame", today.substr(kRecordHead), false}});
    } else {
      golden = test::golden_parts_of_old(name);
    }
    EXPECT_EQ(unpack(golden.at("frame"), dictionary), golden.at("content"));

    const auto parts = decode_record(golden.at("head") + golden.at("frame")).value();
    const std::string detail =
        join_detail_json(execution_row_json(execution.summary), parts.before,
                         execution_detail_parts(execution).pipeline, parts.after);
    EXPECT_TRUE(parse_execution(parse_json(detail).value()).value() == execution) << detail;
  }
}

// What was left out of a record, and where it belongs, is part of the form.
TEST(StoredForms, RecordsWithCutOutsAreAsEver) {
  constexpr std::size_t kShort = 384;
  Execution execution = recorded_with_version(kNewestRecord);
  for (int i = 0; i < 12; ++i) {
    execution.results.push_back({"col_packages", fmt::format("doc_{}", i), 1.0 / (i + 1)});
  }
  execution.inputs = fmt::format(R"({{"query":"{}"}})", std::string(kShort, 'x'));
  execution.stages.front().metadata["note"] = std::string(kShort, 'y');
  SeenValues seen;
  seen.cut_out_min = kShort;
  EXPECT_TRUE(encode_record(execution, &seen).contents.empty());
  const EncodedRecord today = encode_record(execution, &seen);
  ASSERT_EQ(today.contents.size(), 3u);
  ASSERT_EQ(count_cut_outs(today.record), 3u);
  const std::size_t head = kRecordHead + 4 + 3 * 4;
  const std::string dictionary = record_dictionary_as_ever(kNewestRecord);
  std::vector<test::GoldenPart> parts = {
      {"head", today.record.substr(0, head)},
      {"rest", unpack(std::string_view(today.record).substr(head), dictionary)},
      {"frame", today.record.substr(head), false}};
  for (std::size_t i = 0; i < 3; ++i) {
    const NewContent& content = today.contents[i];
    parts.push_back({fmt::format("content {}", i), unpack_content(content.data).value()});
    parts.push_back({fmt::format("digest {}", i), content.digest});
    parts.push_back({fmt::format("data {}", i), content.data, false});
  }
  const auto golden = test::golden_parts(
      "record_3.hex", "encode_record() with cut-outs, before and after it is packed",
      parts);
  EXPECT_EQ(unpack(golden.at("frame"), dictionary), golden.at("rest"));
  std::vector<std::string> cut_outs;
  for (int i = 0; i < 3; ++i) {
    const std::string data = golden.at(fmt::format("data {}", i));
    cut_outs.push_back(unpack_content(data).value());
    EXPECT_EQ(cut_outs.back(), golden.at(fmt::format("content {}", i)));
    EXPECT_EQ(unpack(std::string_view(data).substr(1), dictionary), cut_outs.back());
    EXPECT_EQ(content_digest(cut_outs.back()), golden.at(fmt::format("digest {}", i)));
  }
  const auto read = decode_record(golden.at("head") + golden.at("frame"), cut_outs).value();
  EXPECT_EQ(read.before, execution_detail_parts(execution).before);
  EXPECT_EQ(read.after, execution_detail_parts(execution).after);
  // From the third time on they are known, and come to the same.
  const EncodedRecord again = encode_record(execution, &seen);
  EXPECT_EQ(again.record, today.record);
  ASSERT_EQ(again.contents.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NE(again.contents[i].recent, nullptr);
    EXPECT_EQ(again.contents[i].digest, today.contents[i].digest);
    EXPECT_EQ(packed(again.contents[i]), packed(today.contents[i]));
  }
  cut_outs.pop_back();
  EXPECT_FALSE(decode_record(golden.at("head") + golden.at("frame"), cut_outs));
}

template <class Number>
std::string bits_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

TEST(StoredForms, ColumnsAreAsEver) {
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int64_t>::max();
  const std::map<std::string, std::vector<std::int64_t>> integers = {
      {"integers, none", {}},
      {"integers, all alike", {7, 7, 7}},
      {"integers, 1 byte", {-3, 252, 0}},
      {"integers, 2 bytes", {1'000, 66'535, 1'256}},
      {"integers, 4 bytes", {-2'147'483'648, 2'147'483'647, 1}},
      {"integers, 8 bytes", {kHigh, kLow, 1'769'853'600'123'456}},
  };
  // A few values; too many for codes, which three places suffice for; and which do not.
  std::vector<double> thousandths, raw;
  for (int i = 0; i < 257; ++i) {
    thousandths.push_back(i / 1000.0);
    raw.push_back(i / 7.0);
  }
  const std::map<std::string, std::vector<double>> reals = {
      {"reals, dictionary", {0.5, std::nan(""), 0.5, -0.0, 0.0, 1e300}},
      {"reals, thousandths", thousandths},
      {"reals, raw", raw},
  };
  std::vector<test::GoldenPart> today;
  for (const auto& [name, numbers] : integers) {
    today.push_back({name, encode_integers(numbers)});
  }
  for (const auto& [name, numbers] : reals) {
    today.push_back({name, encode_reals(numbers)});
  }
  const auto golden = test::golden_parts(
      "column.hex", "encode_integers() and encode_reals(), each of their forms", today);
  for (const auto& [name, numbers] : integers) {
    EXPECT_EQ(decode_integers(golden.at(name), numbers.size()).value(), numbers) << name;
  }
  for (const auto& [name, numbers] : reals) {
    // Null is a NaN, which equals nothing.
    EXPECT_EQ(bits_of(decode_reals(golden.at(name), numbers.size()).value()),
              bits_of(numbers))
        << name;
  }
}

std::vector<GroupSummaryEntry> summary() {
  std::vector<GroupSummaryEntry> entries(2);
  entries[0].ns = 3;
  entries[0].status = 11;
  entries[0].hour = 1'769'853'600'000'000;
  entries[0].figures.add(status::kFailed, 1389.5, 12, 0, 0.5);
  entries[1].ns = 4;
  entries[1].status = 12;
  entries[1].hour = -3'600'000'000;
  entries[1].figures.add(status::kCompleted, 2.25, 0.125, 0, std::nullopt);
  entries[1].figures.add(status::kCompleted, 40, 0.25, 9, 1.0);
  return entries;
}

void expect_summary(const std::vector<GroupSummaryEntry>& entries) {
  const auto wanted = summary();
  ASSERT_EQ(entries.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(entries[i].ns, wanted[i].ns);
    EXPECT_EQ(entries[i].status, wanted[i].status);
    EXPECT_EQ(entries[i].hour, wanted[i].hour);
    const AggregateFigures& figures = entries[i].figures;
    EXPECT_EQ(figures.count, wanted[i].figures.count);
    EXPECT_EQ(figures.failed, wanted[i].figures.failed);
    EXPECT_EQ(figures.completed, wanted[i].figures.completed);
    EXPECT_EQ(figures.zero_results, wanted[i].figures.zero_results);
    EXPECT_EQ(figures.duration_ms.value(), wanted[i].figures.duration_ms.value());
    EXPECT_EQ(figures.duration_ms_max, wanted[i].figures.duration_ms_max);
    EXPECT_EQ(figures.credits.value(), wanted[i].figures.credits.value());
    EXPECT_EQ(figures.cache_rate_sum, wanted[i].figures.cache_rate_sum);
    EXPECT_EQ(figures.cache_rate_count, wanted[i].figures.cache_rate_count);
    EXPECT_EQ(figures.durations_ms, wanted[i].figures.durations_ms);
  }
}

TEST(StoredForms, GroupSummaryIsAsEver) {
  const auto golden =
      test::golden_parts("group_summary.hex", "encode_summary() of two entries",
                         {{"summary", encode_summary(summary())}});
  expect_summary(decode_summary(golden.at("summary")).value());
}

class RowGroupForm : public testing::Test {
 protected:
  // A database without executions.
  std::unique_ptr<Connection> open(const std::string& name) {
    const std::string path = directory_.file(name);
    auto connection = Connection::open(path).value();
    prepare_ledger_schema(*connection, path).value();
    return connection;
  }
  test::ScratchDirectory directory_;
};

// Goal: which column lies under which number, and in which form; not only the forms.
// Method: write rows whose numbers all differ, close their group, and read the golden
// chunks in a database that has nothing else.
TEST_F(RowGroupForm, IsAsEver) {
  constexpr std::int64_t kGroup = 2;
  constexpr std::int64_t kFirst = kGroup * kRowGroupRows;
  const auto made = open("made.db");
  ExecutionSummary numbers;
  numbers.duration_ms = 1389.43;
  numbers.credits_used = 12.5;
  numbers.total_processed = 1200;
  numbers.total_returned = 9;
  numbers.stages_completed = 5;
  numbers.total_stages = 6;
  ExecutionSummary others = numbers;
  others.duration_ms = 0.25;
  others.cache_hit_rate = 0.5;
  others.total_processed = 70'000;
  made->execute(
          "INSERT INTO definitions (definition, ns, digest, fingerprint, shape, pipeline, "
          "uses) VALUES (1, 3, 'd', 'f', 27, '{}', 1)")
      .value();
  const std::string insert = fmt::format(
      "INSERT INTO executions (seq, ns, ts, id, status, mode, failed_stage, caller, "
      "collections, stages, definition, running, row) VALUES "
      "({}, 3, 1769853600123456, x'01', 21, 22, 23, 24, 25, 26, 1, 0, '{}'), "
      "({}, 4, 1769853600123461, x'02', 31, 32, NULL, NULL, NULL, NULL, NULL, 0, '{}')",
      kFirst + 1, row_values_json(numbers), kFirst + 9, row_values_json(others));
  made->execute(insert).value();
  RowGroup::read_range(*made, kFirst, kFirst + kRowGroupRows - 1)
      .value()
      .close(*made, kGroup, encode_summary(summary()))
      .value();
  std::vector<test::GoldenPart> today;
  {
    auto chunks = made->prepare("SELECT chunk, data FROM chunks ORDER BY chunk").value();
    while (chunks.step().value()) {
      today.push_back({fmt::format("chunk {}", chunks.integer(0)), chunks.string(1)});
    }
  }
  const auto golden = test::golden_parts(
      "row_group.hex", "The rows of `chunks` of the closed row group 2, of two executions",
      today);

  const auto read = open("read.db");
  for (const auto& [name, bytes] : golden) {
    auto put = read->prepare("INSERT INTO chunks (chunk, data) VALUES (?, ?)").value();
    put.bind(std::stoi(name.substr(name.find(' ')))).bind_blob(bytes).run().value();
  }
  GroupPlace place;
  place.group = kGroup;
  place.closed = true;
  place.row_count = 2;
  RowGroup group = read_group(*read, place).value();
  using Integers = std::vector<std::int64_t>;
  const auto expect = [&](IntColumn column, const Integers& wanted) {
    EXPECT_EQ(*group.integers(column).value(), wanted) << static_cast<int>(column);
  };
  expect(IntColumn::seq, {kFirst + 1, kFirst + 9});
  expect(IntColumn::ns, {3, 4});
  expect(IntColumn::timestamp, {1'769'853'600'123'456, 1'769'853'600'123'461});
  expect(IntColumn::status, {21, 31});
  expect(IntColumn::mode, {22, 32});
  expect(IntColumn::failed_stage, {23, 0});
  expect(IntColumn::caller, {24, 0});
  expect(IntColumn::collections, {25, 0});
  expect(IntColumn::stages, {26, 0});
  expect(IntColumn::shape, {27, 0});
  expect(IntColumn::total_processed, {1200, 70'000});
  expect(IntColumn::total_returned, {9, 9});
  expect(IntColumn::stages_completed, {5, 5});
  expect(IntColumn::total_stages, {6, 6});
  EXPECT_EQ(*group.reals(RealColumn::duration_ms).value(),
            (std::vector<double>{1389.43, 0.25}));
  EXPECT_EQ(*group.reals(RealColumn::credits_used).value(),
            (std::vector<double>{12.5, 12.5}));
  const std::vector<double> rates = *group.reals(RealColumn::cache_hit_rate).value();
  ASSERT_EQ(rates.size(), 2u);
  EXPECT_TRUE(std::isnan(rates[0]));
  EXPECT_EQ(rates[1], 0.5);
  expect_summary(read_summary(*read, kGroup).value());
}

TEST(StoredForms, ExecutionIdKeysAreAsEver) {
  const std::map<std::string, std::string> ids = {
      {"ours", "exec_01JD3ZK8V9Q4T6W2X5Y7B0C1DE"},
      {"of another maker", "run-7 — été"},
  };
  std::vector<test::GoldenPart> today;
  for (const auto& [name, id] : ids) {
    today.push_back({name, execution_id_key(ExecutionId(id))});
  }
  const auto golden =
      test::golden_parts("execution_id_key.hex", "execution_id_key() of two ids", today);
  for (const auto& [name, id] : ids) EXPECT_EQ(execution_id_text(golden.at(name)), id);
}

}  // namespace
}  // namespace trawl::sqlite::stored_forms_test
