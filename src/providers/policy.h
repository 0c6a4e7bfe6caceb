#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl {

// Which namespaces may send their texts (documents, and queries over them) to a provider
// that is not on this machine.
struct ProviderPolicy {
  bool all = false;
  std::set<std::string, std::less<>> namespaces;  // By name.

  bool may_receive(std::string_view namespace_name) const {
    return all || namespaces.contains(namespace_name);
  }
};

// The policies of the providers of the configuration, by the names that it gives them.
// Filled at the start and immutable from then on, so it is thread-safe.
class ProviderPolicies {
 public:
  void add(std::string provider, ProviderPolicy policy);
  // Whether texts of a namespace may go there. What no policy is about is on this machine,
  // and may.
  bool may_receive(std::string_view provider, std::string_view namespace_name) const;
  // The same, for those who would send.
  //   forbidden  they may not; the message has the setting that allows it
  Result<void> check(std::string_view provider, std::string_view namespace_name) const;

 private:
  std::map<std::string, ProviderPolicy, std::less<>> by_name_;
};

}  // namespace trawl
