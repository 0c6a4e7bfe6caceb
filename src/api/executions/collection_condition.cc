#include "api/executions/collection_condition.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/ledger.h"

namespace trawl::api {
namespace {

// How long to look whether the history knows a collection that the catalog does not.
constexpr std::int64_t kLookUs = 500'000;

// What ids of collections look like. One that is deleted leaves its history.
bool has_form_of_collection_id(std::string_view text) {
  constexpr std::string_view kPrefix = "col_";
  if (!text.starts_with(kPrefix) || text.size() == kPrefix.size()) return false;
  text.remove_prefix(kPrefix.size());
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

}  // namespace

FindCollectionId find_collection_id_in(const Catalog& catalog, const NamespaceId& ns) {
  return [&catalog, ns](std::string_view identifier) -> Result<CollectionId> {
    auto found = catalog.find_collection(ns, identifier);
    if (found) return found->id;
    if (found.error().code == ErrorCode::not_found &&
        has_form_of_collection_id(identifier)) {
      return CollectionId(std::string(identifier));
    }
    return std::move(found).error();
  };
}

Result<void> refuse_unknown_collections(const Services& services,
                                        const ExecutionListBody& body) {
  for (const auto& [name, error] : body.unknown_collections) {
    // What was imported has the ids of another server.
    ExecutionFilter filter;
    filter.namespace_id = body.filter.namespace_id;
    TRAWL_ASSIGN(Filter condition,
                 Filter::condition("collection_ids", "in", json::array{text_value(name)},
                                   true, error.location));
    filter.where.push_back(std::move(condition));
    ExecutionPageRequest first;
    first.limit = 1;
    first.budget_us = kLookUs;
    TRAWL_ASSIGN(const ExecutionPage page, services.ledger.list(filter, first));
    if (page.total == 0 && page.total_exact) return error;
  }
  return {};
}

}  // namespace trawl::api
