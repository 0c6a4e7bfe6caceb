#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "corpus/corpus_contract_test_support.h"

namespace trawl::corpus_contract_writes_test {
namespace {

using namespace test;

TEST_P(CorpusContract, DocumentsGetIdsAndKeepTheirCreationTime) {
  std::vector<DocumentWrite> documents;
  documents.push_back({"", object_of(R"({"a": 1})")});
  documents.push_back({"", object_of(R"({"a": 2})")});
  std::vector<std::string> ids;
  for (const auto& outcome : corpus_->insert(id_, documents, Atomic::yes).value()) {
    ids.push_back(outcome.document_id);
  }
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[0].substr(0, 4), "doc_");
  EXPECT_LT(ids[0], ids[1]);

  const TimeUs created = clock_.now();
  clock_.advance(kMicrosPerMinute);
  put(ids[0], R"({"a": 3})");
  const auto replaced = snapshot()->get(ids[0]).value().value();
  EXPECT_EQ(replaced.created_at, created);
  EXPECT_EQ(replaced.updated_at, clock_.now());
  if (traits_.versions) {
    EXPECT_EQ(snapshot(1)->get(ids[0]).value()->fields.at("a"), 1);
  }

  // Once deleted, it starts over.
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{ids[0]}));
  EXPECT_FALSE(snapshot()->get(ids[0]).value());
  put(ids[0], R"({"a": 4})");
  EXPECT_EQ(snapshot()->get(ids[0]).value()->created_at, clock_.now());
}

TEST_P(CorpusContract, WritesThatChangeNothingMakeNoVersion) {
  put("a", R"({"n": 1})");
  EXPECT_TRUE(corpus_->put(id_, {}, Atomic::yes));
  EXPECT_TRUE(corpus_->remove(id_, std::vector<std::string>{"unknown"}));
  EXPECT_TRUE(corpus_->update(id_, "a", [](json::object& fields, auto&) -> Result<void> {
    fields["n"] = 1;
    return {};
  }));
  expect_version(1);
}

TEST_P(CorpusContract, BadDocumentsAreRefusedWhole) {
  const auto refused = [&](const std::string& document_id) {
    std::vector<DocumentWrite> documents;
    documents.push_back({"fine", {}});
    documents.push_back({document_id, {}});
    const auto result = corpus_->put(id_, std::move(documents), Atomic::yes);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::invalid);
      EXPECT_EQ(result.error().location, "documents[1].document_id");
    }
    return result.has_error();
  };
  EXPECT_TRUE(refused(std::string(513, 'x')));
  EXPECT_TRUE(refused(std::string(512, 'x') + "\xC3\xB6"));
  EXPECT_TRUE(refused("a\nb"));
  EXPECT_TRUE(refused(std::string("a\0b", 3)));
  EXPECT_TRUE(refused("a\x7F"));
  EXPECT_TRUE(refused("a\xC2\x85"));
  EXPECT_TRUE(refused("a\xFF"));
  EXPECT_TRUE(refused("a\xC2"));
  expect_version(0);
  EXPECT_FALSE(refused(std::string(512, 'x')));
  EXPECT_FALSE(refused(std::string(511, 'x') + "\xC3\xB6"));  // Characters count.
  EXPECT_FALSE(refused("sn\xC3\xB6 w/ %_'\"\xC2\xA0"));

  // What is stored can be read again, so nesting has a limit.
  const auto nested = [](std::size_t levels) {
    std::string text = "{\"a\":";
    for (std::size_t i = 1; i < levels; ++i) text += "[";
    for (std::size_t i = 1; i < levels; ++i) text += "]";
    if (levels == 1) text += "0";
    json::object out;
    out = parse_json(text + "}", 1000).value().get_object();
    return out;
  };
  std::vector<DocumentWrite> deepest(1), deeper(1);
  deepest[0] = {"deep", nested(kJsonDepthMax)};
  deeper[0] = {"deeper", nested(kJsonDepthMax + 1)};
  ASSERT_TRUE(corpus_->put(id_, deepest, Atomic::yes));
  EXPECT_EQ(snapshot()->get("deep").value()->fields, deepest[0].fields);
  const auto too_deep = corpus_->put(id_, deeper, Atomic::yes);
  ASSERT_TRUE(too_deep.has_error());
  EXPECT_EQ(too_deep.error().code, ErrorCode::invalid);
  const auto updated =
      corpus_->update(id_, "deep", [&](json::object& it, auto&) -> Result<void> {
        it = deeper[0].fields;
        return {};
      });
  EXPECT_EQ(updated.error().code, ErrorCode::invalid);
}

