#include "pipeline/run_seed.h"

#include <random>

namespace trawl {

std::uint64_t draw_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

std::int64_t stage_seed(std::uint64_t run_seed, std::size_t stage_index) {
  std::uint64_t z = run_seed + (stage_index + 1) * 0x9E3779B97F4A7C15ULL;  // splitmix64
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<std::int64_t>((z ^ (z >> 31)) >> 11);
}

}  // namespace trawl
