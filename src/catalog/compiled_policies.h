#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "catalog/catalog.h"

namespace trawl {

// A policy of every namespace, made from its definition once for each revision, so that
// none is ever out of date and finding one costs next to nothing. Thread-safe.
template <class Policy>
class CompiledPolicies {
 public:
  using Compile = std::function<Result<std::shared_ptr<const Policy>>(const Namespace& ns)>;

  // `kind` names it in the log. The catalog must outlive this.
  CompiledPolicies(const Catalog& catalog, std::string kind, Compile compile)
      : catalog_(catalog), kind_(std::move(kind)), compile_(std::move(compile)) {}

  // Once a namespace is gone, or cannot be read, the last one that was seen. Null where
  // none was seen, or where what is stored is damaged.
  std::shared_ptr<const Policy> find(const NamespaceId& id) const {
    const auto revision = catalog_.namespace_revision(id);
    {
      const MutexLock lock(mutex_);
      const auto known = compiled_.find(id);
      if (known != compiled_.end() && (!revision || known->second.revision == *revision)) {
        return known->second.policy;
      }
    }
    if (!revision) return nullptr;
    // Not under the lock: to compile an expression takes its time.
    const auto ns = catalog_.find_namespace(id.str());
    if (!ns) return nullptr;
    auto policy = compile_(*ns);
    if (!policy) {
      spdlog::error("the {} of the namespace {} is damaged: {}", kind_, id.str(),
                    policy.error().message);
    }
    const MutexLock lock(mutex_);
    Compiled& compiled = compiled_[id];
    if (compiled.revision <= ns->revision) {
      compiled = {ns->revision, policy ? std::move(*policy) : nullptr};
    }
    return compiled.policy;
  }

 private:
  struct Compiled {
    std::uint64_t revision = 0;
    std::shared_ptr<const Policy> policy;
  };

  const Catalog& catalog_;
  const std::string kind_;
  const Compile compile_;
  mutable Mutex mutex_;
  mutable std::map<NamespaceId, Compiled> compiled_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
