#include "api/namespaces/deleted_history.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "corpus/store/sqlite_corpus.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"

namespace trawl::app::deleted_history_test {
namespace {

// A ledger whose disk takes no deletions for a while.
class StubbornLedger final : public MemoryLedger {
 public:
  Result<void> remove_namespace(const NamespaceId& id) override {
    if (fails) return make_error(ErrorCode::storage, "the disk failed");
    return MemoryLedger::remove_namespace(id);
  }
  bool fails = true;
};

// Goal: the history follows its namespace however often the ledger fails, and after a
// restart, too; and no other history goes.
TEST(DeletedHistory, FollowsItsNamespace) {
  const test::ScratchDirectory directory;
  CorpusOptions options;
  options.directory = directory.file("data");
  auto corpus = open_corpus(options).value();
  const auto make = [&](std::string name) {
    Namespace wanted;
    wanted.name = std::move(name);
    return corpus->create_namespace(std::move(wanted)).value().id;
  };
  const NamespaceId gone = make("gone");
  const NamespaceId kept = make("kept");
  StubbornLedger ledger;
  for (const NamespaceId& id : {gone, kept}) {
    test::put(ledger, test::finished(test::make_execution(id, "e", 1)));
  }
  EXPECT_TRUE(corpus->deleted_namespaces().value().empty());
  ASSERT_TRUE(corpus->delete_namespace("gone"));
  spdlog::set_level(spdlog::level::off);
  for (int turn = 0; turn < 2; ++turn) {
    api::remove_deleted_histories(*corpus, ledger);
    EXPECT_EQ(ledger.namespaces().value().size(), 2u);
    EXPECT_EQ(corpus->deleted_namespaces().value(), (std::vector<NamespaceId>{gone}));
    corpus.reset();
    corpus = open_corpus(options).value();
  }
  spdlog::set_level(spdlog::level::info);
  ledger.fails = false;
  api::remove_deleted_histories(*corpus, ledger);
  EXPECT_EQ(ledger.namespaces().value(), (std::vector<NamespaceId>{kept}));
  EXPECT_TRUE(corpus->deleted_namespaces().value().empty());
  EXPECT_FALSE(test::put(ledger, test::finished(test::make_execution(kept, "e", 1))));
}

}  // namespace
}  // namespace trawl::app::deleted_history_test
