#include "api/executions/filter_collections.h"

#include <string_view>

namespace trawl::api {
namespace {

constexpr const char* kField = "collection_ids";

// What compares it with one name, or with several.
std::string_view op_for_several(std::string_view op) {
  if (op == "eq" || op == "in" || op == "contains") return "in";
  if (op == "ne" || op == "nin") return "nin";
  return {};
}

class Resolver {
 public:
  Resolver(const FindCollectionId& find, UnknownCollections& unknown)
      : find_(find), unknown_(unknown) {}

  Result<json::value> filter(const json::value& source) {
    const auto* object = source.if_object();
    if (object == nullptr) return source;
    if (object->contains("field")) return condition(*object);
    json::object out = *object;
    for (const char* name : {"AND", "OR", "NOT"}) {
      json::value* part = out.if_contains(name);
      if (part == nullptr) continue;
      if (auto* list = part->if_array()) {
        for (json::value& one : *list) {
          TRAWL_ASSIGN(one, filter(one));
        }
      } else {
        TRAWL_ASSIGN(*part, filter(*part));
      }
    }
    const json::value* value = out.if_contains(kField);
    if (value == nullptr || !value->is_string()) return out;
    // Among conditions in short, one that is written out becomes a group with the others.
    TRAWL_ASSIGN(json::value written,
                 condition(json::object{{"field", kField}, {"value", *value}}));
    out.erase(kField);
    json::object group{{"AND", json::array{std::move(written)}}};
    if (const auto* sensitive = out.if_contains("case_sensitive")) {
      group["case_sensitive"] = *sensitive;
    }
    if (!out.empty()) group["AND"].get_array().emplace_back(std::move(out));
    return group;
  }

 private:
  Result<json::value> condition(const json::object& source) {
    const auto* field = source.if_contains("field");
    const auto* op = source.if_contains("operator");
    const auto* value = source.if_contains("value");
    const std::string_view wanted =
        op_for_several(op == nullptr || !op->is_string() ? "eq" : view(op->get_string()));
    if (!field->is_string() || field->get_string() != kField || wanted.empty() ||
        value == nullptr) {
      return source;
    }
    json::array wanted_ids;
    const auto add = [&](const json::value& one) -> Result<void> {
      if (one.is_string()) {
        return add_collection(std::string(view(one.get_string())), "filters", find_,
                              wanted_ids, unknown_);
      }
      wanted_ids.push_back(one);
      return {};
    };
    if (const auto* list = value->if_array()) {
      for (const json::value& one : *list) TRAWL_TRY(add(one));
    } else {
      TRAWL_TRY(add(*value));
    }
    json::object out = source;
    out["operator"] = json::string_view(wanted.data(), wanted.size());
    out["value"] = std::move(wanted_ids);
    return out;
  }

  const FindCollectionId& find_;
  UnknownCollections& unknown_;
};

}  // namespace

Result<void> add_collection(const std::string& name, const std::string& location,
                            const FindCollectionId& find, json::array& wanted,
                            UnknownCollections& unknown) {
  wanted.push_back(text_value(name));
  auto id = find(name);
  if (id) {
    if (id->str() != name) wanted.push_back(text_value(id->str()));
    return {};
  }
  Error error = std::move(id).error();
  if (error.code != ErrorCode::not_found) return error;
  error.location = location;
  unknown.emplace_back(name, std::move(error));
  return {};
}

Result<json::value> with_collection_ids(const json::value& filter,
                                        const FindCollectionId& find,
                                        UnknownCollections& unknown) {
  return Resolver(find, unknown).filter(filter);
}

}  // namespace trawl::api
