#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "pipeline/candidate_list.h"

namespace trawl {

// What stages share. Loops count their work (base/work_limit.h).

// The value at a path, or nullptr where there is none or it is null; where the path passes
// through a list, the list of all. What is not stored in the fields (the score, the ids) is
// written to `scratch`, which must outlive the result.
const json::value* present_value(const CandidateList& candidates, std::size_t i,
                                 std::string_view path, json::value& scratch);

// The number at a path, of several the smallest or the greatest; nothing when there is
// none.
std::optional<double> number_at(const CandidateList& candidates, std::size_t i,
                                std::string_view path, bool greatest);

// A value as a person reads it: a string as it is, anything else as JSON.
std::string value_text(const json::value& value);

// The double with the shortest text that reads back as the same float: 12.3, not
// 12.300000190734863. Keeps the order.
double shortest_double(float value);

// Positions 0..size-1, best score first; those without a score come last, equals keep
// their order.
std::vector<std::size_t> order_by_score(const CandidateList& candidates);

}  // namespace trawl
