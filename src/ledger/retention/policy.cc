#include "ledger/retention/policy.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/object_reader.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kAgeSecondsMax = std::int64_t{100} * 365 * 86'400;
constexpr std::size_t kStatusesMax = 32;

// Largest first, so an age is written in the fewest digits.
constexpr std::pair<char, std::int64_t> kUnits[] = {
    {'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};

std::optional<std::int64_t> unit_seconds(char unit) {
  if (unit == 'w') return 7 * 86'400;
  for (const auto& [letter, seconds] : kUnits) {
    if (unit == letter) return seconds;
  }
  return std::nullopt;
}

// "30d", or a number of seconds.
void read_age(ObjectReader& in, std::string_view name,
              std::optional<std::int64_t>& age_us) {
  const json::value* value = in.find({name});
  if (value == nullptr) return;
  if (!value->is_string()) {
    if (const auto seconds = in.optional_integer({name}, 1, kAgeSecondsMax)) {
      age_us = *seconds * kSecondUs;
    }
    return;
  }
  const std::string_view text = view(value->get_string());
  std::int64_t count = 0;
  const auto seconds = text.empty() ? std::nullopt : unit_seconds(text.back());
  if (!seconds || !parse_integer(text.substr(0, text.size() - 1), count) || count < 1 ||
      count > kAgeSecondsMax / *seconds) {
    in.fail(name,
            fmt::format("is '{}'; use a number of seconds, or one with a unit such as "
                        "90m, 12h, 30d or 8w, up to 36500d",
                        truncate_text(text, 64)));
    return;
  }
  age_us = count * *seconds * kSecondUs;
}

std::string age_text(std::int64_t age_us) {
  const std::int64_t seconds = age_us / kSecondUs;
  for (const auto& [letter, size] : kUnits) {
    if (seconds % size == 0) return fmt::format("{}{}", seconds / size, letter);
  }
  return fmt::format("{}s", seconds);
}

void refuse_unread(ObjectReader& in) {
  static constexpr std::string_view kKnown[] = {"max_age", "max_count", "max_bytes",
                                                "by_status"};
  for (const auto& key : in.unread()) {
    in.fail(truncate_text(key, 64),
            fmt::format("is not a rule of retention{}; use max_age, max_count, "
                        "max_bytes and by_status",
                        did_you_mean(key, kKnown)));
  }
}

}  // namespace

Result<RetentionPolicy> parse_retention(const json::object& definition,
                                        const std::string& location) {
  RetentionPolicy policy;
  ObjectReader in(definition, location);
  constexpr std::int64_t kCountLimit = std::numeric_limits<std::int64_t>::max();
  read_age(in, "max_age", policy.max_age_us);
  if (const auto count = in.optional_integer({"max_count"}, 1, kCountLimit)) {
    policy.max_count = static_cast<std::uint64_t>(*count);
  }
  if (const auto bytes = in.optional_integer({"max_bytes"}, 1, kCountLimit)) {
    policy.max_bytes = static_cast<std::uint64_t>(*bytes);
  }
  if (const json::object* statuses = in.object({"by_status"})) {
    if (statuses->size() > kStatusesMax) {
      in.fail("by_status", fmt::format("has {} entries; use at most {}", statuses->size(),
                                       kStatusesMax));
    }
    ObjectReader ages = in.child(*statuses, "by_status");
    for (const auto& field : *statuses) {
      const std::string_view name(field.key().data(), field.key().size());
      if (name == "processing") {
        ages.fail(name, "is about running executions, which always stay; leave it out");
      }
      std::optional<std::int64_t> age_us;
      read_age(ages, name, age_us);
      if (age_us) policy.status_max_age_us[std::string(name)] = *age_us;
    }
    if (!ages.ok()) in.fail(ages.error());
  }
  refuse_unread(in);
  TRAWL_TRY(in.status());
  return policy;
}

json::object retention_json(const RetentionPolicy& policy) {
  json::object out;
  if (policy.max_age_us) out["max_age"] = age_text(*policy.max_age_us);
  if (policy.max_count) out["max_count"] = *policy.max_count;
  if (policy.max_bytes) out["max_bytes"] = *policy.max_bytes;
  if (!policy.status_max_age_us.empty()) {
    json::object statuses;
    for (const auto& [name, age_us] : policy.status_max_age_us) {
      statuses[name] = age_text(age_us);
    }
    out["by_status"] = std::move(statuses);
  }
  return out;
}

}  // namespace trawl
