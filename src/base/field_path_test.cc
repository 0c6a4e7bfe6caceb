#include "base/field_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace trawl::field_path_test {
namespace {

json::object parse(std::string_view text) {
  return parse_json(text).value().get_object();
}

std::string found(const json::object& root, std::string_view path) {
  const auto* value = find_path(root, path);
  EXPECT_EQ(value == nullptr, find_path(json::value(root), path) == nullptr) << path;
  return value == nullptr ? "none" : to_json_text(*value);
}

TEST(FieldPath, Finds) {
  const auto root = parse(R"({"a": {"b": {"c": 1}, "b.c": 2, "": 3},
      "tags": ["x", {"y": 4}], "p.q": {"r": 5}, "n": null, "": {"z": 6},
      "d": {"e.f": {"g.h": [{"i": 7}]}}, "k.l": 8, "k": {"l": {"m": 9}}})");
  EXPECT_EQ(found(root, "a.b.c"), "2");  // The longest key wins.
  EXPECT_EQ(found(root, "a.b"), R"({"c":1})");
  EXPECT_EQ(found(root, "a."), "3");
  EXPECT_EQ(found(root, "tags.0"), R"("x")");
  EXPECT_EQ(found(root, "tags.1.y"), "4");
  for (const char* path : {"tags.2", "tags.-1", "tags.+1", "tags.01", "tags.00", "tags.x",
                           "tags.", "tags. 1", "tags.1.0", "tags.99999999999999999999"}) {
    EXPECT_EQ(found(root, path), "none") << path;
  }
  EXPECT_EQ(found(root, "p.q"), R"({"r":5})");
  EXPECT_EQ(found(root, "p.q.r"), "5");
  EXPECT_EQ(found(root, "d.e.f.g.h.0.i"), "7");
  EXPECT_EQ(found(root, "d.e"), "none");
  EXPECT_EQ(found(root, "k.l"), "8");
  EXPECT_EQ(found(root, "k.l.m"), "9");  // The longer key leads nowhere.
  EXPECT_EQ(found(root, "n"), "null");
  EXPECT_EQ(found(root, "n.x"), "none");
  EXPECT_EQ(found(root, ".z"), "6");
  EXPECT_EQ(found(root, "missing"), "none");
  EXPECT_EQ(found(root, "a..b"), "none");
  EXPECT_EQ(found(root, ""), R"({"z":6})");
}

// What a document becomes, or why it stays.
std::string written(std::string_view document, std::string_view path,
                    std::string_view value = "9") {
  json::object root = parse(document);
  const json::object before = root;
  const auto done = write_path(root, path, parse_json(value).value());
  if (done) {
    EXPECT_EQ(found(root, path), to_json_text(parse_json(value).value())) << path;
    return to_json_text(json::value(root));
  }
  EXPECT_EQ(root, before) << path;
  EXPECT_EQ(done.error().location, path);
  return done.error().message;
}

TEST(FieldPath, WritesWhereItReads) {
  EXPECT_EQ(written("{}", "a.b.c"), R"({"a":{"b":{"c":9}}})");
  EXPECT_EQ(written(R"({"a":{"d":1}})", "a.b"), R"({"a":{"d":1,"b":9}})");
  EXPECT_EQ(written(R"({"tags":["x","y"]})", "tags.1", R"("Z")"), R"({"tags":["x","Z"]})");
  EXPECT_EQ(written(R"({"tags":["x",{"y":[1,2]}]})", "tags.1.y.0"),
            R"({"tags":["x",{"y":[9,2]}]})");
  EXPECT_EQ(written(R"({"tags":["x",{"y":1}]})", "tags.1.z.w"),
            R"({"tags":["x",{"y":1,"z":{"w":9}}]})");
  EXPECT_EQ(written(R"({"a":{"b.c":1}})", "a.b.c"), R"({"a":{"b.c":9}})");
  EXPECT_EQ(written(R"({"a.b":{"c":1}})", "a.b.c"), R"({"a.b":{"c":9}})");
  EXPECT_EQ(written(R"({"a.b":{"c":1}})", "a.b.d"), R"({"a.b":{"c":1,"d":9}})");
  EXPECT_EQ(written(R"({"a":{"b":{"c":1},"b.c":2}})", "a.b.c"),
            R"({"a":{"b":{"c":1},"b.c":9}})");
  EXPECT_EQ(written(R"({"k.l":8,"k":{"l":{"m":1}}})", "k.l.m"),
            R"({"k.l":8,"k":{"l":{"m":9}}})");
  EXPECT_EQ(written(R"({"a":5,"a.b":{}})", "a.b.c"), R"({"a":5,"a.b":{"c":9}})");
  EXPECT_EQ(written(R"({"a":5})", "a"), R"({"a":9})");
  EXPECT_EQ(written(R"({"":{"z":6}})", ".z"), R"({"":{"z":9}})");
}

