#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cli/cli_test_support.h"

namespace trawl::cli::executions_stats_test {
namespace {

using test::Program;

std::string figures(int count, int failed) {
  return R"("count":)" + std::to_string(count) + R"(,"error_count":)" +
         std::to_string(failed) + R"(,"error_rate":)" +
         (count == 0 ? "null" : std::to_string(double(failed) / count)) +
         R"(,"completed_count":1,"zero_result_count":0,"zero_result_rate":0,"duration_ms":)" +
         (count == 0 ? R"({"avg":null,"p50":null,"p95":null,"p99":null})"
                     : R"({"avg":2,"p50":1.5,"p95":1500,"p99":90000})") +
         R"(,"credits_used":{"total":0.25,"avg":0.1},"cache_hit_rate":null)";
}

TEST(Cli, StatsOverTimeAreATableWithBars) {
  const std::string reply =
      R"({"bucket":"hour","group_by":null,"filter":{},"total":{)" + figures(1234, 617) +
      R"(},"results":[{"bucket_start":"2026-01-02T03:00:00.000000Z",)" + figures(8, 2) +
      R"(},{"bucket_start":"2026-01-02T04:00:00.000000Z",)" + figures(0, 0) +
      R"(},{"bucket_start":"2026-01-02T05:00:00.000000Z",)" + figures(5, 0) +
      R"(}],"partial":true})";
  Program program;
  program.answer(200, reply);
  const auto table = program.run(
      {"executions", "stats", "--bucket", "hour", "--by", "label:a", "-o", "table"});
  EXPECT_EQ(program.seen.at(0).target, "/v1/retrievers/executions/aggregate");
  EXPECT_EQ(program.seen.at(0).body, R"({"group_by":"label:a","bucket":"hour"})");
  EXPECT_EQ(
      table.out,
      "FROM (UTC)        COUNT                        FAILED  EMPTY      P50     P95     "
      "P99  "
      "CREDITS  CACHE\n"
      "2026-01-02 03:00      8  ████████████████████    25 %    0 %  1.50 ms  1.50 s  1m "
      "30s  "
      "   0.25      -\n"
      "2026-01-02 04:00      0                             -    0 %        -       -       "
      "-  "
      "   0.25      -\n"
      "2026-01-02 05:00      5  ████████████▌            0 %    0 %  1.50 ms  1.50 s  1m "
      "30s  "
      "   0.25      -\n"
      "1,234 executions, 50 % failed; p50 1.50 ms, p95 1.50 s, p99 1m 30s; 0.25 credits\n");
  EXPECT_NE(table.err.find("some executions are missing"), std::string::npos);

  program.answer(200, reply);
  EXPECT_EQ(program.run({"executions", "stats"}).out, reply + "\n");
  program.answer(200, reply);
  const auto csv = program.run({"executions", "stats", "-o", "csv"}).out;
  EXPECT_EQ(csv.substr(0, 31), "bucket_start,count,error_count,");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
}

TEST(Cli, StatsShowTheTimeZoneThatWasAskedFor) {
  const auto reply = [](const std::string& bucket, const std::string& zone) {
    return R"({"bucket":")" + bucket + R"(","time_zone":")" + zone +
           R"(","total":{},"results":[{"bucket_start":"2026-10-25T02:00:00.000000+02:00",)" +
           figures(8, 2) + R"(},{"bucket_start":"2026-10-25T02:00:00.000000+01:00",)" +
           figures(5, 0) + "}]}";
  };
  Program program;
  program.answer(200, reply("hour", "Europe/Berlin"));
  const std::string hours =
      program.run({"executions", "stats", "--time-zone", "Europe/Berlin", "-o", "table"})
          .out;
  EXPECT_EQ(program.seen.at(0).body, R"({"time_zone":"Europe/Berlin"})");
  EXPECT_TRUE(hours.starts_with("FROM (EUROPE/BERLIN) ") ||
              hours.starts_with("FROM (Europe/Berlin) "))
      << hours;
  EXPECT_NE(hours.find("\n2026-10-25 02:00 +02:00 "), std::string::npos) << hours;
  EXPECT_NE(hours.find("\n2026-10-25 02:00 +01:00 "), std::string::npos) << hours;
  program.answer(200, reply("day", "+02:00"));
  const std::string day = program.run({"executions", "stats", "-o", "table"}).out;
  EXPECT_TRUE(day.starts_with("FROM (+02:00) ")) << day;
  EXPECT_NE(day.find("\n2026-10-25  "), std::string::npos) << day;
}

TEST(Cli, StatsByGroupNameTheGroup) {
  Program program;
  program.width = 42;
  program.answer(200, R"({"bucket":"none","group_by":"label:team","total":{)" +
                          figures(4, 0) + R"(},"results":[{"label":"search",)" +
                          figures(2, 0) + R"(},{"label":"",)" + figures(1, 0) +
                          R"(},{"label":null,)" + figures(1, 0) + "}]}");
  const auto result = program.run({"executions", "stats", "-o", "table"});
  EXPECT_EQ(result.out.substr(0, result.out.find("4 executions")),
            "LABEL:TEAM  COUNT  FAILED      P50     P95\n"
            "search          2     0 %  1.50 ms  1.50 s\n"
            "\"\"              1     0 %  1.50 ms  1.50 s\n"
            "-               1     0 %  1.50 ms  1.50 s\n");
  program.answer(200, R"({"bucket":"day","total":{},"results":[]})");
  EXPECT_EQ(program.run({"executions", "stats", "-o", "table"}).out, "no executions\n");
}

TEST(Cli, StatsByLabelNameAreOfNames) {
  Program program;
  program.answer(200, R"({"bucket":"none","group_by":"label_name","total":{)" +
                          figures(3, 0) + R"(},"results":[{"label_name":"team",)" +
                          figures(2, 0) + R"(},{"label_name":null,)" + figures(1, 0) +
                          "}]}");
  const auto table =
      program.run({"executions", "stats", "--by", "label_name", "-o", "table"});
  EXPECT_EQ(program.seen.at(0).body, R"({"group_by":"label_name"})");
  EXPECT_NE(table.out.find("\nteam "), std::string::npos) << table.out;
  const auto unsure = program.run({"executions", "stats", "--by", "labels"});
  EXPECT_EQ(unsure.status, 2);
  EXPECT_NE(unsure.err.find("label:NAME', or 'label_name'"), std::string::npos)
      << unsure.err;
}

TEST(Cli, StatsByDurationShowTheBins) {
  const std::string reply =
      R"({"bucket":"none","group_by":"duration","total":{)" + figures(4, 0) +
      R"(},"results":[{"bin_start_ms":0,"bin_end_ms":0.01,)" + figures(1, 0) +
      R"(},{"bin_start_ms":0.0125,"bin_end_ms":0.016,)" + figures(2, 0) +
      R"(},{"bin_start_ms":10000000,"bin_end_ms":null,)" + figures(1, 0) + "}]}";
  Program program;
  program.answer(200, reply);
  const auto table =
      program.run({"executions", "stats", "--by", "duration", "-o", "table"}).out;
  EXPECT_EQ(program.seen.at(0).body, R"({"group_by":"duration"})");
  for (const auto* part :
       {"TOOK ", "\n0 to 0.01 ms ", "\n0.0125 to 0.016 ms ", "\n10000000 ms or more "}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
  }
  program.answer(200, reply);
  const auto csv =
      program.run({"executions", "stats", "--by", "duration", "-o", "csv"}).out;
  EXPECT_TRUE(csv.starts_with("bin_start_ms,bin_end_ms,count,")) << csv;
}

TEST(Cli, StatsNameCollections) {
  Program program;
  program.width = 120;
  const std::string reply = R"({"bucket":"none","group_by":"collection","total":{)" +
                            figures(4, 0) + R"(},"results":[{"collection_id":"col_1",)" +
                            figures(2, 0) + R"(},{"collection_id":"col_2",)" +
                            figures(1, 0) + R"(},{"collection_id":null,)" + figures(1, 0) +
                            "}]}";
  program.answer(200, reply);
  program.answer(200,
                 R"({"results":[{"collection_id":"col_1","collection_name":"books"}]})");
  const auto table =
      program.run({"executions", "stats", "--by", "collection", "-o", "table"}).out;
  for (const auto* part : {"books (col_1) ", "\ncol_2 ", "\n- "})
    EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
  EXPECT_NE(program.seen.at(1).body.find(R"(["col_1","col_2"])"), std::string::npos);
  program.answer(200, reply);
  program.run({"executions", "stats", "--by", "collection", "-o", "csv"});
  EXPECT_EQ(program.seen.size(), 3u);
}

}  // namespace
}  // namespace trawl::cli::executions_stats_test
