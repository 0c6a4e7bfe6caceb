#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/hash.h"
#include "base/zstd.h"
#include "cli/cli_test_support.h"

namespace trawl::cli::executions_export_test {
namespace {

using test::Program;

std::string export_rows(int from, int to) {
  std::string out;
  for (int i = from; i < to; ++i) {
    out += "{\"execution_id\":\"e" + std::to_string(i) + "\",\"n\":1}\n";
  }
  return out;
}
std::string with_trailer(const std::string& rows) {
  return rows + "{\"_trailer\":{\"rows\":" +
         std::to_string(std::count(rows.begin(), rows.end(), '\n')) + ",\"sha256\":\"" +
         sha256_hex(rows) + "\",\"next_cursor\":null,\"complete\":true}}\n";
}

TEST(Cli, ExportWritesRowsWithoutTheirTrailer) {
  Program program;
  program.answer(200, with_trailer(export_rows(0, 3)));
  const auto result =
      program.run({"executions", "export", "--status", "failed", "--since", "-7d"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, export_rows(0, 3));
  EXPECT_EQ(program.seen[0].target,
            "/v1/retrievers/executions/export?format=ndjson&trailer=true");
  EXPECT_EQ(program.seen[0].body, R"({"status":"failed","start_time":"-7d"})");
}

TEST(Cli, ExportGoesOnBehindTheLastWholeLine) {
  Program program;
  const std::string first = export_rows(0, 3);
  program.answer_and_break(first.substr(0, first.size() - 5));
  program.answer(200, with_trailer(export_rows(2, 5)));
  const auto result = program.run({"executions", "export", "--limit", "9"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, export_rows(0, 5));
  ASSERT_EQ(program.seen.size(), 2U);
  EXPECT_EQ(program.seen[1].target,
            "/v1/retrievers/executions/export?format=ndjson&trailer=true&limit=7&after=e1");
  EXPECT_NE(result.err.find("resuming after 2 executions"), std::string::npos)
      << result.err;
}

TEST(Cli, ExportRefusesWhatDoesNotFitItsTrailer) {
  const std::string good = with_trailer(export_rows(0, 3));
  std::string changed = good;
  changed[20] = '2';  // In the first row.
  for (const auto& [body, complaint] : std::map<std::string, std::string>{
           {changed, "SHA-256"}, {good.substr(good.find('\n') + 1), "2 arrived"}}) {
    Program program;
    program.answer(200, body);
    const auto result = program.run({"executions", "export"});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find(complaint), std::string::npos) << result.err;
  }
}

TEST(Cli, ExportKnowsLinesOfCsvWithLineEndsInside) {
  const std::string heading = "execution_id,query_summary\r\n";
  const std::string one = "\"a,\"\"1\",\"two\r\nlines\"\r\n";
  const std::string two = "b,plain\r\n";
  Program program;
  program.answer_and_break(heading + one + "b,pl");
  program.answer(200, heading + two + "# rows=1 sha256=" + sha256_hex(heading + two) +
                          " next_cursor=\r\n");
  const auto result = program.run({"executions", "export", "--format", "csv"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, heading + one + two);
  EXPECT_TRUE(program.seen[1].target.ends_with("&after=a%2C%221"))
      << program.seen[1].target;
}

TEST(Cli, ExportDoesWhatTheNameOfTheFileSays) {
  const std::string base = testing::TempDir() + "export_name_test";
  for (const auto& [ending, format, packed] :
       {std::tuple<std::string, std::string, bool>{".csv", "csv", false},
        {".csv.gz", "csv", true},
        {".ndjson.gz", "ndjson", true},
        {".jsonl", "ndjson", false},
        {".gz", "ndjson", true},
        {".txt", "ndjson", false}}) {
    const std::string name = base + ending;
    std::remove(name.c_str());
    Program program;
    const std::string rows = format == "csv" ? "execution_id\r\na\r\n" : export_rows(0, 1);
    program.answer(200, format == "csv" ? rows + "# rows=1 sha256=" + sha256_hex(rows) +
                                              " next_cursor=\r\n"
                                        : with_trailer(rows));
    const auto result = program.run({"executions", "export", "-o", name});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(program.seen.at(0).target.find("format=" + format), std::string::npos);
    std::ifstream file(name);
    std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(text.starts_with("\x1f\x8b"), packed) << name;
    if (!packed) {
      EXPECT_EQ(text, rows);
    }
    std::remove(name.c_str());
  }
  for (const auto& [complaint, arguments] : std::map<std::string, std::vector<std::string>>{
           {"says csv", {"-o", base + ".csv", "--format", "ndjson"}},
           {"does not end in .gz", {"-o", base + ".ndjson", "--gzip"}},
           {"--detail does not fit", {"-o", base + ".csv", "--detail"}}}) {
    Program program;
    std::vector<std::string> line = {"executions", "export"};
    line.insert(line.end(), arguments.begin(), arguments.end());
    const auto result = program.run(line);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find(complaint), std::string::npos) << result.err;
    EXPECT_TRUE(program.seen.empty());
  }
}

// Goal: what the name of a file says is what it holds, or it is refused.
TEST(Cli, ExportsAreWhatTheirNamesSay) {
  const std::string base = testing::TempDir() + "export_name_test";
  const std::string rows = export_rows(0, 1);
  for (const std::string ending : {".ndjson.zst", ".ndjson.ZST", ".zstd"}) {
    const std::string name = base + ending;
    std::remove(name.c_str());
    Program program;
    program.answer(200, with_trailer(rows));
    EXPECT_EQ(program.run({"executions", "export", "-o", name}).status, 0);
    std::ifstream file(name);
    const std::string packed(std::istreambuf_iterator<char>(file), {});
    std::string text;
    std::string_view left = packed;
    EXPECT_TRUE(ZstdReader().read(left, text, 1 << 20)) << name;
    EXPECT_EQ(text, rows);
    std::remove(name.c_str());
  }
  for (const std::string ending :
       {".ndjson.bz2", ".ndjson.xz", ".zip", ".csv.lz4", ".json", ".json.gz", ".xlsx",
        ".7z", ".tsv", ".parquet", ".tar.gz", ".tgz"}) {
    Program program;
    const auto result = program.run({"executions", "export", "-o", base + ending});
    EXPECT_EQ(result.status, 2) << ending;
    EXPECT_NE(result.err.find("; "), std::string::npos) << result.err;
    EXPECT_TRUE(program.seen.empty());
  }
}

// Rows do not say why something failed, whole records do.
TEST(Cli, AnExportWithoutErrorsTellsOfDetail) {
  const auto told = [](const std::string& row) {
    Program program;
    program.answer(200, with_trailer(row + "\n"));
    const auto result = program.run({"executions", "export"});
    EXPECT_EQ(result.status, 0) << result.err;
    return result.err;
  };
  EXPECT_EQ(told(R"({"execution_id":"a","status":"failed"})"),
            "trawl: 1 execution failed; to export why, add --detail, or error to "
            "--fields\n");
  EXPECT_EQ(told(R"({"execution_id":"a","status":"completed"})"), "");
  EXPECT_EQ(told(R"({"execution_id":"a","status":"failed","error":"x"})"), "");
}

TEST(Cli, ARowOnATerminalHasNoProgressBeforeIt) {
  Program program;
  program.terminal = program.interactive = true;
  program.answer(200, with_trailer(export_rows(0, 2)));
  const auto result = program.run({"executions", "export"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
}

// `-o` before the command is the format, as of all others.
TEST(Cli, TheFormatBeforeAnExportIsHonoured) {
  for (const std::string format : {"csv", "ndjson"}) {
    Program program;
    program.answer(500, "{}");
    program.run({"-o", format, "executions", "export"});
    EXPECT_NE(program.seen.at(0).target.find("format=" + format), std::string::npos);
  }
  for (const std::string format : {"json", "table"}) {
    Program program;
    EXPECT_EQ(program.run({"-o", format, "executions", "export"}).status, 2);
    EXPECT_TRUE(program.seen.empty());
  }
  Program program;
  EXPECT_EQ(program.run({"-o", "csv", "executions", "export", "-o", "x.ndjson"}).status, 2);
}

TEST(Cli, ExportToAFileIsWholeOrNotThere) {
  const std::string name = testing::TempDir() + "export_test.ndjson";
  std::remove(name.c_str());
  Program program;
  program.answer(500, "{}");
  EXPECT_EQ(program.run({"executions", "export", "-o", name}).status, 1);
  EXPECT_FALSE(std::ifstream(name).good());
  program.answer(200, with_trailer(export_rows(0, 2)));
  const auto result = program.run({"executions", "export", "-o", name});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("\"exported_count\":2"), std::string::npos) << result.out;
  std::ifstream file(name);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), export_rows(0, 2));
  EXPECT_FALSE(std::ifstream(name + ".part").good());
  // Nor does another one take its place unasked.
  const auto refused = program.run({"executions", "export", "-o", name});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("exists; add --force"), std::string::npos) << refused.err;
  program.answer(200, with_trailer(export_rows(0, 1)));
  EXPECT_EQ(program.run({"executions", "export", "--force", "-o", name}).status, 0);
  std::ifstream replaced(name);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(replaced), {}), export_rows(0, 1));
  std::remove(name.c_str());

  EXPECT_EQ(program.run({"executions", "export", "-o", "csv"}).status, 2);
  EXPECT_EQ(program.run({"executions", "export", "-o", "/nowhere/at/all"}).status, 2);
  EXPECT_EQ(program.run({"executions", "export", "--detail", "--format", "csv"}).status, 2);
}

TEST(Cli, ExportsOfChosenFieldsHaveTheId) {
  for (const auto& [sent, asked] : std::map<std::string, std::string>{
           {"error", R"(["execution_id","error"])"},
           {"status,execution_id", R"(["status","execution_id"])"}}) {
    Program program;
    program.answer(422, "{}");
    program.run({"executions", "export", "--fields", sent});
    EXPECT_EQ(program.seen.at(0).body, R"({"fields":)" + asked + "}");
  }
  Program program;
  for (const std::string flag : {"--detail", "--format=csv"}) {
    EXPECT_EQ(program.run({"executions", "export", "--fields", "error", flag}).status, 2);
  }
  EXPECT_TRUE(program.seen.empty());
}

}  // namespace
}  // namespace trawl::cli::executions_export_test
