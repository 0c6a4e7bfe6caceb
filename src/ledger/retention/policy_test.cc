#include "ledger/retention/policy.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace trawl::retention_test {
namespace {

RetentionPolicy policy_of(std::string_view text) {
  return parse_retention(parse_json(text).value().get_object(), "retention").value();
}

TEST(Retention, ReadsAgesInEveryForm) {
  constexpr std::int64_t kDay = kMicrosPerDay;
  EXPECT_TRUE(policy_of("{}").empty());
  EXPECT_TRUE(policy_of(R"({"max_age":null})").empty());
  EXPECT_EQ(policy_of(R"({"max_age":"30d"})").max_age_us, 30 * kDay);
  EXPECT_EQ(policy_of(R"({"max_age":"8w"})").max_age_us, 56 * kDay);
  EXPECT_EQ(policy_of(R"({"max_age":86400})").max_age_us, kDay);
  EXPECT_EQ(policy_of(R"({"max_age":"90m"})").max_age_us, kDay / 16);
  EXPECT_EQ(policy_of(R"({"max_age":"36500d"})").max_age_us, 36'500 * kDay);
  const auto policy = policy_of(
      R"({"max_count":5,"max_bytes":1000,"by_status":{"failed":"90d","completed":3600}})");
  EXPECT_EQ(policy.max_count, 5u);
  EXPECT_EQ(policy.max_bytes, 1000u);
  EXPECT_EQ(policy.status_max_age_us.at("failed"), 90 * kDay);
  EXPECT_EQ(policy.status_max_age_us.at("completed"), kDay / 24);
}

TEST(Retention, NormalFormReadsBackTheSame) {
  for (const auto& [text, normal] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"{}", "{}"},
           {R"({"max_age":"48h"})", R"({"max_age":"2d"})"},
           {R"({"max_age":61})", R"({"max_age":"61s"})"},
           {R"({"max_age":"2w","max_count":7,"max_bytes":8,"by_status":{"x":"1d"}})",
            R"({"max_age":"14d","max_count":7,"max_bytes":8,"by_status":{"x":"1d"}})"}}) {
    const RetentionPolicy policy = policy_of(text);
    EXPECT_EQ(to_json_text(retention_json(policy)), normal);
    EXPECT_EQ(policy_of(normal), policy);
  }
}

TEST(Retention, RefusesWhatWouldDeleteByAccident) {
  const std::pair<const char*, const char*> refused[] = {
      {R"({"max_age":0})", "retention.max_age"},
      {R"({"max_age":"0d"})", "retention.max_age"},
      {R"({"max_age":"-1d"})", "retention.max_age"},
      {R"({"max_age":"d"})", "retention.max_age"},
      {R"({"max_age":"30"})", "retention.max_age"},
      {R"({"max_age":"30y"})", "retention.max_age"},
      {R"({"max_age":"36501d"})", "retention.max_age"},
      {R"({"max_age":"99999999999999999999d"})", "retention.max_age"},
      {R"({"max_age":true})", "retention.max_age"},
      {R"({"max_count":0})", "retention.max_count"},
      {R"({"max_bytes":-5})", "retention.max_bytes"},
      {R"({"max_counts":5})", "retention.max_counts"},
      {R"({"by_status":{"failed":0}})", "retention.by_status.failed"},
      {R"({"by_status":{"processing":"1d"}})", "retention.by_status.processing"},
      {R"({"by_status":[]})", "retention.by_status"}};
  for (const auto& [text, location] : refused) {
    const auto policy = parse_retention(parse_json(text).value().get_object(), "retention");
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().location, location) << text;
    EXPECT_EQ(policy.error().code, ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace trawl::retention_test
