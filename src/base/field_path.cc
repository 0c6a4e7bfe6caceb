#include "base/field_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/work_limit.h"

namespace trawl {
namespace {

constexpr std::size_t kShownMax = 64;  // characters of a path in a message

json::string_view as_key(std::string_view text) {
  return {text.data(), text.size()};
}

// The item of a list under this name, which must be its index as one writes it.
const json::value* item_at(const json::array& array, std::string_view name) {
  if (name.empty() || (name.size() > 1 && name.front() == '0')) return nullptr;
  std::size_t index = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, index);
  if (error != std::errc{} || stop != end) return nullptr;
  return array.if_contains(index);
}

std::string_view first_name(std::string_view path) {
  return path.substr(0, path.find('.'));
}

// What comes behind the first `size` bytes of a path and their dot; nothing where the path
// ends there.
std::string_view rest_behind(std::string_view path, std::size_t size) {
  return size < path.size() ? path.substr(size + 1) : std::string_view();
}

// Calls `visit(key, value)` for the fields of an object that begin a path, longest key
// first, until it returns true; that is what it returns, then.
template <class Visit>
bool visit_fields(const json::object& object, std::string_view path, const Visit& visit) {
  if (const auto* whole = object.if_contains(as_key(path))) {
    if (visit(path, *whole)) return true;
  }
  // A path of a million dots must not cost a million lookups: there the keys are asked.
  constexpr std::size_t kLookupsMax = 16;
  std::size_t dots = 0;
  for (const char c : path) {
    if (c == '.' && ++dots > kLookupsMax) break;
  }
  if (dots <= kLookupsMax) {
    for (auto end = path.rfind('.'); end != std::string_view::npos;
         end = end == 0 ? std::string_view::npos : path.rfind('.', end - 1)) {
      const std::string_view key = path.substr(0, end);
      const auto* value = object.if_contains(as_key(key));
      if (value != nullptr && visit(key, *value)) return true;
    }
    return false;
  }
  std::vector<const json::key_value_pair*> fields;
  for (const auto& field : object) {
    const std::string_view key(field.key().data(), field.key().size());
    if (key.size() < path.size() && begins_path(key, path)) fields.push_back(&field);
  }
  std::sort(fields.begin(), fields.end(),
            [](const auto* a, const auto* b) { return a->key().size() > b->key().size(); });
  return std::any_of(fields.begin(), fields.end(), [&](const auto* field) {
    return visit(path.substr(0, field->key().size()), field->value());
  });
}

// Where a path that is not there would go on: the deepest object that it leads to, and the
// deepest thing that is in its way.
class GapFinder {
 public:
  explicit GapFinder(std::string_view path) : path_(path) {}

  void walk(const json::object& object, std::size_t begin) {
    if (object_ == nullptr || begin > begin_) {
      object_ = &object;
      begin_ = begin;
    }
    visit_fields(object, path_.substr(begin),
                 [&](std::string_view key, const json::value& value) {
                   walk(value, begin + key.size());
                   return false;
                 });
  }

  // The object, and where the rest of the path begins that has to be made in it.
  const json::object& object() const { return *object_; }
  std::size_t begin() const { return begin_; }

  // Nothing, or why nothing can be made.
  Result<void> status() const {
    if (obstacle_ == nullptr || obstacle_end_ < begin_) return {};
    const std::string path(path_);
    const std::string where = truncate_text(path_.substr(0, obstacle_end_), kShownMax);
    if (const auto* list = obstacle_->if_array()) {
      const std::string name = truncate_text(
          first_name(path_.substr(std::min(obstacle_end_ + 1, path_.size()))), kShownMax);
      return invalid_at(
          path, list->empty()
                    ? fmt::format("'{}' is an empty list and has no item '{}'; write the "
                                  "whole list",
                                  where, name)
                    : fmt::format("'{}' is a list of {} and has no item '{}'; use an index "
                                  "from 0 to {}, or write the whole list",
                                  where, list->size(), name, list->size() - 1));
    }
    const auto type = type_name(*obstacle_);
    return invalid_at(
        path, fmt::format("'{}' is {}{}, so nothing can be set inside it; write '{}' as a "
                          "whole, as an object",
                          where,
                          obstacle_->is_null()              ? ""
                          : type.find_first_of("aeio") == 0 ? "an "
                                                            : "a ",
                          type, where));
  }