// Goal: what is refused says so in its own place, and all else is stored in one version.
TEST_P(CorpusContract, WhatIsRefusedKeepsNothingElseOut) {
  using Kind = DocumentOutcome::Kind;
  put("old", R"({"n": 0})");
  const TimeUs before = clock_.now();
  clock_.advance(kMicrosPerMinute);
  json::object deep;
  json::value inside = 1;
  for (std::size_t i = 0; i <= kJsonDepthMax; ++i) inside = json::array{inside};
  deep["a"] = inside;
  const std::vector<DocumentWrite> documents = {{"old", object_of(R"({"n": 1})")},
                                                {"a\nb", {}},
                                                {"twice", object_of(R"({"n": 2})")},
                                                {"deep", deep},
                                                {"", object_of(R"({"n": 3})")},
                                                {"twice", object_of(R"({"n": 4})")},
                                                {"twice", deep}};
  const auto stored = corpus_->put(id_, documents, Atomic::no).value();
  ASSERT_EQ(stored.size(), documents.size());
  const std::vector<Kind> kinds = {Kind::replaced, Kind::refused, Kind::created,
                                   Kind::refused,  Kind::created, Kind::created,
                                   Kind::refused};
  for (std::size_t i = 0; i < stored.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(stored[i].kind, kinds[i]);
    ASSERT_EQ(stored[i].error.has_value(), kinds[i] == Kind::refused);
    if (stored[i].error) {
      EXPECT_EQ(stored[i].error->code, ErrorCode::invalid);
      EXPECT_EQ(stored[i].error->location.find(fmt::format("documents[{}]", i)), 0u);
      continue;
    }
    const auto found = snapshot()->get(stored[i].document_id).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(stored[i].created_at, i == 0 ? before : clock_.now());
    EXPECT_EQ(stored[i].created_at, found->created_at);
    EXPECT_EQ(stored[i].updated_at, found->updated_at);
  }
  expect_version(2);
  EXPECT_EQ(snapshot()->document_count(), 3u);
  EXPECT_EQ(snapshot()->get("twice").value()->fields.at("n"), 4);

  // An id that is taken is no other's business either; of two in one call the first wins.
  const std::vector<DocumentWrite> more = {
      {"old", {}}, {"new", object_of(R"({"n": 5})")}, {"new", object_of(R"({"n": 6})")}};
  const auto inserted = corpus_->insert(id_, more, Atomic::no).value();
  EXPECT_EQ(inserted[0].error.value().code, ErrorCode::already_exists);
  EXPECT_EQ(inserted[1].kind, Kind::created);
  EXPECT_EQ(inserted[2].error.value().code, ErrorCode::already_exists);
  EXPECT_EQ(snapshot()->get("new").value()->fields.at("n"), 5);
  expect_version(3);

  // Where all are refused there is nothing to store.
  EXPECT_TRUE(corpus_->insert(id_, more, Atomic::no));
  EXPECT_TRUE(corpus_->put(id_, {{"a\nb", {}}}, Atomic::no));
  EXPECT_EQ(corpus_->insert(id_, more, Atomic::yes).error().code,
            ErrorCode::already_exists);
  expect_version(3);

  const std::vector<std::string> ids = {"old", "none", "old"};
  const auto removed = corpus_->remove(id_, ids).value();
  EXPECT_EQ(removed[0].kind, Kind::removed);
  EXPECT_EQ(removed[1].kind, Kind::missing);
  EXPECT_EQ(removed[2].kind, Kind::removed);
  expect_version(4);
}

TEST_P(CorpusContract, TimeMayStepBack) {
  put("a", R"({"n": 1})");
  clock_.advance(-kMicrosPerDay);
  put("a", R"({"n": 2})");
  const auto document = snapshot()->get("a").value().value();
  EXPECT_GE(document.updated_at, document.created_at);
}

}  // namespace
}  // namespace trawl::corpus_contract_writes_test
