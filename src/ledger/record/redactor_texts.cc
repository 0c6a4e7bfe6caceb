// Where what may not be recorded stands in texts: what patterns match, and the values
// found.
#include "ledger/record/redactor.h"

#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "ledger/record/redacted_json.h"

namespace trawl {
namespace {

// A search of RE2 cannot be ended, and takes up to ten nanoseconds for each instruction of
// the pattern and byte of the text. One that might take longer than some tenths of a second
// is not begun, and all searches of a text together end after a while.
constexpr std::size_t kSearchStepsMax = 40'000'000;
constexpr std::int64_t kSearchUsMax = 200'000;
// A message or a summary quotes at most the first 200 characters of a value.
constexpr std::size_t kQuotedBytesMax = 1024;

}  // namespace

void Redactor::find_matches(std::string_view text, std::vector<TextCut>& cuts) const {
  for (const auto& rule : policy_.rules_) {
    if (rule->pattern == nullptr) continue;
    const auto program = static_cast<std::size_t>(rule->pattern->ProgramSize());
    const std::int64_t end_us = monotonic_us() + kSearchUsMax;
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece found;
    for (std::size_t from = 0; from < text.size();) {
      // What cannot be searched in time may hold anything.
      if (program * (text.size() - from) > kSearchStepsMax || monotonic_us() > end_us) {
        cuts.push_back(
            {from, text.size(), replacement_of(rule->action, text.substr(from))});
        break;
      }
      if (!rule->pattern->Match(whole, from, text.size(), re2::RE2::UNANCHORED, &found,
                                1)) {
        break;
      }
      const auto begin = static_cast<std::size_t>(found.data() - text.data());
      if (found.empty()) {
        // Only at a border such as \b; the pattern itself does not match the empty text.
        from = begin + 1;
        continue;
      }
      cuts.push_back({begin, begin + found.size(),
                      replacement_of(rule->action, {found.data(), found.size()})});
      from = begin + found.size();
    }
  }
}

void Redactor::learn_matches(const json::value& value) {
  if (const auto* object = value.if_object()) {
    for (const auto& field : *object) {
      learn_matches_in({field.key().data(), field.key().size()});
      learn_matches(field.value());
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) learn_matches(item);
  } else if (const auto text = scalar_text(value)) {
    learn_matches_in(*text);
  }
}

void Redactor::learn_matches_in(std::string_view text) {
  std::vector<TextCut> cuts;
  find_matches(text, cuts);
  for (const TextCut& cut : cuts) {
    if (cut.begin < kQuotedBytesMax) {
      values_.add(text.substr(cut.begin, cut.end - cut.begin), cut.replacement);
    }
  }
}

bool Redactor::scrub(std::string& text) const {
  std::vector<TextCut> cuts;
  find_matches(text, cuts);
  values_.find_in(text, cuts);
  return apply_cuts(text, cuts);
}

bool Redactor::is_short_value(std::string_view text) const {
  return !short_values_.empty() && text.size() < RedactedValues::kValueBytesMin &&
         short_values_.count(to_lower_ascii(text)) != 0;
}

void Redactor::scrub_short_values(json::value& value) const {
  if (short_values_.empty()) return;
  if (auto* object = value.if_object()) {
    for (auto& field : *object) scrub_short_values(field.value());
  } else if (auto* array = value.if_array()) {
    for (auto& item : *array) scrub_short_values(item);
  } else if (const auto text = scalar_text(value); text && is_short_value(*text)) {
    value = text_value(kMaskedValue);
  }
}

bool Redactor::scrub(json::value& value) const {
  if (auto* object = value.if_object()) {
    bool changed = false;
    bool keys_changed = false;
    std::vector<std::string> keys;
    keys.reserve(object->size());
    for (auto& field : *object) {
      std::string& key = keys.emplace_back(field.key().data(), field.key().size());
      keys_changed |= scrub(key);
      changed |= scrub(field.value());
    }
    if (!keys_changed) return changed;
    json::object renamed;
    std::size_t i = 0;
    for (auto& field : *object) renamed[keys[i++]] = std::move(field.value());
    *object = std::move(renamed);
    return true;
  }
  if (auto* array = value.if_array()) {
    bool changed = false;
    for (auto& item : *array) changed |= scrub(item);
    return changed;
  }
  if (is_number(value)) {
    // A number is redacted where it is one of the values, or where a pattern says so, but
    // not because its digits happen to hold those of another.
    std::string text = to_json_text(value);
    std::vector<TextCut> cuts;
    find_matches(text, cuts);
    if (numbers_.count(text) != 0) {
      cuts.push_back({0, text.size(), std::string(kMaskedValue)});
    }
    if (!apply_cuts(text, cuts)) return false;
    value = text_value(text);
    return true;
  }
  if (!value.is_string() || is_replacement(value)) return false;
  std::string text(view(value.get_string()));
  if (!scrub(text)) return false;
  value = text_value(text);
  return true;
}

}  // namespace trawl
