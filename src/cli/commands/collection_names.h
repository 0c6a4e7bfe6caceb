#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/context.h"

namespace trawl::cli {

// Names of collections by their ids. Those that the server does not know (deleted, or of
// another server), or does not tell, are not there.
using CollectionNames = std::map<std::string, std::string, std::less<>>;
CollectionNames names_of_collections(Context& context, const std::vector<std::string>& ids);

// "books (col_a1b2c3)", or the id alone.
std::string named_collection(const CollectionNames& names, const std::string& id);

}  // namespace trawl::cli
