#include "pipeline/candidate_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "corpus/fake_snapshot_test_support.h"

namespace trawl::candidate_list_test {
namespace {

using test::FakeSnapshot;

std::shared_ptr<FakeSnapshot> three_books() {
  auto books = std::make_shared<FakeSnapshot>("books", std::vector<std::string>());
  books->add("a", R"({"title": "A", "year": 1, "author": {"name": "X"}})");
  books->add("b", R"({"title": "B", "year": 2, "score": 7})");
  books->add("c", R"({"title": "C", "year": 3})");
  return books;
}

std::string text(const CandidateList& list, std::size_t i, std::string_view path) {
  json::value scratch;
  const json::value* found = list.find(i, path, scratch);
  return found == nullptr ? "none" : to_json_text(*found);
}

TEST(CandidateList, ReadsWhatIsAskedForAndNothingTwice) {
  const auto books = three_books();
  CandidateList list;
  const std::uint32_t source = list.source(books);
  EXPECT_EQ(list.source(books), source);
  list.add(source, std::vector<DocumentRef>{2, 0, 1});
  EXPECT_EQ(books->fetched("ids") + books->fetched("some") + books->fetched("all"), 0u);

  ASSERT_TRUE(list.load(FieldSet({"year"}), {}));
  EXPECT_EQ(books->fetched("some"), 3u);
  EXPECT_EQ(text(list, 0, "year"), "3");
  EXPECT_EQ(list.document_id(0), "c");
  EXPECT_NE(list.content_hash(0), list.content_hash(1));
  // The ids are there with any field, and what is there is not read again.
  ASSERT_TRUE(list.load({}, {}));
  ASSERT_TRUE(list.load(FieldSet({"year"}), {}));
  EXPECT_EQ(books->fetched("some"), 3u);
  EXPECT_EQ(books->fetched("ids"), 0u);

  // Of one, more; what it had stays.
  const CandidateList::Positions one = {1};
  ASSERT_TRUE(list.load(FieldSet({"author.name"}), one, {}));
  EXPECT_EQ(books->fetched("some"), 4u);
  EXPECT_EQ(text(list, 1, "author.name"), R"("X")");
  EXPECT_EQ(text(list, 1, "year"), "1");
  ASSERT_TRUE(list.load(FieldSet::all(), {}));
  EXPECT_EQ(books->fetched("all"), 3u);
  EXPECT_EQ(to_json_text(list.to_json(0)),
            R"({"document_id":"c","collection_id":"col_books","title":"C","year":3,)"
            R"("score":0.0})");
}

TEST(CandidateList, AScoreHidesTheFieldOfThatName) {
  CandidateList list;
  const std::uint32_t source = list.source(three_books());
  list.add(source, 1);
  list.add(source, 1, 0.5);
  ASSERT_TRUE(list.load(FieldSet::all(), {}));
  EXPECT_EQ(text(list, 0, "score"), "7");
  EXPECT_EQ(text(list, 1, "score"), "0.5");
  EXPECT_TRUE(list.has_own(1, "score"));
  EXPECT_EQ(list.to_json(0).at("score"), 7);
  EXPECT_EQ(list.to_json(1).at("score"), 0.5);
  EXPECT_EQ(text(list, 0, "collection_id"), R"("col_books")");
}

TEST(CandidateList, WhatStagesWroteLiesOverTheDocument) {
  CandidateList list;
  list.add(list.source(three_books()), 0);
  ASSERT_TRUE(list.load(FieldSet::all(), {}));
  const CandidateList before = list;
  list.write(0, "author", json::object{{"age", 9}});
  list.write(0, "fresh", 1);
  EXPECT_EQ(text(list, 0, "author.age"), "9");
  EXPECT_EQ(text(list, 0, "author.name"), "none");
  EXPECT_EQ(text(list, 0, "fresh"), "1");
  EXPECT_EQ(text(list, 0, "title"), R"("A")");
  EXPECT_EQ(text(before, 0, "author.name"), R"("X")");
  EXPECT_EQ(before.written(0), nullptr);
  EXPECT_EQ(to_json_text(list.to_json(0)),
            R"({"document_id":"a","collection_id":"col_books","title":"A","year":1,)"
            R"("author":{"age":9},"fresh":1,"score":0.0})");
}

// Goal: the text of a list is that of its documents, whatever of them is in memory already.
// Method: documents with and without names that are the server's, too; some loaded in part
// or as a whole, some written over, some made by a stage; cut at random.
TEST(CandidateList, ItsTextIsThatOfItsDocuments) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  const auto fields = [&](std::initializer_list<const char*> names) {
    json::object object;
    for (const char* name : names) {
      if (!one_in(3)) continue;
      object[name] = one_in(2) ? json::value(random() % 100)
                               : json::value(json::object{{"score", 0.5}, {"_id", "\"x"}});
    }
    return object;
  };
  for (int round = 0; round < 200; ++round) {
    const auto books = std::make_shared<FakeSnapshot>("books", std::vector<std::string>());
    const auto films = std::make_shared<FakeSnapshot>("films", std::vector<std::string>());
    CandidateList list;
    const std::uint32_t sources[] = {list.source(books), list.source(films)};
    const std::size_t count = random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      const auto score =
          one_in(2) ? std::optional(static_cast<double>(random() % 9) / 4) : std::nullopt;
      if (one_in(5)) {
        list.add_row(fields({"title", "score", "document_id"}), score);
        continue;
      }
      const bool second = one_in(3);
      (second ? films : books)
          ->add("d\"" + std::to_string(i),
                fields({"title", "score", "document_id", "collection_id", "year"}));
      list.add(sources[second],
               static_cast<DocumentRef>((second ? films : books)->document_count() - 1),
               score);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const CandidateList::Positions here = {i};
      if (one_in(3)) list.load(FieldSet({"year"}), here, {}).value();
      if (one_in(3)) list.load(FieldSet::all(), here, {}).value();
      if (!one_in(3)) continue;
      for (const auto& field : fields({"title", "fresh", "score", "document_id"})) {
        list.write(i, key_of(field), field.value());
      }
    }
    CandidateList whole = list;
    whole.load(FieldSet::all(), {}).value();
    std::string wanted;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) wanted += ',';
      append_json(wanted, whole.to_json(i));
    }
    std::string text;
    for (std::size_t at = 0; at < count;) {
      if (at > 0) text += ',';
      const std::size_t appended =
          list.append_json(text, at, 1 + random() % count, random() % 200, {}).value();
      ASSERT_GE(appended, 1u);
      at += appended;
    }
    ASSERT_EQ(text, wanted);
  }
}

