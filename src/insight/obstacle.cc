#include "insight/obstacle.h"

#include <fmt/format.h>

#include <vector>

#include "base/json_pointer.h"
#include "ledger/record/redacted_json.h"

namespace trawl {
namespace {

constexpr std::size_t kPathsMax = 10;

void collect_replaced(const json::value& value, const std::string& path,
                      std::vector<std::string>& out) {
  if (out.size() == kPathsMax) return;
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      collect_replaced(member.value(), path + "/" + pointer_token(view(member.key())), out);
    }
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      collect_replaced((*array)[i], fmt::format("{}/{}", path, i), out);
    }
  } else if (is_replacement(value)) {
    out.push_back(path.empty() ? "/" : path);
  }
}

}  // namespace

std::vector<std::string> replaced_inputs(const json::value& inputs) {
  std::vector<std::string> out;
  collect_replaced(inputs, "", out);
  return out;
}

Result<std::optional<Obstacle>> version_obstacle(const Catalog& catalog,
                                                 const Corpus& corpus,
                                                 const NamespaceId& namespace_id,
                                                 std::string_view collection_id,
                                                 std::uint64_t version) {
  const CollectionId id{std::string(collection_id)};
  // History may be imported from elsewhere, and tells nothing of other namespaces.
  if (!catalog.find_collection(namespace_id, collection_id)) {
    return std::optional(Obstacle{
        fmt::format("there is no collection {} in this namespace any more", collection_id),
        std::nullopt, true, true});
  }
  if (corpus.snapshot(id, version)) return std::optional<Obstacle>();
  TRAWL_ASSIGN(const auto cut, corpus.cut_of(id, version));
  std::string reason = fmt::format("version {} of the collection {} is no longer kept",
                                   version, collection_id);
  if (!cut) return std::optional(Obstacle{std::move(reason), std::nullopt, true});
  reason += cut->for_room ? ": older versions took more room than replay_bytes_max"
                          : ": no execution of the last replay_days had searched it";
  return std::optional(Obstacle{std::move(reason), cut->at, true});
}

std::optional<Obstacle> record_obstacle(const Execution& execution) {
  const auto obstacle = [](std::string reason) {
    return std::optional(Obstacle{std::move(reason), std::nullopt});
  };
  if (execution.summary.status == status::kProcessing) return obstacle("it has not ended");
  if (!execution.inputs || execution.pipeline.empty()) {
    return obstacle("its pipeline or its inputs were not recorded");
  }
  const auto inputs = parse_json(*execution.inputs);
  if (!inputs || !inputs->is_object()) {
    return obstacle("its inputs were not recorded as they were sent");
  }
  const std::vector<std::string> replaced = replaced_inputs(*inputs);
  if (!replaced.empty()) {
    return obstacle(
        fmt::format("its inputs were not recorded as they were sent: {} of them, at {}, "
                    "was replaced by "
                    "the recording policy",
                    replaced.size() == 1 ? "one" : "some", fmt::join(replaced, ", ")));
  }
  return std::nullopt;
}

}  // namespace trawl
