#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trawl {

// Which fields of a document somebody reads: none, those that dotted paths lead to
// (base/field_path.h), or all. Plain data.
class FieldSet {
 public:
  FieldSet() = default;  // None.
  explicit FieldSet(std::vector<std::string> paths) : paths_(std::move(paths)) {
    std::sort(paths_.begin(), paths_.end());
    paths_.erase(std::unique(paths_.begin(), paths_.end()), paths_.end());
  }
  static FieldSet all() {
    FieldSet set;
    set.all_ = true;
    return set;
  }

  bool is_all() const { return all_; }
  bool empty() const { return !all_ && paths_.empty(); }
  // Sorted, each once; none where is_all().
  const std::vector<std::string>& paths() const { return paths_; }

  bool contains(std::string_view path) const {
    return all_ || std::binary_search(paths_.begin(), paths_.end(), path);
  }
  bool contains(const FieldSet& other) const {
    return all_ || (!other.all_ && std::includes(paths_.begin(), paths_.end(),
                                                 other.paths_.begin(), other.paths_.end()));
  }

  void add(std::string_view path) {
    if (contains(path)) return;
    const auto place = std::lower_bound(paths_.begin(), paths_.end(), path);
    paths_.emplace(place, path);
  }
  void add(const FieldSet& other) {
    if (other.all_) *this = all();
    for (const std::string& path : other.paths_) add(path);
  }

 private:
  bool all_ = false;
  std::vector<std::string> paths_;
};

}  // namespace trawl
