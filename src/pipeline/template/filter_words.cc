#include "pipeline/template/filter_words.h"

#include <array>
#include <string>

#include "base/text.h"

namespace trawl {

bool reads_like_filter(std::string_view name) {
  constexpr std::size_t kNameMax = 64;
  if (name.size() > kNameMax) return false;
  const std::string lower = to_lower_ascii(name);
  if (lower.find("filter") != std::string::npos ||
      lower.find("condition") != std::string::npos || lower == "where" || lower == "when") {
    return true;
  }
  constexpr std::array<std::string_view, 4> kNames = {"filters", "pre_filters",
                                                      "post_filters", "conditions"};
  return !nearest_name(lower, std::span<const std::string_view>(kNames)).empty();
}

}  // namespace trawl
