#include "pipeline/bounds_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "pipeline/template/template.h"

namespace trawl {
namespace {

class BoundsCheck {
 public:
  BoundsCheck(const PipelineStage& stage, const json::object& inputs)
      : definition_(*stage.definition), scope_{&inputs, nullptr, nullptr, nullptr} {}

  Result<void> check(const json::object& object, const std::string& location) const {
    for (const auto& field : object) {
      const std::string_view key(field.key().data(), field.key().size());
      if (is_among(definition_.filters, key)) continue;
      TRAWL_TRY(check(field.value(), fmt::format("{}.{}", location, key),
                      is_among(definition_.bounds, key)));
    }
    return {};
  }

 private:
  static bool is_among(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Result<void> check(const json::value& value, const std::string& location,
                     bool is_bound) const {
    if (const auto* array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        TRAWL_TRY(check((*array)[i], fmt::format("{}[{}]", location, i), is_bound));
      }
      return {};
    }
    const auto* object = value.if_object();
    const bool is_dynamic = object != nullptr && object->size() == 2 &&
                            object->contains("type") && object->contains("field");
    if (object != nullptr && !(is_bound && is_dynamic)) return check(*object, location);
    if (!is_bound || (object == nullptr && !value.is_string())) return {};
    Guarded guarded;
    guarded.all = true;
    // What fails here fails when the stage runs, too.
    if (!render_templates(value, scope_, guarded) || guarded.absent.empty()) return {};
    return invalid_at(
        location,
        fmt::format("{} needs {}, which is not given; give it, or a default, as in "
                    "{{{{{} | default(10)}}}}",
                    location, guarded.absent.front(), guarded.absent.front()));
  }

  const StageDefinition& definition_;
  const TemplateScope scope_;
};

}  // namespace

Result<void> check_bounds(const PipelineStage& stage, const json::object& inputs) {
  return BoundsCheck(stage, inputs).check(stage.parameters, stage.location);
}

}  // namespace trawl
