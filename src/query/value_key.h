#pragma once

#include <string>

#include "base/json.h"
#include "query/filter_value.h"

namespace trawl {

// What groups, facets, distinct values, duplicates and remembered filters are told apart
// by. Appends text that is equal exactly for values that values_equal() calls equal: 1
// and 1.0 are one value, 1 and "1" are two, and the order of an object's keys does not
// matter. With CaseMode::folded texts are folded first. nullptr stands for a missing value,
// the same as null. No key is the beginning of another, so several can follow each other.
void append_value_key(std::string& out, const json::value* value,
                      CaseMode mode = CaseMode::sensitive);
std::string value_key(const json::value* value, CaseMode mode = CaseMode::sensitive);

}  // namespace trawl
