#pragma once

#include <string>
#include <vector>

#include "api/services.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "model/collection.h"
#include "model/execution.h"
#include "pipeline/pipeline_run.h"

namespace trawl::api {

// A collection that a request wants to search as it was at a version.
struct PinnedVersion {
  Collection collection;
  std::uint64_t version = 0;
  std::string name;  // As it was sent.

  std::string location() const;
};

// Reads `collection_versions`: {collection: version}, by name or id. Each can be read.
//   invalid      not a version, one that never was, no such collection, or one twice
//   gone         no longer kept
//   not_enabled  the engine keeps no versions
Result<std::vector<PinnedVersion>> read_pinned_versions(const Services& services,
                                                        const NamespaceId& namespace_id,
                                                        ObjectReader& body);

// PipelineRunner::bind() at these versions.
//   invalid  one of a collection that the pipeline does not read
//   gone     no longer kept since they were read
//   and what bind() returns
Result<BoundPipeline> bind_pinned(const Services& services,
                                  const std::vector<PinnedVersion>& pinned,
                                  Pipeline pipeline, json::object inputs,
                                  const NamespaceId& namespace_id);

// Of collections that only templates could name, and did not: a warning each.
std::vector<std::string> unused_version_warnings(const std::vector<PinnedVersion>& pinned,
                                                 const Execution& ran);

}  // namespace trawl::api
