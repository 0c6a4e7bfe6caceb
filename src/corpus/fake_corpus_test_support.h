#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "corpus/fake_snapshot_test_support.h"

namespace trawl::test {

// A corpus that holds what a test gives it, and takes nothing else.
class FakeCorpus final : public Catalog, public Corpus {
 public:
  FakeSnapshot& add(const std::string& name, std::vector<std::string> features = {}) {
    all_.push_back(std::make_shared<FakeSnapshot>(name, std::move(features)));
    return *all_.back();
  }

  static Error none() { return make_error(ErrorCode::not_found, "there is nothing here"); }
  Result<Namespace> create_namespace(Namespace) override { return none(); }
  Result<Namespace> find_namespace(std::string_view) const override { return none(); }
  Result<std::uint64_t> namespace_revision(const NamespaceId&) const override {
    return none();
  }
  Result<std::vector<Namespace>> list_namespaces() const override { return none(); }
  Result<Namespace> update_namespace(
      std::string_view, const std::function<Result<void>(Namespace&)>&) override {
    return none();
  }
  Result<void> delete_namespace(std::string_view) override { return none(); }
  Result<std::vector<NamespaceId>> deleted_namespaces() const override { return none(); }
  Result<void> forget_deleted_namespace(const NamespaceId&) override { return none(); }
  Result<Collection> create_collection(Collection) override { return none(); }
  Result<Collection> find_collection(const NamespaceId&,
                                     std::string_view identifier) const override {
    for (const auto& snapshot : all_) {
      const Collection& collection = snapshot->collection();
      if (collection.name == identifier || collection.id.str() == identifier) {
        return collection;
      }
    }
    return none();
  }
  Result<std::vector<Collection>> list_collections(const NamespaceId&) const override {
    return none();
  }
  Result<Collection> update_collection(
      const NamespaceId&, std::string_view,
      const std::function<Result<void>(Collection&)>&) override {
    return none();
  }
  Result<void> delete_collection(const NamespaceId&, std::string_view) override {
    return none();
  }
  CorpusTraits traits() const override { return {}; }
  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t>) const override {
    for (const auto& snapshot : all_) {
      if (snapshot->collection().id == id) return std::shared_ptr<const Snapshot>(snapshot);
    }
    return none();
  }
  Result<std::vector<DocumentOutcome>> put(const CollectionId&, std::vector<DocumentWrite>,
                                           Atomic) override {
    return none();
  }
  Result<std::vector<DocumentOutcome>> insert(const CollectionId&,
                                              std::vector<DocumentWrite>, Atomic) override {
    return none();
  }
  Result<Document> update(const CollectionId&, const std::string&,
                          const std::function<Result<void>(json::object&)>&) override {
    return none();
  }
  Result<std::vector<bool>> update_many(
      const CollectionId&, std::span<const std::string>,
      const std::function<Result<void>(std::size_t, json::object&)>&) override {
    return none();
  }
  Result<std::vector<DocumentOutcome>> remove(const CollectionId&,
                                              std::span<const std::string>) override {
    return none();
  }
  Result<void> ping() const override { return {}; }

 private:
  std::vector<std::shared_ptr<FakeSnapshot>> all_;
};

}  // namespace trawl::test
