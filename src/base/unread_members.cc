#include "base/unread_members.h"

#include <fmt/format.h>

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

// The error of a slip; false where the key is none.
bool fail_slip(ObjectReader& in, const std::string& key) {
  const auto near = near_name(key, in.asked());
  if (near.empty()) return false;
  const std::string place = place_of(in, key);
  in.fail(invalid_at(place,
                     fmt::format("unknown member '{}'; did you mean '{}'?", place, near)));
  return true;
}

}  // namespace

void sort_unread(ObjectReader& in, std::string_view what,
                 std::vector<std::string>& warnings) {
  for (const std::string& key : in.unread()) {
    if (!is_sent(in, key)) continue;
    if (fail_slip(in, key)) return;
    warnings.push_back(fmt::format("{} is {} and was ignored", place_of(in, key), what));
  }
}

void refuse_unread(ObjectReader& in, std::string_view what) {
  for (const std::string& key : in.unread()) {
    if (!is_sent(in, key)) continue;
    if (fail_slip(in, key)) return;
    in.fail(truncate_text(key, kShownChars), fmt::format("is {}; leave it out", what));
  }
}

}  // namespace trawl
