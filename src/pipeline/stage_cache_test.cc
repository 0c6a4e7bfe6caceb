#include "pipeline/stage_cache.h"

#include <gtest/gtest.h>

#include <memory>

#include "corpus/fake_snapshot_test_support.h"

namespace trawl::stage_cache_test {
namespace {

std::shared_ptr<const RememberedStage> row_of(std::size_t bytes) {
  StageOutput output;
  output.candidates.add_row({{"text", std::string(bytes, 'x')}});
  return std::make_shared<const RememberedStage>(RememberedStage::of(output));
}

TEST(StageCache, GivesBackWhatItWasGiven) {
  StageCache cache(1 << 20);
  EXPECT_EQ(cache.find("k"), nullptr);
  const auto kept = row_of(10);
  cache.insert("k", kept);
  cache.insert("k", row_of(20));  // Equal keys mean equal results, so the first stays.
  EXPECT_EQ(cache.find("k"), kept);
  const auto metrics = cache.metrics();
  EXPECT_EQ(metrics.hits, 1u);
  EXPECT_EQ(metrics.misses, 1u);
  EXPECT_EQ(metrics.entries, 1u);
}

TEST(StageCache, ForgetsWhatWasNotUsedForLongest) {
  StageCache cache(40'000);
  for (const char* key : {"a", "b", "c"}) cache.insert(key, row_of(8'000));
  EXPECT_NE(cache.find("a"), nullptr);
  for (const char* key : {"d", "e"}) cache.insert(key, row_of(8'000));
  EXPECT_LE(cache.metrics().bytes, 40'000u);
  EXPECT_EQ(cache.find("b"), nullptr);
  EXPECT_NE(cache.find("a"), nullptr);
  EXPECT_NE(cache.find("e"), nullptr);
}

TEST(StageCache, OneLargeResultDoesNotPushOutTheOthers) {
  StageCache cache(40'000);
  cache.insert("small", row_of(10));
  cache.insert("large", row_of(20'000));
  EXPECT_EQ(cache.find("large"), nullptr);
  EXPECT_NE(cache.find("small"), nullptr);
}

TEST(StageCache, HoldsNoVersionOfACollection) {
  auto books = std::make_shared<test::FakeSnapshot>("books", std::vector<std::string>());
  books->add("a", R"({"title": "A"})");
  StageOutput output;
  output.candidates.add(output.candidates.source(books), 0);
  output.warnings.emplace_back("w");
  StageCache cache(1 << 20);
  cache.insert("k", std::make_shared<const RememberedStage>(RememberedStage::of(output)));
  output = {};
  const std::weak_ptr<const test::FakeSnapshot> alive = books;
  books.reset();
  EXPECT_TRUE(alive.expired());
  const auto found = cache.find("k");
  EXPECT_EQ(found->collections, std::vector<std::string>{"col_books"});
  EXPECT_EQ(found->output.candidates.size(), 1u);
  EXPECT_EQ(found->output.warnings.size(), 1u);
}

}  // namespace
}  // namespace trawl::stage_cache_test
