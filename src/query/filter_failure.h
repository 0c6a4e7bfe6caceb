#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "query/filter.h"

namespace trawl {

// The smallest part of a filter for which a document does not pass: one condition.
struct FilterFailure {
  std::string field;
  std::string op;
  json::value value;       // What it is compared with; folded where case does not count.
  bool negated = false;    // It holds, and stands below NOT: it should not.
  bool undecided = false;  // A value that it needs was not given.
  std::size_t others = 0;  // Alternatives (OR) that fail as well.
  json::value found;       // What the document has there; null for nothing.
  std::string sentence;    // "'year' is 1845, and year gte 1846 is asked"
  std::string canonical;   // canonical_filter() of the condition.
  // The value with which the condition would let the document pass, where there is one.
  std::optional<json::value> passing;
};

// Nothing where the document passes. Of several conditions of an AND that fail the first is
// told, and of an OR the first alternative. Counts its work, and ends as Filter does where
// a text is too long for a pattern. Thread-safe.
std::optional<FilterFailure> find_failure(const Filter& filter,
                                          const Filter::Lookup& lookup);
// All that would have to change for the document to pass: every condition of an AND that
// fails. Empty where it passes.
std::vector<FilterFailure> find_failures(const Filter& filter,
                                         const Filter::Lookup& lookup);

}  // namespace trawl
