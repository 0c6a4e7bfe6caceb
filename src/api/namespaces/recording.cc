#include "api/namespaces/recording.h"

#include <utility>

#include "base/json.h"
#include "pipeline/template/template.h"

namespace trawl::api {
namespace {

std::shared_ptr<const RecordingPolicy> ready_to_apply(RecordingPolicy policy) {
  policy.set_inputs_read(inputs_read);
  return std::make_shared<const RecordingPolicy>(std::move(policy));
}

}  // namespace

RecordingPolicies::RecordingPolicies(const Catalog& catalog, std::string hash_key)
    : compiled_(
          catalog, "recording policy",
          [hash_key = std::move(hash_key), everything = ready_to_apply(RecordingPolicy())](
              const Namespace& ns) -> Result<std::shared_ptr<const RecordingPolicy>> {
            const auto* definition = ns.definition.if_contains(
                json::string_view(kRecordingKey.data(), kRecordingKey.size()));
            if (definition == nullptr || definition->is_null()) return everything;
            if (!definition->is_object()) {
              return make_error(ErrorCode::storage, "it is not an object");
            }
            // It was checked when it was stored.
            TRAWL_ASSIGN(RecordingPolicy policy,
                         RecordingPolicy::parse(definition->get_object(),
                                                std::string(kRecordingKey), hash_key));
            return ready_to_apply(std::move(policy));
          }) {}

}  // namespace trawl::api
