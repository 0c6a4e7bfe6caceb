#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "pipeline/input_schema.h"
#include "pipeline/template/template.h"

namespace {

namespace json = trawl::json;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// The first line is a template, or JSON whose strings are templates, or an input schema;
// what follows is the inputs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const std::string_view source = text.substr(0, line);
  json::object inputs;
  inputs["text"] = "{{INPUT.number}}";
  inputs["number"] = 5;
  inputs["list"] = json::array{1, "{{", nullptr};
  if (line != std::string_view::npos) {
    const auto parsed = trawl::parse_json(text.substr(line + 1));
    if (parsed && parsed->is_object()) inputs = parsed->get_object();
  }
  const trawl::TemplateScope scope{&inputs, &inputs, nullptr, &inputs};

  // A text that passes the check renders, unless it becomes too large.
  const auto checked = trawl::check_template(source);
  const auto rendered = trawl::render_template(source, scope);
  if (!checked) {
    require(!rendered && rendered.error().code == trawl::ErrorCode::invalid);
    require(rendered.error().message == checked.error().message);
  } else if (rendered) {
    if (const auto* out = rendered->if_string()) {
      require(out->size() <= trawl::kTemplateOutputMax);
    }
    if (source.find("{{") == std::string_view::npos) {
      require(trawl::view(rendered->get_string()) == source);
    }
  } else {
    require(rendered.error().code == trawl::ErrorCode::invalid);
  }

  const auto value = trawl::parse_json(source);
  if (!value) return 0;
  if (!trawl::check_templates(*value, "at")) {
    require(!trawl::render_templates(*value, scope));
  } else if (const auto all = trawl::render_templates(*value, scope)) {
    require(all->is_object() || !value->is_object() || value->get_object().size() == 2);
  }
  if (const auto bound = trawl::bind_inputs(&*value, inputs)) {
    // What was bound fits, so binding it again changes nothing.
    const auto again = trawl::bind_inputs(&*value, *bound);
    require(again && *again == *bound);
  }
  return 0;
}
