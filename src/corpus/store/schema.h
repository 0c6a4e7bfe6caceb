#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/sqlite.h"

namespace trawl::store {

// Opens corpus.db for writing and brings its tables up to date.
//   storage  it cannot be opened, is damaged, or a newer version of the program wrote it
Result<std::unique_ptr<sqlite::Connection>> open_database(const std::string& path);

}  // namespace trawl::store
