#include "api/namespaces/deleted_history.h"

#include "base/log.h"

namespace trawl::api {
namespace {

void log(const Error& error) {
  spdlog::error("the history of a deleted namespace cannot be removed yet: {} ({})",
                error.message, error.detail);
}

}  // namespace

void remove_deleted_histories(Catalog& catalog, Ledger& ledger) {
  const auto deleted = catalog.deleted_namespaces();
  if (!deleted) return log(deleted.error());
  for (const NamespaceId& id : *deleted) {
    // In this order: a note without a history does no harm.
    auto removed = ledger.remove_namespace(id);
    if (removed) removed = catalog.forget_deleted_namespace(id);
    if (!removed) log(removed.error());
  }
}

}  // namespace trawl::api
