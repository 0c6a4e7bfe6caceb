#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace trawl::app {

// What to warn an operator of before a server listens.

// Of an address that other machines can reach, since there is no TLS. `host` is an address
// or a name, which is resolved and may take seconds; where it cannot be, there is no
// warning here.
std::optional<std::string> exposure_warning(const std::string& host);

// Of a process that has more rights than it needs.
std::optional<std::string> root_warning(std::uint32_t effective_user,
                                        const std::string& data_dir);

}  // namespace trawl::app
