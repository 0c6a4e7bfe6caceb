#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trawl::http {

// How many bytes a buffered body may have, as sent and when decompressed.
struct BodyLimit {
  std::size_t bytes_max = SIZE_MAX;
  std::string_view setting = {};  // The operator's, for messages; empty: there is none.
};

// "524288 (limits.query_bytes_max)"
inline std::string describe(const BodyLimit& limit) {
  std::string text = std::to_string(limit.bytes_max);
  if (!limit.setting.empty()) text.append(" (").append(limit.setting).append(")");
  return text;
}

}  // namespace trawl::http
