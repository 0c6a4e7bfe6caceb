#include "api/describe/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "api/describe/described_shape.h"
#include "api/describe/recorded_description.h"
#include "api/wire/endpoint.h"
#include "base/json.h"
#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::string_view kCommonFile = "common.json";
constexpr std::string_view kDescribedMethods[] = {"get", "put", "post", "delete", "patch"};

[[noreturn]] void fail(const std::string& what) {
  throw std::logic_error("src/api/openapi: " + what);
}

json::string_view json_key(std::string_view text) {
  return {text.data(), text.size()};
}

json::object parse_file(const EmbeddedFile& file) {
  auto parsed = parse_json(file.text);
  if (!parsed) fail(fmt::format("{}: {}", file.name, parsed.error().message));
  if (!parsed->is_object()) fail(fmt::format("{} is not a JSON object", file.name));
  return std::move(parsed->get_object());
}

// The object under a name, made where it is not there.
json::object& child(json::object& of, std::string_view name) {
  json::value& value = of[json_key(name)];
  if (value.is_null()) value.emplace_object();
  if (!value.is_object()) fail(fmt::format("'{}' is not an object", name));
  return value.get_object();
}

// Adds members that are not there yet.
void add_missing(const json::object& from, json::object& into) {
  for (const auto& member : from) {
    if (!into.contains(member.key())) into[member.key()] = member.value();
  }
}

class Description {
 public:
  explicit Description(std::span<const EmbeddedFile> files) {
    for (const EmbeddedFile& file : files) {
      if (file.name == kCommonFile) document_ = parse_file(file);
    }
    shared_ = child(document_, "shared");
    document_.erase("shared");
    for (const EmbeddedFile& file : files) {
      if (file.name != kCommonFile) add(file);
    }
    for (auto& part : document_) describe_recorded_fields(part.value());
  }

  void check(const http::Router& router) {
    const json::object& paths = child(document_, "paths");
    const auto describes = [&](std::string_view path, std::string_view method) {
      const auto* item = paths.if_contains(json_key(path));
      return item != nullptr && item->is_object() &&
             item->get_object().contains(json_key(method));
    };
    for (const auto& route : router.routes()) {
      if (!route->is_offered) continue;
      if (describes(route->pattern, to_lower_ascii(route->method))) continue;
      fail(fmt::format("{} {} is served but not described; add it to the file of its area",
                       route->method, route->pattern));
    }
    for (const auto& path : paths) {
      const std::string_view pattern(path.key().data(), path.key().size());
      for (const std::string_view method : kDescribedMethods) {
        if (!describes(pattern, method)) continue;
        const bool served = std::any_of(
            router.routes().begin(), router.routes().end(), [&](const auto& route) {
              return route->pattern == pattern && to_lower_ascii(route->method) == method;
            });
        if (!served) {
          fail(
              fmt::format("{} {} is described but not served; remove it", method, pattern));
        }
      }
    }
  }

  std::string render(const http::Router& router) {
    json::object& components = child(document_, "components");
    for (auto& path : child(document_, "paths")) {
      json::object& item = path.value().get_object();
      for (const std::string_view method : kDescribedMethods) {
        auto* operation = item.if_contains(json_key(method));
        if (operation == nullptr) continue;
        add_shared({path.key().data(), path.key().size()}, operation->get_object());
        add_parameters(item, operation->get_object(), child(components, "parameters"));
      }
      item.erase("parameters");
    }
    components.erase("parameters");
    for (auto& response : child(components, "responses")) {
      add_response_headers(response.value().get_object());
    }
    json::object& schemas = child(components, "schemas");
    for (auto& schema : schemas) spell_out(schema.value(), schemas, 0);

    check_shapes(router);

    json::object out{{"openapi", "3.1.0"}};
    child(document_, "info")["version"] = TRAWL_VERSION;
    for (const std::string_view name : {"info", "servers", "tags"}) {
      out[json_key(name)] = std::move(document_[json_key(name)]);
    }
    // What an operation does not say otherwise.
    out["security"] = json::array{json::object{{"bearer", json::array()}}};
    out["paths"] = std::move(document_["paths"]);
    out["components"] = std::move(document_["components"]);
    return to_json_text(out);
  }