TEST(FieldPath, RefusesWhatIsInTheWay) {
  EXPECT_EQ(
      written(R"({"a":5})", "a.b"),
      "'a' is an integer, so nothing can be set inside it; write 'a' as a whole, as an "
      "object");
  EXPECT_EQ(written(R"({"a":{"b":"x"}})", "a.b.c.d").substr(0, 17), "'a.b' is a string");
  EXPECT_EQ(written(R"({"a":null})", "a.b").substr(0, 13), "'a' is null, ");
  EXPECT_EQ(written(R"({"a.b":7,"a":{}})", "a.b.c").substr(0, 5), "'a.b'");
  EXPECT_EQ(
      written(R"({"t":["x","y"]})", "t.2"),
      "'t' is a list of 2 and has no item '2'; use an index from 0 to 1, or write the "
      "whole list");
  EXPECT_EQ(written(R"({"t":[]})", "t.0"),
            "'t' is an empty list and has no item '0'; write the whole list");
  for (const char* path :
       {"t.-1", "t.01", "t.name", "t.", "t.99999999999999999999", "t.2.x"}) {
    EXPECT_NE(written(R"({"t":["x","y"]})", path).find("is a list of 2"), std::string::npos)
        << path;
  }
  EXPECT_EQ(written(R"({"t":["x","y"]})", "t.1.x").substr(0, 17), "'t.1' is a string");
  for (const char* path : {".", "a.", ".a", "a..b", "a.b."}) {
    EXPECT_EQ(
        written("{}", path),
        "'" + std::string(path) + "' has an empty name; put a name between any two dots");
  }
}

// Goal: a path cannot build a value so deep that walking it overflows the stack, nor cost a
// step for each of its beginnings in every object.
TEST(FieldPath, IsBounded) {
  std::string path = "a";
  for (int i = 0; i < 200'000; ++i) path += ".a";
  json::object root = parse(R"({"a":{"b":1}})");
  const json::object before = root;
  EXPECT_FALSE(write_path(root, path, 7));
  EXPECT_EQ(root, before);
  EXPECT_EQ(find_path(root, path), nullptr);
  root[path] = json::object{{"x.y", 1}};
  const std::string inner = path + ".x.y";
  ASSERT_NE(find_path(root, inner), nullptr);
  EXPECT_TRUE(write_path(root, inner, 8));
  EXPECT_EQ(*find_path(root, inner), json::value(8));
}

TEST(FieldPath, CopiesKeepTheirPlaces) {
  const auto from = parse(R"({"tags":["x","y"],"a":{"b.c":1,"d":2},"e.f":{"g":3},
                              "items":[{"n":1,"m":2},{"n":3}],"z":null})");
  const auto copied = [&](std::initializer_list<std::string_view> paths) {
    json::object to;
    for (const auto path : paths) copy_path(from, path, to);
    for (const auto path : paths) EXPECT_EQ(found(to, path), found(from, path)) << path;
    return to_json_text(json::value(to));
  };
  EXPECT_EQ(copied({"tags", "tags.0"}), R"({"tags":["x","y"]})");
  EXPECT_EQ(copied({"tags.1", "tags"}), R"({"tags":["x","y"]})");
  EXPECT_EQ(copied({"tags.1"}), R"({"tags":[null,"y"]})");
  EXPECT_EQ(copied({"tags.2", "no", "tags.x", "z.y"}), "{}");
  EXPECT_EQ(copied({"a.b.c", "e.f.g"}), R"({"a":{"b.c":1},"e.f":{"g":3}})");
  EXPECT_EQ(copied({"a.d", "a"}), R"({"a":{"b.c":1,"d":2}})");
  EXPECT_EQ(copied({"items.1.n", "items.0.m"}), R"({"items":[{"m":2},{"n":3}]})");
  EXPECT_EQ(copied({"z"}), R"({"z":null})");
}

