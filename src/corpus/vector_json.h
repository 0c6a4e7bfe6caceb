#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// Vectors as clients send them: a list of numbers, a list of such lists, or the base64 of
// float32 numbers in little endian, one vector after the other. Returned likewise, one
// after the other; check_vectors() is not asked yet.
//   invalid  at `location`, or at the value in it: it is none of these, or a list has
//            another number of entries than there are dimensions
Result<std::vector<float>> parse_vectors(const json::value& sent, std::uint32_t dimension,
                                         const std::string& location);

// The list of numbers, or the list of lists where there are several vectors. Each number is
// the shortest that reads back as the same float32.
json::value vectors_json(std::span<const float> values, std::uint32_t dimension);

}  // namespace trawl
