#pragma once

#include "api/services.h"
#include "catalog/catalog.h"
#include "catalog/compiled_policies.h"
#include "ledger/retention/policy.h"

namespace trawl::api {

// The member of a namespace's definition that holds its retention.
inline constexpr std::string_view kRetentionKey = "retention";

// Refuses an age for a status that no execution has: it would protect nothing, while
// max_age deletes what was meant. `ns` is null for a namespace that is being made.
//   invalid  at location.by_status.NAME, with the nearest status
//   and what Ledger::scan() fails with
Result<void> check_statuses(const Services& services, const Namespace* ns,
                            const RetentionPolicy& policy, std::string_view location);

// The retention of a namespace; empty where it has none.
//   invalid  what is stored is damaged
Result<RetentionPolicy> retention_of(const Namespace& ns);

// As retention_of(), of every namespace.
using RetentionPolicies = CompiledPolicies<RetentionPolicy>;
RetentionPolicies compile_retention(const Catalog& catalog);

// Applies the retention of every namespace, until nothing is left to take or `stop` says
// so, on the caller's thread. What goes wrong is logged, and the other namespaces get their
// turn.
void prune_all(const Catalog& catalog, const RetentionPolicies& policies, Pruner& pruner,
               TimeUs now, const Pruner::Stop& stop);

void add_retention_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
