#include "providers/policy.h"

#include <fmt/format.h>

#include <utility>

namespace trawl {

void ProviderPolicies::add(std::string provider, ProviderPolicy policy) {
  by_name_.insert_or_assign(std::move(provider), std::move(policy));
}

bool ProviderPolicies::may_receive(std::string_view provider,
                                   std::string_view namespace_name) const {
  const auto found = by_name_.find(provider);
  return found == by_name_.end() || found->second.may_receive(namespace_name);
}

Result<void> ProviderPolicies::check(std::string_view provider,
                                     std::string_view namespace_name) const {
  if (may_receive(provider, namespace_name)) return {};
  return make_error(
      ErrorCode::forbidden,
      fmt::format("texts of the namespace '{}' may not be sent to the provider '{}'; "
                  "whoever runs the server allows it with providers.{}.namespaces",
                  namespace_name, provider, provider));
}

}  // namespace trawl
