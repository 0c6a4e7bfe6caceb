#pragma once

#include <string_view>
#include <vector>

#include "api/services.h"
#include "api/wire/endpoint.h"
#include "base/object_reader.h"
#include "model/collection.h"

namespace trawl::api {

// Namespaces for vectors of the client's own, as clients of the hosted product make them:
// documents are written without naming a collection, under names of vectors that the
// namespace declares (`vector_configs`), or that its first documents bring.

// What such a namespace has in its definition.
inline constexpr std::string_view kStandaloneMode = "standalone";
bool is_standalone(const Namespace& ns);

const ObjectShape& vector_configs_shape();
// Reads `vector_configs` and writes the mode and them to the definition.
//   invalid  with the location of the value
Result<void> read_vector_configs(ObjectReader& in, json::object& definition);

// The collection of a standalone namespace that documents go to which name none; it is made
// if it is not there.
//   errors of Catalog::create_collection()
Result<Collection> default_collection(const Services& services, const Namespace& ns);

void add_standalone_routes(http::Router& router, const Services& services);

}  // namespace trawl::api
