#include "ledger/sqlite/version_uses.h"

#include <algorithm>

namespace trawl::sqlite {

void VersionUses::add(const Execution& execution) {
  // The end of the minute, so that the rest of it needs no other write.
  const TimeUs time = execution.summary.timestamp;
  const TimeUs end = time - time % kMicrosPerMinute + kMicrosPerMinute;
  for (const CollectionVersion& searched : execution.collection_versions) {
    Key key(searched.collection_id, searched.version);
    if (const auto known = written_.find(key);
        known != written_.end() && known->second >= end) {
      continue;
    }
    TimeUs& noted = noted_[std::move(key)];
    noted = std::max(noted, end);
  }
}

Result<void> VersionUses::apply(Connection& connection) {
  for (const auto& [key, last_used] : noted_) {
    TRAWL_ASSIGN(auto put, connection.prepare(
                               "INSERT INTO version_uses (collection, version, last_used) "
                               "VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
                               "last_used = max(last_used, excluded.last_used)"));
    TRAWL_TRY(put.bind(key.first, static_cast<std::int64_t>(key.second), last_used).run());
  }
  return {};
}

void VersionUses::committed() {
  if (written_.size() > kKnownMax) written_.clear();
  for (auto& [key, last_used] : noted_) {
    TimeUs& written = written_[key];
    written = std::max(written, last_used);
  }
  noted_.clear();
}

void VersionUses::rolled_back() {
  noted_.clear();
}

Result<std::vector<VersionUse>> versions_in_use(Connection& connection, TimeUs since) {
  std::vector<VersionUse> out;
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT collection, version, last_used FROM version_uses "
                                  "WHERE last_used >= ?"));
  rows.bind(since);
  while (true) {
    TRAWL_ASSIGN(const bool more, rows.step());
    if (!more) return out;
    out.push_back({std::string(rows.text(0)), static_cast<std::uint64_t>(rows.integer(1)),
                   rows.integer(2)});
  }
}

Result<void> forget_version_uses(Connection& connection, TimeUs before) {
  TRAWL_ASSIGN(auto remove,
               connection.prepare("DELETE FROM version_uses WHERE last_used < ?"));
  return remove.bind(before).run();
}

}  // namespace trawl::sqlite
