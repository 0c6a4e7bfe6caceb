#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace trawl {

// A string that is the id of one kind of thing and cannot be passed for another.
template <class Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string value) : value_(std::move(value)) {}

  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const StrongId&) const = default;

 private:
  std::string value_;
};

using ExecutionId = StrongId<struct ExecutionIdTag>;
using NamespaceId = StrongId<struct NamespaceIdTag>;
using CollectionId = StrongId<struct CollectionIdTag>;
using KeyId = StrongId<struct KeyIdTag>;

}  // namespace trawl

template <class Tag>
struct std::hash<trawl::StrongId<Tag>> {
  std::size_t operator()(const trawl::StrongId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
