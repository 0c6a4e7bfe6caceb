#include "api/executions/replayable.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/json_members.h"

namespace trawl::api {
namespace {

struct Obstacle {
  std::string reason;
  std::optional<TimeUs> since;
};

// Which version is gone; nothing where it can be read.
Result<std::optional<Obstacle>> missing_version(const Services& services,
                                                std::string_view collection,
                                                std::uint64_t version) {
  const CollectionId id{std::string(collection)};
  if (services.corpus.snapshot(id, version)) return std::optional<Obstacle>();
  if (!services.corpus.snapshot(id)) {
    return std::optional(
        Obstacle{fmt::format("the collection {} was deleted", collection), std::nullopt});
  }
  TRAWL_ASSIGN(const auto cut, services.corpus.cut_of(id, version));
  if (!cut) {
    return std::optional(
        Obstacle{fmt::format("version {} of the collection {} is no longer kept", version,
                             collection),
                 std::nullopt});
  }
  return std::optional(Obstacle{
      fmt::format("version {} of the collection {} is no longer kept: {}", version,
                  collection,
                  cut->for_room ? "older versions took more room than replay_bytes_max"
                                : "no execution of the last replay_days had searched it"),
      cut->at});
}

// A rule of a recording policy has left one of these behind.
bool is_redacted(std::string_view inputs) {
  return inputs.find("\"***\"") != std::string_view::npos ||
         inputs.find("\"sha256:") != std::string_view::npos;
}

Result<std::optional<Obstacle>> find_obstacle(const Services& services,
                                              const json::object& record) {
  const auto member = [&](std::string_view name) -> const json::value& {
    static const json::value kNull;
    const auto* found = record.if_contains({name.data(), name.size()});
    return found == nullptr ? kNull : *found;
  };
  if (member("status") == "processing") {
    return std::optional(Obstacle{"it has not ended", std::nullopt});
  }
  if (member("fingerprint").is_null() || !member("inputs").is_string()) {
    return std::optional(
        Obstacle{"its pipeline or its inputs were not recorded", std::nullopt});
  }
  if (is_redacted(view(member("inputs").get_string()))) {
    return std::optional(
        Obstacle{"its inputs were not recorded as they were sent", std::nullopt});
  }
  const auto* versions = member("collection_versions").if_array();
  if (versions == nullptr) return std::optional<Obstacle>();
  for (const auto& searched : *versions) {
    TRAWL_ASSIGN(auto missing,
                 missing_version(services, view(searched.at("collection_id").get_string()),
                                 searched.at("version").to_number<std::uint64_t>()));
    if (missing) return missing;
  }
  return std::optional<Obstacle>();
}

}  // namespace

void add_replayable(const Services& services, std::string& detail) {
  static const JsonMembers wanted(
      {"status", "fingerprint", "inputs", "collection_versions"});
  const auto record = wanted.read(detail);
  auto obstacle = record ? find_obstacle(services, *record)
                         : Result<std::optional<Obstacle>>(record.error());
  if (!obstacle || detail.empty()) return;  // A damaged record is shown as it is.
  detail.pop_back();
  detail += fmt::format(R"(,"replayable":{})", !obstacle->has_value());
  if (const auto& why = *obstacle) {
    detail += R"(,"not_replayable":)";
    json::value since;
    if (why->since) since = json::value(format_time(*why->since));
    append_json(detail, json::object{{"reason", why->reason}, {"since", std::move(since)}});
  }
  detail += '}';
}

}  // namespace trawl::api
