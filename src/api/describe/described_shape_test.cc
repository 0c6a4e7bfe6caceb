#include "api/describe/described_shape.h"

#include <gtest/gtest.h>

namespace trawl::api::described_shape_test {
namespace {

using Others = ObjectShape::Others;

const ObjectShape kOrder{{{"field"}, {"direction"}}};

constexpr std::string_view kComponents = R"json({"schemas": {
  "Order": {"type": "object", "additionalProperties": false,
            "properties": {"field": {}, "direction": {}}}
}})json";

std::string difference(const RequestShape& shape, std::string_view operation) {
  return difference_from(shape, parse_json(operation)->get_object(),
                         parse_json(kComponents)->get_object());
}

std::string with_body(std::string_view schema) {
  return R"({"requestBody": {"content": {"application/json": {"schema": )" +
         std::string(schema) + "}}}}";
}

TEST(DescribedShape, QueriesAgree) {
  const RequestShape shape(Query{{"a"}, {"b", Described::no}});
  constexpr std::string_view kSame =
      R"({"parameters": [{"in": "query", "name": "a"}, {"in": "path", "name": "p"}]})";
  EXPECT_EQ(difference(shape, kSame), "");
  EXPECT_EQ(difference(shape, "{}"),
            "the query parameter 'a' is declared but not described");
  EXPECT_EQ(difference(RequestShape(), kSame),
            "the query parameter 'a' is described but not declared");
  EXPECT_NE(difference(RequestShape(Query{{"a", Described::no}}), kSame), "");
}

TEST(DescribedShape, MembersAgreeAtEveryLevel) {
  const RequestShape shape(
      Query{}, ObjectShape{{{"sort", &kOrder}, {"sorts", &kOrder}, {"labels"}}});
  const auto schema = [](std::string_view sort, std::string_view sorts) {
    return with_body(R"({"type": "object", "additionalProperties": false, "properties": {
        "labels": {"type": "object", "additionalProperties": {}},
        "sort": )" + std::string(sort) +
                     R"(, "sorts": )" + std::string(sorts) + "}}");
  };
  constexpr std::string_view kRef = R"({"$ref": "#/components/schemas/Order"})";
  constexpr std::string_view kEither =
      R"({"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Order"}]})";
  constexpr std::string_view kList =
      R"({"type": "array", "items": {"$ref": "#/components/schemas/Order"}})";
  EXPECT_EQ(difference(shape, schema(kRef, kList)), "");
  EXPECT_EQ(difference(shape, schema(kEither, kList)), "");
  EXPECT_EQ(difference(shape,
                       schema(R"({"type": "object", "properties": {"field": {}}})", kList)),
            "the member 'sort.direction' is declared but not described");
  EXPECT_EQ(difference(shape, schema(kRef, R"({"items": {"properties": {
                                              "field": {}, "direction": {}, "dir": {}}}})")),
            "the member 'sorts.dir' is described but not declared");
  const RequestShape shallow(Query{},
                             ObjectShape{{{"sort"}, {"sorts", &kOrder}, {"labels"}}});
  EXPECT_EQ(difference(shallow, schema(kRef, kList)),
            "the member 'sort.direction' is described but not declared");
}

TEST(DescribedShape, WhetherOthersAreTakenAgrees) {
  const auto of = [](Others others, std::string_view said) {
    return difference(RequestShape(Query{}, ObjectShape{{{"a"}}, others}),
                      with_body(R"({"type": "object", "properties": {"a": {}})" +
                                std::string(said) + "}"));
  };
  constexpr std::string_view kClosed = R"(, "additionalProperties": false)";
  EXPECT_EQ(of(Others::refused, kClosed), "");
  EXPECT_EQ(of(Others::warned, ""), "");
  EXPECT_EQ(of(Others::data, R"(, "additionalProperties": true)"), "");
  EXPECT_NE(of(Others::refused, ""), "");
  EXPECT_NE(of(Others::warned, kClosed), "");
}

TEST(DescribedShape, ABodyIsReadWhereItIsDescribed) {
  const std::string body = with_body(R"({"type": "object"})");
  EXPECT_EQ(difference(RequestShape(), body), "its body is described but not read");
  EXPECT_EQ(difference(RequestShape::lines(), body), "");
}

}  // namespace
}  // namespace trawl::api::described_shape_test
