#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/execution.h"
#include "model/version_use.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// Which versions of collections executions searched, as Ledger::versions_in_use() tells it.
// Written in the transaction of the executions: once a minute for each version, so that a
// thousand executions of one minute cost one write. Used by the writer alone.
class VersionUses {
 public:
  // Notes those of an execution that ran here, for the next apply().
  void add(const Execution& execution);
  // Writes what is noted and not written yet.
  Result<void> apply(Connection& connection);
  // The transaction was committed, or rolled back.
  void committed();
  void rolled_back();

 private:
  using Key = std::pair<std::string, std::uint64_t>;
  static constexpr std::size_t kKnownMax = 10'000;

  std::map<Key, TimeUs> noted_;
  std::map<Key, TimeUs> written_;  // What the table has, at least.
};

Result<std::vector<VersionUse>> versions_in_use(Connection& connection, TimeUs since);
Result<void> forget_version_uses(Connection& connection, TimeUs before);

}  // namespace trawl::sqlite
