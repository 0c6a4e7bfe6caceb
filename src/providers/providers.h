#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/provider.h"

namespace trawl {

// The providers of a server, by the names that pipelines give them. Filled at its start and
// immutable from then on, so it is thread-safe.
class Providers {
 public:
  // A name has one provider; a second one takes its place.
  void add(std::string name, std::shared_ptr<const Provider> provider);
  //   not_enabled  there is no such provider; the message names those there are
  Result<std::shared_ptr<const Provider>> find(std::string_view name) const;

 private:
  std::map<std::string, std::shared_ptr<const Provider>, std::less<>> by_name_;
};

}  // namespace trawl
