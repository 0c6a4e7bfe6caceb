// Goal: a version that a request asks for is read, or the error says whether it was never
// there or is no longer kept, and what keeps it longer.
#include "insight/asked_version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "insight/comparison.h"
#include "insight/insight_test_support.h"

namespace trawl::asked_version_test {
namespace {

// Has lost the versions before one.
class ForgetfulCorpus final : public MemoryCorpus {
 public:
  using MemoryCorpus::MemoryCorpus;

  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t> version) const override {
    if (version && *version < oldest) {
      return make_error(ErrorCode::not_found, "no longer kept");
    }
    return MemoryCorpus::snapshot(id, version);
  }
  Result<std::optional<VersionCut>> cut_of(const CollectionId&,
                                           std::uint64_t version) const override {
    return version < oldest ? cut : std::nullopt;
  }

  std::uint64_t oldest = 0;
  std::optional<VersionCut> cut;
};

TEST(AskedVersionTest, ItIsThereOrTheErrorSaysWhyNot) {
  test::ManualClock clock;
  ForgetfulCorpus corpus(clock);
  Namespace ns;
  ns.name = "default";
  Collection wanted;
  wanted.namespace_id = corpus.create_namespace(ns).value().id;
  wanted.name = "books";
  const Collection books = corpus.create_collection(wanted).value();
  for (int n = 1; n <= 3; ++n) {
    std::vector<DocumentWrite> documents;
    documents.push_back({"a", {{"n", n}}});
    ASSERT_TRUE(corpus.put(books.id, std::move(documents), Atomic::yes));
  }
  const auto ask = [&](std::uint64_t version) {
    return asked_version(corpus, corpus, books, version, "version");
  };
  for (std::uint64_t version = 1; version <= 3; ++version) {
    EXPECT_EQ(ask(version).value()->get("a").value()->fields.at("n"), version);
  }
  const auto never = ask(4);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, ErrorCode::invalid);
  EXPECT_EQ(never.error().location, "version");
  EXPECT_NE(never.error().message.find("the newest is 3"), std::string::npos);

  corpus.oldest = 3;
  corpus.cut = VersionCut{0, 3, false};
  const auto gone = ask(2);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::gone);
  EXPECT_EQ(gone.error().location, "version");
  EXPECT_NE(gone.error().message.find("since 1970-01-01T00:00:00"), std::string::npos)
      << gone.error().message;
  EXPECT_NE(gone.error().message.find("replay_days"), std::string::npos);
  corpus.cut->for_room = true;
  EXPECT_NE(ask(2).error().message.find("took more room than replay_bytes_max"),
            std::string::npos);
  corpus.cut.reset();
  EXPECT_EQ(ask(2).error().code, ErrorCode::gone);
  EXPECT_TRUE(ask(3));
}

class PinnedRunTest : public test::InsightTest {
 protected:
  BoundPipeline bound_at(const json::value& body, const json::object& inputs,
                         const std::vector<CollectionVersion>& pinned) {
    ObjectReader in(body.get_object(), {});
    BindAt at;
    at.pinned = pinned;
    return runner_.bind(parse_pipeline(in, registry_).value(), inputs, ns_, at).value();
  }
};

// Method: random pipelines run once, and again at the version that they recorded, after
// more was written. The second is no replay, so that it may draw otherwise, and see another
// budget.
TEST_F(PinnedRunTest, ARunAtAVersionFindsWhatWasFoundThere) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  int compared = 0;
  for (int i = 0; i < 100; ++i) {
    write_some();
    const json::value body = a_pipeline();
    const json::object inputs = some_inputs();
    const Execution first = run(body, inputs);
    write_some();
    const Execution again = run(bound_at(body, inputs, first.collection_versions));
    EXPECT_EQ(again.collection_versions, first.collection_versions);
    if (std::any_of(first.stages.begin(), first.stages.end(),
                    [](const auto& stage) { return stage.seed || stage.context; })) {
      continue;
    }
    ++compared;
    const auto difference = first_difference(first, again);
    EXPECT_FALSE(difference) << difference->sentence << "\n" << first.pipeline;
    // As of then is as of the version that was asked for.
    EXPECT_FALSE(first_difference(again, replay(again)));
  }
  EXPECT_GT(compared, 20);
}

// What is not pinned is the newest, whichever place it has among the collections.
TEST_F(PinnedRunTest, OthersAreTheNewest) {
  add_collection("papers");
  write_some();
  write_some();
  const json::value body = parse_json(R"({"collection_identifiers": ["papers", "books"],
      "stages": [{"stage_id": "attribute_filter", "parameters": {"field": "year",
                  "operator": "gte", "value": "{{INPUT.year}}",
                  "collection_identifiers": ["{{INPUT.c}}"]}}]})")
                               .value();
  const auto bound =
      bound_at(body, {{"c", "books"}, {"year", 0}}, {{collection_.str(), 1}});
  ASSERT_EQ(bound.snapshots.size(), 2u);
  EXPECT_EQ(bound.snapshots[0]->collection().name, "papers");
  EXPECT_EQ(bound.snapshots[0]->version(), 0u);
  EXPECT_EQ(bound.snapshots[1]->version(), 1u);
  EXPECT_TRUE(bound.may_read_others);
}

// Also where only a template names it.
TEST_F(PinnedRunTest, ACollectionOfATemplateIsPinned) {
  add_collection("papers");
  write_some();
  write_some();
  const json::value body = parse_json(R"({"collection_identifiers": ["papers"],
      "stages": [{"stage_id": "attribute_filter", "parameters": {"field": "year",
                  "operator": "gte", "value": 0,
                  "collection_identifiers": ["{{INPUT.c}}"]}}]})")
                               .value();
  const Execution ran = run(bound_at(body, {{"c", "books"}}, {{collection_.str(), 1}}));
  EXPECT_EQ(ran.summary.status, status::kCompleted) << ran.error.value_or("");
  ASSERT_EQ(ran.collection_versions.size(), 2u);
  EXPECT_EQ(ran.collection_versions[1], (CollectionVersion{collection_.str(), 1}));
  EXPECT_EQ(ran.summary.total_returned,
            static_cast<std::int64_t>(
                corpus_.snapshot(collection_, 1).value()->document_count()));
}

}  // namespace
}  // namespace trawl::asked_version_test
