#pragma once

#include <string_view>

#include "cli/failure.h"

namespace trawl::cli {

// What the server says in terms of HTTP, in those of the command line: flags instead of
// members of a body, commands instead of paths. Of requests whose body is a file of the
// user's own, members stay.
void use_terms_of_flags(Failure& failure, std::string_view target);

}  // namespace trawl::cli
