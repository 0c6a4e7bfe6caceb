#include "api/recording.h"

#include <stdexcept>

namespace trawl::api {

std::shared_ptr<const RecordingPolicy> RecordingPolicies::find(
    const NamespaceId& namespace_id) const {
  const auto found = corpus_.find_namespace(namespace_id.str());
  const std::lock_guard lock(mutex_);
  if (!found) {
    const auto known = compiled_.find(namespace_id);
    return known == compiled_.end() ? nullptr : known->second.policy;
  }
  const auto* definition = found->definition.if_contains(
      json::string_view(kRecordingKey.data(), kRecordingKey.size()));
  if (definition == nullptr || !definition->is_object()) {
    compiled_.erase(namespace_id);
    return nullptr;
  }
  Compiled& compiled = compiled_[namespace_id];
  if (compiled.policy == nullptr || compiled.definition != *definition) {
    auto policy = RecordingPolicy::parse(definition->get_object(),
                                         std::string(kRecordingKey), hash_key_);
    // It was checked when it was stored; whoever calls records nothing but the row.
    if (!policy) throw std::runtime_error("a stored recording policy is damaged");
    compiled.definition = *definition;
    compiled.policy = std::make_shared<const RecordingPolicy>(std::move(*policy));
  }
  return compiled.policy;
}

}  // namespace trawl::api
