#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "cli/commands/execution_filter_flags.h"
#include "cli/commands/execution_rows.h"
#include "model/recorded_fields.h"

// Goal: the command line knows each recorded field as the table says.
namespace trawl::cli::execution_fields_test {
namespace {

TEST(ExecutionFields, CsvHasThoseThatSaySo) {
  std::vector<std::string> columns;
  for (const RowColumn& column : execution_columns()) {
    if (!column.path.empty()) columns.push_back(column.path);
  }
  std::vector<std::string> wanted;
  for (const RecordedField& field : kRecordedFields) {
    if (field.is(kCsv)) wanted.emplace_back(field.name);
  }
  // Whoever sees that something failed sees why.
  if (std::find(wanted.begin(), wanted.end(), "error") == wanted.end()) {
    wanted.emplace_back("error");
  }
  EXPECT_EQ(columns, wanted);
}

TEST(ExecutionFields, EachConditionHasAFlag) {
  for (const RecordedField& field : kRecordedFields) {
    if (!field.is(kCondition)) continue;
    SCOPED_TRACE(field.filter_name);
    std::string flag = "--" + std::string(field.filter_name);
    std::replace(flag.begin(), flag.end(), '_', '-');
    if (field.filter_name == "stage_id") flag = "--stage";
    CLI::App command;
    const MakeFilterBody make = add_filter_flags(command);
    command.parse(flag + " value");
    const auto body = make();
    ASSERT_TRUE(body);
    EXPECT_EQ(to_json_text(*body),
              "{\"" + std::string(field.filter_name) + "\":\"value\"}");
  }
}

}  // namespace
}  // namespace trawl::cli::execution_fields_test
