#include "stages/stage_test_support.h"

namespace trawl::limit_test {
namespace {

using namespace stage_test;

std::string limited(std::string_view parameters) {
  std::vector<Candidate> input;
  for (const char* id : {"a", "b", "c", "d"}) input.push_back(candidate(id, "{}"));
  return ids(run_stage("limit", parameters, std::move(input)).candidates);
}

TEST(Limit, TakesASlice) {
  EXPECT_EQ(limited("{}"), "a b c d");
  EXPECT_EQ(limited(R"({"limit": 2})"), "a b");
  EXPECT_EQ(limited(R"({"limit": 2, "offset": 1})"), "b c");
  EXPECT_EQ(limited(R"({"limit": 9, "offset": 3})"), "d");
}

TEST(Limit, AnOffsetPastTheEndLeavesNothing) {
  EXPECT_EQ(limited(R"({"offset": 4})"), "");
  EXPECT_EQ(limited(R"({"offset": 10000})"), "");
}

TEST(Limit, RefusesWhatIsOutOfRange) {
  const Error error = read_error("limit", R"({"limit": 0})");
  EXPECT_EQ(error.code, ErrorCode::invalid);
  EXPECT_EQ(error.location, "stages[0].config.parameters.limit");
  EXPECT_EQ(error.message, "stages[0].config.parameters.limit is 0; use 1 to 10000");
  EXPECT_EQ(read_error("limit", R"({"offset": -1})").code, ErrorCode::invalid);
  EXPECT_EQ(read_error("limit", R"({"limit": "{{INPUT.n}}"})").message, "");
  EXPECT_EQ(
      read_error("limit", R"({"limit": "{{INPUT.n}}"})", ObjectReader::Templates::refused)
          .code,
      ErrorCode::invalid);
  EXPECT_EQ(unread_keys("limit", R"({"limit": 1, "size": 2})"),
            std::vector<std::string>{"size"});
}

}  // namespace
}  // namespace trawl::limit_test
