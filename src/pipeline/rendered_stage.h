#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "pipeline/pipeline.h"
#include "pipeline/template/template.h"
#include "query/filter.h"

namespace trawl {

// What a stage is given for one run: its parameters and the filters beside them, with the
// templates filled in.
struct RenderedStage {
  json::object parameters;
  json::array pre_filters;
  json::array post_filters;
  std::vector<std::string> absent;    // What conditions needed and is not there.
  std::vector<std::string> unfilled;  // What other parameters named likewise.
};

// As the normal form of a pipeline has the config of a stage, where there is one filter of
// each kind: {parameters, pre_filters?, post_filters?}.
json::object config_of(const RenderedStage& rendered);

//   invalid  a template names what cannot be there, or fills in what a place does not take
Result<RenderedStage> render(const PipelineStage& stage, const TemplateScope& scope);

// Filters as they were rendered; of both kinds in turn.
Result<std::vector<Filter>> compile_filters(const std::vector<StageFilter>& filters,
                                            const json::array& rendered);

// Whether a template in it may name what the run knows of itself, such as its time.
bool reads_context(const json::value& value);

// What is said of templates that were filled in as nothing.
std::vector<std::string> absence_warnings(const RenderedStage& rendered);

// An error in what templates were filled in as, with what they lacked.
Error named_absent(Error error, const RenderedStage& rendered);

// Equal for stages that do the same to the same input.
std::string stage_key(const PipelineStage& stage, const RenderedStage& rendered);

}  // namespace trawl
