#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "base/field_path.h"
#include "base/hash.h"
#include "base/json_members.h"
#include "corpus/corpus_test_support.h"
#include "corpus/store/document_table.h"
#include "corpus/store/feature_text.h"
#include "corpus/store/filter_cache.h"
#include "corpus/store/schema.h"
#include "corpus/store/version_history.h"

namespace trawl::store::store_parts_test {
namespace {

using namespace test;

TEST(VersionHistory, ForgettingChangesNoVersionThatIsLeft) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  VersionHistory history;
  history.append({0, 0, 0}, {});
  std::vector<std::set<std::uint32_t>> living(1);
  std::uint32_t row_end = 0;
  std::uint64_t oldest = 0;
  for (std::uint64_t version = 1; version < 300; ++version) {
    std::set<std::uint32_t> next = living.back();
    std::vector<std::uint32_t> superseded;
    for (const std::uint32_t row : living.back()) {
      if (rng() % 16 == 0) superseded.push_back(row);
    }
    for (const std::uint32_t row : superseded) next.erase(row);
    for (auto added = rng() % 4; added > 0; --added) next.insert(row_end++);
    history.append({version, row_end, static_cast<TimeUs>(version)}, superseded);
    living.push_back(std::move(next));
    if (rng() % 40 == 0) {
      const auto removable = history.removable(
          static_cast<TimeUs>(version) - 10, std::numeric_limits<std::uint64_t>::max(), 20);
      for (const std::uint32_t row : removable.rows) {
        EXPECT_EQ(living[removable.version].count(row), 0u);
      }
      history.forget_before(removable.version);
      oldest = std::max(oldest, removable.version);
    }
  }
  ASSERT_GT(oldest, 0u);
  for (std::uint64_t version = 0; version < living.size(); ++version) {
    const auto view = history.view(version);
    ASSERT_EQ(view.has_value(), version >= oldest) << version;
    if (!view) continue;
    EXPECT_EQ((*view)->document_count, living[version].size());
    for (std::uint32_t row = 0; row < row_end + 2; ++row) {
      ASSERT_EQ((*view)->sees(row), living[version].count(row) != 0)
          << version << " " << row;
    }
  }
  EXPECT_EQ(history.view().value(), history.view().value());
}

TEST(FilterCache, KeepsTheNewestWithinItsBytes) {
  FilterCache cache(2'000);
  const auto entry = [](std::uint64_t version, std::uint32_t rows) {
    return FilterCache::Entry{version, rows, std::make_shared<Bitmap>(rows)};
  };
  cache.store(1, "f", entry(5, 10));
  EXPECT_FALSE(cache.find(1, "f", 4));
  EXPECT_FALSE(cache.find(2, "f", 5));
  EXPECT_FALSE(cache.find(1, "g", 5));
  EXPECT_EQ(cache.find(1, "f", 9)->version, 5u);
  cache.store(1, "f", entry(3, 10));
  EXPECT_EQ(cache.find(1, "f", 9)->version, 5u);
  cache.store(1, "f", entry(7, 20));
  EXPECT_EQ(cache.find(1, "f", 9)->row_end, 20u);

  for (int i = 0; i < 100; ++i) {
    cache.store(1, fmt::format("filter {}", i), entry(1, 100));
    ASSERT_TRUE(cache.find(1, "f", 9));  // What is asked for stays.
    ASSERT_LE(cache.bytes(), 2'000u);
  }
  EXPECT_FALSE(cache.find(1, "filter 0", 9));
  EXPECT_TRUE(cache.find(1, "filter 99", 9));
  cache.store(1, "too large", entry(1, 1'000'000));
  EXPECT_FALSE(cache.find(1, "too large", 9));
}

class RandomJson {
 public:
  explicit RandomJson(std::mt19937& rng) : rng_(rng) {}

  json::object object(int depth) {
    json::object out;
    for (auto n = rng_() % 5; n > 0; --n) out[key()] = value(depth);
    return out;
  }
  std::string key() {
    static constexpr const char* kKeys[] = {"a", "b", "a.b", "b.a.b", "", "\xC3\xA4\"\n",
                                            "0"};
    return kKeys[rng_() % std::size(kKeys)];
  }

 private:
  json::value value(int depth) {
    switch (rng_() % (depth > 0 ? 9 : 7)) {
      case 0:
        return nullptr;
      case 1:
        return true;
      case 2:
        return -static_cast<std::int64_t>(rng_());
      case 3:
        return std::uint64_t{18'000'000'000'000'000'000u} + rng_();
      case 4:
        return rng_() / 7.0;
      case 5:
        return json::string("plain \\ \"quoted\" \xF0\x9F\x98\x80");
      case 6:
        return json::array();
      case 7:
        return json::value(object(depth - 1));
      default: {
        json::array array;
        for (auto n = rng_() % 4; n > 0; --n) array.push_back(value(depth - 1));
        return array;
      }
    }
  }
  std::mt19937& rng_;
};

TEST(JsonMembers, LeadsToTheSameValuesAsTheWholeDocument) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 rng(seed);
  RandomJson random(rng);
  for (int round = 0; round < 3'000; ++round) {
    const json::object whole = random.object(3);
    std::vector<std::string> paths;
    for (int i = 0; i < 2; ++i) {
      std::string path = random.key();
      for (auto n = rng() % 3; n > 0; --n) path += "." + random.key();
      paths.push_back(std::move(path));
    }
    const std::string payload = to_json_text(json::value(whole));
    const json::object part = JsonMembers(paths).read(payload).value();
    for (const auto& path : paths) {
      const json::value* expected = find_path(whole, path);
      const json::value* found = find_path(part, path);
      ASSERT_EQ(found == nullptr, expected == nullptr) << path << " in " << payload;
      if (found != nullptr) {
        ASSERT_EQ(*found, *expected) << path << " in " << payload;
      }
    }
  }
  // Of any number of names.
  std::string path = "a";
  for (int i = 0; i < 40; ++i) path += ".b";
  const json::object whole{{"x", 1}, {path, json::object{{"c.d", json::object{{"e", 2}}}}}};
  const json::object part =
      JsonMembers({path + ".c.d.e"}).read(to_json_text(whole)).value();
  EXPECT_EQ(part.size(), 1u);
  ASSERT_NE(find_path(part, path + ".c.d.e"), nullptr);
  EXPECT_TRUE(JsonMembers({"a"}).read("[1]").has_error());
  EXPECT_TRUE(JsonMembers({"a"}).read("{\"a\": }").has_error());
  EXPECT_TRUE(JsonMembers({"a"}).read("").has_error());
}

// Goal: keys that are several names joined are found, in any place, and what stands in the
// items of lists; indexes that were built when they were not are built again, and no
// others.
TEST(FeatureText, ReadsPathsAsFiltersDo) {
  Feature feature;
  feature.fields = {{"a.b.c", 1}};
  std::deque<std::string> made;
  std::vector<lexical::WeightedText> texts;
  const json::value document = parse_json(R"({"a.b": {"c": "x"}})").value();
  collect_texts(feature, document.get_object(), made, texts);  // texts points into it.
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(texts.front().text, "x");
  feature.fields = {{"items.n", 2}};
  const json::object items =
      object_of(R"({"items": [{"n": "one"}, {"n": ["two", 3]}, {"m": "no"}, "no"]})");
  texts.clear();
  collect_texts(feature, items, made, texts);
  std::vector<std::string> found;
  for (const auto& text : texts) found.emplace_back(text.text);
  EXPECT_EQ(found, (std::vector<std::string>{"one", "two", "3"}));
  const auto format_of = [](std::string path) {
    Feature one;
    one.fields = {{std::move(path), 1}};
    return feature_fingerprint(one);
  };
  const auto before = [](std::string_view path) {
    json::object field{{"path", json::string_view(path.data(), path.size())},
                       {"weight", 1}};
    return hash64(canonical_json(json::object{{"kind", "bm25"},
                                              {"fields", json::array{std::move(field)}},
                                              {"language", Feature().language},
                                              {"format", 1}}));
  };
  EXPECT_EQ(format_of("a"), before("a"));
  EXPECT_NE(format_of("a.b"), before("a.b"));
  EXPECT_NE(format_of("a.b.c"), before("a.b.c"));
}

TEST(FeatureText, FingerprintsDifferWithWhatIsIndexed) {
  Feature feature;
  feature.uri = "x://a@v1/b";
  const auto plain = feature_fingerprint(feature);
  feature.uri = "x://other@v1/b";
  EXPECT_EQ(feature_fingerprint(feature), plain);
  feature.language = "english";
  const auto english = feature_fingerprint(feature);
  EXPECT_NE(english, plain);
  feature.fields = {{"title", 1}};
  const auto title = feature_fingerprint(feature);
  EXPECT_NE(title, english);
  feature.fields[0].weight = 2;
  EXPECT_NE(feature_fingerprint(feature), title);
  EXPECT_EQ(features_to_json(
                features_from_json(json::value(features_to_json({feature}))).value()),
            features_to_json({feature}));
}

TEST(FeatureText, EveryStringOfTheDocumentWithoutFields) {
  const auto document = object_of(
      R"({"a": "one", "b": ["two", {"c": "three", "d": 4}], "e": true, "f": ""})");
  std::deque<std::string> made;
  std::vector<lexical::WeightedText> texts;
  collect_texts(Feature(), document, made, texts);
  std::vector<std::string> found;
  for (const auto& text : texts) found.emplace_back(text.text);
  EXPECT_EQ(found, (std::vector<std::string>{"one", "two", "three"}));
}

// A point lookup in a large collection must not read its rows.
TEST(DocumentTable, FindsADocumentThroughTheIndex) {
  TempDirectory directory;
  auto connection = open_database(directory.path() + "/corpus.db").value();
  auto plan = connection
                  ->prepare(
                      "EXPLAIN QUERY PLAN SELECT row_id, created_at FROM documents "
                      "WHERE document_id = ? AND row_id >= ? AND row_id < ? "
                      "ORDER BY row_id DESC LIMIT 1")
                  .value();
  ASSERT_TRUE(plan.step().value());
  EXPECT_NE(plan.text(3).find("documents_by_id (document_id=? AND rowid>? AND rowid<?)"),
            std::string_view::npos)
      << plan.text(3);
  EXPECT_FALSE(plan.step().value());
  EXPECT_EQ(place_of(row_id(8'000'000, 4'294'967'294u)), 4'294'967'294u);
}

}  // namespace
}  // namespace trawl::store::store_parts_test
