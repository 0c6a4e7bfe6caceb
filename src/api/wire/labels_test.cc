#include "api/wire/labels.h"

#include <gtest/gtest.h>

namespace trawl::api::labels_test {
namespace {

Result<Labels> labels_of(std::string_view body, std::vector<std::string> headers = {}) {
  http::Request request;
  for (auto& header : headers)
    request.headers.emplace_back("x-trawl-labels", std::move(header));
  const json::value sent = parse_json(body).value();
  ObjectReader in(sent.get_object(), {});
  return read_labels(request, in);
}

Error refusal(std::string_view body, std::vector<std::string> headers = {}) {
  const auto labels = labels_of(body, std::move(headers));
  EXPECT_FALSE(labels) << body;
  return labels ? Error() : labels.error();
}

TEST(Labels, BodyAndHeaderAreMergedAndTheBodyWins) {
  EXPECT_EQ(labels_of("{}").value(), Labels());
  EXPECT_EQ(labels_of(R"({"labels": null})").value(), Labels());
  const Labels wanted{{"a.b-c_1", ""}, {"env", "prod"}, {"team", "search"}};
  EXPECT_EQ(labels_of(R"({"labels": {"team": "search", "a.b-c_1": ""}})",
                      {"team=ads, env=prod,, "})
                .value(),
            wanted);
  EXPECT_EQ(labels_of("{}", {"a=1", "b=2"}).value(), (Labels{{"a", "1"}, {"b", "2"}}));
}

TEST(Labels, HeaderValuesArePercentDecoded) {
  EXPECT_EQ(labels_of("{}", {"q=a%2Cb%3Dc%20%C3%A9,z=x=y"}).value(),
            (Labels{{"q", "a,b=c é"}, {"z", "x=y"}}));
  for (const char* bad : {"q=%", "q=%zz", "q=%ff", "q=%00", "q=%0a", "q=%C2%85"}) {
    EXPECT_EQ(refusal("{}", {bad}).location, "header.X-Trawl-Labels") << bad;
  }
  EXPECT_NE(refusal("{}", {"plain"}).message.find("'plain'"), std::string::npos);
}

TEST(Labels, RefusalsNameTheKey) {
  EXPECT_EQ(refusal(R"({"labels": []})").location, "labels");
  EXPECT_EQ(refusal(R"({"labels": {"n": 5}})").location, "labels.n");
  EXPECT_EQ(refusal(R"({"labels": {"n": "a\u0007"}})").location, "labels.n");
  EXPECT_EQ(refusal(R"({"labels": {"a b": "x"}})").location, "labels.a b");
  EXPECT_EQ(refusal(R"({"labels": {"": "x"}})").code, ErrorCode::invalid);
  EXPECT_NE(refusal(R"({"labels": {"é": "x"}})").message.find("'é'"), std::string::npos);
}

TEST(Labels, LimitsHoldToTheLastOne) {
  const auto body = [](const std::string& key, const std::string& value) {
    return to_json_text(json::object{{"labels", json::object{{key, value}}}});
  };
  std::string wide;
  for (int i = 0; i < 256; ++i) wide += "é";
  EXPECT_TRUE(labels_of(body(std::string(64, 'k'), wide)));
  EXPECT_FALSE(labels_of(body(std::string(65, 'k'), "v")));
  EXPECT_FALSE(labels_of(body("k", wide + "x")));
  json::object many;
  for (int i = 0; i < 16; ++i) many["k" + std::to_string(i)] = "v";
  const std::string sixteen = to_json_text(json::object{{"labels", many}});
  EXPECT_TRUE(labels_of(sixteen, {"k3=other"}));
  EXPECT_NE(refusal(sixteen, {"extra=1"}).message.find("'extra'"), std::string::npos);
}

}  // namespace
}  // namespace trawl::api::labels_test
