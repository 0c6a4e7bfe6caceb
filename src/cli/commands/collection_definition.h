#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace trawl::cli {

// The feature URI of collections that the command line makes; examples/ search by it.
inline constexpr const char* kTextFeatureUri = "trawl://bm25@v1/text";

// Creates a collection with one bm25 feature over the fields ("name:3", "a,b:2"); no
// field means every string of a document. The reply text goes to `raw`.
//   usage    a field is malformed
//   refused  the server said no
Outcome<json::object> create_collection(Context& context, const std::string& name,
                                        const std::vector<std::string>& fields,
                                        const std::string& language,
                                        const std::string& description, std::string* raw);

}  // namespace trawl::cli
