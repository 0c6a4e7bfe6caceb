#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/rendered.h"
#include "model/execution_json.h"
#include "model/execution_test_data.h"

namespace trawl::test {

// A ledger whose reads lag: they show what was appended when it has been refreshed.
class Refreshed {
 public:
  virtual ~Refreshed() = default;
  virtual void refresh() = 0;
};

// A directory of its own for one test, removed with all it holds. In memory where that is
// possible: no test cuts the power, and a thousand fsyncs on a busy disk take long.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    for (const std::string& base :
         {std::string("/dev/shm"), std::filesystem::temp_directory_path().string()}) {
      std::string pattern = base + "/trawl-XXXXXX";
      if (mkdtemp(pattern.data()) == nullptr) continue;
      path_ = pattern;
      return;
    }
    std::abort();
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline Execution make_execution(const NamespaceId& ns, const std::string& id, TimeUs time,
                                std::string_view status = status::kCompleted) {
  Execution execution;
  execution.namespace_id = ns;
  execution.summary.execution_id = ExecutionId(id);
  execution.summary.timestamp = time;
  execution.summary.status = status;
  return execution;
}

inline LedgerWrite finished(Execution execution) {
  return {LedgerWrite::Kind::finished, std::move(execution)};
}
inline LedgerWrite started(Execution execution) {
  return {LedgerWrite::Kind::started, std::move(execution)};
}
inline LedgerWrite imported(Execution execution) {
  return {LedgerWrite::Kind::imported, std::move(execution)};
}

inline void settle(Ledger& ledger) {
  if (auto* lagging = dynamic_cast<Refreshed*>(&ledger)) lagging->refresh();
}

// Of each write whether it changed anything. The first error of one is that of all.
inline Result<std::vector<bool>> written(
    const Result<std::vector<AppendOutcome>>& outcomes) {
  if (!outcomes) return outcomes.error();
  std::vector<bool> out;
  for (const AppendOutcome& outcome : *outcomes) {
    if (!outcome) return outcome.error();
    out.push_back(*outcome == Appended::written);
  }
  return out;
}

// A ledger that lags shows afterwards what was appended.
inline Result<std::vector<bool>> append(Ledger& ledger, std::vector<LedgerWrite> writes) {
  auto out = written(ledger.append(writes));
  settle(ledger);
  return out;
}

// Appends one write and says whether it changed anything.
inline bool put(Ledger& ledger, LedgerWrite write) {
  return append(ledger, {std::move(write)}).value().front();
}

inline std::vector<ExecutionSummary> summaries_of(const RenderedPage& page) {
  const auto value = parse_json("[" + page.rows + "]").value();
  std::vector<ExecutionSummary> out;
  for (const auto& row : value.get_array()) {
    out.push_back(parse_execution(row).value().summary);
  }
  EXPECT_EQ(out.size(), page.row_count);
  return out;
}

inline std::vector<std::string> ids_of(const RenderedPage& page) {
  std::vector<std::string> out;
  for (const auto& summary : summaries_of(page)) out.push_back(summary.execution_id.str());
  return out;
}

inline ExecutionFilter filter_of(const NamespaceId& ns) {
  ExecutionFilter filter;
  filter.namespace_id = ns;
  return filter;
}

inline ExecutionPageRequest page_of(std::uint32_t limit, std::uint32_t offset = 0,
                                    std::optional<ExecutionKey> after = std::nullopt) {
  ExecutionPageRequest page;
  page.limit = limit;
  page.offset = offset;
  page.after = std::move(after);
  page.budget_us = 600'000'000;  // A slow machine must not make a page partial.
  return page;
}

inline std::uint64_t total_of(const Ledger& ledger, const ExecutionFilter& filter) {
  return list_json(ledger, filter, page_of(1)).value().total;
}

}  // namespace trawl::test
