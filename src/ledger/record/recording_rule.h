#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/record/recording_policy.h"

namespace trawl {

// What becomes of a value that a rule matches.
enum class RedactAction { drop, hash, mask };

// One rule of a policy, for either a field or a pattern. Immutable; thread-safe.
struct RecordingPolicy::Rule {
  RedactAction action = RedactAction::mask;
  std::string field;
  std::vector<std::string> segments;  // Of the field.
  std::unique_ptr<const re2::RE2> pattern;

  // Places in the path, as bits: bit n says that n segments have been passed.
  using Places = std::uint64_t;
  Places begin() const { return 1; }
  bool is_at_end(Places places) const { return (places >> segments.size() & 1) != 0; }

  // Where a step under this name leads. A single name can begin anywhere.
  Places step(Places places, std::string_view name) const {
    if (segments.size() == 1) places |= begin();
    Places next = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if ((places >> i & 1) != 0 && (segments[i] == "*" || segments[i] == name)) {
        next |= Places{2} << i;
      }
    }
    return next;
  }

  // The same for a key, which may itself be a dotted path.
  Places step_key(Places places, std::string_view key) const {
    Places next = step(places, key);
    for (std::string_view rest = key; rest.find('.') != std::string_view::npos;) {
      const auto dot = rest.find('.');
      places = step(places, rest.substr(0, dot));
      rest.remove_prefix(dot + 1);
      if (is_at_end(places)) return places;
      if (rest.find('.') == std::string_view::npos) next |= step(places, rest);
    }
    return next;
  }
};

}  // namespace trawl
