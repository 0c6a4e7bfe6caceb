#include "ledger/record/recording_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/object_reader.h"
#include "base/text.h"
#include "ledger/record/recording_rule.h"
#include "query/pattern_error.h"

namespace trawl {
namespace {

constexpr std::size_t kRulesMax = 64;
constexpr std::size_t kFieldBytesMax = 256;
constexpr std::size_t kSegmentsMax = 32;
constexpr std::size_t kRulePatternBytesMax = 1000;

std::string_view action_name(RedactAction action) {
  switch (action) {
    case RedactAction::drop:
      return "drop";
    case RedactAction::hash:
      return "hash";
    case RedactAction::mask:
      return "mask";
  }
  return "mask";
}

// Keys that no rule has asked for are refused: a misspelt rule protects nothing.
void refuse_unread(ObjectReader& in, std::vector<std::string_view> known) {
  for (const auto& key : in.unread()) {
    in.fail(truncate_text(key, 64),
            fmt::format("is not a key of a recording policy{}", did_you_mean(key, known)));
  }
}

std::vector<std::string> split_path(ObjectReader& in, const std::string& field) {
  std::vector<std::string> segments;
  for (std::size_t begin = 0; begin <= field.size();) {
    const auto end = std::min(field.find('.', begin), field.size());
    segments.push_back(field.substr(begin, end - begin));
    if (segments.back().empty()) {
      in.fail("field", "has an empty segment; use a dotted path such as user.email");
    }
    begin = end + 1;
  }
  if (field.size() > kFieldBytesMax || segments.size() > kSegmentsMax) {
    in.fail("field",
            fmt::format("has {} bytes in {} segments; use at most {} in {}", field.size(),
                        segments.size(), kFieldBytesMax, kSegmentsMax));
  }
  return segments;
}

std::unique_ptr<const re2::RE2> compile(ObjectReader& in, const std::string& pattern) {
  if (pattern.size() > kRulePatternBytesMax) {
    in.fail("pattern", fmt::format("has {} bytes; use at most {}", pattern.size(),
                                   kRulePatternBytesMax));
    return nullptr;
  }
  auto compiled = std::make_unique<const re2::RE2>(pattern, re2::RE2::Quiet);
  if (!compiled->ok()) {
    in.fail("pattern", "is not a valid regular expression: " + pattern_error(*compiled));
  } else if (re2::RE2::FullMatch("", *compiled)) {
    in.fail("pattern",
            "matches the empty text; let it ask for at least one character, "
            "such as with + instead of *");
  }
  return compiled;
}

}  // namespace

Result<RecordingPolicy> RecordingPolicy::parse(const json::object& definition,
                                               const std::string& location,
                                               std::string hash_key) {
  RecordingPolicy policy;
  policy.hash_key_ = std::move(hash_key);
  ObjectReader in(definition, location);
  policy.mode_ = in.one_of<RecordingMode>(
      {"mode"}, RecordingMode::full,
      {{"full", RecordingMode::full}, {"summary", RecordingMode::summary}});
  const json::array* rules = in.array({"redact"});
  refuse_unread(in, {"mode", "redact"});
  if (rules != nullptr && rules->size() > kRulesMax) {
    in.fail("redact",
            fmt::format("has {} rules; use at most {}", rules->size(), kRulesMax));
  }
  for (std::size_t i = 0; rules != nullptr && in.ok() && i < rules->size(); ++i) {
    const json::value& item = (*rules)[i];
    if (!item.is_object()) {
      in.fail(fmt::format("redact[{}]", i),
              fmt::format("is of type {}; use {{\"field\" or \"pattern\", \"action\"}}",
                          type_name(item)));
      break;
    }
    ObjectReader one = in.child(item.get_object(), "redact", i);
    auto rule = std::make_shared<Rule>();
    const bool by_pattern = one.has({"pattern"});
    if (by_pattern == one.has({"field"})) {
      one.fail("field", "or pattern is required, and not both");
    } else if (by_pattern) {
      rule->pattern = compile(one, one.required_string({"pattern"}));
    } else {
      rule->field = one.required_string({"field"});
      if (one.ok()) rule->segments = split_path(one, rule->field);
    }
    (void)one.required_string({"action"});
    rule->action = by_pattern ? one.one_of<RedactAction>({"action"}, RedactAction::mask,
                                                         {{"hash", RedactAction::hash},
                                                          {"mask", RedactAction::mask}})
                              : one.one_of<RedactAction>({"action"}, RedactAction::mask,
                                                         {{"drop", RedactAction::drop},
                                                          {"hash", RedactAction::hash},
                                                          {"mask", RedactAction::mask}});
    refuse_unread(one, {"field", "pattern", "action"});
    if (!one.ok()) in.fail(one.error());
    policy.rules_.push_back(std::move(rule));
  }
  TRAWL_TRY(in.status());
  return policy;
}

json::object RecordingPolicy::to_json() const {
  json::array rules;
  for (const auto& rule : rules_) {
    json::object one;
    if (rule->pattern != nullptr) {
      one["pattern"] = rule->pattern->pattern();
    } else {
      one["field"] = rule->field;
    }
    one["action"] = text_value(action_name(rule->action));
    rules.push_back(std::move(one));
  }
  return {{"mode", mode_ == RecordingMode::full ? "full" : "summary"},
          {"redact", std::move(rules)}};
}

}  // namespace trawl
