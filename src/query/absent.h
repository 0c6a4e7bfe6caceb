#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"

// What stands in a filter for a value that is not there: an input that was not given, say.
// To compare with null instead would widen what some filters find ("is not null" finds
// nearly everything), and so would leaving the condition out. It is NaN, which no JSON text
// can hold, so that nothing a client sends is taken for it.
namespace trawl {

inline json::value absent_value() {
  return std::numeric_limits<double>::quiet_NaN();
}

inline bool is_absent(const json::value& value) {
  const auto* number = value.if_double();
  return number != nullptr && std::isnan(*number);
}

// Whether it is, or holds one.
inline bool holds_absent(const json::value& value) {
  if (const auto* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), holds_absent);
  }
  if (const auto* object = value.if_object()) {
    return std::any_of(object->begin(), object->end(),
                       [](const auto& field) { return holds_absent(field.value()); });
  }
  return is_absent(value);
}

}  // namespace trawl
