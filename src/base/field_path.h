#pragma once

#include <cstddef>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

// Paths to the fields of a JSON document: "metadata.status", "tags.0". This is the one
// place that says what they mean; filters, sorts, facets, templates, features, `select` and
// partial updates all come here. Every function is pure.
//
// A path is names joined by dots:
//   - In an object a name is a key, and so are several names joined: {"b.c": 1} has "b.c".
//     Where several keys begin the path the longest is followed first, and the next shorter
//     one where that leads nowhere, so that whatever is stored can be read.
//   - In a list a name is an index: decimal digits, no sign and no leading zero.
//   - Names may be empty where such keys are stored.
//   - For those who can do with several values, a name that is no index of a list passes
//     through it and leads on in each of its items: {"items": [{"n": 1}, {"n": 2}]} has 1
//     and 2 at "items.n".
// find_path leads to one place and passes through no list. What it reads, write_path writes
// to the same place, or refuses.
namespace trawl {

// The value at a path, or null.
const json::value* find_path(const json::value& root, std::string_view path);
const json::value* find_path(const json::object& root, std::string_view path);

// The values at a path: none, one, or, where it passes through a list, those in the items.
// A view: the document and the path must outlive it.
class PathValues {
 public:
  PathValues() = default;
  // None where it is null. Implicit, as one value is what most paths have.
  PathValues(const json::value* one) : at_(one) {}

  bool empty() const { return at_ == nullptr; }
  // Whether the path passes through a list; there is at least one value, then.
  bool through_list() const { return through_list_; }
  // The value where there is one and the path passes through no list, or null.
  const json::value* one() const { return through_list_ ? nullptr : at_; }
  // The same; but where the path passes through a list, all values as a list, which is
  // written to `scratch`.
  const json::value* as_one(json::value& scratch) const;

  // Calls `visit(value)` for the values in their order, until it returns true; whether it
  // did.
  template <class Visit>
  bool any_of(const Visit& visit) const {
    if (at_ == nullptr) return false;
    if (!through_list_) return visit(*at_);
    return any_in_items(
        [](const void* context, const json::value& value) {
          return static_cast<bool>((*static_cast<const Visit*>(context))(value));
        },
        &visit);
  }
  template <class Visit>
  void for_each(const Visit& visit) const {
    any_of([&](const json::value& value) {
      visit(value);
      return false;
    });
  }
  // The same for the items of values that are lists, instead of those.
  template <class Visit>
  void for_each_item(const Visit& visit) const {
    for_each([&](const json::value& value) {
      const auto* array = value.if_array();
      if (array == nullptr) return visit(value);
      for (const auto& item : *array) visit(item);
    });
  }

 private:
  friend class PathReader;
  bool any_in_items(bool (*visit)(const void* context, const json::value& value),
                    const void* context) const;

  const json::value* at_ = nullptr;
  std::string_view rest_;  // Of the path, in the items of the list.
  bool through_list_ = false;
};

PathValues find_values(const json::value& root, std::string_view path);
PathValues find_values(const json::object& root, std::string_view path);

// Puts a value where find_path then finds it. A place that is there already gets the new
// value. Otherwise objects are made, inside the deepest object that the path leads to, with
// one key for each name; nothing that is stored is replaced or hidden by that.
//   invalid  something that is neither an object nor a list stands in the way (null does,
//            too), a list has no such item, a name is empty, or the path makes more than
//            kJsonDepthMax levels; the root is as it was. The location is the path.
Result<void> write_path(json::object& root, std::string_view path, json::value value);

// Copies what `from` has at a path to the same place of `to`, which holds copies out of
// `from` alone; nothing when there is none. In lists the items before a chosen one are
// null, so that its path stays what it was; of those that the path passes through, the ones
// that have nothing there.
void copy_path(const json::object& from, std::string_view path, json::object& to);

// Whether a path of an object can lead through this key of it.
bool begins_path(std::string_view key, std::string_view path);

}  // namespace trawl
