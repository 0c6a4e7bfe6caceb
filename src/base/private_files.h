#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace trawl {

// Files and folders that nobody but their owner can read: 0600 and 0700 from the first
// byte, whatever the umask of the process is.

// Makes the folder and those above it that are missing.
std::error_code make_private_directories(const std::string& path);

// Makes an empty file where there is none; one that is there is left as it is.
std::error_code make_private_file(const std::string& path);

// Takes everybody else's rights away from a file or folder of ours. A link is followed.
// `no` also where it cannot be looked at, `not_ours` where the system refuses the change.
enum class Tightened { no, yes, not_ours };
Tightened tighten(const std::string& path);

// Likewise for all within a folder, and below it; links are left alone. Returns how many
// files and folders were changed; what cannot be changed or read is passed over.
std::size_t tighten_all_within(const std::string& folder);

}  // namespace trawl
