#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "pipeline/template/expression.h"
#include "pipeline/template/template.h"

namespace {

namespace json = trawl::json;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_named(const std::vector<std::string>& names, std::string_view key) {
  for (const auto& name : names) {
    if (name == key) return true;
  }
  return false;
}

}  // namespace

// The first line is what stands between {{ and }}; what follows is the inputs, which are
// the document, the context and the stages as well.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto expression = trawl::Expression::parse(text.substr(0, line), 0);
  if (!expression) {
    require(expression.error().code == trawl::ErrorCode::invalid);
    require(!expression.error().message.empty());
    return 0;
  }
  json::object inputs{
      {"number", 5}, {"text", "a"}, {"list", json::array{1, "{{", nullptr}}};
  if (line != std::string_view::npos) {
    const auto parsed = trawl::parse_json(text.substr(line + 1));
    if (parsed && parsed->is_object()) inputs = parsed->get_object();
  }
  const trawl::TemplateScope scope{&inputs, &inputs, &inputs, &inputs};
  std::string absent;
  const auto value = expression->evaluate(scope, &absent);
  if (!value) {
    // Nothing else fails: what has no answer is null.
    require(value.error().code == trawl::ErrorCode::invalid);
    return 0;
  }
  // What it says does not change, and can be written.
  const auto again = expression->evaluate(scope);
  require(again && *again == *value);
  std::string written;
  trawl::append_template_text(written, *value);
  require(trawl::parse_json(trawl::to_json_text(*value), 200).has_value());

  // What it reads of the inputs is what it says it may read: without the rest it is the
  // same.
  std::vector<std::string> names;
  if (!expression->add_inputs_read(names)) return 0;
  json::object read;
  for (const auto& field : inputs) {
    if (is_named(names, {field.key().data(), field.key().size()})) {
      read[field.key()] = field.value();
    }
  }
  const auto less = expression->evaluate({&read, &inputs, &inputs, &inputs});
  require(less && *less == *value);
  return 0;
}
