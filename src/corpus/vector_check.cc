#include "corpus/vector_check.h"

#include <fmt/format.h>

#include <cmath>

namespace trawl {

Result<void> check_vectors(std::span<const float> values, std::uint32_t dimension,
                           Metric metric, const std::string& location) {
  if (values.empty() || values.size() % dimension != 0) {
    return invalid_at(location,
                      fmt::format("{} has {} values; the feature has {} dimensions, so use "
                                  "as many, or several vectors of as many",
                                  location, values.size(), dimension));
  }
  const std::size_t count = values.size() / dimension;
  if (count > kVectorsMax) {
    return invalid_at(location, fmt::format("{} has {} vectors; use at most {}", location,
                                            count, kVectorsMax));
  }
  for (std::size_t v = 0; v < count; ++v) {
    const std::string place = count == 1 ? location : fmt::format("{}[{}]", location, v);
    bool all_zero = true;
    double squares = 0;
    for (std::uint32_t i = 0; i < dimension; ++i) {
      const float value = values[v * dimension + i];
      if (!std::isfinite(value)) {
        return invalid_at(place,
                          fmt::format("{}[{}] is {}; use finite numbers", place, i,
                                      std::isnan(value) ? "not a number" : "infinite"));
      }
      all_zero = all_zero && value == 0;
      squares += static_cast<double>(value) * value;
    }
    if (metric == Metric::cosine && all_zero) {
      return invalid_at(place,
                        fmt::format("{} is all zero, and has no angle to others; leave it "
                                    "out",
                                    place));
    }
    // Sums of squares in float32 must stay finite, and lengths above zero.
    if (squares > 1e30 || (metric == Metric::cosine && squares < 1e-30)) {
      return invalid_at(place,
                        fmt::format("{} has the length {:g}; use vectors with lengths "
                                    "from 1e-15 to 1e15",
                                    place, std::sqrt(squares)));
    }
  }
  return {};
}

}  // namespace trawl
