#include "query/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "base/text.h"
#include "query/absent.h"
#include "query/filter_node.h"
#include "text/fold.h"

namespace trawl {
namespace {

constexpr std::array<std::pair<std::string_view, FilterOp>, 15> kOps{{
    {"eq", FilterOp::eq},
    {"ne", FilterOp::ne},
    {"gt", FilterOp::gt},
    {"lt", FilterOp::lt},
    {"gte", FilterOp::gte},
    {"lte", FilterOp::lte},
    {"in", FilterOp::in},
    {"nin", FilterOp::nin},
    {"contains", FilterOp::contains},
    {"starts_with", FilterOp::starts_with},
    {"ends_with", FilterOp::ends_with},
    {"regex", FilterOp::regex},
    {"exists", FilterOp::exists},
    {"is_null", FilterOp::is_null},
    {"text", FilterOp::text},
}};

constexpr std::array<std::string_view, 4> kConditionKeys{"field", "operator", "value",
                                                         "case_sensitive"};
constexpr std::array<std::string_view, 4> kGroupKeys{"AND", "OR", "NOT", "case_sensitive"};
constexpr std::array<std::string_view, 3> kForeignGroups{"must", "must_not", "should"};

constexpr std::size_t kShownMax = 64;  // characters of a value in a message

template <class Keys>
bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool holds_filters(const json::value& value) {
  const auto* array = value.if_array();
  return value.is_object() ||
         (array != nullptr && !array->empty() && array->front().is_object());
}

bool is_dynamic(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 2) return false;
  const auto* type = object->if_contains("type");
  const auto* field = object->if_contains("field");
  return type != nullptr && type->is_string() && type->get_string() == "dynamic" &&
         field != nullptr && field->is_string();
}

std::string join(const std::string& location, std::string_view name) {
  return location.empty() ? std::string(name) : fmt::format("{}.{}", location, name);
}

Error refuse(const std::string& location, std::string_view message) {
  return invalid_at(location, location.empty() ? std::string(message)
                                               : fmt::format("{} {}", location, message));
}

// As other languages may write it: "$gte", "GTE".
std::string operator_word(std::string_view name) {
  return to_lower_ascii(name.starts_with('$') ? name.substr(1) : name);
}

bool is_operator(std::string_view name) {
  const std::string word = operator_word(name);
  return word == "between" || std::any_of(kOps.begin(), kOps.end(), [&](const auto& pair) {
           return pair.first == word;
         });
}

// {"price": {"gte": 5}}, as other languages have it; here that would ask for the object.
// A single object that has such keys for names can be asked for by a condition.
bool holds_operators(const json::value& value) {
  const auto* object = value.if_object();
  return object != nullptr && !object->empty() &&
         std::all_of(object->begin(), object->end(),
                     [](const auto& field) { return is_operator(key_of(field)); });
}

// The same as conditions.
std::string written_out(std::string_view path, const json::object& operators) {
  json::array list;
  const auto add = [&](std::string_view op, const json::value& value) {
    list.push_back(json::object{{"field", json::string_view(path.data(), path.size())},
                                {"operator", json::string_view(op.data(), op.size())},
                                {"value", value}});
  };
  for (const auto& field : operators) {
    const std::string op = operator_word(key_of(field));
    const auto* range = field.value().if_array();
    if (op != "between") {
      add(op, field.value());
    } else {
      add("gte", range != nullptr && !range->empty() ? range->front() : json::value());
      add("lte", range != nullptr && !range->empty() ? range->back() : json::value());
    }
  }
  return to_json_text(list.size() == 1 ? list.front()
                                       : json::value(json::object{{"AND", list}}));
}

// Builds the tree and notes on the way what it looks up.
class Compiler {
 public:
  explicit Compiler(const FilterOptions& options)
      : templates_(options.templates == ObjectReader::Templates::allowed),
        filled_in_(options.filled_in) {}

  Result<FilterNode> filter(const json::value& source, const std::string& location,
                            std::size_t depth, bool case_sensitive);
  Result<FilterNode> condition(std::string_view path, std::string_view op,
                               const json::value& value, bool case_sensitive,
                               const std::string& location);

  std::vector<std::string> paths;
  std::vector<std::string> warnings;
  bool has_templates = false;

