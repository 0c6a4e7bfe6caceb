#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "corpus/corpus.h"
#include "model/execution.h"

namespace trawl {

// Why an execution cannot be run again as it was.
struct Obstacle {
  std::string reason;
  std::optional<TimeUs> since;
  bool gone = false;             // It could, until then.
  bool collection_gone = false;  // Nor over the documents of today.
};

// Of a version of a collection: nothing where it can be read.
//   storage
Result<std::optional<Obstacle>> version_obstacle(const Catalog& catalog,
                                                 const Corpus& corpus,
                                                 const NamespaceId& namespace_id,
                                                 std::string_view collection_id,
                                                 std::uint64_t version);

// Of the record alone: that it has not ended, or holds too little.
std::optional<Obstacle> record_obstacle(const Execution& execution);

// The paths into the inputs, as JSON pointers, of what a recording policy has replaced; at
// most ten of them.
std::vector<std::string> replaced_inputs(const json::value& inputs);

}  // namespace trawl
