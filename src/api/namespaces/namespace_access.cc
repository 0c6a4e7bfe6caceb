#include "api/namespaces/namespace_access.h"

#include <fmt/format.h>

#include "base/text.h"

namespace trawl::api {

Result<Namespace> enter_namespace(const Services& services, const ApiKey& key,
                                  std::string_view identifier) {
  if (!key.namespace_id) return services.catalog.find_namespace(identifier);
  auto own = services.catalog.find_namespace(key.namespace_id->str());
  if (own && (own->id.str() == identifier || own->name == identifier)) return own;
  return make_error(ErrorCode::not_found,
                    fmt::format("the namespace '{}' does not exist, or this key may not "
                                "enter it",
                                truncate_text(identifier, 100)));
}

}  // namespace trawl::api
