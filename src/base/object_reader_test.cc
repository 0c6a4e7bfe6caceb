#include "base/object_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace trawl::object_reader_test {
namespace {

using Templates = ObjectReader::Templates;

json::object object_of(std::string_view text) {
  return parse_json(text).value().get_object();
}

// What reading a field of this text fails with, or "".
std::string failure(std::string_view text, const std::function<void(ObjectReader&)>& read,
                    Templates templates = Templates::refused) {
  const json::object object = object_of(text);
  ObjectReader in(object, "at", templates);
  read(in);
  EXPECT_EQ(in.ok(), in.status().has_value());
  return in.ok() ? "" : in.error().message;
}

TEST(ObjectReader, ReadsTypedFields) {
  const auto object = object_of(R"({"s": "x", "i": 5, "d": 10.0, "n": 0.5, "b": true,
      "l": ["a", "b"], "one": "a", "o": {"k": 1}, "a": [1], "null": null})");
  ObjectReader in(object, "at");
  EXPECT_EQ(in.string({"s"}), "x");
  EXPECT_EQ(in.required_string({"s"}), "x");
  EXPECT_EQ(in.string({"missing"}, "fallback"), "fallback");
  EXPECT_EQ(in.optional_string({"missing"}), std::nullopt);
  EXPECT_EQ(in.integer({"i"}, 1, 0, 10), 5);
  EXPECT_EQ(in.integer({"d"}, 1, 0, 10), 10);
  EXPECT_EQ(in.integer({"null"}, 7, 0, 10), 7);
  EXPECT_EQ(in.optional_integer({"missing"}, 0, 1), std::nullopt);
  EXPECT_EQ(in.number({"n"}, 0, 0, 1), 0.5);
  EXPECT_EQ(in.number({"i"}, 0, 0, 10), 5.0);
  EXPECT_TRUE(in.boolean({"b"}, false));
  EXPECT_TRUE(in.boolean({"null"}, true));
  EXPECT_EQ(in.strings({"l"}), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(in.strings({"one"}), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(in.strings({"missing"}).empty());
  EXPECT_EQ(in.object({"o"})->size(), 1u);
  EXPECT_EQ(in.array({"a"})->size(), 1u);
  EXPECT_EQ(in.object({"missing"}), nullptr);
  EXPECT_TRUE(in.ok());
}

TEST(ObjectReader, AliasesInOrderAndNullIsAbsent) {
  const auto object = object_of(R"({"a": null, "b": 2, "c": 3})");
  ObjectReader in(object, "");
  EXPECT_EQ(in.integer({"a", "b", "c"}, 0, 0, 9), 2);
  EXPECT_FALSE(in.has({"a"}));
  EXPECT_TRUE(in.unread().empty());
}

TEST(ObjectReader, ErrorsNameTheValueAndTheRemedy) {
  EXPECT_EQ(failure(R"({"n": 0})", [](auto& in) { in.integer({"n"}, 1, 1, 500); }),
            "at.n is 0; use 1 to 500");
  EXPECT_EQ(failure(R"({"n": "5"})", [](auto& in) { in.integer({"n"}, 1, 1, 500); }),
            "at.n is a string; use an integer");
  EXPECT_EQ(failure(R"({"n": 1.5})", [](auto& in) { in.integer({"n"}, 1, 1, 500); }),
            "at.n is a number; use an integer");
  EXPECT_EQ(failure(R"({"n": 2})", [](auto& in) { in.number({"n"}, 0, 0, 1); }),
            "at.n is 2; use 0 to 1");
  EXPECT_EQ(failure(R"({"n": -1})", [](auto& in) { in.number({"n"}, 0, 0, INFINITY); }),
            "at.n is -1; use 0 or more");
  EXPECT_EQ(failure(R"({"b": "true"})", [](auto& in) { in.boolean({"b"}, false); }),
            "at.b is a string; use a boolean");
  EXPECT_EQ(failure(R"({"l": ["a", 1]})", [](auto& in) { in.strings({"l"}); }),
            "at.l holds integer; every item must be a string");
  EXPECT_EQ(failure(R"({"l": {}})", [](auto& in) { in.strings({"l"}); }),
            "at.l is an object; use a list of strings");
  EXPECT_EQ(failure(R"({"o": []})", [](auto& in) { in.object({"o"}); }),
            "at.o is an array; use an object");
  EXPECT_EQ(failure(R"({"o": 1})", [](auto& in) { in.array({"o"}); }),
            "at.o is an integer; use an array");
  EXPECT_EQ(failure("{}",
                    [](auto& in) {
                      in.required_string({"s", "t"});
                    }),
            "at.s is required");
  EXPECT_EQ(failure(R"({"s": ""})", [](auto& in) { in.required_string({"s"}); }),
            "at.s is empty; give at least one character");
  EXPECT_EQ(failure(R"({"w": "acs"})",
                    [](auto& in) {
                      in.template one_of<int>({"w"}, 0, {{"asc", 1}, {"desc", 2}});
                    }),
            "at.w is 'acs'; use one of asc, desc (did you mean 'asc'?)");
}

// Goal: a number beyond 64 signed bits is refused as itself, not cut to one that fits.
TEST(ObjectReader, IntegersBeyondRangeAreNotCut) {
  const auto max = std::numeric_limits<std::int64_t>::max();
  const auto read = [max](auto& in) { in.integer({"n"}, 0, 0, max); };
  EXPECT_EQ(failure(R"({"n": 9223372036854775807})", read), "");
  EXPECT_EQ(failure(R"({"n": 9223372036854775808})", read),
            "at.n is 9223372036854775808; use 0 to 9223372036854775807");
  EXPECT_EQ(failure(R"({"n": 1e300})", read), "at.n is a number; use an integer");
  json::object object;
  object["n"] = std::uint64_t{7};  // A small number of the unsigned kind is as good as any.
  ObjectReader in(object, "");
  EXPECT_EQ(in.integer({"n"}, 0, 0, 10), 7);
  EXPECT_TRUE(in.ok());
}

TEST(ObjectReader, TheFirstErrorIsKept) {
  const auto object = object_of(R"({"a": 1, "b": 2})");
  ObjectReader in(object, "");
  in.string({"a"});
  in.string({"b"});
  in.fail("c", "is wrong");
  EXPECT_EQ(in.error().location, "a");
  EXPECT_EQ(in.error().code, ErrorCode::invalid);
}

TEST(ObjectReader, ChildrenKnowTheirPlace) {
  const auto object = object_of(R"({"o": {"n": "x"}, "l": [{"n": "x"}]})");
  ObjectReader in(object, "stages[1].config", Templates::allowed);
  auto child = in.child(*in.object({"o"}), "o");
  child.integer({"n"}, 0, 0, 1);
  EXPECT_EQ(child.error().location, "stages[1].config.o.n");
  EXPECT_EQ(child.templates(), Templates::allowed);
  auto item = in.child((*in.array({"l"}))[0].get_object(), "l", 0);
  item.integer({"n"}, 0, 0, 1);
  EXPECT_EQ(item.error().location, "stages[1].config.l[0].n");
}

TEST(ObjectReader, TemplatesReadAsDefaultsWhereAllowed) {
  const std::string_view text =
      R"({"s": "a {{x}}", "n": "{{x}}", "b": "{{x}}", "l": "{{x}}", "o": "{{x}}", "one": "{"})";
  const auto object = object_of(text);
  ObjectReader in(object, "", Templates::allowed);
  EXPECT_EQ(in.string({"s"}, "fallback"), "fallback");
  EXPECT_FALSE(in.required_string({"s"}).empty());
  EXPECT_EQ(in.integer({"n"}, 3, 0, 9), 3);
  EXPECT_EQ(in.number({"n"}, 0.5, 0, 9), 0.5);
  EXPECT_TRUE(in.boolean({"b"}, true));
  EXPECT_TRUE(in.strings({"l"}).empty());
  EXPECT_EQ(in.object({"o"}), nullptr);
  EXPECT_EQ(in.array({"o"}), nullptr);
  EXPECT_EQ((in.one_of<int>({"n"}, 4, {{"a", 1}})), 4);
  EXPECT_EQ(in.string({"one"}), "{");
  EXPECT_TRUE(in.ok());

  EXPECT_EQ(failure(text, [](auto& reader) { reader.integer({"n"}, 3, 0, 9); }),
            "at.n is a string; use an integer");
  ObjectReader refused(object, "");
  EXPECT_EQ(refused.string({"s"}), "a {{x}}");
}

TEST(ObjectReader, KnowsWhatNobodyAskedFor) {
  const auto object = object_of(R"({"a": 1, "b": 2, "c": null})");
  ObjectReader in(object, "");
  in.integer({"a"}, 0, 0, 9);
  EXPECT_EQ(in.unread(), (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace trawl::object_reader_test
