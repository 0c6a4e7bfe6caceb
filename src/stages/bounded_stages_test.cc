// Goal: no loop of a stage continues when the work limit of its thread says no.
// Method: every stage over much input, with a limit that says no at its first look, and a
// checkpoint of its own that never does.

#include <gtest/gtest.h>

#include "base/work_limit.h"
#include "stages/reduce/facets.h"
#include "stages/stage_test_support.h"

namespace trawl::bounded_stages_test {
namespace {

using namespace stage_test;

constexpr std::size_t kDocuments = 6'000;

// Documents that differ, in an order that no sort can keep. `long_text`: of 20 kB each.
std::vector<Candidate> many(std::size_t count, std::size_t text_bytes) {
  std::vector<Candidate> out;
  std::uint32_t random = 7;
  for (std::size_t i = 0; i < count; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    Candidate each;
    each.collection_id = "col_test";
    each.document_id = std::to_string(i);
    each.score = static_cast<double>(random % 1'000);
    std::string text = std::to_string(random) + std::string(text_bytes, 'x');
    for (std::size_t at = 12; at + 8 < text.size(); at += 7) {
      text[at] = static_cast<char>('a' + (random >> (at % 20)) % 20);
    }
    each.fields = std::make_shared<const json::object>(
        json::object{{"text", json::value(text)},
                     {"number", random},
                     {"tags", json::array{json::value(std::to_string(random)), i}}});
    out.push_back(std::move(each));
  }
  return out;
}

struct Case {
  const char* stage_id;
  const char* parameters;
  std::size_t documents = kDocuments;
  std::size_t text_bytes = 200;
};

class BoundedStages : public testing::TestWithParam<Case> {};

TEST_P(BoundedStages, EndSoonAfterTheLimitSaysNo) {
  const Case& it = GetParam();
  CandidateList input = to_list(many(it.documents, it.text_bytes));
  TestRun test;
  int looks = 0;
  const Checkpoint check = [&looks]() -> Result<void> {
    ++looks;
    return make_error(ErrorCode::timeout, "enough");
  };
  const auto stage = make_stage(it.stage_id, it.parameters);
  BindContext context;
  ASSERT_TRUE(stage->bind(context));
  ASSERT_TRUE(input.load(stage->fields_read(), {}));
  const auto ran = bounded(check, [&]() -> Result<StageOutput> {
    return stage->run(std::move(input), test.run);
  });
  ASSERT_FALSE(ran) << "it ended by itself";
  EXPECT_EQ(ran.error().message, "enough");
  EXPECT_EQ(looks, 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, BoundedStages,
    testing::Values(
        Case{"attribute_filter",
             R"({"field":"text","operator":"regex","value":"(a|b){40}q"})"},
        Case{"attribute_filter", R"({"field":"text","operator":"contains","value":"zz"})",
             300, 20'000},
        Case{"attribute_filter", R"({"field":"text","operator":"text","value":"zz yy"})",
             300, 20'000},
        Case{"attribute_filter",
             R"({"conditions":{"OR":[{"tags":1},{"tags":2},{"text":"a"},{"number":-1}]}})"},
        Case{"deduplicate", R"({"strategy":"field","fields":["text","tags"]})", 6'000,
             2'000},
        Case{"deduplicate", R"({"strategy":"content","content_field":"text"})", 400, 2'000},
        Case{"sort_attribute", R"({"sort_field":"text"})"},
        Case{"sort_attribute", R"({"sort_field":"tags"})"},
        Case{"sort_relevance", R"({"score_field":"number","normalize":true})"},
        Case{"group_by", R"({"group_by_field":"text","sort_groups_by":"field"})"},
        Case{"group_by", R"({"group_by_field":"tags"})"},
        Case{"aggregate",
             R"({"aggregations":[{"function":"percentile","field":"number","alias":"p"},
                 {"function":"max","field":"text","alias":"m"}]})"},
        Case{"aggregate",
             R"({"aggregations":[{"function":"count_distinct","field":"tags","alias":"d"},
                 {"function":"collect_distinct","field":"text","alias":"c"}]})",
             6'000, 2'000},
        Case{"sample", R"({"sample_size":5000,"strategy":"random"})", 60'000, 1}));

TEST(BoundedStages, FacetsOfAFirstSearchAreCountedWithinTheLimit) {
  FakeCorpus corpus;
  FakeSnapshot& books = corpus.add("books", {"title"});
  for (int i = 0; i < 6'000; ++i) {
    books.add(std::to_string(i), R"({"title":"whale","tags":["a","b","c","d"]})");
  }
  int looks = 0;
  const Checkpoint check = [&looks]() -> Result<void> {
    ++looks;
    return make_error(ErrorCode::timeout, "enough");
  };
  const auto ran = bounded(check, [&] {
    return corpus.run("feature_search",
                      R"({"searches":[{"query":{"text":"whale"}}],"facets":["tags"]})");
  });
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().message, "enough");
}

TEST(Facets, HoldABoundedNumberOfValues) {
  FacetCounter counter({{"id", 1}, {"same", 1}});
  CandidateList candidates;
  for (std::size_t i = 0; i <= kFacetValuesMax; ++i) {
    candidates.add_row({{"id", i}, {"same", "a"}});
  }
  candidates.add_row({{"id", 7}});  // Known already, so it counts on.
  for (std::size_t i = 0; i < candidates.size(); ++i) counter.add(candidates, i);
  EXPECT_EQ(counter.cut(), std::vector<std::string>{"id"});
  EXPECT_EQ(to_json_text(json::value(counter.result())),
            R"({"id":[{"value":7,"count":2}],"same":[{"value":"a","count":100001}]})");
}

}  // namespace
}  // namespace trawl::bounded_stages_test
