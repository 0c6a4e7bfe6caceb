#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "api/describe/embedded.h"
#include "api/describe/recorded_description.h"
#include "api/executions/execution_list_body.h"
#include "api/wire/request_shape.h"
#include "model/recorded_fields.h"

// Goal: requests and their description know each field of the table as its line says.
namespace trawl::api::recorded_fields_api_test {
namespace {

Result<CollectionId> find_none(std::string_view) {
  return make_error(ErrorCode::not_found, "there are no collections");
}

const NamespaceId kNs("ns_a");

bool is_accepted(json::object body) {
  return parse_execution_list_body(body, kNs, 0, find_none).has_value();
}

json::string_view text_of(std::string_view text) {
  return {text.data(), text.size()};
}

bool declares(const ObjectShape& shape, std::string_view name) {
  return std::any_of(shape.members.begin(), shape.members.end(),
                     [&](const BodyMember& member) { return member.name == name; });
}

TEST(RecordedFieldsApi, ListsTakeEachWhereItsLineSaysSo) {
  const ObjectShape conditions = execution_conditions_shape();
  for (const RecordedField& field : kRecordedFields) {
    SCOPED_TRACE(field.name);
    const json::value name = text_value(field.name);
    EXPECT_EQ(is_accepted({{"fields", json::array{name}}}), field.kept != Kept::derived);
    EXPECT_EQ(is_accepted({{"sort", name}}), field.is(kSort));
    const json::value path = text_value(field.filter_name);
    EXPECT_EQ(is_accepted({{"filters",
                            {{"field", path}, {"operator", "exists"}, {"value", true}}}}),
              field.is(kFilter));
    if (field.is(kCondition)) {
      EXPECT_TRUE(is_accepted({{text_of(field.filter_name), "a text"}}));
      EXPECT_TRUE(declares(conditions, field.filter_name));
    }
  }
}

// The schemas of the files, after the table has been put in.
json::object described() {
  json::object schemas;
  json::value tail;
  for (const EmbeddedFile& file : openapi_files()) {
    if (file.name != "executions.json") continue;
    json::value parsed = parse_json(file.text).value();
    describe_recorded_fields(parsed);
    schemas = parsed.at("components").at("schemas").as_object();
    schemas["tail"] = parsed.at("paths").at("/v1/retrievers/executions/tail").at("get");
  }
  return schemas;
}

std::string names_in(const json::value& list) {
  std::string out;
  for (const auto& name : list.as_array()) out += view(name.as_string()), out += ' ';
  return out;
}

TEST(RecordedFieldsApi, EachIsDescribed) {
  const json::object schemas = described();
  const json::object& all = schemas.at("ExecutionFields").at("properties").as_object();
  const json::object& row = schemas.at("ExecutionRow").at("properties").as_object();
  const json::object& selection =
      schemas.at("ExecutionSelection").at("properties").as_object();
  std::string names, rows, sorts, shown;
  for (const RecordedField& field : kRecordedFields) {
    SCOPED_TRACE(field.name);
    const auto* property = all.if_contains(text_of(field.name));
    ASSERT_EQ(property != nullptr, field.kept != Kept::derived);
    if (property != nullptr) {
      const auto& text = property->at("description").as_string();
      EXPECT_TRUE(view(text).starts_with(field.description)) << text;
      EXPECT_EQ(view(text).ends_with(", in ms"), field.unit == "ms");
      EXPECT_TRUE(property->as_object().contains("type"));
      names += std::string(field.name) + ' ';
    }
    EXPECT_EQ(row.contains(text_of(field.name)), field.kept == Kept::row);
    if (field.kept == Kept::row) rows += std::string(field.name) + ' ';
    if (field.is(kSort)) sorts += std::string(field.name) + ' ';
    if (!field.is(kCondition)) continue;
    EXPECT_TRUE(selection.contains(text_of(field.filter_name)));
    const auto& parameters = schemas.at("tail").at("parameters").as_array();
    EXPECT_TRUE(std::any_of(parameters.begin(), parameters.end(), [&](const auto& one) {
      return one.at("name") == text_value(field.filter_name);
    }));
  }
  for (const auto& member : all) shown += std::string(key_of(member)) + ' ';
  EXPECT_EQ(shown, names);
  EXPECT_EQ(names_in(schemas.at("ExecutionField").at("enum")),
            names + "caller replayable not_replayable ");
  EXPECT_EQ(names_in(schemas.at("ExecutionRow").at("required")), rows);
  const std::string request = to_json_text(schemas.at("ExecutionListRequest"));
  std::string order = sorts.substr(0, sorts.size() - 1);
  std::replace(order.begin(), order.end(), ' ', '|');
  EXPECT_NE(request.find("^[+-]?(" + order + ")$"), std::string::npos) << request;
}

TEST(RecordedFieldsApi, RefusesAMarkThatMeansNothing) {
  json::value part = json::object{{"x-recorded-fields", "rows"}};
  EXPECT_THROW(describe_recorded_fields(part), std::logic_error);
}

}  // namespace
}  // namespace trawl::api::recorded_fields_api_test
