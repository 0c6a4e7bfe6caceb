#include "api/executions/replayable.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "insight/obstacle.h"
#include "model/execution.h"

namespace trawl::api {
namespace {

// What stands behind `key` in a text that execution_detail_json() made, up to `end`. No
// parse, as a detail is asked for often: keys are found because quotes within strings are
// escaped, so that a key with its own can stand in none.
std::optional<std::string_view> text_between(std::string_view detail, std::size_t at,
                                             std::string_view key, std::string_view end) {
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t begin = at + key.size();
  const std::size_t stop = detail.find(end, begin);
  if (stop == std::string_view::npos) return std::nullopt;
  return detail.substr(begin, stop - begin);
}

// Of a member before which only texts and numbers stand.
std::optional<std::string_view> first_member(std::string_view detail, std::string_view key,
                                             std::string_view end) {
  return text_between(detail, detail.find(key), key, end);
}
// Of one behind which only texts, numbers and labels stand.
std::optional<std::string_view> last_member(std::string_view detail, std::string_view key,
                                            std::string_view end) {
  return text_between(detail, detail.rfind(key), key, end);
}

// A rule of a recording policy has left one of these behind; in a JSON text within JSON.
bool is_redacted(std::string_view inputs) {
  return inputs.find(R"(\"***\")") != std::string_view::npos ||
         inputs.find(R"(\"sha256:)") != std::string_view::npos;
}

Result<std::optional<Obstacle>> find_obstacle(const Services& services,
                                              const NamespaceId& ns,
                                              std::string_view detail) {
  const auto obstacle = [](std::string reason) {
    return std::optional(Obstacle{std::move(reason), std::nullopt});
  };
  if (first_member(detail, R"(,"status":")", "\"") == status::kProcessing) {
    return obstacle("it has not ended");
  }
  const auto inputs = first_member(detail, R"(,"inputs":)", R"(,"inputs_hash":)");
  const auto pipeline = first_member(detail, R"(,"pipeline":)", "\"");
  if (!inputs || *inputs == "null" || !pipeline || pipeline->starts_with("null")) {
    return obstacle("its pipeline or its inputs were not recorded");
  }
  if (is_redacted(*inputs)) {
    return obstacle("its inputs were not recorded as they were sent");
  }
  // Its items have ids and numbers, and so no bracket.
  const auto versions = last_member(detail, R"(,"collection_versions":[)", "]");
  if (!versions) return std::optional<Obstacle>();
  if (versions->empty()) {
    const auto named =
        first_member(detail, R"("collection_identifiers":[)", "]").value_or("");
    if (named.empty()) return std::optional<Obstacle>();
    return obstacle("which versions of its collections it searched was not recorded");
  }
  TRAWL_ASSIGN(const json::value searched, parse_json(fmt::format("[{}]", *versions)));
  for (const auto& one : searched.get_array()) {
    TRAWL_ASSIGN(auto missing,
                 version_obstacle(services.catalog, services.corpus, ns,
                                  view(one.at("collection_id").get_string()),
                                  one.at("version").to_number<std::uint64_t>()));
    if (missing) return missing;
  }
  return std::optional<Obstacle>();
}

}  // namespace

void add_replayable(const Services& services, const NamespaceId& ns, std::string& detail) {
  const auto obstacle = find_obstacle(services, ns, detail);
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
