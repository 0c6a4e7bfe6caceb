#include "pipeline/unread_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "pipeline/template/template.h"

namespace trawl {
namespace {

// More of them are counted, not named.
constexpr std::size_t kNamedMax = 8;
constexpr std::size_t kNameCharsMax = 64;

// Whether a schema, in either of its forms, has the name.
bool declares(const json::value& schema, json::string_view name) {
  const auto* fields = schema.if_object();
  if (fields == nullptr) return false;
  if (fields->contains(name)) return true;
  const auto* inner = fields->if_contains("properties");
  return inner != nullptr && inner->is_object() && inner->get_object().contains(name);
}

// The members of the inputs that templates may read; nothing when they may read any.
std::optional<std::vector<std::string>> names_read(const Pipeline& pipeline) {
  std::vector<std::string> out;
  const auto add = [&out](const json::value& value) {
    auto names = inputs_read(value);
    if (!names) return false;
    std::move(names->begin(), names->end(), std::back_inserter(out));
    return true;
  };
  for (const PipelineStage& stage : pipeline.stages) {
    if (!add(json::value(stage.parameters))) return std::nullopt;
    for (const auto* filters : {&stage.pre_filters, &stage.post_filters}) {
      for (const StageFilter& filter : *filters) {
        if (!add(filter.source)) return std::nullopt;
      }
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

std::vector<std::string> unread_input_warnings(const Pipeline& pipeline,
                                               const json::object& inputs) {
  std::vector<std::string_view> undeclared;
  for (const auto& input : inputs) {
    if (!declares(pipeline.input_schema, input.key())) undeclared.push_back(key_of(input));
  }
  if (undeclared.empty()) return {};
  const auto read = names_read(pipeline);
  if (!read) return {};
  std::vector<std::string_view> wanting;
  for (const std::string& name : *read) {
    if (!inputs.contains({name.data(), name.size()})) wanting.push_back(name);
  }
  std::vector<std::string> out;
  std::size_t more = 0;
  for (const std::string_view name : undeclared) {
    if (std::binary_search(read->begin(), read->end(), name)) continue;
    if (out.size() == kNamedMax) {
      ++more;
      continue;
    }
    const std::string shown = truncate_text(name, kNameCharsMax);
    std::string near = did_you_mean(name, wanting);
    out.push_back(fmt::format("inputs.{} is read by no template of the pipeline{}", shown,
                              near.empty() ? "; leave it out, or fill it in somewhere, as "
                                             "in {{INPUT." +
                                                 shown + "}}"
                                           : std::move(near)));
  }
  if (more > 0) {
    out.back() +=
        fmt::format("; nor {} {}", more == 1 ? "is" : "are", counted(more, "more input"));
  }
  return out;
}

}  // namespace trawl
