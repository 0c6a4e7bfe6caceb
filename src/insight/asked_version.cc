#include "insight/asked_version.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "insight/obstacle.h"

namespace trawl {
namespace {

Error located(Error error, const std::string& location) {
  error.location = location;
  return error;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> asked_version(const Catalog& catalog,
                                                      const Corpus& corpus,
                                                      const Collection& collection,
                                                      std::uint64_t version,
                                                      const std::string& location) {
  auto found = corpus.snapshot(collection.id, version);
  if (found) return found;
  if (found.error().code != ErrorCode::not_found) {
    return located(std::move(found).error(), location);
  }
  TRAWL_ASSIGN(const auto newest, corpus.snapshot(collection.id));
  if (version > newest->version()) {
    return invalid_at(location,
                      fmt::format("there is no version {} of the collection '{}'; the "
                                  "newest is {}; use one that an execution has recorded, "
                                  "or leave it out for the newest",
                                  version, collection.name, newest->version()));
  }
  TRAWL_ASSIGN(const auto obstacle,
               version_obstacle(catalog, corpus, collection.namespace_id,
                                collection.id.str(), version));
  // It was written meanwhile.
  if (!obstacle) return corpus.snapshot(collection.id, version);
  const std::string since =
      obstacle->since ? fmt::format(", since {}", format_time(*obstacle->since)) : "";
  return located(
      make_error(ErrorCode::gone,
                 fmt::format("{}{}; the newest is {}, and the settings replay_days, "
                             "keep_superseded_days and replay_bytes_max keep older ones "
                             "longer",
                             obstacle->reason, since, newest->version())),
      location);
}

}  // namespace trawl
