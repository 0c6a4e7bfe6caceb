#include "pipeline/filter_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_pointer.h"
#include "base/text.h"
#include "query/filter_failure.h"
#include "query/filter_node.h"

namespace trawl {
namespace {

// Where filters stand in the config of a stage.
constexpr std::array<std::string_view, 7> kFilterNames = {
    "filters", "pre_filters", "post_filters", "conditions", "AND", "OR", "NOT"};

// More conditions that fail are not put into words.
constexpr std::size_t kFailuresTold = 3;

// Where the condition that failed is written: as {field, operator, value}, or as one member
// of the short form {path: value}.
struct Place {
  std::string path;
  bool is_short = false;
};

class Places {
 public:
  explicit Places(const FilterFailure& failure) : failure_(failure) {}

  // The first place that means the same.
  std::optional<Place> find(const json::value& value, const std::string& path,
                            bool in_filter) const {
    if (const auto* array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        if (auto found = find((*array)[i], fmt::format("{}/{}", path, i), in_filter)) {
          return found;
        }
      }
      return std::nullopt;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    if (object->contains("field") && means_it(value)) return Place{path, false};
    for (const auto& member : *object) {
      const std::string_view name = view(member.key());
      const bool is_filter =
          std::find(kFilterNames.begin(), kFilterNames.end(), name) != kFilterNames.end();
      const std::string place = path + "/" + pointer_token(name);
      if (in_filter && !is_filter && name == failure_.field &&
          means_it(json::object{{member.key(), member.value()}})) {
        return Place{place, true};
      }
      if (auto found = find(member.value(), place, in_filter || is_filter)) return found;
    }
    return std::nullopt;
  }

 private:
  // In either case mode, as groups around it may decide that.
  bool means_it(const json::value& source) const {
    for (const bool case_sensitive : {true, false}) {
      FilterOptions options;
      options.case_sensitive = case_sensitive;
      options.filled_in = true;
      const auto filter = Filter::compile(only_condition(source), {}, options);
      if (filter && is_it(filter->root())) return true;
    }
    return false;
  }

  // Beside the members of a condition a stage may have others.
  static json::value only_condition(const json::value& source) {
    const json::object& all = source.get_object();
    if (!all.contains("field")) return source;
    json::object out;
    for (const std::string_view name : {"field", "operator", "value", "case_sensitive"}) {
      const json::string_view key(name.data(), name.size());
      if (const auto* member = all.if_contains(key)) out[key] = *member;
    }
    return out;
  }

  bool is_it(const FilterNode& node) const {
    if (node.kind == FilterNode::Kind::condition) {
      return canonical_filter(node) == failure_.canonical;
    }
    return node.children.size() == 1 && is_it(node.children.front());
  }

  const FilterFailure& failure_;
};

enum class Way { other_value, without };

// Adds what makes one condition let the document pass; false where nothing does.
bool add_change(const FilterFailure& failure, const Place& place, Way way,
                StageChange& change) {
  const std::string separator = change.text.empty() ? "" : ", ";
  if (way == Way::other_value) {
    if (!failure.passing || (place.is_short && failure.op != "eq")) return false;
    change.text +=
        fmt::format("{}{} {} {}", separator, truncate_text(failure.field, 100), failure.op,
                    truncate_text(to_json_text(*failure.passing), 200));
    change.patch.push_back(patch_operation(
        "add", place.is_short ? place.path : place.path + "/value", *failure.passing));
    return true;
  }
  // The parameters of a stage are no condition that could be taken away, and without a
  // part of NOT it may exclude everything.
  if (place.path == "/parameters" || failure.negated) return false;
  change.text +=
      fmt::format("{}without {} {} {}", separator, truncate_text(failure.field, 100),
                  failure.op, truncate_text(to_json_text(failure.value), 200));
  if (place.is_short) {
    json::object operation{{"op", "remove"}, {"path", place.path}};
    change.patch.push_back(std::move(operation));
  } else {
    change.patch.push_back(patch_operation("replace", place.path, json::object()));
  }
  return true;
}

// Every condition that fails has to change; each by another value where that is possible.
std::vector<StageChange> changes_of(const std::vector<FilterFailure>& failures,
                                    const json::object& config) {
  std::vector<StageChange> out;
  const json::value whole(config);
  for (const Way first : {Way::other_value, Way::without}) {
    StageChange change;
    bool all = true;
    for (const FilterFailure& failure : failures) {
      const auto place = Places(failure).find(whole, "", false);
      const Way second = first == Way::without ? Way::other_value : Way::without;
      all = all && place &&
            (add_change(failure, *place, first, change) ||
             add_change(failure, *place, second, change));
    }
    if (all && (out.empty() || out.front().patch != change.patch)) {
      out.push_back(std::move(change));
    }
  }
  return out;
}

}  // namespace

std::optional<Loss> filter_loss(std::span<const Filter> filters,
                                const Filter::Lookup& lookup, const json::object& config) {
  for (const Filter& filter : filters) {
    const std::vector<FilterFailure> failures = find_failures(filter, lookup);
    if (failures.empty()) continue;
    const FilterFailure* failure = &failures.front();
    Loss out;
    out.reason = "filtered";
    out.sentence = failure->sentence;
    if (failure->others > 0) {
      out.sentence +=
          failure->others == 1
              ? std::string(", nor does the other alternative hold")
              : fmt::format(", nor do the {} other alternatives hold", failure->others);
    }
    for (std::size_t i = 1; i < std::min(failures.size(), kFailuresTold); ++i) {
      out.sentence += "; besides, " + failures[i].sentence;
    }
    out.evidence = {{"field", failure->field},
                    {"operator", failure->op},
                    {"value", failure->value},
                    {"found", failure->found},
                    {"negated", failure->negated}};
    out.changes = changes_of(failures, config);
    return out;
  }
  return std::nullopt;
}

}  // namespace trawl
