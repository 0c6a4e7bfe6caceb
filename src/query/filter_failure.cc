#include "query/filter_failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/text.h"
#include "query/absent.h"
#include "query/filter_node.h"
#include "query/filter_value.h"

namespace trawl {
namespace {

enum class Truth { no, unknown, yes };

Truth truth_of(bool holds) {
  return holds ? Truth::yes : Truth::no;
}

Truth truth_in(const FilterNode& node, const Filter::Lookup& lookup) {
  using Kind = FilterNode::Kind;
  if (node.kind == Kind::unknown) return Truth::unknown;
  if (node.kind == Kind::condition) {
    return truth_of(matches_condition(node, lookup(node.path)));
  }
  // One of these decides; of NOT it is one that holds.
  const Truth decides = node.kind == Kind::all ? Truth::no : Truth::yes;
  bool unknown = false;
  for (const FilterNode& child : node.children) {
    const Truth truth = truth_in(child, lookup);
    if (truth == decides) {
      return truth_of(node.kind == Kind::any);
    }
    unknown |= truth == Truth::unknown;
  }
  if (unknown) return Truth::unknown;
  return truth_of(node.kind != Kind::any);
}

std::string shown(const json::value& value) {
  return truncate_text(to_json_text(value), 120);
}

// A number next to `bound` on the side of greater or lesser ones.
json::value beside(const json::value& bound, bool greater) {
  if (const auto* whole = bound.if_int64()) return *whole + (greater ? 1 : -1);
  return std::nextafter(as_double(bound), greater
                                              ? std::numeric_limits<double>::infinity()
                                              : -std::numeric_limits<double>::infinity());
}

json::value asked_value(const FilterNode& node) {
  if (node.set == nullptr) return node.value;
  return json::array(node.set->values().begin(), node.set->values().end());
}

class Finder {
 public:
  explicit Finder(const Filter::Lookup& lookup) : lookup_(lookup) {}

  // Appends what keeps the node from being what is wanted.
  void collect(const FilterNode& node, bool wanted, std::vector<FilterFailure>& out) const {
    using Kind = FilterNode::Kind;
    if (node.kind == Kind::condition) {
      out.push_back(of_condition(node, wanted));
      return;
    }
    if (node.kind == Kind::unknown) {
      FilterFailure failure;
      failure.undecided = true;
      failure.sentence = "a condition needs a value that was not given";
      out.push_back(std::move(failure));
      return;
    }
    // What each child should be, for the node to be what is wanted.
    const bool child_wanted = node.kind == Kind::none ? !wanted : wanted;
    const Truth right = truth_of(child_wanted);
    std::vector<const FilterNode*> wrong;
    for (const FilterNode& child : node.children) {
      if (truth_in(child, lookup_) != right) wrong.push_back(&child);
    }
    if (wrong.empty()) {  // An OR of nothing, or its negation.
      FilterFailure failure;
      failure.sentence = "the filter is an OR of nothing, which no document passes";
      out.push_back(std::move(failure));
      return;
    }
    // Where any child would do, the first of them.
    const bool any_would_do =
        (node.kind == Kind::any && wanted) || (node.kind != Kind::any && !wanted);
    if (any_would_do) {
      const std::size_t first = out.size();
      collect(*wrong.front(), child_wanted, out);
      if (first < out.size()) out[first].others += wrong.size() - 1;
      return;
    }
    for (const FilterNode* child : wrong) collect(*child, child_wanted, out);
  }

 private:
  FilterFailure of_condition(const FilterNode& node, bool wanted) const {
    FilterFailure out;
    out.field = node.path;
    out.op = filter_op_name(node.op);
    out.value = asked_value(node);
    out.negated = !wanted;
    out.canonical = canonical_filter(node);
    json::value scratch;
    const json::value* found = lookup_(node.path).as_one(scratch);
    if (found != nullptr) out.found = *found;
    const std::string asked =
        fmt::format("{} {} {}", truncate_text(node.path, 100), out.op, shown(out.value));
    const std::string has =
        found == nullptr
            ? fmt::format("it has no '{}'", truncate_text(node.path, 100))
            : fmt::format("its '{}' is {}", truncate_text(node.path, 100), shown(*found));
    out.sentence =
        wanted ? fmt::format("{}, and '{}' is asked for", has, asked)
               : fmt::format("{}, so that '{}' holds, which is excluded", has, asked);
    out.passing = passing_value(node, found, wanted);
    return out;
  }

