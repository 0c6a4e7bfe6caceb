#include "pipeline/narrowing.h"

#include <algorithm>

#include "pipeline/absent_fields.h"

namespace trawl {

FieldSet paths_of(const std::vector<Filter>& filters) {
  FieldSet fields;
  for (const Filter& filter : filters) fields.add(FieldSet(filter.paths()));
  return fields;
}

Result<void> narrow(const std::vector<Filter>& filters, CandidateList& candidates,
                    const Checkpoint& check) {
  if (filters.empty()) return {};
  TRAWL_TRY(candidates.load(paths_of(filters), check));
  CandidateList::Positions kept;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    count_work();
    json::value scratch;
    const auto find = [&](std::string_view path) {
      return candidates.values(i, path, scratch);
    };
    if (std::all_of(filters.begin(), filters.end(),
                    [&](const Filter& filter) { return filter.matches(find); })) {
      kept.push_back(i);
    }
  }
  if (kept.size() < candidates.size()) candidates = candidates.picked(kept);
  return {};
}

Result<void> narrow_output(const std::vector<Filter>& filters, StageOutput& output,
                           const Checkpoint& check) {
  if (filters.empty()) return {};
  CandidateList all = output.candidates;
  TRAWL_TRY(narrow(filters, output.candidates, check));
  if (all.empty() || !output.candidates.empty()) return {};
  const FieldSet fields = paths_of(filters);
  TRAWL_TRY(all.load(fields, check));
  return warn_of_absent_fields(all, fields, check, output.warnings);
}

void append_warnings(const std::vector<Filter>& filters,
                     std::vector<std::string>& warnings) {
  for (const Filter& filter : filters) {
    for (auto& warning : filter.warnings()) warnings.push_back(std::move(warning));
  }
}

}  // namespace trawl
