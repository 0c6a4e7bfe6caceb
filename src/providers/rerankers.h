#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/reranker.h"

namespace trawl {

// The rerankers of a server, by the names that its configuration gives them. Filled at its
// start and immutable from then on, so it is thread-safe.
class Rerankers {
 public:
  // A name has one reranker; a second one takes its place.
  void add(std::string name, std::shared_ptr<const Reranker> reranker);
  //   not_enabled  there is no such reranker; the message names those there are
  Result<std::shared_ptr<const Reranker>> find(std::string_view name) const;
  // In the order of the alphabet.
  std::vector<std::string> names() const;
  bool empty() const { return by_name_.empty(); }

 private:
  std::map<std::string, std::shared_ptr<const Reranker>, std::less<>> by_name_;
};

}  // namespace trawl
