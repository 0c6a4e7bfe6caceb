#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "corpus/corpus_contract_test_support.h"
#include "corpus/memory/memory_corpus.h"
#include "corpus/poor_corpus_test_support.h"
#include "corpus/store/sqlite_corpus.h"

namespace trawl::corpus_contract_test {
namespace {

using namespace test;

OpenedCorpus open_memory(const std::string&, const Clock& clock) {
  const auto corpus = std::make_shared<MemoryCorpus>(clock);
  return {corpus, corpus.get(), corpus.get()};
}

OpenedCorpus open_embedded(const std::string& directory, const Clock& clock) {
  CorpusOptions options;
  options.directory = directory;
  options.clock = &clock;
  options.index_flush_rows = 16;
  const std::shared_ptr<EmbeddedCorpus> corpus = open_corpus(std::move(options)).value();
  return {corpus, corpus.get(), corpus.get()};
}

OpenedCorpus open_poor(const std::string&, const Clock& clock) {
  struct Both {
    explicit Both(const Clock& clock) : primary(clock), poor(primary) {}
    MemoryCorpus primary;
    PoorCorpus poor;
  };
  const auto both = std::make_shared<Both>(clock);
  return {both, &both->primary, &both->poor, [both] { both->poor.refresh(); }};
}

}  // namespace
}  // namespace trawl::corpus_contract_test

std::vector<trawl::test::CorpusBackend> trawl::test::corpus_backends() {
  using namespace corpus_contract_test;
  return {{"memory", open_memory}, {"embedded", open_embedded}, {"poor", open_poor}};
}

namespace trawl::corpus_contract_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Engines, CorpusContract, testing::ValuesIn(corpus_backends()),
                         [](const auto& engine) { return engine.param.name; });

TEST_P(CorpusContract, NamespacesAndCollectionsAreFoundByIdAndName) {
  Namespace wanted;
  wanted.name = "library";
  wanted.definition = object_of(R"({"description": "books", "n": 1.5})");
  const Namespace made = catalog_->create_namespace(wanted).value();
  EXPECT_EQ(made.created_at, clock_.now());
  Collection collection;
  collection.namespace_id = made.id;
  collection.name = "novels";
  collection.definition = object_of(R"({"metadata": {"shelf": 3}})");
  Feature feature;
  feature.uri = kUri;
  feature.fields = {{"title", 3}, {"body.text", 1}};
  feature.language = "english";
  collection.features.push_back(feature);
  const Collection stored = catalog_->create_collection(collection).value();
  for (const std::string& identifier : {made.id.str(), made.name}) {
    const Namespace found = catalog_->find_namespace(identifier).value();
    EXPECT_EQ(found.id, made.id);
    EXPECT_EQ(found.definition, wanted.definition);
    EXPECT_EQ(found.created_at, made.created_at);
  }
  for (const std::string& identifier : {stored.id.str(), stored.name}) {
    const Collection found = catalog_->find_collection(made.id, identifier).value();
    EXPECT_EQ(found.id, stored.id);
    EXPECT_EQ(found.namespace_id, made.id);
    EXPECT_EQ(found.definition, collection.definition);
    EXPECT_EQ(found.features, collection.features);
  }
  const auto all = catalog_->list_namespaces().value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].id, made.id);
  EXPECT_EQ(catalog_->list_collections(made.id).value().size(), 1u);
  // A collection of one namespace is not found from another.
  EXPECT_TRUE(catalog_->find_collection(all[0].id, stored.id.str()).has_error());
  EXPECT_TRUE(catalog_->find_collection(all[0].id, stored.name).has_error());
  EXPECT_TRUE(corpus_->ping());
}

TEST_P(CorpusContract, NamesAreUniqueAndSuggested) {
  Namespace wanted;
  wanted.name = "library";
  const auto made = catalog_->create_namespace(wanted).value();
  const auto again = catalog_->create_namespace(wanted);
  ASSERT_TRUE(again.has_error());
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
  EXPECT_NE(again.error().message.find("'library'"), std::string::npos);

  const auto unknown = catalog_->find_namespace("libary");
  ASSERT_TRUE(unknown.has_error());
  EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
  EXPECT_NE(unknown.error().message.find("did you mean 'library'"), std::string::npos);

  Collection collection;
  collection.name = "novels";
  collection.namespace_id = made.id;
  ASSERT_TRUE(catalog_->create_collection(collection));
  EXPECT_EQ(catalog_->create_collection(collection).error().code,
            ErrorCode::already_exists);
  collection.name = "";
  EXPECT_EQ(catalog_->create_collection(collection).error().code, ErrorCode::invalid);
  collection.name = "poems";
  collection.namespace_id = NamespaceId("ns_nowhere");
  EXPECT_EQ(catalog_->create_collection(collection).error().code, ErrorCode::not_found);
  Feature feature;
  feature.uri = kUri;
  collection.namespace_id = made.id;
  collection.features = {feature, feature};
  EXPECT_EQ(catalog_->create_collection(collection).error().code, ErrorCode::invalid);
}

