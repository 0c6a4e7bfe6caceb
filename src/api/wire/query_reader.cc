#include "api/wire/query_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace trawl::api {
namespace {

std::string place(std::string_view name) {
  return fmt::format("query.{}", name);
}

}  // namespace

std::optional<std::string_view> QueryReader::text(std::string_view name) const {
  const auto value = request_.query_value(name);
  return value && !value->empty() ? value : std::nullopt;
}

Result<bool> QueryReader::boolean(std::string_view name, bool otherwise) const {
  const auto value = text(name);
  if (!value) return otherwise;
  const std::string word = to_lower_ascii(*value);
  if (word == "true" || word == "1") return true;
  if (word == "false" || word == "0") return false;
  return invalid_at(place(name), fmt::format("{} is '{}'; use true or false", name,
                                             truncate_text(*value, 64)));
}

Result<std::optional<std::uint64_t>> QueryReader::count(std::string_view name,
                                                        std::int64_t min,
                                                        std::int64_t max) const {
  const auto value = text(name);
  if (!value) return std::optional<std::uint64_t>();
  std::int64_t number = 0;
  if (!parse_integer(*value, number) || number < min || number > max) {
    return invalid_at(place(name), fmt::format("{} is '{}'; use a whole number, {} to {}",
                                               name, truncate_text(*value, 64), min, max));
  }
  return std::optional<std::uint64_t>(static_cast<std::uint64_t>(number));
}

Result<std::string_view> QueryReader::choice(
    std::string_view name, std::span<const std::string_view> choices) const {
  const auto value = text(name);
  if (!value) return choices.front();
  const auto found = std::find(choices.begin(), choices.end(), *value);
  if (found != choices.end()) return *found;
  return invalid_at(place(name),
                    fmt::format("{} is '{}'{}; use {}", name, truncate_text(*value, 64),
                                did_you_mean(*value, choices), fmt::join(choices, " or ")));
}

}  // namespace trawl::api
