#include "ledger/sqlite/modes.h"

#include "ledger/sqlite/rollups.h"
#include "ledger/sqlite/words.h"

namespace trawl::sqlite {

Result<ModeWords> mode_words(Connection& connection, ModeKinds wanted, bool descended) {
  ModeWords out;
  out.are_wanted = !wanted.has(kOwnMode);
  if (!descended) return out;
  for (ModeKind kind = kOwnMode + 1; kind < kModeKinds; ++kind) {
    if (wanted.has(kind) != out.are_wanted) continue;
    TRAWL_ASSIGN(const auto word, Words::number_of(connection, mode_kind_name(kind)));
    if (word) out.words.push_back(*word);
  }
  return out;
}

Result<std::uint64_t> count_executions(Connection& connection, std::int64_t ns,
                                       ModeKinds wanted, bool descended,
                                       std::int64_t status, TimeUs start, TimeUs end) {
  std::uint64_t total = 0;
  const bool own = wanted.has(kOwnMode);
  if (own) {
    TRAWL_ASSIGN(total, count_executions(connection, ns, status, start, end));
  }
  if (!descended || (own && total == 0)) return total;
  for (ModeKind kind = kOwnMode + 1; kind < kModeKinds; ++kind) {
    if (wanted.has(kind) == own) continue;
    TRAWL_ASSIGN(const std::uint64_t count,
                 count_descended(connection, ns, kind, status, start, end));
    total = own ? total - count : total + count;
  }
  return total;
}

}  // namespace trawl::sqlite
