#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "pipeline/template/expression.h"

// The parsed form of an expression, shared by the files that build and evaluate it.
namespace trawl {

enum class BinaryOp { add, subtract, multiply, divide, modulo, eq, ne, lt, le, gt, ge };

enum class TemplateFilter {
  tojson,
  length,
  default_value,
  first,
  last,
  join,
  lower,
  upper,
  trim,
  to_int,
  to_float,
  to_string,
};

struct Expression::Node {
  using Ptr = std::unique_ptr<Node>;
  enum class Kind { literal, path, chain, all, any, negate, opposite, choice, pipe };

  // A step of a path: "a.b" are names that find_values follows, ["a.b"] is one key, [0] a
  // place in an array.
  struct Names {
    std::string path;
  };
  struct Key {
    std::string name;
  };
  struct Index {
    std::size_t at = 0;
  };
  using Step = std::variant<Names, Key, Index>;

  struct Call {
    TemplateFilter filter{};
    Ptr argument;  // Null when there is none.
  };

  Kind kind = Kind::literal;
  json::value literal;
  TemplateNamespace root{};
  std::vector<Step> steps;
  // chain: a, then one operand per operator, left to right; a flat list, so a long
  // sum is not a deep tree. choice: condition, then, else.
  std::vector<Ptr> operands;
  std::vector<BinaryOp> operators;
  std::vector<Call> calls;
};

}  // namespace trawl
