#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "corpus/corpus.h"
#include "corpus/memory/memory_corpus.h"

namespace trawl::test {

// What a remote engine with a refresh now and then can do: what is written is seen after
// refresh(), there are no versions, a search is cut before it is filtered, and its scores
// are nobody's but its own.
class PoorCorpus final : public Corpus {
 public:
  explicit PoorCorpus(MemoryCorpus& primary) : primary_(primary) {}

  // Shows what was written until now, also to snapshots that are open.
  void refresh() {
    const auto namespaces = primary_.list_namespaces().value();
    const MutexLock lock(replica_->mutex);
    replica_->collections.clear();
    for (const Namespace& ns : namespaces) {
      for (const Collection& collection : primary_.list_collections(ns.id).value()) {
        replica_->collections[collection.id] = primary_.snapshot(collection.id, {}).value();
      }
    }
  }

  CorpusTraits traits() const override {
    return {.versions = false,
            .exact_bm25 = false,
            .read_your_writes = false,
            .filter_pushdown = false,
            .vectors = false,
            .local = false};
  }
  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t> version) const override {
    if (version) {
      return make_error(ErrorCode::not_enabled, "this engine keeps no versions");
    }
    TRAWL_ASSIGN(const auto primary, primary_.snapshot(id, {}));
    return std::shared_ptr<const Snapshot>(
        std::make_shared<Shown>(replica_, primary->collection()));
  }
  Result<std::vector<DocumentOutcome>> put(const CollectionId& id,
                                           std::vector<DocumentWrite> documents,
                                           Atomic atomic) override {
    return primary_.put(id, std::move(documents), atomic);
  }
  Result<std::vector<DocumentOutcome>> insert(const CollectionId& id,
                                              std::vector<DocumentWrite> documents,
                                              Atomic atomic) override {
    return primary_.insert(id, std::move(documents), atomic);
  }
  Result<Document> update(const CollectionId& id, const std::string& document_id,
                          const ChangeDocument& change) override {
    return primary_.update(id, document_id, change);
  }
  Result<std::vector<bool>> update_many(const CollectionId& id,
                                        std::span<const std::string> document_ids,
                                        const ChangeDocuments& change) override {
    return primary_.update_many(id, document_ids, change);
  }
  Result<std::vector<DocumentOutcome>> remove(
      const CollectionId& id, std::span<const std::string> document_ids) override {
    return primary_.remove(id, document_ids);
  }
  Result<void> ping() const override { return {}; }

 private:
  struct Replica {
    Mutex mutex;
    std::map<CollectionId, std::shared_ptr<const Snapshot>> collections
        TRAWL_GUARDED_BY(mutex);
  };

  // Whatever the replica has when it is asked.
  class Shown final : public Snapshot {
   public:
    Shown(std::shared_ptr<Replica> replica, Collection collection)
        : replica_(std::move(replica)), collection_(std::move(collection)) {}

    const Collection& collection() const override { return collection_; }
    std::uint64_t version() const override { return now()->version(); }
    std::uint64_t document_count() const override { return now()->document_count(); }
    Result<SearchResult> search(const SearchRequest& request,
                                const Checkpoint& check) const override {
      const auto snapshot = now();
      SearchRequest unfiltered = request;
      unfiltered.within = {};
      TRAWL_ASSIGN(SearchResult found, snapshot->search(unfiltered, check));
      TRAWL_ASSIGN(const auto passing, select_documents(*snapshot, request.within, check));
      std::erase_if(found.hits, [&](const SearchHit& hit) {
        return !std::binary_search(passing.begin(), passing.end(), hit.document);
      });
      for (SearchHit& hit : found.hits) hit.score = hit.score / (1 + hit.score);
      return found;
    }
    Result<void> scan(const Selection& within, const Checkpoint& check,
                      const VisitRefs& visit) const override {
      return now()->scan(within, check, visit);
    }
    Result<void> fetch(std::span<const DocumentRef> documents, const FieldSet& fields,
                       const Checkpoint& check, const VisitDocument& visit) const override {
      return now()->fetch(documents, fields, check, visit);
    }
    Result<std::optional<Document>> get(const std::string& document_id) const override {
      return now()->get(document_id);
    }

   private:
    std::shared_ptr<const Snapshot> now() const {
      const MutexLock lock(replica_->mutex);
      const auto found = replica_->collections.find(collection_.id);
      if (found != replica_->collections.end()) return found->second;
      return std::make_shared<MemorySnapshot>(
          std::make_shared<const Collection>(collection_), 0,
          std::make_shared<const MemorySnapshot::Documents>());
    }

    const std::shared_ptr<Replica> replica_;
    const Collection collection_;
  };

  MemoryCorpus& primary_;
  const std::shared_ptr<Replica> replica_ = std::make_shared<Replica>();
};

}  // namespace trawl::test
