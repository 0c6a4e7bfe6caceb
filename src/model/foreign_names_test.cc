#include "model/foreign_names.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace trawl::foreign_names_test {
namespace {

std::string of(std::string_view row) {
  std::string out;
  const auto value = parse_json(row).value();
  for (const auto& [name, field] : foreign_names(value.get_object())) {
    out += std::string(name) + "=" + std::string(field) + " ";
  }
  return out;
}

TEST(ForeignNames, WordsOfOtherPrograms) {
  EXPECT_EQ(of(R"({"latency":5,"startTime":"x","input":{},"cost":1})"),
            "latency=duration_ms startTime=timestamp input=inputs cost=credits_used ");
  EXPECT_EQ(of(R"({"duration":5,"Duration-Ms":5})"),
            "duration=duration_ms Duration-Ms=duration_ms ");
}

TEST(ForeignNames, MisspeltOnes) {
  EXPECT_EQ(of(R"({"staus":"failed","execution_ID":"x"})"),
            "staus=status execution_ID=execution_id ");
}

TEST(ForeignNames, NothingToSay) {
  EXPECT_EQ(of(R"({"execution_id":"x","duration_ms":5,"stages":[],"inputs":{}})"), "");
  EXPECT_EQ(of(R"({"replayable":false,"not_replayable":{"reason":"x"}})"), "");
}

TEST(ForeignNames, WhatResemblesNothing) {
  EXPECT_EQ(of(R"({"colour":"red","my_own_thing":1})"), "colour= my_own_thing= ");
  EXPECT_EQ(of(R"({"duration_ms":5,"latency":7})"), "latency= ");
  EXPECT_EQ(of("{\"" + std::string(65, 'x') + "\":1}"), std::string(65, 'x') + "= ");
}

}  // namespace
}  // namespace trawl::foreign_names_test