 private:
  // A value that ends at this byte of the path.
  void walk(const json::value& value, std::size_t end) {
    if (end >= path_.size()) return;
    if (const auto* object = value.if_object()) return walk(*object, end + 1);
    if (const auto* array = value.if_array()) {
      const std::string_view name = first_name(path_.substr(end + 1));
      if (const auto* item = item_at(*array, name)) {
        return walk(*item, end + 1 + name.size());
      }
    }
    if (obstacle_ == nullptr || end > obstacle_end_) {
      obstacle_ = &value;
      obstacle_end_ = end;
    }
  }

  const std::string_view path_;
  const json::object* object_ = nullptr;
  std::size_t begin_ = 0;
  const json::value* obstacle_ = nullptr;
  std::size_t obstacle_end_ = 0;
};

// Makes one object for each name of a path but the last, which gets the value.
Result<void> make_fields(json::object& object, std::string_view names,
                         std::string_view path, json::value&& value) {
  std::size_t levels = 1;
  for (const char c : names) levels += c == '.' ? 1 : 0;
  // Everything that walks a value recurses.
  if (levels > kJsonDepthMax) {
    return invalid_at(truncate_text(path, kShownMax),
                      fmt::format("'{}' has {} levels; use at most {}",
                                  truncate_text(path, kShownMax), levels, kJsonDepthMax));
  }
  if (names.empty() || names.front() == '.' || names.back() == '.' ||
      names.find("..") != std::string_view::npos) {
    return invalid_at(std::string(path),
                      fmt::format("'{}' has an empty name; put a name between any two dots",
                                  truncate_text(path, kShownMax)));
  }
  json::object* at = &object;
  while (true) {
    const std::string_view name = first_name(names);
    json::value& slot = (*at)[as_key(name)];
    if (name.size() == names.size()) {
      slot = std::move(value);
      return {};
    }
    at = &slot.emplace_object();
    names.remove_prefix(name.size() + 1);
  }
}

// Goes down all ways of a path, through lists too. From a list there is only one way on:
// the item of that index, or else each item. So nothing is looked at twice.
template <class Visit>
class ItemWalk {
 public:
  // `visit` ends the walk by returning true.
  explicit ItemWalk(const Visit& visit) : visit_(visit) {}

  // Whether there is anything at the path.
  bool walk(const json::value& at, std::string_view path) {
    if (const auto* object = at.if_object()) {
      return visit_fields(*object, path,
                          [&](std::string_view key, const json::value& value) {
                            if (key.size() == path.size()) return found(value);
                            return walk(value, rest_behind(path, key.size()));
                          });
    }
    const auto* array = at.if_array();
    if (array == nullptr) return false;
    const std::string_view name = first_name(path);
    if (const auto* item = item_at(*array, name)) {
      if (name.size() == path.size()) return found(*item);
      return walk(*item, rest_behind(path, name.size()));
    }
    bool any = false;
    for (const auto& item : *array) {
      count_work();
      any |= walk(item, path);
      if (ended_) break;
    }
    return any;
  }

  bool ended() const { return ended_; }

 private:
  bool found(const json::value& value) {
    ended_ = visit_(value);
    return true;
  }

