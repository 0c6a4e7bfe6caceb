#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/field_path.h"
#include "base/text.h"
#include "base/work_limit.h"

#include "query/filter_node.h"
#include "text/fold.h"

namespace trawl {
namespace {

// Calls `test` on the value and, if it is an array, on each item until one passes.
template <class Test>
bool any_of_value(const json::value& found, const Test& test) {
  if (test(found)) return true;
  const auto* array = found.if_array();
  return array != nullptr && std::any_of(array->begin(), array->end(), test);
}

bool contains_value(const FilterNode& condition, const json::value& found) {
  if (const auto* array = found.if_array()) {
    return std::any_of(array->begin(), array->end(), [&](const json::value& item) {
      return values_match(item, condition.value, condition.bound, condition.mode);
    });
  }
  return false;
}

template <class Test>
bool test_text(const FilterNode& condition, const json::value& found, const Test& test) {
  if (!found.is_string() || !condition.value.is_string()) return false;
  const std::string_view wanted = view(condition.value.get_string());
  if (condition.mode == CaseMode::sensitive) return test(view(found.get_string()), wanted);
  const std::string folded = fold_case(view(found.get_string()));
  return test(std::string_view(folded), wanted);
}

bool has_all_words(const FilterNode& condition, const json::value& found) {
  if (!found.is_string() || !condition.value.is_string()) return false;
  const std::vector<std::string> words = text_words(view(found.get_string()));
  count_work(words.size() + condition.words.size());
  return std::includes(words.begin(), words.end(), condition.words.begin(),
                       condition.words.end());
}

// `unknown` is what unknown parts count as. It changes sides under a negation, so that
// what is not known never makes a match.
template <class Lookup>
bool evaluate(const FilterNode& node, const Lookup& lookup, bool unknown = false) {
  const bool inside = node.kind == FilterNode::Kind::none ? !unknown : unknown;
  const auto child = [&](const FilterNode& inner) {
    return evaluate(inner, lookup, inside);
  };
  const auto& children = node.children;
  switch (node.kind) {
    case FilterNode::Kind::all:
      return std::all_of(children.begin(), children.end(), child);
    case FilterNode::Kind::any:
      return std::any_of(children.begin(), children.end(), child);
    case FilterNode::Kind::none:
      return std::none_of(children.begin(), children.end(), child);
    case FilterNode::Kind::condition:
      // Looking a field up takes longer than comparing a short value.
      count_work(8 + node.path.size() / kBytesPerStep);
      return matches_condition(node, lookup(node.path));
    case FilterNode::Kind::unknown:
      return unknown;
  }
  return false;
}

}  // namespace

bool matches_condition(const FilterNode& condition, const json::value* found) {
  switch (condition.op) {
    case FilterOp::exists:
      return (found != nullptr) == condition.value.get_bool();
    case FilterOp::is_null:
      return (found == nullptr || found->is_null()) == condition.value.get_bool();
    case FilterOp::ne:
    case FilterOp::nin:
      if (found == nullptr) return true;
      break;
    default:
      if (found == nullptr) return false;
  }
  const auto equals = [&](const json::value& value) {
    return values_match(value, condition.value, condition.bound, condition.mode);
  };
  const auto is_in_set = [&](const json::value& value) {
    return condition.set->contains(value);
  };
  const auto is_ordered = [&](auto&& fits) {
    return any_of_value(*found, [&](const json::value& value) {
      const auto order = compare(to_comparable(value), condition.bound);
      return order && fits(*order);
    });
  };
  switch (condition.op) {
    case FilterOp::eq:
      return any_of_value(*found, equals);
    case FilterOp::ne:
      return !any_of_value(*found, equals);
    case FilterOp::in:
      return any_of_value(*found, is_in_set);
    case FilterOp::nin:
      return !any_of_value(*found, is_in_set);
    case FilterOp::gt:
      return is_ordered([](int order) { return order > 0; });
    case FilterOp::lt:
      return is_ordered([](int order) { return order < 0; });
    case FilterOp::gte:
      return is_ordered([](int order) { return order >= 0; });
    case FilterOp::lte:
      return is_ordered([](int order) { return order <= 0; });
    case FilterOp::contains:
      return contains_value(condition, *found) ||
             test_text(condition, *found, contains_text);
    case FilterOp::starts_with:
      return test_text(condition, *found, [](std::string_view text, std::string_view part) {
        return text.starts_with(part);
      });
    case FilterOp::ends_with:
      return test_text(condition, *found, [](std::string_view text, std::string_view part) {
        return text.ends_with(part);
      });
    case FilterOp::regex: {
      if (!condition.regex || !found->is_string()) return false;
      const std::string_view text = view(found->get_string());
      if (condition.mode == CaseMode::sensitive) return condition.regex->is_found_in(text);
      return condition.regex->is_found_in(compose_text(text));
    }
    case FilterOp::text:
      return has_all_words(condition, *found);
    case FilterOp::exists:
    case FilterOp::is_null:
      break;  // Decided above.
  }
  return false;
}

bool matches_condition(const FilterNode& condition, const PathValues& found) {
  if (!found.through_list()) return matches_condition(condition, found.one());
  const auto matches_alone = [&](const json::value& value) {
    return matches_condition(condition, &value);
  };
  switch (condition.op) {
    case FilterOp::exists:
      return condition.value.get_bool();
    case FilterOp::is_null:
      return condition.value.get_bool() !=
             found.any_of([](const json::value& value) { return !value.is_null(); });
    case FilterOp::ne:
    case FilterOp::nin:
      return !found.any_of(std::not_fn(matches_alone));
    case FilterOp::contains:
      return found.any_of([&](const json::value& value) {
        return matches_alone(value) ||
               values_match(value, condition.value, condition.bound, condition.mode);
      });
    default:
      return found.any_of(matches_alone);
  }
}

namespace {

std::optional<std::string> find_blank(const FilterNode& node) {
  for (const FilterNode& child : node.children) {
    if (auto found = find_blank(child)) return found;
  }
  const auto* text = node.value.if_string();
  if (node.kind != FilterNode::Kind::condition || text == nullptr) return std::nullopt;
  const bool looks_inside = node.op == FilterOp::contains ||
                            node.op == FilterOp::starts_with ||
                            node.op == FilterOp::ends_with || node.op == FilterOp::regex;
  const bool is_blank = (looks_inside && text->empty()) ||
                        (node.op == FilterOp::text && trim(view(*text)).empty());
  if (!is_blank) return std::nullopt;
  return fmt::format(
      "the condition '{}' on '{}' is blank, so it holds for every text; say what to look "
      "for, or use 'exists'",
      filter_op_name(node.op), truncate_text(node.path, 64));
}

}  // namespace

bool Filter::matches(const Lookup& lookup) const {
  return !compiled_->has_templates && evaluate(compiled_->root, lookup);
}

bool Filter::matches(const json::object& document) const {
  return !compiled_->has_templates &&
         evaluate(compiled_->root,
                  [&](const std::string& path) { return find_values(document, path); });
}

std::optional<std::string> Filter::vague_condition() const {
  if (!compiled_->warnings.empty()) return compiled_->warnings.front();
  return find_blank(compiled_->root);
}

std::vector<std::string> Filter::warnings() const {
  return compiled_->warnings;
}

const std::vector<std::string>& Filter::paths() const {
  return compiled_->paths;
}

const std::string& Filter::fingerprint() const {
  return compiled_->fingerprint;
}

const FilterNode& Filter::root() const {
  return compiled_->root;
}

bool Filter::has_templates() const {
  return compiled_->has_templates;
}

}  // namespace trawl
