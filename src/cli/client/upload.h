#pragma once

#include <string>

#include "cli/context.h"

namespace trawl::cli {

// Sends a file of NDJSON, compressed by gzip or zstd or not ("-": standard input), while it
// is read, with a progress line, and prints what the server made of it. `what` names the
// rows: "documents". Exit status 1 when the server refused any line; the first of them are
// told.
//   usage  the file cannot be read
Outcome<Exit> upload_ndjson(Context& context, const std::string& target,
                            const std::string& file, const std::string& what);

}  // namespace trawl::cli
