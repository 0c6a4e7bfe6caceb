#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cli/cli_test_support.h"

namespace trawl::cli::namespaces_test {
namespace {

using test::Program;

TEST(Cli, RetentionIsSetTriedAndApplied) {
  Program program;
  program.answer(200, "{}");
  program.answer(200, R"({"retention":{}})");
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--max-age", "30d"}).status, 0);
  EXPECT_EQ(program.seen.at(0).method + program.seen.at(0).target,
            "PATCH/v1/namespaces/ns");
  EXPECT_EQ(program.seen.at(0).body, R"({"retention":{"max_age":"30d"}})");
  EXPECT_EQ(program.seen.at(1).target, "/v1/namespaces/ns/retention");
  program.answer(200, "{}");
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--max-count", "5", "--preview"})
                .status,
            0);
  EXPECT_EQ(program.seen.at(2).target, "/v1/namespaces/ns/retention/preview");
  EXPECT_EQ(program.seen.at(2).body, R"({"max_count":5})");
  program.answer(200, "{}");
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--run"}).status, 0);
  EXPECT_EQ(program.seen.at(3).target, "/v1/namespaces/ns/retention/run");
  EXPECT_EQ(
      program.run({"namespaces", "retention", "ns", "--off", "--max-count", "5"}).status,
      2);
  EXPECT_EQ(program.run({"namespaces", "retention", "ns", "--max-count", "0"}).status, 2);
  for (const auto& [size, bytes] : std::map<std::string, std::string>{
           {"10MB", "10000000"}, {"2 GiB", "2147483648"}, {"1k", "1000"}, {"7", "7"}}) {
    program.answer(200, "{}");
    program.run({"namespaces", "retention", "ns", "--preview", "--max-bytes", size});
    EXPECT_EQ(program.seen.back().body, "{\"max_bytes\":" + bytes + "}");
  }
  for (const std::string size : {"0", "-1MB", "1.5", "99999999TB", "MB"}) {
    EXPECT_EQ(
        program.run({"namespaces", "retention", "ns", "--preview", "--max-bytes", size})
            .status,
        2)
        << size;
  }
}

// Goal: whoever asks for a table or a CSV of one thing gets it.
TEST(Cli, OneThingIsShownInEveryFormat) {
  const std::string reply = R"({"name":"n","retention":{"max_age":"30d"},"last_run":null})";
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"namespaces", "retention", "ns"},
                                             {"namespaces", "retention", "ns", "--preview"},
                                             {"namespaces", "show", "ns"},
                                             {"collections", "show", "c"},
                                             {"documents", "get", "c", "d"},
                                             {"vacuum"}}) {
    SCOPED_TRACE(line.at(0));
    const auto in = [&](const std::string& format) {
      Program program;
      program.answer(200, reply);
      auto asked = line;
      asked.insert(asked.end(), {"-o", format});
      return program.run(asked).out;
    };
    EXPECT_EQ(in("json"), reply + "\n");
    EXPECT_EQ(in("csv"),
              "name,retention,last_run\r\nn,\"{\"\"max_age\"\":\"\"30d\"\"}\",\r\n");
    if (line.at(0) == "vacuum") continue;  // In a sentence.
    EXPECT_EQ(in("table"),
              "name               n\nretention.max_age  30d\nlast_run           -\n");
  }
}

}  // namespace
}  // namespace trawl::cli::namespaces_test
