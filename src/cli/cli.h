#pragma once

#include <string>
#include <vector>

#include "cli/host.h"

namespace trawl::cli {

// The program: reads the arguments, runs one command and returns the exit status: 0 fine,
// 1 the server said no, 2 wrong usage.
int run(int argc, char** argv);

// The same with the arguments after the program's name, for tests.
int run(const std::vector<std::string>& arguments, Host& host);

}  // namespace trawl::cli
