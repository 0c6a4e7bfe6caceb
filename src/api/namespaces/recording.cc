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
    : hash_key_(std::move(hash_key)),
      compiled_(catalog, "recording policy",
                [this, everything = ready_to_apply(RecordingPolicy())](
                    const Namespace& ns) -> Result<std::shared_ptr<const RecordingPolicy>> {
                  const auto* definition = ns.definition.if_contains(
                      json::string_view(kRecordingKey.data(), kRecordingKey.size()));
                  if (definition == nullptr || definition->is_null()) return everything;
                  if (!definition->is_object()) {
                    return make_error(ErrorCode::storage, "it is not an object");
                  }
                  // It was checked when it was stored.
                  return compile(definition->get_object(), std::string(kRecordingKey));
                }) {}

Result<std::shared_ptr<const RecordingPolicy>> RecordingPolicies::compile(
    const json::object& definition, const std::string& location) const {
  TRAWL_ASSIGN(RecordingPolicy policy,
               RecordingPolicy::parse(definition, location, hash_key_));
  return ready_to_apply(std::move(policy));
}

}  // namespace trawl::api
