// A patch does all that it says or nothing, and what it makes of a document is its own
// difference from it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "insight/json_difference.h"
#include "insight/json_patch.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// A document and a patch, with a line end between.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto document = trawl::parse_json(text.substr(0, end));
  const auto patch = trawl::parse_json(text.substr(end + 1));
  if (!document || !patch) return 0;
  trawl::json::value patched = *document;
  const auto done = trawl::apply_json_patch(patched, *patch, "set");
  if (!done) require(patched == *document);
  const auto changes = trawl::json_changes(*document, patched, 100);
  if (!done) require(changes.empty());
  for (const auto& change : changes) require(change.has_before || change.has_after);
  require(trawl::json_changes(patched, patched, 100).empty());
  return 0;
}
