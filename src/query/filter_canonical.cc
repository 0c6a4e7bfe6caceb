#include <set>
#include <string>

#include "query/filter_node.h"
#include "query/value_key.h"

namespace trawl {
namespace {

std::string canonical_value(const FilterNode& condition) {
  switch (condition.op) {
    case FilterOp::gt:
    case FilterOp::lt:
    case FilterOp::gte:
    case FilterOp::lte:
      switch (condition.bound.kind) {
        case Comparable::Kind::number:
          return value_key(&condition.bound.number);
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
        items.insert(value_key(&item));
      }
      std::string out = "[";
      for (const auto& item : items) out += item;
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
      return value_key(&condition.value);
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
