#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace trawl {

// What templates may name: {{INPUT.query}}, {{DOC.title}}, {{CONTEXT.time_elapsed_ms}},
// {{STAGE.search.top_score}}. Each is an object or null. Names of namespaces are
// case-insensitive, and inputs, input; doc, document; context; stage are the same.
struct TemplateScope {
  const json::object* inputs = nullptr;
  const json::object* document = nullptr;
  const json::object* context = nullptr;
  const json::object* stages = nullptr;
};

inline constexpr std::size_t kTemplateOutputMax = 1 << 20;  // bytes one string may become
// Bytes that all strings of one value may become together; a list of whole documents
// would otherwise grow without bound.
inline constexpr std::size_t kTemplateOutputTotalMax = 16 << 20;
inline constexpr std::size_t kTemplateExpressionDepthMax = 32;
inline constexpr std::size_t kTemplateExpressionCountMax = 1000;  // in one string

// One string, read once and rendered often: for stages that render for each document.
// template/expression.h says what an expression is. A single brace is text; a literal
// "{{" is written {{ "{{" }}. Immutable; rendering is thread-safe.
class Template {
 public:
  //   invalid  "{{" without "}}", not an expression, or above one of the limits; the
  //            message says where in the text
  static Result<Template> parse(std::string_view text);

  // Whether it has no expressions, and renders to its own text.
  bool is_plain() const;

  // Appends to `absent` the paths that Expression::evaluate calls absent.
  //   invalid  larger than kTemplateOutputMax
  Result<json::value> render(const TemplateScope& scope,
                             std::vector<std::string>* absent = nullptr) const;

  // As Expression::add_inputs_read.
  bool add_inputs_read(std::vector<std::string>& names) const;

 private:
  struct Parts;
  explicit Template(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

// Checks that every "{{…}}" in a string is a well-formed expression over known namespaces.
//   invalid  with what is wrong and where in the text
Result<void> check_template(std::string_view text);

// Renders one string. A string that is exactly one expression keeps the type of its value;
// otherwise values are written into the text (strings as they are, others as JSON, null as
// nothing). One pass, left to right: what is inserted is never read again.
//   invalid  malformed, or larger than kTemplateOutputMax
Result<json::value> render_template(std::string_view text, const TemplateScope& scope);

// The same for every string inside a value; keys are left alone. {"type": "dynamic",
// "field": "inputs.x"} objects become the value they name. Errors carry the path inside
// the value.
//   invalid  as above, or larger than kTemplateOutputTotalMax
Result<json::value> render_templates(const json::value& value, const TemplateScope& scope);
// Members that decide what is found, such as filters.
struct Guarded {
  std::span<const std::string_view> members;  // By name, at any depth.
  bool all = false;                           // The whole value is inside one.
  std::vector<std::string> absent;            // Out: what was absent inside, once each.
  std::vector<std::string> unfilled;          // Out: and outside.
};

// The same, but inside guarded members a text that rests on something absent becomes
// absent_value() (query/absent.h), in place of null or of a text with a gap.
Result<json::value> render_templates(const json::value& value, const TemplateScope& scope,
                                     Guarded& guarded);

// The members of the inputs that the templates in a value may read; nothing when they may
// read any. (For ledger/record/recording_policy.h.)
std::optional<std::vector<std::string>> inputs_read(const json::value& value);

// Where a value has a Jinja statement such as {% if x %}, which is text here; the path
// inside the value, or nothing.
std::optional<std::string> find_statement(const json::value& value);

// `location` is the path of the value, for messages.
Result<void> check_templates(const json::value& value, const std::string& location);

}  // namespace trawl
