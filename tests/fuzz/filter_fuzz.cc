#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/field_path.h"
#include "base/json.h"
#include "query/filter.h"

namespace {

using trawl::Filter;
using trawl::FilterOptions;
namespace json = trawl::json;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// One line of JSON is a filter; what follows is a document.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto source = trawl::parse_json(text.substr(0, line));
  if (!source) return 0;
  json::object document;
  if (line != std::string_view::npos) {
    const auto parsed = trawl::parse_json(text.substr(line + 1));
    if (parsed && parsed->is_object()) document = parsed->get_object();
  }

  for (const bool case_sensitive : {false, true}) {
    FilterOptions options;
    options.case_sensitive = case_sensitive;
    const auto filter = Filter::compile(*source, "filters", options);
    if (!filter) {
      require(filter.error().code == trawl::ErrorCode::invalid);
      require(!filter.error().message.empty());
      continue;
    }
    require(!filter->has_templates());
    const bool matched = filter->matches(document);
    require(matched == filter->matches([&](std::string_view path) {
      return trawl::find_values(document, path);
    }));
    require(filter->fingerprint() ==
            Filter::compile(*source, "filters", options)->fingerprint());
    // The opposite of a filter matches exactly what the filter does not.
    if (!source->is_null()) {
      const json::value opposite = json::object{{"NOT", json::array{*source}}};
      if (const auto negated = Filter::compile(opposite, "filters", options)) {
        require(negated->matches(document) == !matched);
      }
    }
  }

  FilterOptions templates;
  templates.templates = trawl::ObjectReader::Templates::allowed;
  if (const auto checked = Filter::compile(*source, "filters", templates)) {
    if (checked->has_templates()) require(!checked->matches(document));
  }
  return 0;
}
