#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/object_reader.h"
#include "base/result.h"
#include "pipeline/stage_registry.h"

namespace trawl {

inline constexpr std::size_t kPipelineStagesMax = 50;
inline constexpr std::size_t kStageNameCharsMax = 200;

// What one execution may spend. Absent: no limit.
struct BudgetLimits {
  std::optional<double> max_credits;
  std::optional<std::int64_t> max_time_ms;
};

// A filter that stands beside the parameters of a stage, or beside the stages.
struct StageFilter {
  json::value source;    // As sent.
  std::string location;  // Where, for messages.
  bool case_sensitive = false;
};

struct PipelineStage {
  std::string stage_name;  // Unique within the pipeline: _2, _3 … are appended.
  const StageDefinition* definition = nullptr;
  json::object parameters;  // As sent: templates not rendered, aliases kept.
  std::string location;     // Of the parameters in the request, for messages.
  // All of these narrow what the stage reads, or what it hands on.
  std::vector<StageFilter> pre_filters;
  std::vector<StageFilter> post_filters;
  std::optional<std::string> batch_size;
  std::optional<std::string> description;
  // on_error "skip": when the stage fails, the next one continues with what it was given.
  bool skip_on_error = false;
};

// A retrieval pipeline as a request described it, checked as far as is possible without
// its inputs. Plain data.
struct Pipeline {
  std::vector<std::string> collection_identifiers;  // Names or ids; may be empty.
  json::value input_schema;                         // Null when none was sent.
  std::vector<PipelineStage> stages;
  BudgetLimits budget;
  std::vector<std::string> warnings;  // About what means nothing here.

  // The normal form: {collection_identifiers, input_schema, stages, budget_limits} with
  // stages in the authoritative shape, config {stage_id, parameters, pre_filters?,
  // post_filters?}.
  json::object to_json() const;
};

// Reads a pipeline out of a request body in any of the documented shapes, checks templates
// and every stage's parameters. `filters` and `pre_filters` beside the stages become
// pre_filters of the first, or of one that is put in front of it where it reads no
// collections. Messages name the places of the request, whatever short form was sent.
// The first `kept` stages are not from the request, but from a recorded pipeline; messages
// count those behind from 0.
//   invalid      with the location of the value
//   not_enabled  a stage of the contract that this server does not offer
Result<Pipeline> parse_pipeline(ObjectReader& body, const StageRegistry& registry,
                                std::size_t kept = 0);

// SHA-256 of the pipeline's stages with every literal parameter value replaced by its type:
// equal for pipelines that differ in constants only. Recorded with each execution, so what
// it makes of a pipeline never changes.
std::string shape_of(const Pipeline& pipeline);

}  // namespace trawl
