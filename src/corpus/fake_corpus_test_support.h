#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "corpus/fake_snapshot_test_support.h"
#include "corpus/memory/memory_corpus.h"

namespace trawl::test {

// A corpus of collections that a test makes, of which it can see what is fetched.
class FakeCorpus final : public MemoryCorpus {
 public:
  FakeSnapshot& add(const std::string& name, std::vector<std::string> features = {}) {
    all_.push_back(std::make_shared<FakeSnapshot>(name, std::move(features)));
    return *all_.back();
  }

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
  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t>) const override {
    for (const auto& snapshot : all_) {
      if (snapshot->collection().id == id) return std::shared_ptr<const Snapshot>(snapshot);
    }
    return none();
  }

 private:
  static Error none() { return make_error(ErrorCode::not_found, "there is nothing here"); }

  std::vector<std::shared_ptr<FakeSnapshot>> all_;
};

}  // namespace trawl::test