// Objects and lists with few names, so that paths often lead somewhere, in several ways.
class RandomJson {
 public:
  explicit RandomJson(std::mt19937& rng) : rng_(rng) {}

  std::string name() {
    static const char* const kNames[] = {"a", "b", "0", "1", "a.b", "b.0", "a.b.1", ""};
    return kNames[rng_() % (rng_() % 8 == 0 ? 8 : 7)];
  }
  json::value value(int depth) {
    switch (depth == 0 ? rng_() % 3 : rng_() % 7) {
      case 0:
        return ++number_;
      case 1:
        return nullptr;
      case 2:
        return json::string("s" + std::to_string(++number_));
      case 3: {
        json::array list;
        for (auto n = rng_() % 3; n > 0; --n) list.push_back(value(depth - 1));
        return list;
      }
      default:
        return object(depth - 1);
    }
  }
  json::object object(int depth) {
    json::object out;
    for (auto n = rng_() % 4; n > 0; --n) out[name()] = value(depth);
    return out;
  }

 private:
  std::mt19937& rng_;
  std::int64_t number_ = 0;
};

// Every place of a document by its own name: its keys and indexes, which no dots join.
using Place = std::vector<std::string>;
using Places = std::map<Place, const json::value*>;

void list_places(const json::value& value, Place place, Places& out) {
  out[place] = &value;
  place.emplace_back();
  if (const auto* object = value.if_object()) {
    for (const auto& field : *object) {
      place.back() = std::string(field.key().data(), field.key().size());
      list_places(field.value(), place, out);
    }
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      place.back() = std::to_string(i);
      list_places((*array)[i], place, out);
    }
  }
}

// What stands there itself; of an object or a list only that it is one.
std::string own_text(const json::value& value) {
  return value.is_object() ? "{}" : value.is_array() ? "[]" : to_json_text(value);
}

std::string joined(const Place& place) {
  std::string out;
  for (const auto& name : place) out += (&name == &place.front() ? "" : ".") + name;
  return out;
}

bool is_inside(const Place& inner, const Place& outer) {
  return inner.size() >= outer.size() &&
         std::equal(outer.begin(), outer.end(), inner.begin());
}

