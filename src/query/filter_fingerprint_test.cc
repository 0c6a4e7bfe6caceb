#include "query/filter.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "query/filter_test_support.h"

namespace trawl::filter_fingerprint_test {
namespace {

using test::parse;
using test::sensitive;
using test::with_templates;

std::string fingerprint(std::string_view text, const FilterOptions& options = {}) {
  return Filter::compile(parse(text), "", options).value().fingerprint();
}

TEST(Filter, FingerprintsOfOneMeaningAreOne) {
  const std::vector<std::vector<std::string>> same = {
      {"{}", "null", R"({"AND":[]})", R"({"AND":[{},{"AND":[]}]})"},
      {R"({"OR":[]})"},
      {R"({"NOT":[]})"},
      {R"({"a":1})", R"({"field":"a","value":1.0})", R"({"AND":[{"a":1},{"a":1}]})",
       R"({"OR":[{"a":1}]})",
       R"({"case_sensitive":false,"value":1,"operator":"eq","field":"a"})",
       R"({"field":"a","value":1,"case_sensitive":true})"},
      {R"({"a":"x"})", R"({"a":"X"})"},
      {R"({"field":"a","value":"x","case_sensitive":true})"},
      {R"({"field":"a","value":"X","case_sensitive":true})"},
      {R"({"a":1,"b":2})", R"({"b":2,"a":1})", R"({"AND":[{"b":2},{"AND":[{"a":1}]}]})"},
      {R"({"OR":[{"a":1},{"b":2}]})", R"({"OR":[{"OR":[{"b":2}]},{"a":1}]})"},
      {R"({"NOT":[{"a":1},{"b":2}]})", R"({"NOT":{"OR":[{"b":2},{"a":1}]}})"},
      {R"({"NOT":{"AND":[{"a":1},{"b":2}]}})"},
      {R"({"field":"a","operator":"gt","value":5})",
       R"({"field":"a","operator":"gt","value":"5"})"},
      {R"({"field":"a","operator":"gt","value":"2026-01-31"})",
       R"({"field":"a","operator":"gt","value":"2026-01-31T00:00:00Z"})"},
      {R"({"field":"a","operator":"gt","value":null})",
       R"({"field":"a","operator":"gt","value":"x"})"},
      {R"({"field":"a","operator":"in","value":[1,2]})",
       R"({"field":"a","operator":"in","value":[2,1.0,1]})"},
      {R"({"field":"a","operator":"in","value":"1"})",
       R"({"field":"a","operator":"in","value":["1"]})"},
      {R"({"field":"a","operator":"nin","value":[1,2]})"},
      {R"({"field":"a","operator":"text","value":"b A"})",
       R"({"field":"a","operator":"text","value":"a, b!"})"},
      {R"({"field":"a","operator":"text","value":null})"},
      {R"({"field":"a","operator":"exists"})",
       R"({"field":"a","operator":"exists","value":true})"},
      {R"({"a:":1})"},
      {R"({"a":[1]})"},
      {R"({"a":"1"})"}};
  for (std::size_t i = 0; i < same.size(); ++i) {
    for (std::size_t j = 0; j < same.size(); ++j) {
      for (const auto& a : same[i]) {
        for (const auto& b : same[j]) {
          EXPECT_EQ(fingerprint(a) == fingerprint(b), i == j) << a << " " << b;
        }
      }
    }
  }
  EXPECT_NE(fingerprint(R"({"a":"x"})"), fingerprint(R"({"a":"x"})", sensitive()));
  EXPECT_EQ(fingerprint(R"({"a":1})"), fingerprint(R"({"a":1})", sensitive()));
  EXPECT_NE(fingerprint(R"({"a":"{{x}}"})", with_templates()),
            fingerprint(R"({"a":"{{x}}"})"));
}

}  // namespace
}  // namespace trawl::filter_fingerprint_test
