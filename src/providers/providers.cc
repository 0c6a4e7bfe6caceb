#include "providers/providers.h"

#include <fmt/format.h>

#include <utility>

namespace trawl {

void Providers::add(std::string name, std::shared_ptr<const Provider> provider,
                    std::string asks) {
  by_name_.insert_or_assign(std::move(name), Entry{std::move(provider), std::move(asks)});
}

std::string_view Providers::asks(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::string_view() : found->second.asks;
}

Result<std::shared_ptr<const Provider>> Providers::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second.provider;
  std::string known;
  for (const auto& [each, provider] : by_name_) {
    if (!known.empty()) known += ", ";
    known += each;
  }
  return make_error(
      ErrorCode::not_enabled,
      known.empty()
          ? fmt::format("'{}' names a provider, and this server has none", name)
          : fmt::format("this server has no provider '{}'; it has {}", name, known));
}

}  // namespace trawl