 private:
  void add(const EmbeddedFile& file) {
    const auto join = [&](const json::object& from, json::object& into) {
      for (const auto& member : from) {
        if (into.contains(member.key())) {
          fail(fmt::format("{}: '{}' is defined twice", file.name,
                           std::string_view(member.key().data(), member.key().size())));
        }
        into[member.key()] = member.value();
      }
    };
    json::object parsed = parse_file(file);
    join(child(parsed, "paths"), child(document_, "paths"));
    json::object& components = child(document_, "components");
    for (auto& kind : child(parsed, "components")) {
      join(kind.value().get_object(),
           child(components, {kind.key().data(), kind.key().size()}));
    }
  }

  void add_shared(std::string_view path, json::object& operation) {
    json::object& responses = child(operation, "responses");
    const auto add_responses = [&](std::string_view rule) {
      add_missing(child(child(shared_, rule), "responses"), responses);
    };
    add_responses("every_operation");
    const auto* security = operation.if_contains("security");
    const bool is_open =
        security != nullptr && security->is_array() && security->get_array().empty();
    if (!is_open) add_responses("with_key");
    // Below /v1 every query is held to what its route declares.
    if (operation.contains("requestBody") || path.starts_with("/v1/")) {
      add_responses("checked");
    }
    for (auto& response : responses) {
      json::object& described = response.value().get_object();
      if (!described.contains("$ref")) add_response_headers(described);
    }
  }

  // Writes all parameters of an operation into it: clients that make a tool of each
  // operation look nowhere else.
  void add_parameters(const json::object& item, json::object& operation,
                      const json::object& known) {
    json::array all;
    for (const json::object* from : {&item, static_cast<const json::object*>(&operation)}) {
      const auto* list = from->if_contains("parameters");
      if (list == nullptr) continue;
      for (const json::value& one : list->as_array()) {
        const auto* ref = one.as_object().if_contains("$ref");
        if (ref == nullptr) {
          all.push_back(one);
          continue;
        }
        constexpr std::string_view kPrefix = "#/components/parameters/";
        const std::string_view name = view(ref->as_string());
        const auto* found = name.starts_with(kPrefix)
                                ? known.if_contains(json_key(name.substr(kPrefix.size())))
                                : nullptr;
        if (found == nullptr) fail(fmt::format("'{}' is not a parameter", name));
        all.push_back(*found);
      }
    }
    if (!all.empty()) operation["parameters"] = std::move(all);
  }

  // After everything is spelled out.
  void check_shapes(const http::Router& router) {
    const json::object& paths = child(document_, "paths");
    const json::object& components = child(document_, "components");
    for (const auto& route : router.routes()) {
      if (!route->is_offered || !route->handler) continue;
      const RequestShape* shape = shape_of(route->handler);
      if (shape == nullptr) {
        fail(
            fmt::format("{} {} does not declare what it takes; make its handler with "
                        "endpoint()",
                        route->method, route->pattern));
      }
      const json::object& operation = paths.at(json_key(route->pattern))
                                          .as_object()
                                          .at(json_key(to_lower_ascii(route->method)))
                                          .as_object();
      const std::string difference = difference_from(*shape, operation, components);
      if (!difference.empty()) {
        fail(fmt::format("{} {}: {}", route->method, route->pattern, difference));
      }
    }
  }

  void add_response_headers(json::object& response) {
    add_missing(child(child(shared_, "every_response"), "headers"),
                child(response, "headers"));
  }

  // Replaces x-properties-of by the properties that it means.
  void spell_out(json::value& value, const json::object& schemas, int depth) {
    json::object* schema = value.if_object();
    const auto* named =
        schema == nullptr ? nullptr : schema->if_contains("x-properties-of");
    if (named == nullptr) return;
    const std::string name(view(named->as_string()));
    const auto* found = schemas.if_contains(json_key(name));
    if (found == nullptr || !found->is_object() || depth > 8) {
      fail(fmt::format("x-properties-of names '{}', which is not a schema", name));
    }
    json::value other = *found;
    spell_out(other, schemas, depth + 1);
    json::object properties = child(other.get_object(), "properties");
    for (const auto& own : child(*schema, "properties")) {
      properties[own.key()] = own.value();
    }
    schema->erase("x-properties-of");
    (*schema)["properties"] = std::move(properties);
  }

  json::object document_;
  json::object shared_;
};

}  // namespace

std::string openapi_document(const http::Router& router,
                             std::span<const EmbeddedFile> files) {
  Description description(files);
  description.check(router);
  return description.render(router);
}

}  // namespace trawl::api
