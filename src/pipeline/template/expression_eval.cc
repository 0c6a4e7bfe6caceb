#include <fmt/format.h>
#include <utf8proc.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/field_path.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "pipeline/template/expression_node.h"
#include "pipeline/template/template.h"
#include "query/filter.h"
#include "query/filter_value.h"

namespace trawl {
namespace {

using Node = Expression::Node;

// A value on its way: what a scope holds is referred to, so that naming a large document
// costs nothing; what an operator made is owned.
class Operand {
 public:
  Operand() = default;
  Operand(json::value value) : owned_(std::move(value)) {}
  static Operand refer(const json::value& value) {
    Operand out;
    out.referred_ = &value;
    return out;
  }

  const json::value& get() const { return referred_ != nullptr ? *referred_ : owned_; }
  json::value take() && {
    if (referred_ != nullptr) return *referred_;
    return std::move(owned_);
  }

  // The path to something that is not there, on which this value rests, or null.
  const Node* absent() const { return absent_; }
  Operand rests_on(const Node* absent) && {
    if (absent_ == nullptr) absent_ = absent;
    return std::move(*this);
  }

 private:
  json::value owned_;
  const json::value* referred_ = nullptr;
  const Node* absent_ = nullptr;
};

bool is_true(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return false;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::string:
      return !value.get_string().empty();
    case json::kind::array:
      return !value.get_array().empty();
    case json::kind::object:
      return !value.get_object().empty();
    default:
      return as_double(value) != 0;
  }
}

std::string text_of(const json::value& value) {
  std::string out;
  append_template_text(out, value);
  return out;
}

Result<Operand> text_operand(std::string_view text) {
  if (text.size() > kTemplateOutputMax) {
    return make_error(ErrorCode::invalid,
                      fmt::format("the template makes a text of more than {} bytes; insert "
                                  "shorter values",
                                  kTemplateOutputMax));
  }
  return Operand(text_value(text));
}

json::value finite_or_null(double number) {
  return std::isfinite(number) ? json::value(number) : json::value();
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64() && value.get_uint64() <= INT64_MAX) {
    return static_cast<std::int64_t>(value.get_uint64());
  }
  return std::nullopt;
}

// Both as 64-bit integers, where that is what they are.
std::optional<std::pair<std::int64_t, std::int64_t>> as_integers(const json::value& a,
                                                                 const json::value& b) {
  const auto x = as_integer(a);
  const auto y = as_integer(b);
  if (!x || !y) return std::nullopt;
  return std::pair{*x, *y};
}

// Divides with the sign of the divisor, as Jinja2 does: -7 % 3 is 2.
json::value modulo(const json::value& a, const json::value& b) {
  if (const auto pair = as_integers(a, b)) {
    const auto [x, y] = *pair;
    if (y == -1) return 0;  // The machine traps on the smallest integer by -1.
    const std::int64_t rest = x % y;
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
  }
  const double y = as_double(b);
  const double rest = std::fmod(as_double(a), y);
  return finite_or_null(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);
}

// Integers stay integers while they fit and the result is one.
json::value calculate(BinaryOp op, const json::value& a, const json::value& b) {
  if (!is_number(a) || !is_number(b)) return nullptr;
  const double x = as_double(a);
  const double y = as_double(b);
  std::int64_t whole = 0;
  const auto pair = as_integers(a, b);
  switch (op) {
    case BinaryOp::add:
      if (pair && !__builtin_add_overflow(pair->first, pair->second, &whole)) return whole;
      return finite_or_null(x + y);
    case BinaryOp::subtract:
      if (pair && !__builtin_sub_overflow(pair->first, pair->second, &whole)) return whole;
      return finite_or_null(x - y);
    case BinaryOp::multiply:
      if (pair && !__builtin_mul_overflow(pair->first, pair->second, &whole)) return whole;
      return finite_or_null(x * y);
    case BinaryOp::divide:
      if (y == 0) return nullptr;
      if (pair && pair->second != -1 && pair->first % pair->second == 0) {
        return pair->first / pair->second;
      }
      if (pair && pair->second == -1) return calculate(BinaryOp::subtract, 0, a);
      return finite_or_null(x / y);
    case BinaryOp::modulo:
      return y == 0 ? json::value() : modulo(a, b);
    default:
      return nullptr;
  }
}

