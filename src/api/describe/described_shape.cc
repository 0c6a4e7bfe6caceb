#include "api/describe/described_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace trawl::api {
namespace {

constexpr int kDepthMax = 16;

json::string_view key(std::string_view text) {
  return {text.data(), text.size()};
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(key(name));
}

class Comparison {
 public:
  explicit Comparison(const json::object& components) : components_(components) {}

  std::string query(const RequestShape& shape, const json::object& operation) {
    std::set<std::string> described;
    if (const auto* list = member(operation, "parameters"); list && list->is_array()) {
      for (const json::value& one : list->get_array()) {
        const json::object& parameter = one.get_object();
        const auto* place = member(parameter, "in");
        if (place != nullptr && *place == "query") {
          described.emplace(view(parameter.at("name").as_string()));
        }
      }
    }
    return differ(shape.query, described, "query parameter", "");
  }

  std::string body(const RequestShape& shape, const json::object& operation) {
    const auto* sent = member(operation, "requestBody");
    // Bodies of GET are read for published clients only, and nothing describes them.
    if (sent == nullptr) return {};
    if (shape.body == RequestShape::Body::none) return "its body is described but not read";
    if (shape.body == RequestShape::Body::unchecked) return {};
    const auto* content = member(sent->as_object(), "content");
    for (const auto& media : content->as_object()) {
      Members described;
      collect(media.value().at("schema"), described, 0);
      std::string found = object(shape.object, described, "", 0);
      if (!found.empty()) return found;
    }
    return {};
  }

 private:
  struct Members {
    std::set<std::string> names;
    std::vector<std::pair<std::string, const json::value*>> schemas;
    bool is_open = false;    // Some schema that has members allows others.
    bool is_closed = false;  // Some does not.
  };

  const json::object* resolve(const json::value& schema) const {
    const json::object* object = schema.if_object();
    for (int depth = 0; object != nullptr && depth < kDepthMax; ++depth) {
      const auto* ref = member(*object, "$ref");
      if (ref == nullptr) return object;
      constexpr std::string_view kPrefix = "#/components/schemas/";
      const std::string_view name = view(ref->as_string());
      const auto* schemas = member(components_, "schemas");
      const auto* found = schemas != nullptr && name.starts_with(kPrefix)
                              ? member(schemas->as_object(), name.substr(kPrefix.size()))
                              : nullptr;
      object = found == nullptr ? nullptr : found->if_object();
    }
    return object;
  }

  // The members of every object that the schema allows: itself, the items of a list, one of
  // several.
  void collect(const json::value& schema, Members& out, int depth) const {
    const json::object* object = depth < kDepthMax ? resolve(schema) : nullptr;
    if (object == nullptr) return;
    if (const auto* properties = member(*object, "properties")) {
      for (const auto& one : properties->as_object()) {
        const std::string name(one.key().data(), one.key().size());
        out.names.insert(name);
        out.schemas.emplace_back(name, &one.value());
      }
    }
    const auto* others = member(*object, "additionalProperties");
    if (others != nullptr && *others == json::value(false)) {
      out.is_closed = true;
    } else if (others != nullptr ||
               (object->contains("properties") && object->contains("type"))) {
      out.is_open = true;
    }
    if (const auto* items = member(*object, "items")) collect(*items, out, depth + 1);
    for (const std::string_view kind : {"anyOf", "oneOf", "allOf"}) {
      const auto* list = member(*object, kind);
      if (list == nullptr) continue;
      for (const json::value& one : list->as_array()) collect(one, out, depth + 1);
    }
  }

  std::string object(const ObjectShape& shape, const Members& described,
                     const std::string& location, int depth) {
    if (depth > kDepthMax) return "the description of its body is nested too deeply";
    if (std::string found = differ(shape.members, described.names, "member", location);
        !found.empty()) {
      return found;
    }
    if (shape.others == ObjectShape::Others::refused ? described.is_open
                                                     : described.is_closed) {
      return fmt::format(
          "additionalProperties of {} is {} in the description, unlike in the server",
          location.empty() ? "the body" : location, described.is_open ? "true" : "false");
    }
    for (const BodyMember& declared : shape.members) {
      Members below;
      for (const auto& [name, schema] : described.schemas) {
        if (name == declared.name) collect(*schema, below, 0);
      }
      const std::string place = location.empty()
                                    ? std::string(declared.name)
                                    : fmt::format("{}.{}", location, declared.name);
      if (declared.shape != nullptr && declared.described == Described::yes) {
        std::string found = object(*declared.shape, below, place, depth + 1);
        if (!found.empty()) return found;
      } else if (!below.names.empty() && !below.is_open) {
        return fmt::format("the member '{}.{}' is described but not declared", place,
                           *below.names.begin());
      }
    }
    return {};
  }

  template <class Named>
  static std::string differ(const std::vector<Named>& declared,
                            const std::set<std::string>& described, std::string_view what,
                            const std::string& location) {
    const auto place = [&](std::string_view name) {
      return location.empty() ? std::string(name) : fmt::format("{}.{}", location, name);
    };
    for (const Named& one : declared) {
      const bool is_described = described.count(std::string(one.name)) != 0;
      if (is_described == (one.described == Described::yes)) continue;
      return fmt::format(
          "the {} '{}' is declared {}", what, place(one.name),
          is_described ? "as undescribed, but is described" : "but not described");
    }
    for (const std::string& name : described) {
      if (std::none_of(declared.begin(), declared.end(),
                       [&](const Named& one) { return one.name == name; })) {
        return fmt::format("the {} '{}' is described but not declared", what, place(name));
      }
    }
    return {};
  }

  const json::object& components_;
};

}  // namespace

std::string difference_from(const RequestShape& shape, const json::object& operation,
                            const json::object& components) {
  Comparison comparison(components);
  std::string found = comparison.query(shape, operation);
  return found.empty() ? comparison.body(shape, operation) : found;
}

}  // namespace trawl::api
