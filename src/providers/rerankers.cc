#include "providers/rerankers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace trawl {

void Rerankers::add(std::string name, std::shared_ptr<const Reranker> reranker) {
  by_name_.insert_or_assign(std::move(name), std::move(reranker));
}

std::vector<std::string> Rerankers::names() const {
  std::vector<std::string> names;
  for (const auto& [name, reranker] : by_name_) names.push_back(name);
  return names;
}

Result<std::shared_ptr<const Reranker>> Rerankers::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  return make_error(
      ErrorCode::not_enabled,
      by_name_.empty()
          ? fmt::format("'{}' names a reranker, and this server has none; [providers.{}] "
                        "with kind = \"rerank\" in its configuration adds one "
                        "(docs/providers.md)",
                        name, name)
          : fmt::format("this server has no reranker '{}'; it has {}", name,
                        fmt::join(names(), ", ")));
}

}  // namespace trawl