bool compare_by(BinaryOp op, const json::value& a, const json::value& b) {
  if (op == BinaryOp::eq) return values_equal(a, b);
  if (op == BinaryOp::ne) return !values_equal(a, b);
  if (a.is_null() || b.is_null()) return false;
  const int order = compare_values(a, b);
  switch (op) {
    case BinaryOp::lt:
      return order < 0;
    case BinaryOp::le:
      return order <= 0;
    case BinaryOp::gt:
      return order > 0;
    default:
      return order >= 0;
  }
}

// Bytes of the code point that begins (or, from the back, ends) the text.
std::string_view first_point(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (text[size] & 0xC0) == 0x80) ++size;
  return text.substr(0, size);
}
std::string_view last_point(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

template <class Map>
std::string map_points(std::string_view text, const Map& map) {
  count_work(2 * text.size());
  std::string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t point = -1;
    const auto step = utf8proc_iterate(
        bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (step <= 0) {
      out.push_back(text[at++]);
      continue;
    }
    utf8proc_uint8_t buffer[4];
    const auto size = utf8proc_encode_char(map(point), buffer);
    out.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(size));
    at += static_cast<std::size_t>(step);
  }
  return out;
}

json::value length_of(const json::value& value) {
  const auto count = [](std::size_t size) {
    return json::value(static_cast<std::int64_t>(size));
  };
  if (value.is_null()) return count(0);
  if (const auto* array = value.if_array()) return count(array->size());
  if (const auto* object = value.if_object()) return count(object->size());
  const auto* text = value.if_string();
  if (text == nullptr) return nullptr;
  count_work(text->size() / kBytesPerStep);
  std::int64_t points = 0;
  for (const char c : *text) points += (c & 0xC0) != 0x80 ? 1 : 0;
  return points;
}

json::value end_of(const json::value& value, bool last) {
  if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    return last ? array->back() : array->front();
  }
  if (const auto* text = value.if_string(); text != nullptr && !text->empty()) {
    const auto point = last ? last_point(view(*text)) : first_point(view(*text));
    return json::value(json::string_view(point.data(), point.size()));
  }
  return nullptr;
}

// The value as a number, where it is one or spells one.
json::value number_of(const json::value& value) {
  if (is_number(value)) return value;
  if (value.is_bool()) return value.get_bool() ? 1 : 0;
  if (const auto* text = value.if_string()) {
    if (auto number = parse_number(trim(view(*text)))) return std::move(*number);
  }
  return nullptr;
}

json::value to_integer(const json::value& value) {
  json::value number = number_of(value);
  if (!number.is_double()) return number;
  const double whole = std::trunc(number.get_double());
  constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;
  if (whole < -kTwoTo63 || whole >= kTwoTo63) return nullptr;
  return static_cast<std::int64_t>(whole);
}

Result<Operand> join_items(const json::value& value, const json::value& separator) {
  const auto* array = value.if_array();
  if (array == nullptr) return value.is_null() ? Operand() : text_operand(text_of(value));
  const std::string between = text_of(separator);
  std::string out;
  for (std::size_t i = 0; i < array->size(); ++i) {
    if (i > 0) out += between;
    append_template_text(out, (*array)[i]);
    // Checked on the way: a long separator multiplies.
    if (out.size() > kTemplateOutputMax) break;
  }
  return text_operand(out);
}

