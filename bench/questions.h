#pragma once

#include <string>
#include <vector>

#include "execution_generator.h"
#include "peer.h"

namespace trawl::bench {

// A kind of question, with many variations, so no store answers from the memory of
// having just been asked the same.
struct Questions {
  std::string name;
  std::vector<Question> variations;  // At least one.
};

// What the benchmark asks, in the order of its tables. The same for equal shapes. Details
// are asked of executions whose number is a multiple of `details_every`.
std::vector<Questions> make_questions(const ExecutionGenerator& generator,
                                      std::uint64_t details_every);

}  // namespace trawl::bench
