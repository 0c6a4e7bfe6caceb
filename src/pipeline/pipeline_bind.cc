#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/execution_json.h"
#include "pipeline/bounds_check.h"
#include "pipeline/input_schema.h"
#include "pipeline/pipeline_run.h"
#include "pipeline/unread_inputs.h"

namespace trawl {
namespace {

bool is_called(const Snapshot& snapshot, std::string_view identifier) {
  return snapshot.collection().id.str() == identifier ||
         snapshot.collection().name == identifier;
}

}  // namespace

Result<BoundPipeline> PipelineRunner::bind(Pipeline pipeline, json::object inputs,
                                           const NamespaceId& namespace_id) const {
  BoundPipeline bound;
  bound.namespace_id = namespace_id;
  append_json(bound.inputs_text, inputs);
  for (auto& warning : unread_input_warnings(pipeline, inputs)) {
    pipeline.warnings.push_back(std::move(warning));
  }
  bound.inputs_hash = hash_inputs(inputs);
  TRAWL_ASSIGN(
      bound.inputs,
      bind_inputs(pipeline.input_schema.is_null() ? nullptr : &pipeline.input_schema,
                  std::move(inputs)));
  const auto open =
      [&](std::string_view identifier,
          const std::string& location) -> Result<std::shared_ptr<const Snapshot>> {
    auto collection = catalog_.find_collection(namespace_id, identifier);
    if (!collection) {
      Error error = std::move(collection).error();
      error.location = location;
      return error;
    }
    return corpus_.snapshot(collection->id);
  };
  const auto known = [&](std::string_view identifier) {
    for (const auto* list : {&bound.snapshots, &bound.extra}) {
      for (const auto& snapshot : *list) {
        if (is_called(*snapshot, identifier)) return true;
      }
    }
    return false;
  };
  for (std::size_t i = 0; i < pipeline.collection_identifiers.size(); ++i) {
    const std::string& identifier = pipeline.collection_identifiers[i];
    if (known(identifier)) continue;
    TRAWL_ASSIGN(auto snapshot,
                 open(identifier, fmt::format("collection_identifiers[{}]", i)));
    bound.snapshots.push_back(std::move(snapshot));
  }
  std::vector<std::unique_ptr<Stage>> stages;
  for (const auto& stage : pipeline.stages) {
    ObjectReader reader(stage.parameters, stage.location, ObjectReader::Templates::allowed);
    TRAWL_ASSIGN(auto made, stage.definition->make(reader));
    for (const NamedCollection& named : made->collections()) {
      if (known(named.identifier)) continue;
      TRAWL_ASSIGN(auto snapshot, open(named.identifier, named.location));
      bound.extra.push_back(std::move(snapshot));
    }
    stages.push_back(std::move(made));
  }

  for (const auto& stage : pipeline.stages) TRAWL_TRY(check_bounds(stage, bound.inputs));

  BindContext context;
  context.snapshots = bound.snapshots;
  context.find = [&](std::string_view identifier) { return open(identifier, {}); };
  context.first = true;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    Stage& stage = *stages[i];
    auto fits = stage.bind(context);
    if (!fits) {
      Error error = std::move(fits).error();
      if (error.location.empty()) error.location = pipeline.stages[i].location;
      return error;
    }
    bound.stage_facts.push_back({stage.traits(), stage.fields_read()});
    if (!bound.summary_text && pipeline.stages[i].definition->reads_collections) {
      bound.summary_text = stage.summary_text();
    }
    context.first = false;
  }
  bound.pipeline = std::move(pipeline);
  return bound;
}

}  // namespace trawl