 private:
  Result<FilterNode> condition(const json::object& source, const std::string& location,
                               bool case_sensitive);
  Result<FilterNode> group(const json::object& source, const std::string& location,
                           std::size_t depth, bool case_sensitive);
  Result<FilterNode> shorthand(const json::object& source, const std::string& location,
                               std::size_t depth, bool case_sensitive);
  Result<void> members(const json::value& list, std::string_view name,
                       const std::string& location, std::size_t depth, bool case_sensitive,
                       FilterNode& out);
  Result<void> bind_value(FilterNode& node, const json::value& value,
                          const std::string& location);
  Result<void> bind_regex(FilterNode& node, const std::string& location);
  // Counts conditions and groups, `count` of them at once.
  Result<void> count_conditions(std::size_t count, const std::string& location);
  Result<void> count_values(std::size_t count, const std::string& location);

  // Notes a template, and says whether the value is or holds one.
  bool take_template(const json::value& value);
  bool is_template(std::string_view text) const {
    return templates_ && text.find("{{") != std::string_view::npos;
  }
  void note_path(const std::string& path) {
    if (noted_.insert(path).second) paths.push_back(path);
  }
  FilterNode unknown() {
    has_templates = true;
    return undecided();
  }
  static FilterNode undecided() {
    FilterNode node;
    node.kind = FilterNode::Kind::unknown;
    return node;
  }
  Result<FilterNode> partly_absent(FilterNode node, const json::value& value,
                                   const std::string& location);

  const bool templates_;
  const bool filled_in_;
  std::size_t regex_count_ = 0;
  std::size_t condition_count_ = 0;
  std::size_t value_count_ = 0;
  std::unordered_set<std::string> noted_;
};

Result<void> Compiler::count_conditions(std::size_t count, const std::string& location) {
  condition_count_ += count;
  if (condition_count_ <= kFilterConditionsMax) return {};
  return refuse(
      location,
      fmt::format("has {} conditions, which makes {} or more in this filter; at most {} "
                  "are allowed; join those on one field with \"in\", or send "
                  "several requests",
                  count, condition_count_, kFilterConditionsMax));
}

Result<void> Compiler::count_values(std::size_t count, const std::string& location) {
  value_count_ += count;
  if (value_count_ <= kFilterValuesMax) return {};
  return refuse(location,
                fmt::format("has {} values, which makes {} in all lists of this filter; at "
                            "most {} are allowed; send several requests",
                            count, value_count_, kFilterValuesMax));
}

bool Compiler::take_template(const json::value& value) {
  if (!templates_) return false;
  bool found = is_dynamic(value);
  if (const auto* text = value.if_string()) {
    found = is_template(view(*text));
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) found = found || take_template(item);
  } else if (const auto* object = value.if_object()) {
    for (const auto& field : *object) found = found || take_template(field.value());
  }
  if (found) has_templates = true;
  return found;
}

// Reads the optional case_sensitive key of a group or condition.
Result<bool> read_case(const json::object& source, const std::string& location,
                       bool inherited) {
  const auto* value = source.if_contains("case_sensitive");
  if (value == nullptr || value->is_null()) return inherited;
  if (!value->is_bool()) {
    const std::string at = join(location, "case_sensitive");
    return refuse(at, fmt::format("is {}; use true or false", type_name(*value)));
  }
  return value->get_bool();
}

Result<FilterNode> Compiler::filter(const json::value& source, const std::string& location,
                                    std::size_t depth, bool case_sensitive) {
  if (const auto* text = source.if_string(); text != nullptr && is_template(view(*text))) {
    return unknown();
  }
  if (templates_ && is_dynamic(source)) return unknown();
  if (is_absent(source)) return undecided();
  if (source.is_array()) {
    return refuse(location, R"(is an array; put it into a group, such as {"AND": [...]})");
  }
  const auto* object = source.if_object();
  if (object == nullptr) {
    return refuse(location, fmt::format("is {}; a filter is an object", type_name(source)));
  }
  if (depth > kFilterDepthMax) {
    return refuse(location,
                  fmt::format("is nested deeper than {} levels; use a flatter tree",
                              kFilterDepthMax));
  }
  // Typed clients write case_sensitive first, so the key decides and not its place.
  if (object->contains("field")) return condition(*object, location, case_sensitive);
  for (const auto* name : {"AND", "OR", "NOT"}) {
    if (object->contains(name)) return group(*object, location, depth, case_sensitive);
  }
  return shorthand(*object, location, depth, case_sensitive);
}

