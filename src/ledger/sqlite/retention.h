#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "sqlite/connection.h"

// Which executions a retention policy does not keep.
namespace trawl::sqlite {

struct PruneStep {
  std::vector<std::int64_t> seqs;
  PruneReport report;
};

// Up to `limit` of them, without those that run. Within the caller's transaction.
Result<PruneStep> plan_prune(Connection& connection, const NamespaceId& namespace_id,
                             const RetentionPolicy& policy, TimeUs now,
                             std::uint32_t limit);

// As Ledger::preview_prune(), in a read transaction of its own.
Result<PruneReport> preview_prune(Connection& connection, const NamespaceId& namespace_id,
                                  const RetentionPolicy& policy, TimeUs now);

}  // namespace trawl::sqlite
