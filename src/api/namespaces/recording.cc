#include "api/namespaces/recording.h"

#include <spdlog/spdlog.h>

#include "pipeline/template/template.h"

namespace trawl::api {
namespace {

std::shared_ptr<const RecordingPolicy> ready_to_apply(RecordingPolicy policy) {
  policy.set_inputs_read(inputs_read);
  return std::make_shared<const RecordingPolicy>(std::move(policy));
}

}  // namespace

RecordingPolicies::RecordingPolicies(const Catalog& catalog, std::string hash_key)
    : catalog_(catalog),
      hash_key_(std::move(hash_key)),
      everything_(ready_to_apply(RecordingPolicy())) {}

std::shared_ptr<const RecordingPolicy> RecordingPolicies::find(
    const NamespaceId& namespace_id) const {
  const auto found = catalog_.find_namespace(namespace_id.str());
  const MutexLock lock(mutex_);
  if (!found) {
    const auto known = compiled_.find(namespace_id);
    return known == compiled_.end() ? nullptr : known->second.policy;
  }
  const auto* definition = found->definition.if_contains(
      json::string_view(kRecordingKey.data(), kRecordingKey.size()));
  Compiled& compiled = compiled_[namespace_id];
  if (definition == nullptr || definition->is_null()) {
    compiled = {nullptr, everything_};
    return compiled.policy;
  }
  if (compiled.policy == nullptr || compiled.definition != *definition) {
    // It was checked when it was stored.
    auto policy = definition->is_object()
                      ? RecordingPolicy::parse(definition->get_object(),
                                               std::string(kRecordingKey), hash_key_)
                      : make_error(ErrorCode::storage, "it is not an object");
    if (!policy) {
      spdlog::error("the recording policy of the namespace {} is damaged: {}",
                    namespace_id.str(), policy.error().message);
      return nullptr;
    }
    compiled = {*definition, ready_to_apply(std::move(*policy))};
  }
  return compiled.policy;
}

}  // namespace trawl::api
