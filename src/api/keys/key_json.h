#pragma once

#include "auth/key_store.h"
#include "base/json.h"

namespace trawl::api {

// A key as the routes about keys show it; its secret is never part of that.
json::object key_json(const ApiKey& key, TimeUs now);

// What a key was given, such as ["read", "write"]; each implies those before it.
json::array permissions_json(const ApiKey& key);

}  // namespace trawl::api
