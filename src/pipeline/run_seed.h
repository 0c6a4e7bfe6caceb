#pragma once

#include <cstddef>
#include <cstdint>

namespace trawl {

// Of a run, drawn from the system.
std::uint64_t draw_seed();

// Of one of its stages: 53 bits that look random, and are the same for the same run and
// stage.
std::int64_t stage_seed(std::uint64_t run_seed, std::size_t stage_index);

}  // namespace trawl
