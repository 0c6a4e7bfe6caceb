#include "ledger/sqlite/group_summary.h"

#include "base/bytes.h"

namespace trawl::sqlite {
std::string encode_summary(const std::vector<GroupSummaryEntry>& entries) {
  std::string out;
  for (const auto& [ns, status, hour, figures] : entries) {
    append(out, ns);
    append(out, status);
    append(out, hour);
    append(out, static_cast<std::uint32_t>(figures.count));
    append(out, static_cast<std::uint32_t>(figures.failed));
    append(out, static_cast<std::uint32_t>(figures.completed));
    append(out, static_cast<std::uint32_t>(figures.zero_results));
    append(out, static_cast<std::uint32_t>(figures.cache_rate_count));
    append(out, figures.duration_ms.value());
    append(out, figures.duration_ms_max);
    append(out, figures.credits.value());
    append(out, figures.cache_rate_sum);
    figures.durations_ms.append_to(out);
  }
  return out;
}

Result<std::vector<GroupSummaryEntry>> decode_summary(std::string_view bytes) {
  std::vector<GroupSummaryEntry> out;
  while (!bytes.empty()) {
    GroupSummaryEntry entry;
    AggregateFigures& figures = entry.figures;
    std::uint32_t count = 0, failed = 0, completed = 0, zero_results = 0, rates = 0;
    double duration_ms = 0, credits = 0;
    if (!take(bytes, entry.ns) || !take(bytes, entry.status) || !take(bytes, entry.hour) ||
        !take(bytes, count) || !take(bytes, failed) || !take(bytes, completed) ||
        !take(bytes, zero_results) || !take(bytes, rates) || !take(bytes, duration_ms) ||
        !take(bytes, figures.duration_ms_max) || !take(bytes, credits) ||
        !take(bytes, figures.cache_rate_sum) ||
        !QuantileSketch::take(bytes, figures.durations_ms)) {
      return make_error(ErrorCode::storage, "the stored data is damaged",
                        "the summary of a row group cannot be read");
    }
    // Sums of few enough executions that a double holds all their millionths.
    figures.duration_ms.add(duration_ms);
    figures.credits.add(credits);
    figures.count = count;
    figures.failed = failed;
    figures.completed = completed;
    figures.zero_results = zero_results;
    figures.cache_rate_count = rates;
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace trawl::sqlite
