#pragma once

#include <iosfwd>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace trawl::cli {

// Tells what is wrong with a command line that `program` could not parse: the word, the
// nearest one that would do, and whose help says more. A command that only leads to others
// prints its help.
void explain_usage(const CLI::App& program, const CLI::ParseError& error,
                   std::ostream& err);

}  // namespace trawl::cli