Result<FilterNode> Compiler::condition(const json::object& source,
                                       const std::string& location, bool case_sensitive) {
  for (const auto& field : source) {
    if (contains(kConditionKeys, key_of(field))) continue;
    return refuse(
        join(location, truncate_text(key_of(field), kShownMax)),
        fmt::format(
            "is not part of a condition; a condition has field, operator, value and "
            "case_sensitive{}",
            did_you_mean(key_of(field), kConditionKeys)));
  }
  TRAWL_ASSIGN(const bool sensitive, read_case(source, location, case_sensitive));
  const json::value& path = source.at("field");
  if (is_absent(path)) return undecided();
  if (!path.is_string()) {
    return refuse(
        join(location, "field"),
        fmt::format("is {}; use the path of a field as a string", type_name(path)));
  }
  std::string_view op = "eq";
  if (const auto* value = source.if_contains("operator");
      value != nullptr && !value->is_null()) {
    if (is_absent(*value)) return undecided();
    if (!value->is_string()) {
      return refuse(join(location, "operator"),
                    fmt::format("is {}; use a string such as 'eq'", type_name(*value)));
    }
    op = view(value->get_string());
  }
  const auto* value = source.if_contains("value");
  if (value == nullptr && op != "exists" && op != "is_null") {
    return refuse(location, fmt::format("has no value; add \"value\" to compare '{}' with",
                                        truncate_text(view(path.get_string()), kShownMax)));
  }
  return condition(view(path.get_string()), op, value == nullptr ? json::value() : *value,
                   sensitive, location);
}

Result<FilterNode> Compiler::condition(std::string_view path, std::string_view op,
                                       const json::value& value, bool case_sensitive,
                                       const std::string& location) {
  FilterNode node;
  node.kind = FilterNode::Kind::condition;
  node.mode = case_sensitive ? CaseMode::sensitive : CaseMode::folded;
  if (path.empty()) {
    return refuse(join(location, "field"), "is empty; use the path of a field");
  }
  node.path = path;
  if (is_template(path)) {
    has_templates = true;
  } else {
    note_path(node.path);
  }
  if (is_template(op)) return unknown();
  const auto* known = std::find_if(kOps.begin(), kOps.end(),
                                   [op](const auto& pair) { return pair.first == op; });
  if (known == kOps.end()) {
    std::vector<std::string_view> names;
    for (const auto& pair : kOps) names.push_back(pair.first);
    return refuse(join(location, "operator"),
                  fmt::format("is '{}'; use one of {}{}", truncate_text(op, kShownMax),
                              fmt::join(names, ", "), did_you_mean(op, names)));
  }
  node.op = known->second;
  if (take_template(value)) return unknown();
  if (!filled_in_ && is_dynamic(value)) {
    return refuse(join(location, "value"),
                  "is a dynamic value, which only the stages of a pipeline can resolve; "
                  "use the value itself");
  }
  if (holds_absent(value)) return partly_absent(std::move(node), value, location);
  TRAWL_TRY(bind_value(node, value, join(location, "value")));
  return node;
}

// A list that a value may be in decides something by those of its items that are there.
Result<FilterNode> Compiler::partly_absent(FilterNode node, const json::value& value,
                                           const std::string& location) {
  const bool is_in = node.op == FilterOp::in;
  const auto* list = value.if_array();
  if (list == nullptr || (!is_in && node.op != FilterOp::nin)) return undecided();
  json::array there;
  for (const auto& item : *list) {
    if (!holds_absent(item)) there.push_back(item);
  }
  TRAWL_TRY(bind_value(node, there, join(location, "value")));
  FilterNode out;
  out.kind = is_in ? FilterNode::Kind::any : FilterNode::Kind::all;
  out.children.push_back(std::move(node));
  out.children.push_back(undecided());
  return out;
}

