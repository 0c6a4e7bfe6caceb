#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include "ledger/execution_filter.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/record/recording_policy.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "model/recorded_fields.h"
#include "model/recorded_fields_test_support.h"

// Goal: every ledger filters and sorts by each field of the table as its line says.
namespace trawl::recorded_fields_ledger_test {
namespace {

const NamespaceId kNs("ns_a");

using Ids = std::vector<std::string>;

// A history of two executions, of which one has a value in the field.
struct History {
  explicit History(std::unique_ptr<Ledger> opened) : ledger(std::move(opened)) {}

  template <class Field>
  void fill(const Field& field) {
    Execution with = test::make_execution(kNs, "with", 0);
    test::set_field(field, with);
    with.namespace_id = kNs;
    id = with.summary.execution_id.str();
    ASSERT_TRUE(test::put(*ledger, test::imported(with)));
    ASSERT_TRUE(test::put(*ledger, test::imported(test::make_execution(kNs, "other", 0))));
    document = execution_document(with);
  }

  std::unique_ptr<Ledger> ledger;
  std::string id;
  json::object document;
};

json::object condition(const RecordedField& field, const json::object& document) {
  json::value value = document.at({field.filter_name.data(), field.filter_name.size()});
  std::string path(field.filter_name);
  if (auto* list = value.if_array()) value = json::value(list->front());
  if (value.is_object()) {
    path += ".label";
    value = json::value(value.as_object().at("label"));
  }
  return {{"field", path}, {"operator", "eq"}, {"value", std::move(value)}};
}

class RecordedFieldsLedger : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Ledger> open() {
    if (GetParam()) return std::make_unique<MemoryLedger>();
    return open_sqlite_ledger(directory_.file(fmt::format("{}.db", ++opened_))).value();
  }

 private:
  test::ScratchDirectory directory_;
  int opened_ = 0;
};

TEST_P(RecordedFieldsLedger, FilterByEachThatSaysSo) {
  for_each_recorded([&](const auto& field) {
    if (!field.is(kFilter)) return;
    SCOPED_TRACE(field.name);
    History history(open());
    history.fill(field);
    ExecutionFilter filter = test::filter_of(kNs);
    filter.where.push_back(
        Filter::compile(condition(field, history.document), "filters").value());
    EXPECT_EQ(test::ids_of(list_json(*history.ledger, filter, test::page_of(5)).value()),
              Ids{history.id});
    auto* engine = dynamic_cast<SqliteLedger*>(history.ledger.get());
    while (engine != nullptr && engine->maintain()) {
    }
    EXPECT_EQ(test::ids_of(list_json(*history.ledger, filter, test::page_of(5)).value()),
              Ids{history.id});
  });
}

TEST_P(RecordedFieldsLedger, SortByEachThatSaysSo) {
  for_each_recorded([&](const auto& field) {
    if (!field.is(kSort)) return;
    SCOPED_TRACE(field.name);
    History history(open());
    history.fill(field);
    // Where it does not tell them apart, ids do, in the other order.
    ASSERT_TRUE(
        test::put(*history.ledger, test::imported(test::make_execution(kNs, "zzz", 0))));
    ExecutionPageRequest page = test::page_of(5);
    page.sort = static_cast<ExecutionSort>(
        std::find_if(kRecordedFields.begin(), kRecordedFields.end(),
                     [&](const RecordedField& one) { return one.name == field.name; }) -
        kRecordedFields.begin());
    const ExecutionFilter all = test::filter_of(kNs);
    EXPECT_EQ(test::ids_of(list_json(*history.ledger, all, page).value()),
              (Ids{"with", "zzz", "other"}));
    page.ascending = true;
    EXPECT_EQ(test::ids_of(list_json(*history.ledger, all, page).value()),
              (Ids{"other", "zzz", "with"}));
  });
}

INSTANTIATE_TEST_SUITE_P(Ledgers, RecordedFieldsLedger, testing::Bool());

TEST(RecordedFieldsFilter, KnowsNoOthers) {
  std::vector<std::string> known;
  for (const auto& member : execution_document(test::make_execution(kNs, "e", 0))) {
    known.emplace_back(key_of(member));
  }
  std::sort(known.begin(), known.end());
  const auto& names = execution_fields();
  EXPECT_TRUE(std::equal(known.begin(), known.end(), names.begin(), names.end()));
  EXPECT_EQ(names.size(),
            static_cast<std::size_t>(std::count_if(
                kRecordedFields.begin(), kRecordedFields.end(),
                [](const RecordedField& field) { return field.is(kFilter); })));
}

// Goal: no text that may quote a client is recorded past a policy.
TEST(RecordedFieldsRedaction, ReachesEveryText) {
  const auto definition =
      parse_json(R"({"redact":[{"pattern":"value of","action":"mask"}]})").value();
  const RecordingPolicy policy =
      RecordingPolicy::parse(definition.as_object(), "recording").value();
  Execution execution;
  for_each_recorded([&](const auto& field) { test::set_field(field, execution); });
  policy.apply(execution);
  const std::string detail = execution_detail_json(execution);
  const json::value shown = parse_json(detail).value();
  for (const RecordedField& field : kRecordedFields) {
    if (field.kind != FieldKind::text) continue;
    const auto& text = shown.at({field.name.data(), field.name.size()});
    EXPECT_EQ(to_json_text(text).find("value of"), std::string::npos) << field.name;
    EXPECT_NE(to_json_text(text).find("***"), std::string::npos) << field.name;
  }
  // Where nothing is known of what may be recorded, there is none of them at all.
  for_each_recorded([&](const auto& field) { test::set_field(field, execution); });
  record_least(execution);
  const json::value least = parse_json(execution_detail_json(execution)).value();
  for (const RecordedField& field : kRecordedFields) {
    if (field.kind != FieldKind::text) continue;
    const auto& text = least.at({field.name.data(), field.name.size()});
    EXPECT_TRUE(text.is_null() || text == "***") << field.name;
  }
}

}  // namespace
}  // namespace trawl::recorded_fields_ledger_test
