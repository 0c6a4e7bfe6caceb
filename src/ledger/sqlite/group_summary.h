#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/aggregate.h"

namespace trawl::sqlite {

// The figures of a closed row group by namespace, status and hour, kept beside its columns:
// aggregates by status and time merge these instead of reading every row.
struct GroupSummaryEntry {
  std::int64_t ns = 0;
  std::int64_t status = 0;  // a word
  TimeUs hour = 0;          // Its first instant.
  AggregateFigures figures;
};

// Counts are stored in 32 bits, more than a row group has.
std::string encode_summary(const std::vector<GroupSummaryEntry>& entries);
//   storage  the bytes are not what encode_summary makes
Result<std::vector<GroupSummaryEntry>> decode_summary(std::string_view bytes);

}  // namespace trawl::sqlite