TEST(CandidateList, TheTextOfManyIsMadeBitByBit) {
  const auto books = std::make_shared<FakeSnapshot>("books", std::vector<std::string>());
  CandidateList list;
  const std::uint32_t source = list.source(books);
  for (DocumentRef i = 0; i < 1'000; ++i) {
    books->add(std::to_string(i), json::object{{"text", std::string(1'000, 'x')}});
    list.add(source, i);
  }
  std::string text;
  EXPECT_EQ(list.append_json(text, 0, 1'000, 10'000, {}).value(), 10u);
  EXPECT_LT(books->fetched("all"), 100u);
  EXPECT_EQ(list.append_json(text, 1'000, 5, 10'000, {}).value(), 0u);
}

TEST(CandidateList, RowsOfStagesHaveNoIdAndNoScoreUnlessGiven) {
  CandidateList list;
  list.add_row({{"n", 1}});
  list.add_row({{"n", 2}}, 0.25);
  ASSERT_TRUE(list.load(FieldSet::all(), {}));
  EXPECT_EQ(list.document_id(0), "");
  EXPECT_EQ(list.collection_id(0), "");
  EXPECT_EQ(text(list, 0, "n"), "1");
  EXPECT_EQ(text(list, 0, "document_id"), "none");
  EXPECT_EQ(to_json_text(list.to_json(0)), R"({"n":1})");
  EXPECT_EQ(to_json_text(list.to_json(1)), R"({"n":2,"score":0.25})");
}

TEST(CandidateList, PickedAndSlicedListsKeepEveryColumn) {
  CandidateList list;
  const std::uint32_t source = list.source(three_books());
  for (const DocumentRef document : {0u, 1u, 2u}) {
    list.add(source, document, 1.0 + document);
  }
  list.set_parts(1, {{0, 2, 0.5}, {1, 1, 0.25}});
  list.write(2, "mark", true);
  ASSERT_TRUE(list.load({}, {}));
  const CandidateList::Positions order = {2, 1, 2};
  const CandidateList picked = list.picked(order);
  ASSERT_EQ(picked.size(), 3u);
  EXPECT_EQ(picked.document_id(0), "c");
  EXPECT_EQ(picked.score(1), 2.0);
  EXPECT_EQ(picked.parts(1), (SearchParts{{0, 2, 0.5}, {1, 1, 0.25}}));
  EXPECT_TRUE(picked.parts(0).empty());
  EXPECT_EQ(text(picked, 2, "mark"), "true");
  EXPECT_EQ(list.slice(1, 1).document_id(0), "b");
  EXPECT_EQ(list.slice(1, 9).size(), 2u);
  EXPECT_TRUE(list.slice(5, 2).empty());
}

TEST(CandidateList, IsKeptWithoutItsSnapshotsAndGivenThemAgain) {
  auto books = three_books();
  const std::weak_ptr<FakeSnapshot> alive = books;
  CandidateList list;
  list.add(list.source(books), std::vector<DocumentRef>{0, 1});
  ASSERT_TRUE(list.load(FieldSet({"title"}), {}));
  const std::vector<std::string> collections = list.source_collections();
  EXPECT_EQ(collections, std::vector<std::string>{"col_books"});
  CandidateList kept = list.detached();
  list = {};
  books.reset();
  EXPECT_TRUE(alive.expired());
  books = three_books();
  CandidateList again = kept.attached({books});
  EXPECT_EQ(again.collection_id(1), "col_books");
  ASSERT_TRUE(again.load(FieldSet({"title"}), {}));
  EXPECT_EQ(text(again, 1, "title"), R"("B")");
  EXPECT_EQ(books->fetched("some"), 0u);
  ASSERT_TRUE(again.load(FieldSet({"year"}), {}));
  EXPECT_EQ(text(again, 1, "year"), "2");
  EXPECT_GT(again.memory_bytes(), kept.slice(0, 1).memory_bytes());
}

}  // namespace
}  // namespace trawl::candidate_list_test