Result<Operand> apply(TemplateFilter filter, Operand operand, Operand argument) {
  const json::value& value = operand.get();
  switch (filter) {
    case TemplateFilter::tojson:
      return text_operand(to_json_text(value));
    case TemplateFilter::length:
      return Operand(length_of(value));
    case TemplateFilter::default_value:
      return value.is_null() ? std::move(argument) : std::move(operand);
    case TemplateFilter::first:
      return Operand(end_of(value, false));
    case TemplateFilter::last:
      return Operand(end_of(value, true));
    case TemplateFilter::join:
      return join_items(value, argument.get());
    case TemplateFilter::lower:
      if (value.is_null()) return operand;
      return text_operand(map_points(text_of(value), utf8proc_tolower));
    case TemplateFilter::upper:
      if (value.is_null()) return operand;
      return text_operand(map_points(text_of(value), utf8proc_toupper));
    case TemplateFilter::trim:
      if (value.is_null()) return operand;
      return text_operand(trim(text_of(value)));
    case TemplateFilter::to_int:
      return Operand(to_integer(value));
    case TemplateFilter::to_float: {
      const json::value number = number_of(value);
      return number.is_null() ? Operand() : Operand(json::value(as_double(number)));
    }
    case TemplateFilter::to_string:
      return text_operand(text_of(value));
  }
  return operand;
}

// What several values cost that are gathered into a list.
std::size_t copied_work(const json::value& list) {
  std::size_t work = 0;
  for (const auto& item : list.get_array()) {
    const auto* text = item.if_string();
    work += 8 + (text == nullptr ? 0 : text->size() / kBytesPerStep);
  }
  return work;
}

Operand follow(const Node& path, const TemplateScope& scope) {
  const json::object* root = find_namespace(scope, path.root);
  if (root == nullptr) return {};
  if (path.steps.empty()) return Operand(json::value(*root));
  const json::value* at = nullptr;
  // Holds the list that a path through a list leads to; later steps go on in it.
  json::value gathered;
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const auto& step = path.steps[i];
    // The root is an object that no json::value holds; every later place is a value.
    const json::object* object = i == 0 ? root : at->if_object();
    if (const auto* names = std::get_if<Node::Names>(&step)) {
      const PathValues found =
          i == 0 ? find_values(*root, names->path) : find_values(*at, names->path);
      if (found.through_list()) {
        // What is found may lie in the list that is gathered already.
        json::value list;
        (void)found.as_one(list);
        gathered = std::move(list);
        count_work(copied_work(gathered));
        at = &gathered;
      } else {
        at = found.one();
      }
    } else if (const auto* key = std::get_if<Node::Key>(&step)) {
      at = object == nullptr ? nullptr : object->if_contains(key->name);
    } else {
      const auto* array = i == 0 ? nullptr : at->if_array();
      at = array == nullptr ? nullptr : array->if_contains(std::get<Node::Index>(step).at);
    }
    if (at == nullptr) return Operand().rests_on(&path);
  }
  const Node* const absent = at->is_null() ? &path : nullptr;
  if (at == &gathered) return Operand(std::move(gathered)).rests_on(absent);
  // Inside of what was gathered: it ends here.
  if (!gathered.is_null()) return Operand(json::value(*at)).rests_on(absent);
  return Operand::refer(*at).rests_on(absent);
}

// As an author writes it: INPUT.a.b["c"][0].
std::string path_text(const Node& path) {
  std::string out;
  switch (path.root) {
    case TemplateNamespace::inputs:
      out = "INPUT";
      break;
    case TemplateNamespace::document:
      out = "DOC";
      break;
    case TemplateNamespace::context:
      out = "CONTEXT";
      break;
    case TemplateNamespace::stages:
      out = "STAGE";
      break;
  }
  for (const auto& step : path.steps) {
    if (const auto* names = std::get_if<Node::Names>(&step)) {
      out += "." + names->path;
    } else if (const auto* key = std::get_if<Node::Key>(&step)) {
      out += fmt::format("[\"{}\"]", key->name);
    } else {
      out += fmt::format("[{}]", std::get<Node::Index>(step).at);
    }
  }
  return truncate_text(out, 200);
}

Result<Operand> evaluate(const Node& node, const TemplateScope& scope);