Result<void> Compiler::bind_value(FilterNode& node, const json::value& value,
                                  const std::string& location) {
  node.value = node.mode == CaseMode::folded ? fold_strings(value) : value;
  node.bound = to_comparable(value);
  switch (node.op) {
    case FilterOp::in:
    case FilterOp::nin: {
      const auto* array = node.value.if_array();
      TRAWL_TRY(count_values(array != nullptr ? array->size() : 1, location));
      node.set = std::make_shared<const ValueSet>(
          array != nullptr ? std::vector<json::value>(array->begin(), array->end())
                           : std::vector<json::value>{node.value},
          node.mode);
      node.value = nullptr;  // The set has it.
      break;
    }
    case FilterOp::exists:
    case FilterOp::is_null:
      if (value.is_null()) node.value = true;
      if (!node.value.is_bool()) {
        return refuse(location, fmt::format("is {}; {} takes true or false",
                                            type_name(value), filter_op_name(node.op)));
      }
      break;
    case FilterOp::starts_with:
    case FilterOp::ends_with:
    case FilterOp::regex:
    case FilterOp::text:
      // Null stands for an input that was not given; it matches nothing.
      if (value.is_null()) break;
      if (!value.is_string()) {
        return refuse(location, fmt::format("is {}; {} takes a string", type_name(value),
                                            filter_op_name(node.op)));
      }
      if (node.op == FilterOp::text) {
        node.words = text_words(view(value.get_string()));
        // A blank asks for nothing; signs ask for something that no text has.
        if (node.words.empty() && !trim(view(value.get_string())).empty()) {
          warnings.push_back(wordless_warning(location, view(value.get_string())));
          node.value = nullptr;
        }
      } else if (node.op == FilterOp::regex) {
        node.value = value;  // The pattern itself must not be folded: \W is not \w.
        return bind_regex(node, location);
      }
      break;
    case FilterOp::eq:
    case FilterOp::ne:
    case FilterOp::gt:
    case FilterOp::lt:
    case FilterOp::gte:
    case FilterOp::lte:
    case FilterOp::contains:
      break;
  }
  return {};
}

Result<void> Compiler::bind_regex(FilterNode& node, const std::string& location) {
  if (++regex_count_ > kFilterRegexCountMax) {
    return refuse(location, fmt::format("is one regular expression too many; a filter may "
                                        "have {}, so join some with |",
                                        kFilterRegexCountMax));
  }
  const std::string_view pattern = view(node.value.get_string());
  if (node.mode == CaseMode::folded) {
    // Composed like the texts, unless that breaks it: "\\W" before an accent.
    if (auto composed =
            TextPattern::compile(compose_text(pattern), TextPattern::Case::ignored)) {
      node.regex = std::move(*composed);
      return {};
    }
  }
  auto regex = TextPattern::compile(pattern, node.mode == CaseMode::sensitive
                                                 ? TextPattern::Case::sensitive
                                                 : TextPattern::Case::ignored);
  if (!regex) return refuse(location, regex.error().message);
  node.regex = std::move(*regex);
  return {};
}

Result<FilterNode> Compiler::group(const json::object& source, const std::string& location,
                                   std::size_t depth, bool case_sensitive) {
  for (const auto& field : source) {
    if (contains(kGroupKeys, key_of(field))) continue;
    return refuse(join(location, truncate_text(key_of(field), kShownMax)),
                  fmt::format("is not part of a group; a group has AND, OR, NOT and "
                              "case_sensitive, and conditions go inside{}",
                              did_you_mean(key_of(field), kGroupKeys)));
  }
  TRAWL_ASSIGN(const bool sensitive, read_case(source, location, case_sensitive));
  constexpr std::array<std::pair<std::string_view, FilterNode::Kind>, 3> kKinds{{
      {"AND", FilterNode::Kind::all},
      {"OR", FilterNode::Kind::any},
      {"NOT", FilterNode::Kind::none},
  }};
  FilterNode all;
  for (const auto& [name, kind] : kKinds) {
    // Typed clients write null for the groups that they do not use.
    const auto* list = source.if_contains(json::string_view(name.data(), name.size()));
    if (list == nullptr || list->is_null()) continue;
    FilterNode part;
    part.kind = kind;
    TRAWL_TRY(members(*list, name, join(location, name), depth, sensitive, part));
    all.children.push_back(std::move(part));
  }
  if (all.children.size() == 1) {
    FilterNode only = std::move(all.children.front());
    return only;
  }
  return all;
}

Result<void> Compiler::members(const json::value& list, std::string_view name,
                               const std::string& location, std::size_t depth,
                               bool case_sensitive, FilterNode& out) {
  if (const auto* text = list.if_string(); text != nullptr && is_template(view(*text))) {
    out.children.push_back(unknown());
    return {};
  }
  if (is_absent(list)) {
    out.children.push_back(undecided());
    return {};
  }
  if (name == "NOT" && list.is_object()) {
    TRAWL_ASSIGN(auto node, filter(list, location, depth + 1, case_sensitive));
    out.children.push_back(std::move(node));
    return {};
  }
  const auto* array = list.if_array();
  if (array == nullptr) {
    return refuse(location, fmt::format("is {}; use an array of filters", type_name(list)));
  }
  TRAWL_TRY(count_conditions(array->size(), location));
  out.children.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    TRAWL_ASSIGN(auto node, filter((*array)[i], fmt::format("{}[{}]", location, i),
                                   depth + 1, case_sensitive));
    out.children.push_back(std::move(node));
  }
  return {};
}