  const Visit& visit_;
  bool ended_ = false;
};

// Whether a list that has no item of the name has something at the path in its items.
bool leads_through(const json::value& list, std::string_view path) {
  const auto end = [](const json::value&) { return true; };
  return ItemWalk(end).walk(list, path);
}

bool copy_into(const json::value& from, std::string_view path, json::value& to);

// False where `from` has nothing there; `to` is then as it was.
bool copy_into(const json::object& from, std::string_view path, json::object& to) {
  return visit_fields(from, path, [&](std::string_view key, const json::value& value) {
    const bool is_end = key.size() == path.size();
    if (!is_end && !leads_through(value, rest_behind(path, key.size()))) return false;
    json::value& slot = to[as_key(key)];
    if (is_end) {
      slot = value;
      return true;
    }
    return copy_into(value, rest_behind(path, key.size()), slot);
  });
}

bool copy_into(const json::value& from, std::string_view path, json::value& to) {
  if (const auto* object = from.if_object()) {
    if (!to.is_object()) to.emplace_object();
    return copy_into(*object, path, to.get_object());
  }
  const auto* array = from.if_array();
  if (array == nullptr) return false;
  const std::string_view name = first_name(path);
  const auto* item = item_at(*array, name);
  if (item == nullptr && !leads_through(from, path)) return false;
  if (!to.is_array()) to.emplace_array();
  json::array& items = to.get_array();
  if (item == nullptr) {
    if (items.size() < array->size()) items.resize(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (leads_through((*array)[i], path)) copy_into((*array)[i], path, items[i]);
    }
    return true;
  }
  const auto index = static_cast<std::size_t>(item - array->data());
  if (items.size() <= index) items.resize(index + 1);
  if (name.size() == path.size()) {
    items[index] = *item;
    return true;
  }
  return copy_into(*item, rest_behind(path, name.size()), items[index]);
}

}  // namespace

bool begins_path(std::string_view key, std::string_view path) {
  return path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
}

const json::value* find_path(const json::value& root, std::string_view path) {
  if (const auto* object = root.if_object()) return find_path(*object, path);
  const auto* array = root.if_array();
  if (array == nullptr) return nullptr;
  const std::string_view name = first_name(path);
  const auto* item = item_at(*array, name);
  if (item == nullptr || name.size() == path.size()) return item;
  return find_path(*item, rest_behind(path, name.size()));
}

const json::value* find_path(const json::object& root, std::string_view path) {
  const json::value* found = nullptr;
  visit_fields(root, path, [&](std::string_view key, const json::value& value) {
    found = key.size() == path.size() ? &value
                                      : find_path(value, rest_behind(path, key.size()));
    return found != nullptr;
  });
  return found;
}

class PathReader {
 public:
  static bool read(const json::object& object, std::string_view path, PathValues& out) {
    return visit_fields(object, path, [&](std::string_view key, const json::value& value) {
      if (key.size() == path.size()) return end(value, out);
      return read(value, rest_behind(path, key.size()), out);
    });
  }

  static bool read(const json::value& at, std::string_view path, PathValues& out) {
    if (const auto* object = at.if_object()) return read(*object, path, out);
    const auto* array = at.if_array();
    if (array == nullptr) return false;
    const std::string_view name = first_name(path);
    if (const auto* item = item_at(*array, name)) {
      if (name.size() == path.size()) return end(*item, out);
      return read(*item, rest_behind(path, name.size()), out);
    }
    if (!leads_through(at, path)) return false;
    out.at_ = &at;
    out.rest_ = path;
    out.through_list_ = true;
    return true;
  }

 private:
  static bool end(const json::value& value, PathValues& out) {
    out = PathValues(&value);
    return true;
  }
};

PathValues find_values(const json::value& root, std::string_view path) {
  PathValues out;
  PathReader::read(root, path, out);
  return out;
}

PathValues find_values(const json::object& root, std::string_view path) {
  PathValues out;
  PathReader::read(root, path, out);
  return out;
}

const json::value* PathValues::as_one(json::value& scratch) const {
  if (!through_list_) return at_;
  json::array all;
  for_each([&](const json::value& value) { all.push_back(value); });
  scratch = std::move(all);
  return &scratch;
}

bool PathValues::any_in_items(bool (*visit)(const void* context, const json::value& value),
                              const void* context) const {
  const auto call = [&](const json::value& value) { return visit(context, value); };
  ItemWalk walk(call);
  walk.walk(*at_, rest_);
  return walk.ended();
}

Result<void> write_path(json::object& root, std::string_view path, json::value value) {
  if (const auto* found = find_path(root, path)) {
    // It lies in root, which is not const.
    const_cast<json::value&>(*found) = std::move(value);
    return {};
  }
  GapFinder gap(path);
  gap.walk(root, 0);
  TRAWL_TRY(gap.status());
  return make_fields(const_cast<json::object&>(gap.object()), path.substr(gap.begin()),
                     path, std::move(value));
}

void copy_path(const json::object& from, std::string_view path, json::object& to) {
  copy_into(from, path, to);
}

}  // namespace trawl
