#pragma once

#include <optional>
#include <string>

namespace trawl::write_health {

// Whether this process can write its files, by what the last attempts came to. Told by the
// SQLite layer, for every file that it has open; asked by /readyz and by anyone who tries
// again. Thread-safe, and one atomic read while all is well.

// `why` is for people, such as "the disk is full".
void failed(const std::string& file, const std::string& why);
void succeeded(const std::string& file);
// Of a file that is closed.
void forget(const std::string& file);

// What is wrong with a file, if something is: "ledger.db cannot be written: the disk is
// full".
std::optional<std::string> failure();

}  // namespace trawl::write_health
