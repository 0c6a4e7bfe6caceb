#include "pipeline/rendered_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "pipeline/template/filled_parameters.h"

namespace trawl {

Result<RenderedStage> render(const PipelineStage& stage, const TemplateScope& scope) {
  RenderedStage out;
  Guarded guarded;
  guarded.members = stage.definition->filters;
  TRAWL_ASSIGN(json::value parameters,
               render_templates(json::value(stage.parameters), scope, guarded));
  if (!parameters.is_object()) {
    return make_error(ErrorCode::internal, "the parameters are not an object");
  }
  out.parameters = std::move(parameters.get_object());
  TRAWL_TRY(check_filled(stage.definition->text_places, stage.parameters, out.parameters,
                         stage.location));
  guarded.all = true;
  for (const auto& [filters, rendered] :
       {std::pair(&stage.pre_filters, &out.pre_filters),
        std::pair(&stage.post_filters, &out.post_filters)}) {
    for (const auto& filter : *filters) {
      TRAWL_ASSIGN(json::value one, render_templates(filter.source, scope, guarded));
      rendered->push_back(std::move(one));
    }
  }
  out.absent = std::move(guarded.absent);
  out.unfilled = std::move(guarded.unfilled);
  return out;
}

Result<std::vector<Filter>> compile_filters(const std::vector<StageFilter>& filters,
                                            const json::array& rendered) {
  std::vector<Filter> out;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    FilterOptions options;
    options.case_sensitive = filters[i].case_sensitive;
    options.filled_in = true;
    TRAWL_ASSIGN(Filter filter, Filter::compile(rendered[i], filters[i].location, options));
    out.push_back(std::move(filter));
  }
  return out;
}

bool reads_context(const json::value& value) {
  if (const auto* text = value.if_string()) {
    const std::string folded = to_lower_ascii(view(*text));
    return folded.find("{{") != std::string::npos &&
           folded.find("context") != std::string::npos;
  }
  if (const auto* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), reads_context);
  }
  const auto* object = value.if_object();
  return object != nullptr &&
         std::any_of(object->begin(), object->end(),
                     [](const auto& field) { return reads_context(field.value()); });
}

std::vector<std::string> absence_warnings(const RenderedStage& rendered) {
  std::vector<std::string> out;
  for (const auto& path : rendered.absent) {
    out.push_back(
        fmt::format("{} is not given, so the conditions that need it match nothing; give "
                    "it, or a default, as in {{{{{} | default('…')}}}}",
                    path, path));
  }
  for (const auto& path : rendered.unfilled) {
    if (path.starts_with("DOC") || path.starts_with("doc")) {
      out.push_back(
          fmt::format("{} is filled in as nothing, as parameters are filled in once for "
                      "all documents; leave it out",
                      path));
      continue;
    }
    out.push_back(fmt::format(
        "{} is not given, and so is filled in as nothing; give it, or a default, as in "
        "{{{{{} | default('…')}}}}",
        path, path));
  }
  return out;
}

Error named_absent(Error error, const RenderedStage& rendered) {
  std::vector<std::string> paths;
  for (const auto* names : {&rendered.unfilled, &rendered.absent}) {
    for (const std::string& path : *names) paths.push_back("{{" + path + "}}");
  }
  if (!paths.empty()) {
    error.message += fmt::format("; {} {} not given", fmt::join(paths, " and "),
                                 paths.size() == 1 ? "was" : "were");
  }
  return error;
}

std::string stage_key(const PipelineStage& stage, const RenderedStage& rendered) {
  std::string text = fmt::format("{}\n{}", stage.definition->stage_id,
                                 canonical_json(rendered.parameters));
  const auto add_filters = [&](const std::vector<StageFilter>& filters,
                               const json::array& values) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
      text += fmt::format("\n{}{}", filters[i].case_sensitive ? "" : "~",
                          canonical_json(values[i]));
    }
  };
  add_filters(stage.pre_filters, rendered.pre_filters);
  text += "\n";
  add_filters(stage.post_filters, rendered.post_filters);
  if (!rendered.absent.empty()) {
    // What is absent is written like null; the templates tell where that is.
    text += "\n" + canonical_json(json::value(stage.parameters));
    for (const auto* filters : {&stage.pre_filters, &stage.post_filters}) {
      for (const auto& filter : *filters) text += "\n" + canonical_json(filter.source);
    }
  }
  return text;
}

json::object config_of(const RenderedStage& rendered) {
  json::object out{{"parameters", rendered.parameters}};
  const auto add = [&](std::string_view name, const json::array& filters) {
    if (filters.empty()) return;
    out[json::string_view(name.data(), name.size())] =
        filters.size() == 1 ? filters.front() : json::value(filters);
  };
  add("pre_filters", rendered.pre_filters);
  add("post_filters", rendered.post_filters);
  return out;
}

}  // namespace trawl
