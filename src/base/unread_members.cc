#include "base/unread_members.h"

#include <fmt/format.h>

#include <optional>

#include "base/near_name.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::size_t kShownChars = 64;

std::string place_of(const ObjectReader& in, std::string_view key) {
  return in.location_of(truncate_text(key, kShownChars));
}

// Null is as good as absent: typed clients send it for whatever they know of.
bool is_sent(const ObjectReader& in, const std::string& key) {
  return !in.source().at(key).is_null();
}

// The error of a slip, or nothing where the key is none.
std::optional<Error> slip_of(const ObjectReader& in, const std::string& key) {
  const auto near = near_name(key, in.asked());
  if (near.empty()) return std::nullopt;
  const std::string place = place_of(in, key);
  return invalid_at(place,
                    fmt::format("unknown member '{}'; did you mean '{}'?", place, near));
}

}  // namespace

void sort_unread(ObjectReader& in, std::string_view what,
                 std::vector<std::string>& warnings, std::string_view schema) {
  for (const std::string& key : in.unread()) {
    if (!is_sent(in, key)) continue;
    if (schema.find(fmt::format("\"{}\":", key)) == std::string_view::npos) {
      if (auto slip = slip_of(in, key)) return in.fail(std::move(*slip));
    }
    warnings.push_back(fmt::format("{} is {} and was ignored", place_of(in, key), what));
  }
}

Result<void> refuse_slips(const ObjectReader& in) {
  for (const std::string& key : in.unread()) {
    if (!is_sent(in, key)) continue;
    if (auto slip = slip_of(in, key)) return std::move(*slip);
  }
  return {};
}

void refuse_unread(ObjectReader& in, std::string_view what) {
  for (const std::string& key : in.unread()) {
    if (!is_sent(in, key)) continue;
    if (auto slip = slip_of(in, key)) return in.fail(std::move(*slip));
    in.fail(truncate_text(key, kShownChars), fmt::format("is {}; leave it out", what));
  }
}

}  // namespace trawl
