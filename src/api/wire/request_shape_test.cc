#include "api/wire/request_shape.h"

#include <gtest/gtest.h>

namespace trawl::api::request_shape_test {
namespace {

using Others = ObjectShape::Others;

const ObjectShape kOrder{{{"field"}, {"direction"}}};
const ObjectShape kSource{{{"type"}}, Others::warned};
const ObjectShape kFields{{{"document_id"}}, Others::data};

RequestShape shape(Others others = Others::refused) {
  return {Query{{"dry_run"},
                {"limit"},
                {"cursor", Described::yes, true},
                {"expand", Described::no, false, true}},
          ObjectShape{{{"filters"},
                       {"status"},
                       {"expires_at"},
                       {"permissions"},
                       {"sort", &kOrder},
                       {"sorts", &kOrder},
                       {"source", &kSource},
                       {"fields", &kFields},
                       {"page_number", nullptr, Described::no}},
                      others}};
}

Result<void> check_pairs(std::vector<http::Header> pairs) {
  http::Request request;
  request.query = std::move(pairs);
  return check_query(request, shape());
}

struct Checked {
  std::string location;  // Empty: it passed.
  std::string message;
  std::vector<std::string> warnings;
};

Checked check(std::string_view body, Others others = Others::refused) {
  Checked out;
  const auto checked =
      check_body(parse_json(body)->get_object(), shape(others), out.warnings);
  if (!checked) {
    out.location = checked.error().location;
    out.message = checked.error().message;
  }
  return out;
}

TEST(RequestShape, TakesTheQueryThatIsDeclared) {
  EXPECT_TRUE(check_pairs({}));
  EXPECT_TRUE(check_pairs({{"dry_run", "true"}, {"limit", "5"}, {"cursor", ""}}));
  EXPECT_TRUE(check_pairs({{"expand", "a"}, {"expand", "b"}}));
}

TEST(RequestShape, RefusesOtherParametersWithTheNearestName) {
  for (const char* name : {"dryrun", "dryRun", "dry-run", "dry_rum", "DRY_RUN"}) {
    const auto refused = check_pairs({{name, "true"}});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().location, std::string("query.") + name);
    EXPECT_NE(refused.error().message.find("did you mean 'dry_run'?"), std::string::npos)
        << refused.error().message;
  }
  const auto far = check_pairs({{"colour", "red"}});
  ASSERT_FALSE(far);
  EXPECT_NE(far.error().message.find("dry_run, limit, cursor"), std::string::npos);
  EXPECT_EQ(far.error().message.find("expand"), std::string::npos);
}

TEST(RequestShape, SaysWhatBelongsIntoTheBody) {
  const auto refused = check_pairs({{"status", "failed"}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("goes into the body"), std::string::npos);
}

TEST(RequestShape, RefusesAGuardThatIsEmptyOrThereTwice) {
  const auto empty = check_pairs({{"dry_run", ""}});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().location, "query.dry_run");
  const auto twice = check_pairs({{"dry_run", "false"}, {"dry_run", "true"}});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("more than once"), std::string::npos);
  EXPECT_FALSE(check_pairs({{"cursor", ""}, {"cursor", ""}}));
}

TEST(RequestShape, ChecksNothingWhereEverythingIsRefusedAnyway) {
  http::Request request;
  request.query = {{"anything", ""}, {"anything", "x"}};
  EXPECT_TRUE(check_query(request, RequestShape::anything()));
}

TEST(RequestShape, RefusesMembersNearADeclaredOneEverywhere) {
  for (const Others others : {Others::refused, Others::warned}) {
    EXPECT_EQ(check(R"({"filter": {}})", others).location, "filter");
    EXPECT_EQ(check(R"({"expiresAt": "x"})", others).location, "expiresAt");
    EXPECT_EQ(check(R"({"permission": ["read"]})", others).location, "permission");
    EXPECT_EQ(check(R"({"sort": {"field": "a", "dirction": "asc"}})", others).location,
              "sort.dirction");
    EXPECT_EQ(check(R"({"sorts": [{"field": "a"}, {"feild": "a"}]})", others).location,
              "sorts[1].feild");
  }
  EXPECT_NE(check(R"({"filter": {}})").message.find("did you mean 'filters'?"),
            std::string::npos);
}

TEST(RequestShape, RefusesOrWarnsOfOtherMembers) {
  const Checked refused = check(R"({"colour": 1})");
  EXPECT_EQ(refused.location, "colour");
  EXPECT_NE(refused.message.find("filters, status"), std::string::npos);
  EXPECT_EQ(refused.message.find("page_number"), std::string::npos);
  const Checked warned = check(R"({"colour": 1, "source": {"x": 1}})", Others::warned);
  EXPECT_EQ(warned.location, "");
  EXPECT_EQ(warned.warnings,
            (std::vector<std::string>{"unknown member 'colour' was ignored",
                                      "unknown member 'source.x' was ignored"}));
  // Each object decides for itself.
  EXPECT_EQ(check(R"({"source": {"x": 1}})").location, "");
  EXPECT_EQ(check(R"({"sort": {"dir": "asc"}})", Others::warned).location, "sort.dir");
}

TEST(RequestShape, LeavesDataAlone) {
  const Checked passed = check(
      R"({"fields": {"document_di": 1}, "filters": {"filter": 1}, "sort": "-field",
          "sorts": [1, null], "source": null, "page_number": 3})");
  EXPECT_EQ(passed.location, "");
  EXPECT_TRUE(passed.warnings.empty());
}

TEST(RequestShape, SaysWhatBelongsIntoTheQuery) {
  const Checked refused = check(R"({"limit": 5})", Others::warned);
  EXPECT_EQ(refused.location, "limit");
  EXPECT_NE(refused.message.find("goes into the query: ?limit="), std::string::npos);
  // Below the top it is not a parameter of the request.
  EXPECT_EQ(check(R"({"source": {"limit": 5}})").warnings.size(), 1u);
}

TEST(RequestShape, RefusesABodyThatNobodyReads) {
  http::Request request;
  for (const char* body : {"", " \n", "{}", "null", " { } "}) {
    request.body = body;
    EXPECT_TRUE(check_no_body(request)) << body;
  }
  for (const char* body : {R"({"dry_run": true})", "[]", "dry_run=true", "{"}) {
    request.body = body;
    const auto refused = check_no_body(request);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().location, "body");
  }
}

}  // namespace
}  // namespace trawl::api::request_shape_test