  std::optional<json::value> passing_value(const FilterNode& node, const json::value* found,
                                           bool wanted) const {
    if (node.op == FilterOp::exists || node.op == FilterOp::is_null) {
      if (!node.value.is_bool()) return std::nullopt;
      return json::value(!node.value.get_bool());
    }
    if (found == nullptr) return std::nullopt;
    std::optional<json::value> value =
        wanted ? reaching(node, *found) : leaving(node, *found);
    // What is proposed is tried, so that nothing that is untrue is ever said.
    if (!value) return std::nullopt;
    const auto changed = Filter::condition(node.path, filter_op_name(node.op), *value,
                                           node.mode == CaseMode::sensitive, {});
    if (!changed || changed->matches(lookup_) != wanted) return std::nullopt;
    return value;
  }

  // So that it holds.
  static std::optional<json::value> reaching(const FilterNode& node,
                                             const json::value& found) {
    const auto number = [&]() -> std::optional<json::value> {
      const Comparable own = to_comparable(found);
      if (own.kind == Comparable::Kind::number) return own.number;
      if (own.kind == Comparable::Kind::time) return found;
      return std::nullopt;
    };
    switch (node.op) {
      case FilterOp::eq:
        return found;
      case FilterOp::gte:
      case FilterOp::lte:
        return number();
      case FilterOp::gt:
      case FilterOp::lt: {
        const Comparable own = to_comparable(found);
        if (own.kind != Comparable::Kind::number) return std::nullopt;
        return beside(own.number, node.op == FilterOp::lt);
      }
      case FilterOp::in: {
        json::array values = asked_value(node).get_array();
        values.push_back(found);
        return json::value(std::move(values));
      }
      case FilterOp::contains:
      case FilterOp::starts_with:
      case FilterOp::ends_with:
        return found.is_string() ? std::optional(found) : std::nullopt;
      case FilterOp::text: {
        if (!found.is_string()) return std::nullopt;
        return found;
      }
      default:
        return std::nullopt;
    }
  }

  // So that it does not hold any more.
  static std::optional<json::value> leaving(const FilterNode& node,
                                            const json::value& found) {
    switch (node.op) {
      case FilterOp::gt:
      case FilterOp::lt: {
        const Comparable own = to_comparable(found);
        if (own.kind != Comparable::Kind::number) return std::nullopt;
        return own.number;
      }
      case FilterOp::gte:
      case FilterOp::lte: {
        const Comparable own = to_comparable(found);
        if (own.kind != Comparable::Kind::number) return std::nullopt;
        return beside(own.number, node.op == FilterOp::gte);
      }
      case FilterOp::in: {
        json::array values;
        for (const json::value& value : node.set->values()) {
          if (!same_value(found, value, node.mode)) values.push_back(value);
        }
        return json::value(std::move(values));
      }
      case FilterOp::ne:
        return found;
      case FilterOp::nin: {
        json::array values = asked_value(node).get_array();
        values.push_back(found);
        return json::value(std::move(values));
      }
      default:
        return std::nullopt;
    }
  }

  static bool same_value(const json::value& found, const json::value& value,
                         CaseMode mode) {
    const json::value folded = mode == CaseMode::folded ? fold_strings(value) : value;
    return values_equal(found, folded, mode);
  }

  const Filter::Lookup& lookup_;
};

}  // namespace

std::optional<FilterFailure> find_failure(const Filter& filter,
                                          const Filter::Lookup& lookup) {
  std::vector<FilterFailure> all = find_failures(filter, lookup);
  if (all.empty()) return std::nullopt;
  return std::move(all.front());
}

std::vector<FilterFailure> find_failures(const Filter& filter,
                                         const Filter::Lookup& lookup) {
  std::vector<FilterFailure> out;
  if (!filter.matches(lookup)) Finder(lookup).collect(filter.root(), true, out);
  return out;
}

}  // namespace trawl
