#pragma once

#include <string_view>

#include "api/services.h"

namespace trawl::api {

// The namespace of that name or id, as far as this key is concerned. A key that is confined
// to one namespace must not learn which others exist: for it, every other name is answered
// in the same way and in the same time, since nothing but its own namespace is looked up.
//   not_found  for a key that may enter all, with the nearest name
Result<Namespace> enter_namespace(const Services& services, const ApiKey& key,
                                  std::string_view identifier);

}  // namespace trawl::api
