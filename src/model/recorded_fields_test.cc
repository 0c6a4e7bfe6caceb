#include "model/recorded_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "model/execution_json.h"
#include "model/recorded_fields_test_support.h"

namespace trawl::recorded_fields_test {
namespace {

Execution least_execution() {
  Execution execution;
  execution.summary.execution_id = ExecutionId("e");
  return execution;
}

// Goal: every line of the table is written and read, and nothing else is.
TEST(RecordedFields, EachIsWrittenAndReadBack) {
  std::size_t kept = 0;
  for_each_kept([&](const auto& field) {
    SCOPED_TRACE(field.name);
    ++kept;
    Execution execution = least_execution();
    const json::value without = parse_json(execution_detail_json(execution)).value();
    test::set_field(field, execution);
    const json::value detail = parse_json(execution_detail_json(execution)).value();
    for (const auto& member : detail.as_object()) {
      const bool is_it = key_of(member) == field.name;
      const json::value* before = without.get_object().if_contains(member.key());
      EXPECT_EQ(before == nullptr || member.value() != *before, is_it) << key_of(member);
      EXPECT_EQ(before == nullptr, is_it && field.is(kSparse)) << key_of(member);
    }
    execution.inputs_hash = execution.inputs_hash.value_or("");
    Execution again = parse_execution(detail).value();
    again.inputs_hash = again.inputs_hash.value_or("");
    EXPECT_TRUE(again == execution);
    const json::value row = parse_json(execution_row_json(execution.summary)).value();
    EXPECT_EQ(row.as_object().contains({field.name.data(), field.name.size()}),
              field.kept == Kept::row);
  });
  const json::value detail = parse_json(execution_detail_json(least_execution())).value();
  const auto sparse =
      std::count_if(kRecordedFields.begin(), kRecordedFields.end(),
                    [](const RecordedField& field) { return field.is(kSparse); });
  EXPECT_EQ(detail.as_object().size() + static_cast<std::size_t>(sparse), kept);
}

TEST(RecordedFields, ShowsThemInTheOrderOfTheTable) {
  std::vector<std::string> shown;
  const json::value detail = parse_json(execution_detail_json(least_execution())).value();
  for (const auto& member : detail.as_object()) shown.emplace_back(key_of(member));
  std::vector<std::string> names;
  for (const auto name : detail_field_names()) {
    const auto& fields = kRecordedFields;
    const bool is_sparse = std::any_of(
        fields.begin(), fields.end(),
        [&](const auto& field) { return field.name == name && field.is(kSparse); });
    if (!is_sparse) names.emplace_back(name);
  }
  EXPECT_EQ(shown, names);
}

TEST(RecordedFields, OnlyWhatIsRequiredIs) {
  for (const RecordedField& field : kRecordedFields) {
    SCOPED_TRACE(field.name);
    json::value detail = parse_json(execution_detail_json(least_execution())).value();
    detail.as_object().erase({field.name.data(), field.name.size()});
    EXPECT_EQ(parse_execution(detail).has_value(), !field.is(kRequired));
  }
}

TEST(RecordedFields, NamesAndColumnsAreTheirOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> filters;
  std::set<int> columns;
  for (const RecordedField& field : kRecordedFields) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_TRUE(filters.insert(field.filter_name).second) << field.name;
    if (field.column != kNoColumn) {
      EXPECT_TRUE(columns.insert(field.column).second) << field.name;
    }
    EXPECT_FALSE(field.description.ends_with('.')) << field.name;
    EXPECT_EQ(find_filter_field(field.filter_name) != nullptr, field.is(kFilter));
  }
  EXPECT_EQ(find_filter_field("caller")->name, "caller_key_id");
  EXPECT_EQ(find_filter_field("caller_key_id"), nullptr);
}

}  // namespace
}  // namespace trawl::recorded_fields_test
