#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace trawl::app {

struct ProgramRun {
  std::vector<std::string> command;  // The program, looked up in PATH, and its arguments.
  std::string directory;             // In which it runs.
  std::string log;                   // The file that its output goes to.
  std::chrono::seconds time_max{600};
  std::function<void()> tick;  // Called about ten times a second.
};

// Whether a program of this name is in PATH.
bool is_installed(const std::string& program);

// Runs a program to its end, with nothing to read and its output in the log.
//   unavailable  it is not there, or it ended with an error, or took longer than it may and
//                was ended; `detail` is the end of the log
Result<void> run_program(const ProgramRun& run);

}  // namespace trawl::app
