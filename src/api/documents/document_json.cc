#include "api/documents/document_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "api/documents/document_vectors.h"
#include "base/field_path.h"
#include "base/text.h"
#include "model/engine_fields.h"
#include "model/internal_fields.h"

namespace trawl::api {
namespace {

// Not user fields: the server sets them itself.
constexpr std::string_view kReserved[] = {
    engine_field::kDocumentId, engine_field::kCollectionId, engine_field::kInternal};

bool is_reserved(json::string_view key) {
  const std::string_view name(key.data(), key.size());
  return std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

bool is_dotted(std::string_view key) {
  return key.find('.') != std::string_view::npos;
}

void merge(const json::object& update, json::object& into);

void set_or_merge(const json::value& value, bool deep, json::value& slot) {
  if (deep && value.is_object() && slot.is_object()) {
    merge(value.get_object(), slot.get_object());
  } else {
    slot = value;
  }
}

// Calls `visit(begin, rest)` at every dot of a path until it returns true; whether it did.
// Longer paths than can be written have no beginnings here: a path of a million dots must
// not cost a million lookups.
template <class Visit>
bool any_beginning(std::string_view path, const Visit& visit) {
  std::size_t count = 0;
  for (auto dot = path.find('.'); dot != std::string_view::npos && count < kJsonDepthMax;
       dot = path.find('.', dot + 1), ++count) {
    if (visit(path.substr(0, dot), path.substr(dot + 1))) return true;
  }
  return false;
}

const json::value* find_key(const json::object& object, std::string_view key) {
  return object.if_contains(json::string_view(key.data(), key.size()));
}

// Member by member. A member is a key as it stands. Only one with dots that is not a key
// yet and reads as a path to something, which no other member writes, means that place: as
// a key it would hide from filters what stands there.
void merge(const json::object& update, json::object& into) {
  for (const auto& field : update) {
    json::value* slot = into.if_contains(field.key());
    if (slot == nullptr && is_dotted(key_of(field)) &&
        !any_beginning(key_of(field), [&](std::string_view begin, std::string_view) {
          return find_key(update, begin) != nullptr;
        })) {
      // It lies in `into`, which is not const.
      slot = const_cast<json::value*>(find_path(into, key_of(field)));
    }
    set_or_merge(field.value(), true, slot == nullptr ? into[field.key()] : *slot);
  }
}

// Whether an object that is written to the place where a path begins says itself what the
// rest of the path is to be.
bool decides(const json::value& written, std::string_view rest) {
  const auto* object = written.if_object();
  if (object == nullptr || find_path(*object, rest) != nullptr) return true;
  return any_beginning(rest, [&](std::string_view begin, std::string_view) {
    const auto* part = find_path(*object, begin);
    return part != nullptr && !part->is_object();
  });
}

// A path that begins with another key of the same update: which of the two is to win?
Result<void> check_conflicts(const json::object& update, std::string_view path,
                             const std::set<std::string_view>& paths,
                             const std::string& location) {
  Result<void> out;
  any_beginning(path, [&](std::string_view begin, std::string_view rest) {
    const auto* other = find_key(update, begin);
    if (other == nullptr || (!paths.contains(begin) && !decides(*other, rest))) {
      return false;
    }
    out = invalid_at(location,
                     fmt::format("'{}' and '{}' write to the same place; send one of them",
                                 truncate_text(begin, 64), truncate_text(path, 64)));
    return true;
  });
  return out;
}

// Whether a name at the top level of a document is about its vectors, and no field.
auto vector_names(const json::object& document, const Collection& collection) {
  const bool has_names = has_dense_features(collection);
  const bool has_vectors = vectors_member(collection, document) != VectorsMember::field;
  return [has_names, has_vectors](std::string_view name) {
    return (has_names && name == engine_field::kVectorNames) ||
           (has_vectors && name == engine_field::kVectors);
  };
}

std::string join(const std::string& location, std::string_view key) {
  return location.empty() ? std::string(key) : fmt::format("{}.{}", location, key);
}

InternalFields internal_fields(const Document& document, const Collection& collection) {
  return {document.document_id, collection.id.str(), collection.namespace_id.str(),
          document.created_at, document.updated_at};
}

// Whether the server wrote this itself: a document that it gave, sent back.
bool is_own_writing(const json::value& internal, const json::value* collection_id) {
  const auto* object = internal.if_object();
  if (object == nullptr) return false;
  for (const auto name : {"document_id", "collection_id", "namespace_id", "created_at"}) {
    const auto* value = object->if_contains(name);
    if (value == nullptr || !value->is_string()) return false;
  }
  return collection_id == nullptr || *collection_id == object->at("collection_id");
}

}  // namespace

json::object document_json(const Document& document, const Collection& collection) {
  json::object out;
  out.reserve(document.fields.size() + 3);
  out["document_id"] = document.document_id;
  out["collection_id"] = collection.id.str();
  for (const auto& field : document.fields) out[field.key()] = field.value();
  out["_internal"] = internal_json(internal_fields(document, collection));
  return out;
}

PathValues document_values(const Document& document, const Collection& collection,
                           std::string_view path, json::value& scratch) {
  if (path == engine_field::kDocumentId) {
    scratch = document.document_id;
    return &scratch;
  }
  if (path == engine_field::kCollectionId) {
    scratch = collection.id.str();
    return &scratch;
  }
  if (is_internal_path(path)) {
    return internal_value(internal_fields(document, collection), path, scratch);
  }
  return find_values(document.fields, path);
}

Result<DocumentWrite> read_document(const json::object& sent, const Collection& collection,
                                    const std::string& location) {
  DocumentWrite out;
  ObjectReader in(sent, location);
  out.document_id = in.string({"document_id"});
  TRAWL_TRY(in.status());
  TRAWL_ASSIGN(out.vectors, read_document_vectors(sent, collection, location));
  const auto is_about_vectors = vector_names(sent, collection);
  out.fields.reserve(sent.size());
  for (const auto& field : sent) {
    if (is_reserved(field.key()) || is_about_vectors(key_of(field))) continue;
    out.fields[field.key()] = field.value();
  }
  return out;
}

Result<DocumentUpdate> read_update(const json::object& sent, const Collection& collection,
                                   const std::string& location) {
  DocumentUpdate out;
  const auto is_about_vectors = vector_names(sent, collection);
  for (const auto& field : sent) {
    const std::string_view key = key_of(field);
    if (!is_about_vectors(key.substr(0, key.find('.')))) {
      out.fields[field.key()] = field.value();
    } else if (key == engine_field::kVectorNames) {
      continue;  // As the server gave it.
    } else if (is_dotted(key)) {
      const std::string shown = truncate_text(key, 128);
      return invalid_at(join(location, shown),
                        fmt::format("{} is a part of the vectors, which are replaced as a "
                                    "whole; send them as {{\"vectors\": {{URI: vector}}}}",
                                    shown));
    }
  }
  TRAWL_TRY(check_update(out.fields, location));
  TRAWL_ASSIGN(out.vectors, read_document_vectors(sent, collection, location));
  return out;
}

std::vector<std::string> warn_of_left_out(const json::object& sent,
                                          const Collection& collection) {
  std::vector<std::string> warnings;
  const json::value* id = find_key(sent, engine_field::kCollectionId);
  const json::value* internal = find_key(sent, engine_field::kInternal);
  if (internal != nullptr && is_own_writing(*internal, id)) return warnings;
  const auto warn = [&](std::string_view name) {
    warnings.push_back(fmt::format(
        "'{}' was left out: the server sets it itself; give the field another name to keep "
        "it",
        name));
  };
  if (id != nullptr && !id->is_null() && *id != json::value(collection.id.str())) {
    warn(engine_field::kCollectionId);
  }
  if (internal != nullptr && !internal->is_null()) warn(engine_field::kInternal);
  const json::value* names = find_key(sent, engine_field::kVectorNames);
  if (names != nullptr && !names->is_null() && !names->is_array() &&
      has_dense_features(collection)) {
    warn(engine_field::kVectorNames);
  }
  return warnings;
}

Result<void> check_update(const json::object& update, const std::string& location) {
  for (const auto& field : update) {
    const std::string_view name = key_of(field).substr(0, key_of(field).find('.'));
    if (!is_reserved(json::string_view(name.data(), name.size()))) continue;
    const std::string key(key_of(field));
    return invalid_at(join(location, truncate_text(key, 128)),
                      fmt::format("{} is set by the server and cannot be "
                                  "changed; leave it out",
                                  truncate_text(key, 128)));
  }
  return {};
}

Result<void> apply_update(const json::object& update, bool deep,
                          const std::string& location, json::object& fields) {
  TRAWL_TRY(check_update(update, location));
  // What is a path is settled by the document as it was: the fields that are written below
  // must not decide it.
  std::set<std::string_view> paths;
  for (const auto& field : update) {
    if (is_dotted(key_of(field)) && !fields.contains(field.key())) {
      paths.insert(key_of(field));
    }
  }
  for (const auto path : paths) {
    TRAWL_TRY(check_conflicts(update, path, paths, join(location, path)));
  }
  json::object changed = fields;
  for (const auto& field : update) {
    if (paths.contains(key_of(field))) continue;
    set_or_merge(field.value(), deep, changed[field.key()]);
  }
  for (const auto path : paths) {
    auto written = write_path(changed, path, *find_key(update, path));
    if (written) continue;
    Error error = std::move(written).error();
    error.location = join(location, error.location);
    return error;
  }
  fields = std::move(changed);
  return {};
}

}  // namespace trawl::api
