#pragma once

#include <string>

#include "base/object_reader.h"

namespace trawl::api {

// A name that a client gives to a thing: min_chars to max_chars code points, without
// slashes (it stands in paths), control characters or spaces at the ends. Errors go to the
// reader.
std::string read_name(ObjectReader& in, ObjectReader::Names names, std::size_t min_chars,
                      std::size_t max_chars);

}  // namespace trawl::api