// Goal: write and read name the same place in any document; nothing else changes, also not
// what other paths read; a refused write changes nothing.
TEST(FieldPath, WhatIsWrittenIsReadAndNothingElseChanges) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  RandomJson random(rng);
  int written_count = 0;
  int refused_count = 0;
  for (int round = 0; round < 5'000; ++round) {
    json::value document = random.object(4);
    json::object& root = document.get_object();
    std::string path = random.name();
    for (auto n = rng() % 4; n > 0; --n) path += "." + random.name();
    const json::value before = document;
    const std::string shown = to_json_text(before) + " at '" + path + "'";
    Places old_places;
    list_places(before, {}, old_places);
    const auto* target = find_path(before, path);
    Place written_place;
    for (const auto& [place, value] : old_places) {
      if (value == target) written_place = place;
    }

    const json::value value = rng() % 2 == 0 ? json::value("new") : random.value(1);
    if (!write_path(root, path, value)) {
      ++refused_count;
      ASSERT_EQ(document, before) << shown;
      ASSERT_EQ(target, nullptr) << shown;
      continue;
    }
    ++written_count;
    const auto* now = find_path(root, path);
    ASSERT_NE(now, nullptr) << shown;
    ASSERT_EQ(*now, value) << shown;
    Places new_places;
    list_places(document, {}, new_places);
    for (const auto& [place, was] : old_places) {
      if (target != nullptr && is_inside(place, written_place)) continue;
      const auto is = new_places.find(place);
      ASSERT_TRUE(is != new_places.end()) << shown << ": lost " << joined(place);
      ASSERT_EQ(own_text(*is->second), own_text(*was)) << shown;
      const auto* other = find_path(before, joined(place));
      const bool is_scalar = other != nullptr && !other->is_object() && !other->is_array();
      if (!is_scalar || begins_path(path, joined(place))) continue;
      const auto* read = find_path(document, joined(place));
      ASSERT_NE(read, nullptr) << shown << " reading " << joined(place);
      ASSERT_EQ(*read, *other) << shown << " reading " << joined(place);
    }
    for (const auto& [place, is] : new_places) {
      if (old_places.contains(place)) continue;
      // The value, what is in it, and the objects that were made to hold it.
      ASSERT_TRUE(begins_path(path, joined(place)) || begins_path(joined(place), path))
          << shown << ": made " << joined(place);
    }
  }
  EXPECT_GT(written_count, 1'000);
  EXPECT_GT(refused_count, 500);
}

TEST(FieldPath, CopiesOfRandomDocumentsReadAlike) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  RandomJson random(rng);
  for (int round = 0; round < 5'000; ++round) {
    const json::object from = random.object(4);
    json::object to;
    std::vector<std::string> paths;
    for (int i = 0; i < 4; ++i) {
      std::string path = random.name();
      for (auto n = rng() % 4; n > 0; --n) path += "." + random.name();
      copy_path(from, path, to);
      paths.push_back(std::move(path));
    }
    for (const auto& path : paths) {
      EXPECT_EQ(found(to, path), found(from, path))
          << to_json_text(json::value(from)) << " at '" << path << "'";
    }
  }
}

// The values at a path as JSON, with "*" where it passes through a list.
std::string values_at(std::string_view document, std::string_view path) {
  const json::object root = parse_json(document).value().get_object();
  const PathValues values = find_values(root, path);
  std::string out = values.through_list() ? "*" : "";
  values.for_each([&](const json::value& value) { out += to_json_text(value) + " "; });
  EXPECT_EQ(values.empty(), out.empty());
  return out;
}

