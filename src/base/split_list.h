#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace trawl {

// "a, b,,c" as a, b and c: what people write where several names fit. Views of the text.
inline std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = trim(text.substr(begin, end - begin));
    if (!item.empty()) items.push_back(item);
    begin = end + 1;
  }
  return items;
}

}  // namespace trawl
