#pragma once

#include <span>
#include <string_view>

namespace trawl {

// The known name that a misspelt one means, or nothing. Nearer than nearest_name(), which
// it falls back on: "expiresAt", "permission" and "Dry-Run" mean expires_at, permissions
// and dry_run, whatever else is close to them. The result points into `names`.
std::string_view near_name(std::string_view word, std::span<const std::string_view> names);

}  // namespace trawl
