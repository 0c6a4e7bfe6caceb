#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::store {

// Opens corpus.db for writing and brings its tables up to date.
//   storage  it cannot be opened, is damaged, or a newer version of the program wrote it
Result<std::unique_ptr<sqlite::Connection>> open_database(const std::string& path);

// The newest that this program knows.
std::int64_t schema_version();

}  // namespace trawl::store
