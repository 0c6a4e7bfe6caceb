#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

struct TemplateScope;

inline constexpr std::size_t kExpressionLengthMax = 4096;  // bytes between {{ and }}

// What stands between {{ and }}, parsed once:
//   x if c else y, c ? x : y     or || and && not !     == != < <= > >=
//   + - * / %  and - in front    x | filter | filter(argument)    ( … )
//   INPUT.a.b  DOC.tags[0]  DOC["a key"]    "text" 'text' 1 2.5 true false null
// `|` binds tighter than arithmetic, as in Jinja2; `not` and `!` bind looser than
// comparisons, and comparisons do not chain.
//
// A path passes through lists (base/field_path.h), and is then the list of the values that
// it finds: INPUT.items.name are the names of all items, INPUT.items.name[0] is the first.
//
// Values that are missing are null. What has no answer is null as well: 1/0, 1 + null,
// "x" | int. `<` and its like are false when either side is null; `and` and `or` give the
// operand that decided. `+` joins text when either side is a string.
//
// Immutable; evaluation is thread-safe.
class Expression {
 public:
  // `offset` is where the expression begins in the whole text, for messages.
  //   invalid  not an expression, over an unknown namespace or filter, longer than
  //            kExpressionLengthMax or deeper than kTemplateExpressionDepthMax
  static Result<Expression> parse(std::string_view text, std::size_t offset);

  // Where the value rests on something that is missing or null, and nothing in the
  // expression provides for that (`default`, `or`, a choice, a comparison), `absent`
  // becomes its path, such as INPUT.year. A namespace that the scope leaves out is not
  // missing: it is not known yet.
  //   invalid  a text on the way becomes larger than kTemplateOutputMax
  Result<json::value> evaluate(const TemplateScope& scope,
                               std::string* absent = nullptr) const;

  // Adds the names of the members of the inputs that it may read; false when it may read
  // any of them.
  bool add_inputs_read(std::vector<std::string>& names) const;

  // The tree behind it, private to expression*.cc.
  struct Node;

 private:
  explicit Expression(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

// The namespaces of a TemplateScope.
enum class TemplateNamespace { inputs, document, context, stages };

//   invalid  no such namespace
Result<TemplateNamespace> parse_template_namespace(std::string_view name);

const json::object* find_namespace(const TemplateScope& scope, TemplateNamespace name);

// The members of an object at which a path can begin: its first name, and as many of the
// next as may be one key with it (base/field_path.h). False when they are too many to list.
bool add_input_names(std::string_view path, std::vector<std::string>& names);

// How a value is written into a text: strings as they are, null as nothing, others as JSON.
void append_template_text(std::string& out, const json::value& value);

}  // namespace trawl
