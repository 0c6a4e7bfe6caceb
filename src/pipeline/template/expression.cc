#include "pipeline/template/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "pipeline/template/expression_node.h"
#include "pipeline/template/template.h"
#include "query/filter_value.h"

namespace trawl {
namespace {

constexpr std::array<std::pair<std::string_view, TemplateFilter>, 12> kFilters{{
    {"tojson", TemplateFilter::tojson},
    {"length", TemplateFilter::length},
    {"default", TemplateFilter::default_value},
    {"first", TemplateFilter::first},
    {"last", TemplateFilter::last},
    {"join", TemplateFilter::join},
    {"lower", TemplateFilter::lower},
    {"upper", TemplateFilter::upper},
    {"trim", TemplateFilter::trim},
    {"int", TemplateFilter::to_int},
    {"float", TemplateFilter::to_float},
    {"string", TemplateFilter::to_string},
}};

// Each filter may write a text of a megabyte anew.
constexpr std::size_t kPipeLengthMax = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_name_char(char c) {
  return is_name_start(c) || is_digit(c);
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

class Parser {
 public:
  using Node = Expression::Node;
  using Ptr = Node::Ptr;

  Parser(std::string_view text, std::size_t offset) : text_(text), offset_(offset) {}

  Result<Ptr> parse() {
    TRAWL_ASSIGN(auto node, ternary());
    skip_space();
    if (at_ < text_.size()) return unexpected("an operator or the end");
    return node;
  }

 private:
  // Both spellings: `c ? a : b` and `a if c else b`.
  Result<Ptr> ternary() {
    const Nesting nesting(*this);
    if (depth_ > kTemplateExpressionDepthMax) {
      return fail(
          fmt::format("is nested deeper than {} levels", kTemplateExpressionDepthMax));
    }
    TRAWL_ASSIGN(auto first, any());
    if (take("?")) {
      TRAWL_ASSIGN(auto yes, ternary());
      if (!take(":")) return unexpected("':'");
      TRAWL_ASSIGN(auto no, ternary());
      return choice(std::move(first), std::move(yes), std::move(no));
    }
    if (take_word("if")) {
      TRAWL_ASSIGN(auto condition, any());
      Ptr no = literal(nullptr);
      if (take_word("else")) {
        TRAWL_ASSIGN(no, ternary());
      }
      return choice(std::move(condition), std::move(first), std::move(no));
    }
    return first;
  }

  Result<Ptr> any() {
    return list(Node::Kind::any, "||", "or", [this] { return all(); });
  }
  Result<Ptr> all() {
    return list(Node::Kind::all, "&&", "and", [this] { return negation(); });
  }

  template <class Next>
  Result<Ptr> list(Node::Kind kind, std::string_view sign, std::string_view word,
                   const Next& next) {
    TRAWL_ASSIGN(auto first, next());
    if (!peek(sign) && !peek_word(word)) return first;
    auto node = make(kind);
    node->operands.push_back(std::move(first));
    while (take(sign) || take_word(word)) {
      TRAWL_ASSIGN(auto operand, next());
      node->operands.push_back(std::move(operand));
    }
    return node;
  }

  Result<Ptr> negation() {
    bool negative = false;
    bool any_sign = false;
    while (true) {
      if (!take_word("not")) {
        if (peek("!=") || !take("!")) break;
      }
      any_sign = true;
      negative = !negative;
    }
    TRAWL_ASSIGN(auto operand, comparison());
    if (!any_sign) return operand;
    // Twice not is still a boolean, so an even number of signs keeps two of them.
    auto node = wrap(Node::Kind::negate, std::move(operand));
    return negative ? std::move(node) : wrap(Node::Kind::negate, std::move(node));
  }

  Result<Ptr> comparison() {
    static constexpr std::array<std::pair<std::string_view, BinaryOp>, 6> kOps{{
        {"==", BinaryOp::eq},
        {"!=", BinaryOp::ne},
        {"<=", BinaryOp::le},
        {">=", BinaryOp::ge},
        {"<", BinaryOp::lt},
        {">", BinaryOp::gt},
    }};
    TRAWL_ASSIGN(auto left, sum());
    for (const auto& [sign, op] : kOps) {
      if (!take(sign)) continue;
      TRAWL_ASSIGN(auto right, sum());
      auto node = make(Node::Kind::chain);
      node->operands.push_back(std::move(left));
      node->operands.push_back(std::move(right));
      node->operators.push_back(op);
      return node;
    }
    return left;
  }

  Result<Ptr> sum() {
    static constexpr std::array<std::pair<char, BinaryOp>, 2> kOps{
        {{'+', BinaryOp::add}, {'-', BinaryOp::subtract}}};
    return chain(kOps, [this] { return product(); });
  }
  Result<Ptr> product() {
    static constexpr std::array<std::pair<char, BinaryOp>, 3> kOps{
        {{'*', BinaryOp::multiply}, {'/', BinaryOp::divide}, {'%', BinaryOp::modulo}}};
    return chain(kOps, [this] { return unary(); });
  }

  template <class Ops, class Next>
  Result<Ptr> chain(const Ops& ops, const Next& next) {
    TRAWL_ASSIGN(auto first, next());
    Ptr node;
    while (true) {
      skip_space();
      const auto op = std::find_if(ops.begin(), ops.end(), [this](const auto& pair) {
        return at_ < text_.size() && text_[at_] == pair.first;
      });
      if (op == ops.end()) break;
      ++at_;
      if (node == nullptr) {
        node = make(Node::Kind::chain);
        node->operands.push_back(std::move(first));
      }
      TRAWL_ASSIGN(auto operand, next());
      node->operands.push_back(std::move(operand));
      node->operators.push_back(op->second);
    }
    return node == nullptr ? std::move(first) : std::move(node);
  }

  Result<Ptr> unary() {
    std::size_t signs = 0;
    while (take("-")) ++signs;
    TRAWL_ASSIGN(auto operand, piped());
    for (std::size_t i = 0; i < std::min<std::size_t>(signs, 2 - signs % 2); ++i) {
      operand = wrap(Node::Kind::opposite, std::move(operand));
    }
    return operand;
  }

  Result<Ptr> piped() {
    TRAWL_ASSIGN(auto operand, primary());
    if (peek("||") || !peek("|")) return operand;
    auto node = wrap(Node::Kind::pipe, std::move(operand));
    while (!peek("||") && take("|")) {
      if (node->calls.size() == kPipeLengthMax) {
        return fail(fmt::format("has more than {} filters in a row", kPipeLengthMax));
      }
      TRAWL_ASSIGN(auto call, filter_call());
      node->calls.push_back(std::move(call));
    }
    return node;
  }

  Result<Node::Call> filter_call() {
    skip_space();
    const std::size_t begin = at_;
    const std::string_view name = take_name();
    if (name.empty()) return unexpected("the name of a filter");
    Node::Call call;
    const auto* known =
        std::find_if(kFilters.begin(), kFilters.end(),
                     [name](const auto& pair) { return pair.first == name; });
    if (known == kFilters.end()) {
      std::vector<std::string_view> names;
      for (const auto& pair : kFilters) names.push_back(pair.first);
      at_ = begin;
      return fail(fmt::format("has no filter '{}'; use one of {}{}",
                              truncate_text(name, 64), fmt::join(names, ", "),
                              did_you_mean(name, names)));
    }
    call.filter = known->second;
    const bool takes_argument =
        call.filter == TemplateFilter::default_value || call.filter == TemplateFilter::join;
    if (take("(") && !take(")")) {
      if (!takes_argument)
        return fail(fmt::format("gives '{}' an argument; it takes none", name));
      TRAWL_ASSIGN(call.argument, ternary());
      if (!take(")")) return unexpected("')'");
    }
    if (call.filter == TemplateFilter::default_value && call.argument == nullptr) {
      return fail("needs an argument for default, such as default(0)");
    }
    return call;
  }

  Result<Ptr> primary() {
    skip_space();
    if (at_ >= text_.size()) return unexpected("a value");
    const char c = text_[at_];
    if (c == '(') {
      ++at_;
      TRAWL_ASSIGN(auto node, ternary());
      if (!take(")")) return unexpected("')'");
      return node;
    }
    if (c == '"' || c == '\'') {
      TRAWL_ASSIGN(auto text, string_literal());
      return literal(json::value(text));
    }
    if (is_digit(c)) return number_literal();
    if (!is_name_start(c)) return unexpected("a value");
    const std::size_t begin = at_;
    const std::string_view name = take_name();
    if (name == "true" || name == "True") return literal(true);
    if (name == "false" || name == "False") return literal(false);
    if (name == "null" || name == "none" || name == "None") return literal(nullptr);
    const auto root = parse_template_namespace(name);
    if (!root) {
      at_ = begin;
      return fail(root.error().message);
    }
    return path(*root);
  }

  Result<Ptr> path(TemplateNamespace root) {
    auto node = make(Node::Kind::path);
    node->root = root;
    while (true) {
      skip_space();
      if (at_ + 1 < text_.size() && text_[at_] == '.') {
        ++at_;
        skip_space();
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
        if (at_ == begin) return unexpected("a name after '.'");
        add_name(*node, text_.substr(begin, at_ - begin));
      } else if (take("[")) {
        TRAWL_TRY(subscript(*node));
      } else {
        return node;
      }
    }
  }

  static void add_name(Node& node, std::string_view name) {
    auto* names =
        node.steps.empty() ? nullptr : std::get_if<Node::Names>(&node.steps.back());
    if (names == nullptr) {
      node.steps.emplace_back(Node::Names{std::string(name)});
    } else {
      names->path += '.';
      names->path += name;
    }
  }

  Result<void> subscript(Node& node) {
    skip_space();
    const std::size_t begin = at_;
    if (peek("\"") || peek("'")) {
      TRAWL_ASSIGN(auto key, string_literal());
      node.steps.emplace_back(Node::Key{std::move(key)});
    } else {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      Node::Index index;
      const auto [stop, error] =
          std::from_chars(text_.data() + begin, text_.data() + at_, index.at);
      if (error != std::errc{} || stop != text_.data() + at_) {
        at_ = begin;
        return unexpected("a number or a quoted key inside [ ]");
      }
      node.steps.emplace_back(index);
    }
    if (!take("]")) return unexpected("']'");
    return {};
  }

  Result<std::string> string_literal() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\') {
        if (at_ >= text_.size()) break;
        static constexpr std::string_view kEscapes = "nrt\\\"'";
        static constexpr std::string_view kMeanings = "\n\r\t\\\"'";
        const auto escape = kEscapes.find(text_[at_]);
        if (escape == std::string_view::npos) {
          --at_;
          return fail(R"(has an unknown escape; use \\ \" \' \n \r or \t)");
        }
        c = kMeanings[escape];
        ++at_;
      }
      out.push_back(c);
    }
    if (at_ >= text_.size()) {
      at_ = begin;
      return fail("has a string that is not closed");
    }
    ++at_;
    return out;
  }

