#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/execution_json.h"
#include "pipeline/bounds_check.h"
#include "pipeline/input_schema.h"
#include "pipeline/open_collection.h"
#include "pipeline/pipeline_run.h"
#include "pipeline/unread_inputs.h"

namespace trawl {
namespace {

bool is_called(const Snapshot& snapshot, std::string_view identifier) {
  return snapshot.collection().id.str() == identifier ||
         snapshot.collection().name == identifier;
}

// Whether the collection of that name is among those of the versions.
bool sees(const Catalog& catalog, const NamespaceId& namespace_id,
          std::string_view identifier, const std::vector<CollectionVersion>& versions) {
  const auto collection = catalog.find_collection(namespace_id, identifier);
  return collection && std::any_of(versions.begin(), versions.end(), [&](const auto& one) {
           return one.collection_id == collection->id.str();
         });
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> open_collection(
    const Catalog& catalog, const Corpus& corpus, const NamespaceId& namespace_id,
    std::string_view identifier, const std::vector<CollectionVersion>& versions) {
  TRAWL_ASSIGN(const Collection collection,
               catalog.find_collection(namespace_id, identifier));
  for (const CollectionVersion& one : versions) {
    if (one.collection_id == collection.id.str()) {
      return corpus.snapshot(collection.id, one.version);
    }
  }
  return corpus.snapshot(collection.id);
}

Result<BoundPipeline> PipelineRunner::bind(Pipeline pipeline, json::object inputs,
                                           const NamespaceId& namespace_id,
                                           const BindAt& at) const {
  BoundPipeline bound;
  bound.namespace_id = namespace_id;
  bound.versions.assign(at.versions.begin(), at.versions.end());
  bound.versions.insert(bound.versions.end(), at.pinned.begin(), at.pinned.end());
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
    auto snapshot =
        open_collection(catalog_, corpus_, namespace_id, identifier, bound.versions);
    if (!snapshot) {
      Error error = std::move(snapshot).error();
      error.location = location;
      return error;
    }
    return snapshot;
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
    const std::size_t place = bound.snapshots.size();
    const std::string location = fmt::format("collection_identifiers[{}]", i);
    if (place < at.versions.size() &&
        !sees(catalog_, namespace_id, identifier, bound.versions)) {
      // It was called that then.
      const CollectionVersion& then = at.versions[place];
      auto snapshot = corpus_.snapshot(CollectionId(then.collection_id), then.version);
      if (!snapshot) {
        Error error = std::move(snapshot).error();
        error.location = location;
        return error;
      }
      bound.snapshots.push_back(std::move(*snapshot));
      continue;
    }
    TRAWL_ASSIGN(auto snapshot, open(identifier, location));
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
    bound.may_read_others |= made->may_read_others();
    stages.push_back(std::move(made));
  }

  for (const auto& stage : pipeline.stages) TRAWL_TRY(check_bounds(stage, bound.inputs));

  BindContext context;
  context.snapshots = bound.snapshots;
  context.find = [&](std::string_view identifier) { return open(identifier, {}); };
  context.first = true;
  context.providers = providers_;
  if (options_.may_send) {
    context.may_send = [&](std::string_view asked) {
      return options_.may_send(bound.namespace_id, asked);
    };
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    Stage& stage = *stages[i];
    auto fits = stage.bind(context);
    if (!fits) {
      Error error = std::move(fits).error();
      if (error.location.empty()) error.location = pipeline.stages[i].location;
      return error;
    }
    bound.stage_facts.push_back({stage.traits(), stage.fields_read(),
                                 stage.traits().deterministic && stage.may_be_cached()});
    if (!bound.summary_text && pipeline.stages[i].definition->reads_collections) {
      bound.summary_text = stage.summary_text();
    }
    context.first = false;
  }
  bound.pipeline = std::move(pipeline);
  return bound;
}

}  // namespace trawl