Result<Operand> evaluate_chain(const Node& node, const TemplateScope& scope) {
  TRAWL_ASSIGN(Operand left, evaluate(*node.operands.front(), scope));
  for (std::size_t i = 0; i < node.operators.size(); ++i) {
    TRAWL_ASSIGN(const Operand right, evaluate(*node.operands[i + 1], scope));
    const json::value& a = left.get();
    const json::value& b = right.get();
    const BinaryOp op = node.operators[i];
    const Node* const absent = left.absent() != nullptr ? left.absent() : right.absent();
    if (op == BinaryOp::add && (a.is_string() || b.is_string())) {
      std::string text = text_of(a);
      append_template_text(text, b);
      TRAWL_ASSIGN(left, text_operand(text));
      left = std::move(left).rests_on(absent);
    } else if (op <= BinaryOp::modulo) {
      left = Operand(calculate(op, a, b)).rests_on(absent);
    } else {
      left = Operand(json::value(compare_by(op, a, b)));
    }
  }
  return left;
}

// `and` stops at the first operand that is false, `or` at the first that is true.
Result<Operand> evaluate_logic(const Node& node, const TemplateScope& scope) {
  const bool stop_at = node.kind == Node::Kind::any;
  Operand last;
  for (const auto& operand : node.operands) {
    TRAWL_ASSIGN(last, evaluate(*operand, scope));
    if (is_true(last.get()) == stop_at) break;
  }
  return last;
}

Result<Operand> evaluate_pipe(const Node& node, const TemplateScope& scope) {
  TRAWL_ASSIGN(Operand operand, evaluate(*node.operands.front(), scope));
  for (const auto& call : node.calls) {
    Operand argument;
    if (call.argument != nullptr) {
      TRAWL_ASSIGN(argument, evaluate(*call.argument, scope));
    }
    const Node* const absent =
        call.filter == TemplateFilter::default_value ? nullptr : operand.absent();
    TRAWL_ASSIGN(operand, apply(call.filter, std::move(operand), std::move(argument)));
    operand = std::move(operand).rests_on(absent);
  }
  return operand;
}

Result<Operand> evaluate(const Node& node, const TemplateScope& scope) {
  count_work(4);
  switch (node.kind) {
    case Node::Kind::literal:
      return Operand::refer(node.literal);
    case Node::Kind::path:
      return follow(node, scope);
    case Node::Kind::chain:
      return evaluate_chain(node, scope);
    case Node::Kind::all:
    case Node::Kind::any:
      return evaluate_logic(node, scope);
    case Node::Kind::negate: {
      TRAWL_ASSIGN(const Operand operand, evaluate(*node.operands.front(), scope));
      return Operand(json::value(!is_true(operand.get())));
    }
    case Node::Kind::opposite: {
      TRAWL_ASSIGN(const Operand operand, evaluate(*node.operands.front(), scope));
      // -0.0 keeps its sign only if nothing is subtracted from an integer zero.
      if (const auto* number = operand.get().if_double())
        return Operand(json::value(-*number));
      return Operand(calculate(BinaryOp::subtract, 0, operand.get()))
          .rests_on(operand.absent());
    }
    case Node::Kind::choice: {
      TRAWL_ASSIGN(const Operand condition, evaluate(*node.operands[0], scope));
      return evaluate(*node.operands[is_true(condition.get()) ? 1 : 2], scope);
    }
    case Node::Kind::pipe:
      return evaluate_pipe(node, scope);
  }
  return Operand();
}

}  // namespace

const json::object* find_namespace(const TemplateScope& scope, TemplateNamespace name) {
  switch (name) {
    case TemplateNamespace::inputs:
      return scope.inputs;
    case TemplateNamespace::document:
      return scope.document;
    case TemplateNamespace::context:
      return scope.context;
    case TemplateNamespace::stages:
      return scope.stages;
  }
  return nullptr;
}

void append_template_text(std::string& out, const json::value& value) {
  if (value.is_null()) return;
  if (const auto* text = value.if_string()) {
    count_work(text->size() / kBytesPerStep);
    out.append(view(*text));
  } else {
    append_json(out, value);
  }
}

Result<json::value> Expression::evaluate(const TemplateScope& scope,
                                         std::string* absent) const {
  TRAWL_ASSIGN(Operand operand, trawl::evaluate(*root_, scope));
  if (absent != nullptr && operand.absent() != nullptr) {
    *absent = path_text(*operand.absent());
  }
  return std::move(operand).take();
}

}  // namespace trawl
