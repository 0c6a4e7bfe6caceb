#pragma once

#include <string>

#include "insight/autopsy.h"

namespace trawl {

// The times of two executions against each other and against those of their shapes, in a
// sentence.
std::string compare_times(const Autopsy& before, const Autopsy& after);

}  // namespace trawl
