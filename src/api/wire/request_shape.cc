#include "api/wire/request_shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/near_name.h"
#include "base/text.h"
#include "model/recorded_fields.h"

namespace trawl::api {
namespace {

constexpr std::size_t kShownChars = 64;

template <class Named>
const Named* find(const std::vector<Named>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

template <class Named>
std::vector<std::string_view> names_of(const std::vector<Named>& all) {
  std::vector<std::string_view> names;
  names.reserve(all.size());
  for (const Named& one : all) names.push_back(one.name);
  return names;
}

// Those that a reader should learn of.
template <class Named>
std::vector<std::string_view> described_names(const std::vector<Named>& all) {
  std::vector<std::string_view> names;
  for (const Named& one : all) {
    if (one.described == Described::yes) names.push_back(one.name);
  }
  return names;
}

std::string remedy(const std::vector<std::string_view>& names, std::string_view what) {
  if (names.empty()) return fmt::format("leave it out: this request takes no {}", what);
  return fmt::format("leave it out, or use one of {}", fmt::join(names, ", "));
}

Error unknown_parameter(std::string_view name, const RequestShape& shape) {
  const std::string shown = truncate_text(name, kShownChars);
  std::string message = fmt::format("unknown query parameter '{}'; ", shown);
  const auto names = names_of(shape.query);
  if (find(shape.object.members, name) != nullptr) {
    message += fmt::format("it goes into the body: {{\"{}\": …}}", name);
  } else if (const auto near = near_name(name, names); !near.empty()) {
    message += fmt::format("did you mean '{}'?", near);
  } else {
    message += remedy(described_names(shape.query), "query parameters");
  }
  return invalid_at(fmt::format("query.{}", shown), std::move(message));
}

// Walks a body beside its shape.
class BodyCheck {
 public:
  BodyCheck(const RequestShape& shape, std::vector<std::string>& warnings)
      : shape_(shape), warnings_(warnings) {}

  Result<void> check(const json::object& object, const ObjectShape& shape,
                     const std::string& location) {
    for (const auto& field : object) {
      const std::string_view name(field.key().data(), field.key().size());
      const BodyMember* member = find(shape.members, name);
      if (member == nullptr) {
        if (shape.others == ObjectShape::Others::data) continue;
        TRAWL_TRY(refuse_or_warn(name, shape, location));
      } else if (member->shape != nullptr) {
        TRAWL_TRY(check_value(field.value(), *member->shape, place(location, name)));
      }
    }
    return {};
  }

 private:
  static std::string place(const std::string& location, std::string_view name) {
    const std::string shown = truncate_text(name, kShownChars);
    return location.empty() ? shown : fmt::format("{}.{}", location, shown);
  }

  Result<void> check_value(const json::value& value, const ObjectShape& shape,
                           const std::string& location) {
    if (const auto* object = value.if_object()) return check(*object, shape, location);
    const auto* list = value.if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (const auto* object = (*list)[i].if_object()) {
        TRAWL_TRY(check(*object, shape, fmt::format("{}[{}]", location, i)));
      }
    }
    return {};
  }

  Result<void> refuse_or_warn(std::string_view name, const ObjectShape& shape,
                              const std::string& location) {
    const std::string at = place(location, name);
    // What the query knows under just this name is not a slip of another member.
    if (location.empty() && find(shape_.query, name) != nullptr) {
      return invalid_at(at, fmt::format("unknown member '{}'; it goes into the query: "
                                        "?{}=…",
                                        at, name));
    }
    if (const auto near = near_name(name, names_of(shape.members)); !near.empty()) {
      return invalid_at(at,
                        fmt::format("unknown member '{}'; did you mean '{}'?", at, near));
    }
    if (shape.others == ObjectShape::Others::refused) {
      return invalid_at(at, fmt::format("unknown member '{}'; {}", at,
                                        remedy(described_names(shape.members), "members")));
    }
    warnings_.push_back(fmt::format("unknown member '{}' was ignored", at));
    return {};
  }

  const RequestShape& shape_;
  std::vector<std::string>& warnings_;
};

}  // namespace

ObjectShape ObjectShape::with(std::vector<BodyMember> more) const {
  ObjectShape out = *this;
  out.members.insert(out.members.end(), more.begin(), more.end());
  return out;
}

RequestShape RequestShape::lines() {
  RequestShape shape;
  shape.body = Body::unchecked;
  return shape;
}

RequestShape RequestShape::anything() {
  RequestShape shape = lines();
  shape.any_query = true;
  return shape;
}

Result<void> check_query(const http::Request& request, const RequestShape& shape) {
  if (shape.any_query) return {};
  for (auto sent = request.query.begin(); sent != request.query.end(); ++sent) {
    const std::string& name = sent->first;
    const QueryParameter* parameter = find(shape.query, name);
    if (parameter == nullptr) return unknown_parameter(name, shape);
    if (sent->second.empty() && !parameter->may_be_empty) {
      return invalid_at(fmt::format("query.{}", name),
                        fmt::format("{} is empty; give it a value, or leave it out", name));
    }
    const auto same = [&](const http::Header& other) { return other.first == name; };
    if (!parameter->repeats && std::any_of(request.query.begin(), sent, same)) {
      return invalid_at(fmt::format("query.{}", name),
                        fmt::format("{} was sent more than once; send it once", name));
    }
  }
  return {};
}

Result<void> check_body(const json::object& body, const RequestShape& shape,
                        std::vector<std::string>& warnings) {
  return BodyCheck(shape, warnings).check(body, shape.object, {});
}

Result<void> check_no_body(const http::Request& request) {
  const std::string_view body = trim(request.body);
  if (body.empty()) return {};
  const auto parsed = parse_json(body);
  if (parsed &&
      (parsed->is_null() || (parsed->is_object() && parsed->get_object().empty()))) {
    return {};
  }
  return invalid_at("body",
                    "this request takes no body; leave it out, and put its arguments into "
                    "the path and the query");
}

Query paging_query() {
  // An empty one counts as not sent: clients begin a walk with "?cursor=".
  return {{"limit", Described::yes, true},      {"offset", Described::yes, true},
          {"cursor", Described::yes, true},     {"include_total", Described::yes, true},
          {"page_size", Described::yes, true},  {"page", Described::yes, true},
          {"page_number", Described::no, true}, {"next_cursor", Described::no, true},
          {"after", Described::no, true}};
}

Query operator+(Query a, const Query& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const ObjectShape& sort_shape() {
  static const ObjectShape kShape{{{"field"}, {"direction"}}};
  return kShape;
}

ObjectShape execution_conditions_shape() {
  static const ObjectShape kRange{{{"min"}, {"max"}}};
  static const ObjectShape kDocument{{{"document_id"}, {"collection_id"}}};
  std::vector<BodyMember> texts;
  for (const std::string_view name : filter_names(kCondition)) texts.push_back({name});
  return ObjectShape{{{"modes"},
                      {"status"},
                      {"statuses"},
                      {"start_time"},
                      {"end_time"},
                      {"query"},
                      {"error"},
                      {"error_kind"},
                      {"execution_ids"},
                      {"collection_ids"},
                      {"min_duration_ms"},
                      {"max_duration_ms"},
                      {"min_credits"},
                      {"max_credits"},
                      {"returned"},
                      {"returned_document", &kDocument},
                      {"cache_hit_rate", &kRange},
                      {"labels"},
                      {"filters"}}}
      .with(std::move(texts));
}

ObjectShape execution_list_shape() {
  return execution_conditions_shape().with(
      {{"budget_ms"}, {"sort", &sort_shape()}, {"fields"}, {"count_only"}});
}

ObjectShape object_list_shape() {
  return {{{"search"},
           {"filters"},
           {"sort", &sort_shape()},
           {"case_sensitive"},
           {"sorts", &sort_shape()},
           {"limit"},
           {"offset"},
           {"page"},
           {"cursor"},
           {"include_total"},
           {"page_size", nullptr, Described::no},
           {"page_number", nullptr, Described::no},
           {"next_cursor", nullptr, Described::no},
           {"after", nullptr, Described::no}}};
}

ObjectShape retention_shape() {
  // Which statuses there are is checked with the policy.
  static const ObjectShape kByStatus{{}, ObjectShape::Others::data};
  return {{{"max_age"}, {"max_count"}, {"max_bytes"}, {"by_status", &kByStatus}}};
}

ObjectShape recording_shape() {
  static const ObjectShape kRule{{{"field"}, {"pattern"}, {"action"}}};
  return {{{"mode"}, {"redact", &kRule}}};
}

}  // namespace trawl::api
