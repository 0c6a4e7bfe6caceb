#include "app/engines.h"

#include <gtest/gtest.h>

#include <string>

#include "ledger/ledger_test_data.h"

namespace trawl::app::engines_test {
namespace {

TEST(Engines, OpenWhatTheirNameSays) {
  const test::ScratchDirectory directory;
  LedgerOpening ledger_opening{directory.file(".")};
  const auto ledger = open_ledger_engine(kEmbedded, ledger_opening).value();
  EXPECT_TRUE(ledger->traits().local);
  CorpusOpening corpus_opening{directory.file(".")};
  const auto opened = open_corpus_engine(kEmbedded, corpus_opening).value();
  EXPECT_TRUE(opened.catalog->list_namespaces().value().empty());
  EXPECT_TRUE(opened.corpus->traits().versions);
}

TEST(Engines, OthersAreRefusedWithThoseThereAre) {
  EXPECT_TRUE(is_ledger_engine(kEmbedded));
  EXPECT_TRUE(is_corpus_engine(kEmbedded));
  for (const char* name : {"", "Embedded", "embedded ", "sqlite", "nosuch"}) {
    EXPECT_FALSE(is_ledger_engine(name));
    EXPECT_FALSE(is_corpus_engine(name));
    const auto ledger = open_ledger_engine(name, {});
    ASSERT_FALSE(ledger);
    EXPECT_EQ(ledger.error().code, ErrorCode::invalid);
    EXPECT_EQ(ledger.error().message, "ledger.engine is '" + std::string(name) + "'; use " +
                                          std::string(ledger_engines()));
    const auto corpus = open_corpus_engine(name, {});
    ASSERT_FALSE(corpus);
    EXPECT_EQ(corpus.error().code, ErrorCode::invalid);
  }
  EXPECT_NE(ledger_engines().find(kEmbedded), std::string_view::npos);
}

}  // namespace
}  // namespace trawl::app::engines_test
