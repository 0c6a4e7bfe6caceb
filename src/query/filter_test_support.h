#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/field_path.h"
#include "base/json.h"
#include "base/result.h"
#include "query/filter.h"

// Filters and documents from JSON text.
namespace trawl::test {

inline json::value parse(std::string_view text) {
  return parse_json(text).value();
}

inline json::object document(std::string_view text) {
  return parse(text).get_object();
}

inline bool matches(std::string_view filter, std::string_view doc,
                    const FilterOptions& options = {}) {
  const auto compiled = Filter::compile(parse(filter), "filters", options);
  EXPECT_TRUE(compiled) << filter << ": " << compiled.error().message;
  if (!compiled) return false;
  const json::object object = document(doc);
  const bool direct = compiled->matches(object);
  EXPECT_EQ(direct, compiled->matches(
                        [&](std::string_view path) { return find_values(object, path); }));
  return direct;
}

inline Error refusal(std::string_view filter, const FilterOptions& options = {}) {
  const auto compiled = Filter::compile(parse(filter), "filters", options);
  EXPECT_FALSE(compiled) << filter;
  if (compiled) return {};
  EXPECT_EQ(compiled.error().code, ErrorCode::invalid);
  return compiled.error();
}

inline FilterOptions sensitive() {
  FilterOptions options;
  options.case_sensitive = true;
  return options;
}

inline FilterOptions with_templates() {
  FilterOptions options;
  options.templates = ObjectReader::Templates::allowed;
  return options;
}

}  // namespace trawl::test
