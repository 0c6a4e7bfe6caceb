#include "api/document_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace trawl::api {
namespace {

// Not user fields: the server sets them itself.
constexpr std::string_view kReserved[] = {"document_id", "collection_id", "_internal"};

bool is_reserved(json::string_view key) {
  const std::string_view name(key.data(), key.size());
  return std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

void merge(const json::object& update, json::object& into) {
  for (const auto& field : update) {
    json::value& slot = into[field.key()];
    if (field.value().is_object() && slot.is_object()) {
      merge(field.value().get_object(), slot.get_object());
    } else {
      slot = field.value();
    }
  }
}

}  // namespace

json::object document_json(const Document& document, const Collection& collection) {
  json::object out;
  out.reserve(document.fields.size() + 3);
  out["document_id"] = document.document_id;
  out["collection_id"] = collection.id.str();
  for (const auto& field : document.fields) out[field.key()] = field.value();
  out["_internal"] = json::object{{"document_id", document.document_id},
                                  {"collection_id", collection.id.str()},
                                  {"namespace_id", collection.namespace_id.str()},
                                  {"created_at", format_time(document.created_at)},
                                  {"updated_at", format_time(document.updated_at)}};
  return out;
}

Result<DocumentWrite> read_document(const json::object& sent, const std::string& location) {
  DocumentWrite out;
  ObjectReader in(sent, location);
  out.document_id = in.string({"document_id"});
  TRAWL_TRY(in.status());
  out.fields.reserve(sent.size());
  for (const auto& field : sent) {
    if (!is_reserved(field.key())) out.fields[field.key()] = field.value();
  }
  return out;
}

Result<void> apply_update(const json::object& update, bool deep, json::object& fields) {
  for (const auto& field : update) {
    const std::string_view key(field.key().data(), field.key().size());
    if (is_reserved(field.key())) {
      return invalid_at(std::string(key),
                        fmt::format("{} is set by the server and cannot be "
                                    "changed; leave it out",
                                    key));
    }
    if (key.find('.') != std::string_view::npos && !fields.contains(field.key())) {
      set_path(fields, key, field.value());
      continue;
    }
    json::value& slot = fields[field.key()];
    if (deep && field.value().is_object() && slot.is_object()) {
      merge(field.value().get_object(), slot.get_object());
    } else {
      slot = field.value();
    }
  }
  return {};
}

}  // namespace trawl::api
