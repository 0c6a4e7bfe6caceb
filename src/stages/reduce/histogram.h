#pragma once

#include <vector>

#include "base/json.h"

namespace trawl {

// Narrower buckets would have keys that numbers of usual sizes cannot be told apart by.
inline constexpr double kHistogramIntervalMin = 1e-15;

// Counts numbers by multiples of the interval: [{key, count}], by key, empty buckets left
// out. Both are taken as they are written: 0.3 belongs to the bucket 0.3 of a width of 0.1.
// Keys are integers where all numbers and the interval are. What is so large that its
// neighbours are further away than a bucket is wide has a bucket of its own. Values that
// are not numbers do not count; the interval is at least kHistogramIntervalMin.
json::array histogram(const std::vector<const json::value*>& values, double interval);

}  // namespace trawl
