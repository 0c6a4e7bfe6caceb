#pragma once

#include <string>

#include "base/object_reader.h"

namespace trawl::api {

// A name that a client gives to a thing: visible text within the length, no slashes (it
// stands in paths), no control characters, no spaces at the ends. Errors go to the reader.
std::string read_name(ObjectReader& in, ObjectReader::Names names, std::size_t min_chars,
                      std::size_t max_chars);

}  // namespace trawl::api