TEST_P(CorpusContract, EveryChangeOfADefinitionIsARevision) {
  const NamespaceId ns = catalog_->list_namespaces().value()[0].id;
  const auto fine = [](auto&) { return Result<void>(); };
  const auto refused = [](auto&) -> Result<void> {
    return make_error(ErrorCode::invalid, "no");
  };
  const auto forged = [](auto& it) {
    it.revision = 99;
    return Result<void>();
  };
  EXPECT_EQ(catalog_->namespace_revision(ns).value(), 1u);
  for (std::uint64_t revision = 2; revision < 8; ++revision) {
    // The clock may stand still, or step back.
    if (revision == 4) clock_.advance(-kMicrosPerMinute);
    EXPECT_EQ(catalog_->update_namespace(ns.str(), fine).value().revision, revision);
    EXPECT_EQ(catalog_->update_collection(ns, "things", fine).value().revision, revision);
    EXPECT_TRUE(catalog_->update_namespace(ns.str(), refused).has_error());
    EXPECT_TRUE(catalog_->update_collection(ns, "things", refused).has_error());
    ++revision;
    EXPECT_EQ(catalog_->update_namespace(ns.str(), forged).value().revision, revision);
    EXPECT_EQ(catalog_->update_collection(ns, "things", forged).value().revision, revision);
    EXPECT_EQ(catalog_->namespace_revision(ns).value(), revision);
    EXPECT_EQ(catalog_->find_namespace(ns.str()).value().revision, revision);
    EXPECT_EQ(catalog_->find_collection(ns, "things").value().revision, revision);
    EXPECT_EQ(snapshot()->collection().revision, revision);
  }
  EXPECT_EQ(catalog_->namespace_revision(NamespaceId("ns_none")).error().code,
            ErrorCode::not_found);
}

TEST_P(CorpusContract, ADeletedNamespaceTakesItsCollectionsAlong) {
  const auto other = make_collection(*catalog_, "others");
  ASSERT_TRUE(catalog_->delete_namespace("space of things"));
  EXPECT_EQ(corpus_->snapshot(id_).error().code, ErrorCode::not_found);
  EXPECT_TRUE(corpus_->snapshot(other));
  EXPECT_EQ(catalog_->delete_namespace("space of things").error().code,
            ErrorCode::not_found);
  EXPECT_EQ(catalog_->list_namespaces().value().size(), 1u);
  EXPECT_TRUE(corpus_->snapshot(id_).has_error());
}

// Goal: whoever else keeps something of a namespace hears that it is gone.
TEST_P(CorpusContract, ADeletedNamespaceIsNotedUntilItIsForgotten) {
  const NamespaceId gone = catalog_->list_namespaces().value()[0].id;
  EXPECT_TRUE(catalog_->deleted_namespaces().value().empty());
  ASSERT_TRUE(catalog_->delete_namespace(gone.str()));
  EXPECT_EQ(catalog_->deleted_namespaces().value(), (std::vector<NamespaceId>{gone}));
  ASSERT_TRUE(catalog_->forget_deleted_namespace(gone));
  EXPECT_TRUE(catalog_->deleted_namespaces().value().empty());
}

TEST_P(CorpusContract, ADeletedCollectionTakesItsDocumentsAlong) {
  const NamespaceId ns = catalog_->list_namespaces().value()[0].id;
  put("a", R"({"t": "word"})");
  ASSERT_TRUE(catalog_->delete_collection(ns, "things"));
  EXPECT_EQ(corpus_->snapshot(id_).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->put(id_, {}, Atomic::yes).error().code, ErrorCode::not_found);
  EXPECT_EQ(catalog_->delete_collection(ns, "things").error().code, ErrorCode::not_found);
  Collection again;
  again.namespace_id = ns;
  again.name = "things";
  id_ = catalog_->create_collection(again).value().id;
  EXPECT_EQ(snapshot()->document_count(), 0u);
}

TEST_P(CorpusContract, AChangeMayReadWhatIsThere) {
  const NamespaceId ns = catalog_->list_namespaces().value()[0].id;
  put("a", R"({"n": 1})");
  EXPECT_TRUE(catalog_->update_namespace(ns.str(), [&](Namespace& changed) -> Result<void> {
    TRAWL_ASSIGN(const Namespace found, catalog_->find_namespace(ns.str()));
    changed.definition["seen"] = found.name;
    return {};
  }));
  EXPECT_TRUE(corpus_->update(id_, "a", [&](json::object& fields, auto&) -> Result<void> {
    TRAWL_ASSIGN(const auto at, corpus_->snapshot(id_));
    fields["name"] = at->collection().name;
    return {};
  }));
  EXPECT_EQ(snapshot()->get("a").value()->fields.at("name"), "things");
}

}  // namespace
}  // namespace trawl::corpus_contract_test
