// Goal: what is recorded of a pipeline to find it again, its fingerprint and its shape,
// stays what it was when the pipeline was recorded. Method: pipelines as clients sent them
// to version 0.2.0, with what it recorded of them.

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/hash.h"
#include "pipeline/pipeline.h"
#include "stages/stage_test_support.h"

namespace trawl::pipeline_shapes_test {
namespace {

using namespace stage_test;

TEST(PipelineShapes, AreWhatTheyWere) {
  const json::value recorded =
      parse(read_file(TRAWL_SOURCE_DIR "/tests/golden/pipeline_shapes.json").value());
  ASSERT_GE(recorded.get_array().size(), 14u);
  for (const auto& each : recorded.get_array()) {
    const json::object& request = each.at("request").get_object();
    SCOPED_TRACE(to_json_text(each.at("request")));
    ObjectReader body(request, {});
    const auto pipeline = parse_pipeline(body, registry());
    ASSERT_TRUE(pipeline) << pipeline.error().message;
    EXPECT_EQ(sha256_hex(canonical_json(pipeline->to_json())),
              view(each.at("fingerprint").get_string()));
    EXPECT_EQ(shape_of(*pipeline), view(each.at("shape").get_string()));
  }
}

}  // namespace
}  // namespace trawl::pipeline_shapes_test
