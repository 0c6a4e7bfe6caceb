#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace trawl::cli {

// Refuses an empty value: it comes from a variable that was not set, and a condition or a
// guard that is passed over lets more through than was meant.
inline CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) {
        return text.empty() ? std::string("is empty; give it a value, or leave it out")
                            : std::string();
      },
      "");
}

}  // namespace trawl::cli
