#include "insight/json_difference.h"

#include <string_view>
#include <utility>

#include "base/json_pointer.h"

namespace trawl {
namespace {

class Changes {
 public:
  explicit Changes(std::size_t max) : max_(max) {}

  void compare(const json::value& a, const json::value& b, const std::string& path) {
    if (out_.size() >= max_) return;
    if (a.is_object() && b.is_object()) {
      compare_objects(a.get_object(), b.get_object(), path);
    } else if (a.is_array() && b.is_array()) {
      compare_arrays(a.get_array(), b.get_array(), path);
    } else if (!same_scalar(a, b)) {
      add(path, &a, &b);
    }
  }
  std::vector<JsonChange> take() { return std::move(out_); }

 private:
  static bool same_scalar(const json::value& a, const json::value& b) {
    if (is_number(a) && is_number(b)) return as_double(a) == as_double(b) || a == b;
    return a == b;
  }

  void compare_objects(const json::object& a, const json::object& b,
                       const std::string& path) {
    for (const auto& member : a) {
      const std::string place = path + "/" + pointer_token(view(member.key()));
      const json::value* other = b.if_contains(member.key());
      if (other == nullptr) {
        add(place, &member.value(), nullptr);
      } else {
        compare(member.value(), *other, place);
      }
    }
    for (const auto& member : b) {
      if (!a.contains(member.key())) {
        add(path + "/" + pointer_token(view(member.key())), nullptr, &member.value());
      }
    }
  }

  void compare_arrays(const json::array& a, const json::array& b, const std::string& path) {
    for (std::size_t i = 0; i < a.size() || i < b.size(); ++i) {
      const std::string place = path + "/" + std::to_string(i);
      if (i >= b.size()) {
        add(place, &a[i], nullptr);
      } else if (i >= a.size()) {
        add(place, nullptr, &b[i]);
      } else {
        compare(a[i], b[i], place);
      }
    }
  }

  void add(const std::string& path, const json::value* before, const json::value* after) {
    if (out_.size() >= max_) return;
    JsonChange& change = out_.emplace_back();
    change.path = path;
    change.has_before = before != nullptr;
    change.has_after = after != nullptr;
    if (before != nullptr) change.before = *before;
    if (after != nullptr) change.after = *after;
  }

  const std::size_t max_;
  std::vector<JsonChange> out_;
};

}  // namespace

std::vector<JsonChange> json_changes(const json::value& before, const json::value& after,
                                     std::size_t max) {
  Changes changes(max);
  changes.compare(before, after, "");
  return changes.take();
}

}  // namespace trawl
