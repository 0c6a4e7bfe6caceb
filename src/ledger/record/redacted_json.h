#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/execution.h"

namespace trawl {

inline constexpr std::string_view kMaskedValue = "***";
inline constexpr std::string_view kHashPrefix = "sha256:";
inline constexpr std::size_t kHashDigits = 16;

// What a rule has left behind: a later rule leaves it alone, and so does the policy when an
// export is imported again.
inline bool is_replacement(const json::value& value) {
  if (!value.is_string()) return false;
  const std::string_view text = view(value.get_string());
  if (text == kMaskedValue) return true;
  return text.size() == kHashPrefix.size() + kHashDigits && text.starts_with(kHashPrefix) &&
         text.find_first_not_of("0123456789abcdef", kHashPrefix.size()) ==
             std::string_view::npos;
}

// The text by which a scalar can be quoted; nothing for null and booleans.
inline std::optional<std::string> scalar_text(const json::value& value) {
  if (value.is_string()) return std::string(view(value.get_string()));
  if (is_number(value)) return to_json_text(value);
  return std::nullopt;
}

// Null where the value is no object or has no such member.
inline const json::value* member_of(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

// Takes out of a stage what it asked others and what they answered: an answer may quote the
// question, and a hash tells a guess from the truth.
inline void forget_calls(StageRecord& stage) {
  for (ExternalCall& call : stage.external_calls) {
    call.request_sha256.clear();
    call.answer_sha256.reset();
    call.answer_kept = false;
    call.answer.reset();
    if (call.error) call.error = std::string(kMaskedValue);
  }
}

// Takes out of a stage what may hold what its parameters and documents hold.
inline void forget_content(StageRecord& stage) {
  stage.metadata.clear();
  stage.parameters.reset();
  stage.seed.reset();  // It may be an input.
  for (ScoredId& candidate : stage.candidates) {
    stage.written_truncated |= candidate.written.has_value();
    candidate.written.reset();
  }
  forget_calls(stage);
}

}  // namespace trawl