TEST(FieldPath, PassesThroughLists) {
  const auto items =
      R"({"items": [{"n": 1}, {"n": [2, 3]}, {"m": 4}, 5, null, {"n": null}]})";
  EXPECT_EQ(values_at(items, "items.n"), "*1 [2,3] null ");
  EXPECT_EQ(values_at(items, "items.0.n"), "1 ");
  EXPECT_EQ(values_at(items, "items.2.n"), "");
  EXPECT_EQ(values_at(items, "items.m"), "*4 ");
  EXPECT_EQ(values_at(items, "items.x"), "");
  EXPECT_EQ(values_at(items, "items.n.1"), "*3 ");
  EXPECT_EQ(values_at(items, "items.9.n"), "");
  EXPECT_EQ(values_at(items, "items.-1"), "");
  EXPECT_EQ(values_at(R"({"items": []})", "items.n"), "");
  EXPECT_EQ(values_at(R"({"items": []})", "items"), "[] ");
  EXPECT_EQ(values_at(R"({"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": {"c": 3}}]})", "a.b.c"),
            "*1 2 3 ");
  EXPECT_EQ(values_at(R"({"a": [[{"b": 1}], [{"b": 2}, {"b": 3}]]})", "a.b"), "*1 2 3 ");
  EXPECT_EQ(values_at(R"({"a": [[{"b": 1}], [{"b": 2}, {"b": 3}]]})", "a.1.b"), "*2 3 ");
  // A list that has no such item may have the key in its items.
  EXPECT_EQ(values_at(R"({"a": [{"2024": 1}]})", "a.2024"), "*1 ");
  EXPECT_EQ(values_at(R"({"a": [{"b.c": 1}, {"b": {"c": 2}}]})", "a.b.c"), "*1 2 ");
  EXPECT_EQ(values_at(R"({"a": [{"": 1}]})", "a."), "*1 ");
  // The longest key is followed first, and the next where that leads nowhere.
  EXPECT_EQ(values_at(R"({"a.b": [{"x": 1}], "a": [{"b": {"c": 2}}]})", "a.b.c"), "*2 ");
  EXPECT_EQ(values_at(R"({"a.b": [{"c": 1}], "a": {"b": {"c": 2}}})", "a.b.c"), "*1 ");
  EXPECT_EQ(values_at(R"({"a.b": [], "a": {"b": {"c": 2}}})", "a.b.c"), "2 ");
}

TEST(FieldPath, EndsAtTheFirstValueThatIsEnough) {
  const json::object root =
      parse_json(R"({"a": [{"b": 1}, {"b": 2}, [{"b": 3}]]})").value().get_object();
  int seen = 0;
  EXPECT_TRUE(find_values(root, "a.b").any_of([&](const json::value& value) {
    ++seen;
    return value == 2;
  }));
  EXPECT_EQ(seen, 2);
  EXPECT_FALSE(find_values(root, "a.b").any_of([](const json::value&) { return false; }));
  json::value scratch;
  EXPECT_EQ(*find_values(root, "a.b").as_one(scratch), parse_json("[1,2,3]").value());
  EXPECT_EQ(find_values(root, "a.c").as_one(scratch), nullptr);
  EXPECT_EQ(find_values(root, "a").as_one(scratch), root.if_contains("a"));
}

// A list inside a list inside a list… must not be walked again for each way through it.
TEST(FieldPath, DeepListsTakeNoLonger) {
  json::value value = json::object{{"b", 1}};
  for (int i = 0; i < 60; ++i) value = json::array{value, 1};
  const json::object root{{"a", value}};
  std::string path = "a";
  for (int i = 0; i < 30; ++i) path += ".0";
  EXPECT_EQ(find_values(root, path + ".x").empty(), true);
  EXPECT_TRUE(find_values(root, path + ".b").through_list());
  EXPECT_TRUE(find_values(root, "a.b").through_list());
}

TEST(FieldPath, CopiesThroughLists) {
  const auto copied = [](std::string_view document,
                         const std::vector<std::string_view>& paths) {
    const json::object from = parse_json(document).value().get_object();
    json::object to;
    for (const auto path : paths) copy_path(from, path, to);
    return json::value(to);
  };
  const auto items = R"({"items": [{"n": 1, "m": 2}, {"m": 3}, 4], "x": 1})";
  EXPECT_EQ(copied(items, {"items.n"}),
            parse_json(R"({"items": [{"n": 1}, null, null]})").value());
  EXPECT_EQ(copied(items, {"items.n", "items.m"}),
            parse_json(R"({"items": [{"n": 1, "m": 2}, {"m": 3}, null]})").value());
  EXPECT_EQ(copied(items, {"items.1.m", "items.n"}),
            parse_json(R"({"items": [{"n": 1}, {"m": 3}, null]})").value());
  EXPECT_EQ(copied(items, {"items.q"}), json::value(json::object()));
  EXPECT_EQ(copied(items, {"items", "items.n"}).at("items"),
            parse_json(R"([{"n": 1, "m": 2}, {"m": 3}, 4])").value());
}

}  // namespace
}  // namespace trawl::field_path_test
