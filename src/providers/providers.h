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
  // A name has one provider; a second one takes its place. `asks` is whom it asks outside
  // of this machine, as the configuration names him; empty for nobody.
  void add(std::string name, std::shared_ptr<const Provider> provider,
           std::string asks = {});
  //   not_enabled  there is no such provider; the message names those there are
  Result<std::shared_ptr<const Provider>> find(std::string_view name) const;
  // Whom the provider of that name asks; empty for nobody, or where there is none.
  std::string_view asks(std::string_view name) const;

 private:
  struct Entry {
    std::shared_ptr<const Provider> provider;
    std::string asks;
  };
  std::map<std::string, Entry, std::less<>> by_name_;
};

}  // namespace trawl
