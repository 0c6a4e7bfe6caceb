#include "pipeline/template/filled_parameters.h"

#include <gtest/gtest.h>

namespace trawl::filled_parameters_test {
namespace {

constexpr std::string_view kPlaces[] = {"query", "searches[].query", "facets[]"};

std::string refused_at(std::string_view written, std::string_view filled) {
  const auto checked = check_filled(kPlaces, parse_json(written).value().get_object(),
                                    parse_json(filled).value().get_object(), "p");
  return checked ? "" : checked.error().location;
}

TEST(FilledParameters, AnObjectFromATemplateIsNoSyntax) {
  const auto object = R"({"input_mode":"text","value":"x"})";
  const auto in = [](std::string_view before, std::string_view value,
                     std::string_view after) {
    return std::string(before) + std::string(value) + std::string(after);
  };
  const std::pair<const char*, const char*> around[] = {
      {R"({"query":)", "}"},
      {R"({"searches":[{"query":"a"},{"query":)", "}]}"},
      {R"({"facets":["a",)", "]}"}};
  const char* locations[] = {"p.query", "p.searches[1].query", "p.facets[1]"};
  for (std::size_t i = 0; i < std::size(around); ++i) {
    const auto& [before, after] = around[i];
    const std::string written = in(before, R"("{{INPUT.q}}")", after);
    EXPECT_EQ(refused_at(written, in(before, object, after)), locations[i]);
    EXPECT_EQ(refused_at(written, in(before, R"("text")", after)), "");
    EXPECT_EQ(refused_at(written, in(before, "null", after)), "");
    // The pipeline's own object is syntax, whatever was filled in inside.
    EXPECT_EQ(refused_at(in(before, R"({"value":"{{INPUT.q}}"})", after),
                         in(before, R"({"value":"x"})", after)),
              "");
  }
  EXPECT_EQ(refused_at(R"({"other":"{{INPUT.q}}"})", R"({"other":{"a":1}})"), "");
}

}  // namespace
}  // namespace trawl::filled_parameters_test
