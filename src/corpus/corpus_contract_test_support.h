#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "corpus/corpus_test_support.h"

// What every corpus promises is tested with each engine: corpus_contract_test.cc names them
// and has the catalog; writes, reads and versions have a file each. What an engine does not
// promise by its traits is not asked of it.
namespace trawl::test {

// An engine that is open.
struct OpenedCorpus {
  std::shared_ptr<void> owner;
  Catalog* catalog = nullptr;
  Corpus* corpus = nullptr;
  // Makes readable what was written, where that takes more than a write.
  std::function<void()> refresh = [] {};
};

struct CorpusBackend {
  std::string name;
  std::function<OpenedCorpus(const std::string& directory, const Clock& clock)> open;
};

// All of them.
std::vector<CorpusBackend> corpus_backends();

class CorpusContract : public testing::TestWithParam<CorpusBackend> {
 protected:
  std::shared_ptr<const Snapshot> snapshot(std::optional<std::uint64_t> version = {}) {
    opened_.refresh();
    return corpus_->snapshot(id_, version).value();
  }

  void put(const std::string& document_id, std::string_view fields) {
    put({{document_id, object_of(fields)}});
  }
  void put(std::vector<DocumentWrite> documents) {
    ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  }

  // The newest version, where the engine counts them.
  void expect_version(std::uint64_t version) {
    if (traits_.versions) {
      EXPECT_EQ(snapshot()->version(), version);
    }
  }

  static std::vector<SearchHit> search(const Snapshot& snapshot, const std::string& text,
                                       Selection within = {}, std::uint32_t top_k = 100) {
    SearchRequest request;
    request.feature_uri = kUri;
    request.text = text;
    request.within = std::move(within);
    request.top_k = top_k;
    return snapshot.search(request, {}).value().hits;
  }
  static std::size_t hits(const Snapshot& snapshot, const std::string& text) {
    return search(snapshot, text).size();
  }

  TempDirectory directory_;
  ManualClock clock_;
  OpenedCorpus opened_ = GetParam().open(directory_.path(), clock_);
  Catalog* const catalog_ = opened_.catalog;
  Corpus* const corpus_ = opened_.corpus;
  const CorpusTraits traits_ = corpus_->traits();
  CollectionId id_ = make_collection(*catalog_);
};

}  // namespace trawl::test
