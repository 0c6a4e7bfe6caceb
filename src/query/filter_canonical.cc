#include <cmath>
#include <cstdint>
#include <set>

#include "query/filter_node.h"

namespace trawl {
namespace {

// Numbers that are equal get one kind, and with that one text.
json::value normal_value(const json::value& value) {
  if (const auto* number = value.if_double()) {
    constexpr double kExactMax = 9'007'199'254'740'992.0;
    if (std::trunc(*number) == *number && std::abs(*number) <= kExactMax) {
      return json::value(static_cast<std::int64_t>(*number));
    }
    return value;
  }
  if (const auto* array = value.if_array()) {
    json::array out;
    out.reserve(array->size());
    for (const auto& item : *array) out.push_back(normal_value(item));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& field : *object) out[field.key()] = normal_value(field.value());
    return out;
  }
  return value;
}

std::string canonical_value(const FilterNode& condition) {
  switch (condition.op) {
    case FilterOp::gt:
    case FilterOp::lt:
    case FilterOp::gte:
    case FilterOp::lte:
      switch (condition.bound.kind) {
        case Comparable::Kind::number:
          return canonical_json(normal_value(condition.bound.number));
        case Comparable::Kind::time:
          return "@" + std::to_string(condition.bound.time);
        case Comparable::Kind::none:
          return "never";
      }
      return {};
    case FilterOp::in:
    case FilterOp::nin: {
      std::set<std::string> items;
      for (const auto& item : condition.set->values()) {
        items.insert(canonical_json(normal_value(item)));
      }
      std::string out = "[";
      for (const auto& item : items) out += item + ",";
      return out + "]";
    }
    case FilterOp::text: {
      if (!condition.value.is_string()) return "never";
      std::string out = "[";
      for (const auto& word : condition.words) {
        append_json_string(out, word);
        out += ",";
      }
      return out + "]";
    }
    default:
      return canonical_json(normal_value(condition.value));
  }
}

// `all` inside `all` and `any` inside `any` say nothing new; nor does `any` inside `none`.
void collect(const FilterNode& group, FilterNode::Kind merged, std::set<std::string>& out) {
  for (const auto& child : group.children) {
    if (child.kind == merged) {
      collect(child, merged, out);
    } else {
      out.insert(canonical_filter(child));
    }
  }
}

std::string canonical_group(const FilterNode& group, char sign, FilterNode::Kind merged) {
  std::set<std::string> parts;
  collect(group, merged, parts);
  if (sign != '!' && parts.size() == 1) return *parts.begin();
  std::string out(1, sign);
  out += '(';
  for (const auto& part : parts) {
    out += part;
    out += ' ';
  }
  out += ')';
  return out;
}

}  // namespace

std::string canonical_filter(const FilterNode& node) {
  switch (node.kind) {
    case FilterNode::Kind::all:
      return canonical_group(node, '&', FilterNode::Kind::all);
    case FilterNode::Kind::any:
      return canonical_group(node, '|', FilterNode::Kind::any);
    case FilterNode::Kind::none:
      return canonical_group(node, '!', FilterNode::Kind::any);
    case FilterNode::Kind::unknown:
      return "?";
    case FilterNode::Kind::condition:
      break;
  }
  const std::string value = canonical_value(node);
  std::string out(filter_op_name(node.op));
  // Case matters only to text, and never to the words of `text`.
  if (node.mode == CaseMode::folded && node.op != FilterOp::text &&
      value.find('"') != std::string::npos) {
    out += '~';
  }
  append_json_string(out, node.path);
  out += ':';
  out += value;
  return out;
}

}  // namespace trawl
