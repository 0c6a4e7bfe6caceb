#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "query/filter.h"
#include "query/filter_value.h"
#include "query/text_pattern.h"

// The compiled form of a filter, shared by the files that build and evaluate it and by
// those that answer parts of it from an index. Immutable once built; thread-safe.
// Evaluation counts its work (base/work_limit.h).
namespace trawl {

enum class FilterOp {
  eq,
  ne,
  gt,
  lt,
  gte,
  lte,
  in,
  nin,
  contains,
  starts_with,
  ends_with,
  regex,
  exists,
  is_null,
  text,
};

std::string_view filter_op_name(FilterOp op);

struct FilterNode {
  // What is unknown stands behind a template, or behind a value that is absent.
  enum class Kind { all, any, none, condition, unknown };
  Kind kind = Kind::all;
  std::vector<FilterNode> children;

  // Of a condition only. Where case does not count, `value` is folded.
  std::string path;
  FilterOp op = FilterOp::eq;
  CaseMode mode = CaseMode::sensitive;
  json::value value;
  Comparable bound;                     // of `value`, of all but in and nin
  std::shared_ptr<const ValueSet> set;  // in, nin
  std::optional<TextPattern> regex;     // regex; none when it can match nothing
  std::vector<std::string> words;       // text; sorted, once each
};

struct Filter::Compiled {
  FilterNode root;
  std::vector<std::string> paths;
  std::vector<std::string> warnings;
  std::string fingerprint;
  bool has_templates = false;
};

// Evaluates one condition on the value of its field, or on nullptr when it has none.
bool matches_condition(const FilterNode& condition, const json::value* found);
// The same on the values at its path.
bool matches_condition(const FilterNode& condition, const PathValues& found);

// Canonical text: equal for trees that differ only in order, repetition or spelling.
std::string canonical_filter(const FilterNode& node);

}  // namespace trawl
