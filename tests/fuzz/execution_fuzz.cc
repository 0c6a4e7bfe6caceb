#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "model/execution_json.h"

// A line of an import, as anybody may write it: it is refused, or what we write of it
// reads back as the same execution.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto value = trawl::parse_json(line);
  if (!value) return 0;
  const auto execution = trawl::parse_execution(*value);
  if (!execution) return 0;
  if (!trawl::validate_summary(execution->summary)) std::abort();

  // Our detail nests a pipeline and metadata no deeper than the line did.
  const std::string detail = trawl::execution_detail_json(*execution);
  const auto detail_value = trawl::parse_json(detail);
  if (!detail_value) std::abort();
  const auto again = trawl::parse_execution(*detail_value);
  if (!again || !(*again == *execution)) std::abort();
  if (trawl::execution_detail_json(*again) != detail) std::abort();

  const auto row = trawl::parse_json(trawl::execution_row_json(execution->summary));
  if (!row || !trawl::parse_execution(*row)) std::abort();
  return 0;
}
