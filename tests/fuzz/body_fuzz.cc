// Request bodies: JSON from anywhere, read as each kind of request. Whatever the bytes, the
// answer is a value or an error, and a pipeline that was accepted has a stable normal form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/collections/collection_json.h"
#include "api/documents/document_json.h"
#include "api/executions/executions.h"
#include "api/wire/result_page.h"
#include "base/json.h"
#include "pipeline/input_schema.h"
#include "pipeline/pipeline.h"
#include "stages/register_stages.h"

namespace {

const trawl::StageRegistry& registry() {
  static const trawl::StageRegistry stages = [] {
    trawl::StageRegistry made;
    trawl::register_stages(made);
    return made;
  }();
  return stages;
}

void read_as_pipeline(const trawl::json::object& body) {
  trawl::ObjectReader in(body, {});
  const auto pipeline = trawl::parse_pipeline(in, registry());
  (void)trawl::api::parse_result_page(in);
  if (!pipeline) {
    if (pipeline.error().message.empty()) std::abort();
    return;
  }
  // The normal form of a normal form is itself: what the record keeps can be run again.
  const trawl::json::object first = pipeline->to_json();
  trawl::ObjectReader again(first, {});
  const auto second = trawl::parse_pipeline(again, registry());
  if (!second) std::abort();
  if (trawl::canonical_json(second->to_json()) != trawl::canonical_json(first))
    std::abort();
  const auto* inputs = body.if_contains("inputs");
  if (inputs != nullptr && inputs->is_object()) {
    (void)trawl::bind_inputs(&pipeline->input_schema, inputs->get_object());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = trawl::parse_json(text);
  if (!body || !body->is_object()) return 0;
  const trawl::json::object& object = body->get_object();
  read_as_pipeline(object);
  (void)trawl::api::parse_execution_list_body(
      object, trawl::NamespaceId("ns_x"), 0,
      [](std::string_view id) -> trawl::Result<trawl::CollectionId> {
        return trawl::CollectionId(std::string(id));
      });
  trawl::ObjectReader in(object, {});
  (void)trawl::api::read_new_collection(in, {}, {});
  if (auto document = trawl::api::read_document(object, {}, {})) {
    (void)trawl::api::apply_update(object, true, "body", document->fields);
  }
  return 0;
}
