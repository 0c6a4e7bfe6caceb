#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "model/collection.h"

namespace trawl {

// Of one document, or of one query (late interaction).
inline constexpr std::size_t kVectorsMax = 1024;

// What every corpus asks of vectors, in the same words. `values` holds one or more, one
// after the other.
//   invalid  at `location`: there are none or too many, the dimension is another, a value
//   is
//            not finite, or, under Metric::cosine, all values of one are zero
Result<void> check_vectors(std::span<const float> values, std::uint32_t dimension,
                           Metric metric, const std::string& location);

}  // namespace trawl
