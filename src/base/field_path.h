#pragma once

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
// What find_path reads, write_path writes to the same place, or refuses.
namespace trawl {

// The value at a path, or null.
const json::value* find_path(const json::value& root, std::string_view path);
const json::value* find_path(const json::object& root, std::string_view path);

// Puts a value where find_path then finds it. A place that is there already gets the new
// value. Otherwise objects are made, inside the deepest object that the path leads to, with
// one key for each name; nothing that is stored is replaced or hidden by that.
//   invalid  something that is neither an object nor a list stands in the way (null does,
//            too), a list has no such item, a name is empty, or the path makes more than
//            kJsonDepthMax levels; the root is as it was. The location is the path.
Result<void> write_path(json::object& root, std::string_view path, json::value value);

// Copies what `from` has at a path to the same place of `to`, which holds copies out of
// `from` alone; nothing when there is none. In lists the items before a chosen one are
// null, so that its path stays what it was.
void copy_path(const json::object& from, std::string_view path, json::object& to);

// Whether a path of an object can lead through this key of it.
bool begins_path(std::string_view key, std::string_view path);

}  // namespace trawl
