// Goal: without anybody saying in which language texts are, one form of a word finds the
// others, in each version by what it has.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "corpus/corpus_contract_test_support.h"

namespace trawl::corpus_contract_language_test {
namespace {

using namespace test;

using Ids = std::set<std::string>;

CollectionId make_polyglot(Catalog& catalog) {
  Collection collection;
  collection.namespace_id = catalog.list_namespaces().value()[0].id;
  collection.name = "polyglot";
  Feature feature;
  feature.uri = kUri;
  feature.language = "auto";
  collection.features = {feature};
  return catalog.create_collection(collection).value().id;
}

Ids found(const Snapshot& snapshot, const std::string& text) {
  SearchRequest request;
  request.feature_uri = kUri;
  request.text = text;
  request.top_k = 100;
  std::vector<DocumentRef> refs;
  for (const SearchHit& hit : snapshot.search(request, {}).value().hits)
    refs.push_back(hit.document);
  Ids ids;
  for (const Document& document : fetch_documents(snapshot, refs, {}).value())
    ids.insert(document.document_id);
  return ids;
}

TEST_P(CorpusContract, EachTextIsStemmedByItsLanguage) {
  id_ = make_polyglot(*catalog_);
  put("en", R"({"t": "This is the catalogue of all libraries in the town"})");
  EXPECT_EQ(found(*snapshot(), "library"), Ids{"en"});
  put("de", R"({"t": "Ein Verzeichnis der Häuser und Bibliotheken für die Stadt"})");
  put("fr", R"({"t": "La liste des journaux que nous avons dans les villes"})");
  const auto at = snapshot();
  // Queries too short to be in any language.
  EXPECT_EQ(found(*at, "library"), Ids{"en"});
  EXPECT_EQ(found(*at, "Bibliothek"), Ids{"de"});
  EXPECT_EQ(found(*at, "Haus"), Ids{"de"});
  EXPECT_EQ(found(*at, "journal ville"), Ids{"fr"});
}

// The title has no function word, but its document has.
TEST_P(CorpusContract, ATextIsTakenForWhatItsDocumentIs) {
  id_ = make_polyglot(*catalog_);
  put("de",
      R"({"title": "Bibliotheken", "t": "Das ist ein Text, der nicht von der Stadt ist"})");
  EXPECT_EQ(found(*snapshot(), "Bibliothek"), Ids{"de"});
}

TEST_P(CorpusContract, ALanguageOfFewDocumentsDoesNotReadQueries) {
  id_ = make_polyglot(*catalog_);
  std::vector<DocumentWrite> writes;
  for (int i = 0; i < 39; ++i) {
    writes.push_back({"en" + std::to_string(i),
                      object_of(R"({"t": "This is about the houses and their doors"})")});
  }
  put(std::move(writes));
  put("de1", R"({"t": "Ein Verzeichnis der Häuser und der Türen für die Stadt"})");
  EXPECT_EQ(found(*snapshot(), "Türe"), Ids{});
  put("de2", R"({"t": "Ein Verzeichnis der Häuser und der Türen für die Stadt"})");
  put("de3", R"({"t": "Ein Verzeichnis der Häuser und der Türen für die Stadt"})");
  EXPECT_EQ(found(*snapshot(), "Türe"), (Ids{"de1", "de2", "de3"}));
  if (traits_.versions) {
    EXPECT_EQ(found(*snapshot(2), "Türe"), Ids{});
  }
}

TEST_P(CorpusContract, TheBeginningOfATextCountsTwice) {
  id_ = make_polyglot(*catalog_);
  if (!traits_.exact_bm25) GTEST_SKIP() << "the engine scores as it likes";
  const std::string filler = "a b c d e f g h i j k l m n o p q r s t u v w x y z ";
  put("late", R"({"t": ")" + filler + R"(lighthouse"})");
  put("early", R"({"t": "lighthouse )" + filler + R"("})");
  const auto hits = search(*snapshot(), "lighthouse");
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_GT(hits[0].score, 1.2F * hits[1].score);
  EXPECT_EQ(snapshot()->get("early").value()->ref, hits[0].document);
}

TEST_P(CorpusContract, TheEndOfATextCountsTwice) {
  id_ = make_polyglot(*catalog_);
  if (!traits_.exact_bm25) GTEST_SKIP() << "the engine scores as it likes";
  const std::string filler = "a b c d e f g h i j k l m n o p q r s t u v w x y z";
  put("middle", R"({"t": ")" + filler + R"( lighthouse\n\nend"})");
  put("end", R"({"t": ")" + filler + R"( end\n\nlighthouse"})");
  const auto hits = search(*snapshot(), "lighthouse");
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_GT(hits[0].score, 1.2F * hits[1].score);
  EXPECT_EQ(snapshot()->get("end").value()->ref, hits[0].document);
}

}  // namespace
}  // namespace trawl::corpus_contract_language_test