Result<FilterNode> Compiler::shorthand(const json::object& source,
                                       const std::string& location, std::size_t depth,
                                       bool case_sensitive) {
  FilterNode all;
  if (source.contains("operator") && source.contains("value")) {
    return refuse(location, "is a condition without a field; add \"field\"");
  }
  // Inside a group one was counted as its member.
  const std::size_t counted = depth > 1 ? 1 : 0;
  if (source.size() > counted) {
    TRAWL_TRY(count_conditions(source.size() - counted, location));
  }
  // Typed clients send it beside the fields, as beside the members of a group.
  TRAWL_ASSIGN(const bool sensitive, read_case(source, location, case_sensitive));
  for (const auto& field : source) {
    const std::string_view key = key_of(field);
    if (key == "case_sensitive") continue;
    const json::value& value = field.value();
    if (key.empty()) return refuse(location, "has an empty key; use the path of a field");
    const std::string shown = truncate_text(key, kShownMax);
    std::string upper(key);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (contains(kGroupKeys, upper) && holds_filters(value)) {
      return refuse(
          join(location, shown),
          fmt::format("is not a field; groups are written in capitals: '{}'", upper));
    }
    if (!key.starts_with('$') && holds_operators(value)) {
      constexpr std::size_t kFormMax = 400;
      return refuse(
          join(location, shown),
          fmt::format("holds an operator, which is a part of a condition; write {}",
                      truncate_text(written_out(shown, value.get_object()), kFormMax)));
    }
    if ((contains(kForeignGroups, key) && holds_filters(value)) || key.starts_with('$') ||
        (value.is_object() && !value.get_object().empty() &&
         key_of(*value.get_object().begin()).starts_with('$'))) {
      return refuse(
          join(location, shown),
          R"(is not part of this filter language; write {"AND": [{"field": "status", )"
          R"("operator": "eq", "value": "active"}]} with AND, OR and NOT)");
    }
    TRAWL_ASSIGN(auto node, condition(key, "eq", value, sensitive, join(location, shown)));
    all.children.push_back(std::move(node));
  }
  if (all.children.size() == 1) {
    FilterNode only = std::move(all.children.front());
    return only;
  }
  return all;
}

}  // namespace

std::string wordless_warning(std::string_view name, std::string_view text) {
  return fmt::format(
      "{} is '{}', which has no words, so it finds nothing; words are made of letters, "
      "digits and emoji",
      name, truncate_text(text, kShownMax));
}

std::string_view filter_op_name(FilterOp op) {
  for (const auto& pair : kOps) {
    if (pair.second == op) return pair.first;
  }
  return {};
}

namespace {

std::shared_ptr<const Filter::Compiled> finish(FilterNode root, Compiler& compiler,
                                               const json::value& source,
                                               bool case_sensitive) {
  auto compiled = std::make_shared<Filter::Compiled>();
  compiled->paths = std::move(compiler.paths);
  compiled->warnings = std::move(compiler.warnings);
  compiled->has_templates = compiler.has_templates;
  // What stands behind a template is not known, so only its text can tell filters apart.
  compiled->fingerprint =
      compiler.has_templates
          ? fmt::format("{}?{}", case_sensitive ? "" : "~", canonical_json(source))
          : canonical_filter(root);
  compiled->root = std::move(root);
  return compiled;
}

}  // namespace

Result<Filter> Filter::compile(const json::value& source, const std::string& location,
                               const FilterOptions& options) {
  Compiler compiler(options);
  FilterNode root;
  if (!source.is_null()) {
    TRAWL_ASSIGN(root, compiler.filter(source, location, 1, options.case_sensitive));
  }
  return Filter(finish(std::move(root), compiler, source, options.case_sensitive));
}

Result<Filter> Filter::condition(std::string_view field, std::string_view op,
                                 const json::value& value, bool case_sensitive,
                                 const std::string& location,
                                 const FilterOptions& options) {
  Compiler compiler(options);
  TRAWL_ASSIGN(auto root, compiler.condition(field, op, value, case_sensitive, location));
  const json::value source = {json::string_view(field.data(), field.size()),
                              json::string_view(op.data(), op.size()), value};
  return Filter(finish(std::move(root), compiler, source, case_sensitive));
}

}  // namespace trawl