  Result<Ptr> number_literal() {
    const std::size_t begin = at_;
    const auto digits = [this] {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    digits();
    if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      std::size_t exponent = at_ + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) {
        ++exponent;
      }
      if (exponent < text_.size() && is_digit(text_[exponent])) {
        at_ = exponent;
        digits();
      }
    }
    const auto number = parse_number(text_.substr(begin, at_ - begin));
    if (!number || (at_ < text_.size() && is_name_start(text_[at_]))) {
      at_ = begin;
      return fail("has a malformed number");
    }
    return literal(*number);
  }

  static Ptr make(Node::Kind kind) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    return node;
  }
  static Ptr literal(json::value value) {
    auto node = make(Node::Kind::literal);
    node->literal = std::move(value);
    return node;
  }
  static Ptr wrap(Node::Kind kind, Ptr operand) {
    auto node = make(kind);
    node->operands.push_back(std::move(operand));
    return node;
  }
  static Ptr choice(Ptr condition, Ptr yes, Ptr no) {
    auto node = wrap(Node::Kind::choice, std::move(condition));
    node->operands.push_back(std::move(yes));
    node->operands.push_back(std::move(no));
    return node;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool peek(std::string_view sign) {
    skip_space();
    return text_.substr(at_).starts_with(sign);
  }
  bool take(std::string_view sign) {
    if (!peek(sign)) return false;
    at_ += sign.size();
    return true;
  }
  bool peek_word(std::string_view word) {
    return peek(word) &&
           (at_ + word.size() >= text_.size() || !is_name_char(text_[at_ + word.size()]));
  }
  bool take_word(std::string_view word) {
    if (!peek_word(word)) return false;
    at_ += word.size();
    return true;
  }
  std::string_view take_name() {
    const std::size_t begin = at_;
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  Error fail(std::string_view message) const {
    return make_error(ErrorCode::invalid, fmt::format("the template {} (at offset {})",
                                                      message, offset_ + at_));
  }
  Error unexpected(std::string_view wanted) {
    skip_space();
    if (at_ >= text_.size()) return fail(fmt::format("ends where {} should be", wanted));
    return fail(fmt::format("has '{}' where {} should be",
                            truncate_text(text_.substr(at_), 16), wanted));
  }

  struct Nesting {
    explicit Nesting(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    Parser& parser_;
  };

  const std::string_view text_;
  const std::size_t offset_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

Result<TemplateNamespace> parse_template_namespace(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, TemplateNamespace>, 7> kNames{{
      {"input", TemplateNamespace::inputs},
      {"inputs", TemplateNamespace::inputs},
      {"doc", TemplateNamespace::document},
      {"document", TemplateNamespace::document},
      {"context", TemplateNamespace::context},
      {"stage", TemplateNamespace::stages},
      {"stages", TemplateNamespace::stages},
  }};
  const std::string lower = to_lower_ascii(name);
  for (const auto& pair : kNames) {
    if (pair.first == lower) return pair.second;
  }
  if (lower == "secret" || lower == "secrets") {
    return make_error(ErrorCode::invalid,
                      fmt::format("names {}, but no secrets are configured", name));
  }
  static constexpr std::array<std::string_view, 4> kShown{"INPUT", "DOC", "CONTEXT",
                                                          "STAGE"};
  static constexpr std::array<std::string_view, 6> kNear{"input",    "inputs",  "doc",
                                                         "document", "context", "stage"};
  return make_error(ErrorCode::invalid,
                    fmt::format("names '{}', which is unknown; begin with one of {}{}",
                                truncate_text(name, 64), fmt::join(kShown, ", "),
                                did_you_mean(lower, kNear)));
}

Result<Expression> Expression::parse(std::string_view text, std::size_t offset) {
  if (text.size() > kExpressionLengthMax) {
    return make_error(
        ErrorCode::invalid,
        fmt::format("the template has an expression of {} bytes at offset {}; "
                    "use at most {}",
                    text.size(), offset, kExpressionLengthMax));
  }
  TRAWL_ASSIGN(auto root, Parser(text, offset).parse());
  return Expression(std::shared_ptr<const Node>(std::move(root)));
}

}  // namespace trawl
