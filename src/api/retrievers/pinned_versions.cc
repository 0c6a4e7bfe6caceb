#include "api/retrievers/pinned_versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "insight/asked_version.h"

namespace trawl::api {
namespace {

constexpr std::string_view kVersionsMember = "collection_versions";

bool is_bound(const BoundPipeline& bound, const CollectionId& id) {
  for (const auto* list : {&bound.snapshots, &bound.extra}) {
    for (const auto& snapshot : *list) {
      if (snapshot->collection().id == id) return true;
    }
  }
  return false;
}

}  // namespace

std::string PinnedVersion::location() const {
  return fmt::format("{}.{}", kVersionsMember, truncate_text(name, 100));
}

Result<std::vector<PinnedVersion>> read_pinned_versions(const Services& services,
                                                        const NamespaceId& namespace_id,
                                                        ObjectReader& body) {
  std::vector<PinnedVersion> out;
  const json::object* sent = body.object({kVersionsMember});
  if (sent == nullptr) return out;
  ObjectReader versions = body.child(*sent, kVersionsMember);
  for (const auto& member : *sent) {
    PinnedVersion one;
    one.name = view(member.key());
    const auto version = versions.optional_integer(
        {view(member.key())}, 0, std::numeric_limits<std::int64_t>::max());
    TRAWL_TRY(versions.status());
    if (!version) continue;
    one.version = static_cast<std::uint64_t>(*version);
    auto found = services.catalog.find_collection(namespace_id, one.name);
    if (!found) {
      if (found.error().code != ErrorCode::not_found) return std::move(found).error();
      return invalid_at(one.location(),
                        fmt::format("collection_versions names '{}', and there is no such "
                                    "collection in this namespace; use the name or the id "
                                    "of one that the pipeline reads",
                                    truncate_text(one.name, 100)));
    }
    one.collection = std::move(*found);
    for (const PinnedVersion& other : out) {
      if (other.collection.id != one.collection.id) continue;
      return invalid_at(
          one.location(),
          fmt::format("collection_versions names one collection twice, as '{}' and '{}'; "
                      "keep one of them",
                      truncate_text(other.name, 100), truncate_text(one.name, 100)));
    }
    TRAWL_TRY(asked_version(services.catalog, services.corpus, one.collection, one.version,
                            one.location()));
    out.push_back(std::move(one));
  }
  return out;
}

Result<BoundPipeline> bind_pinned(const Services& services,
                                  const std::vector<PinnedVersion>& pinned,
                                  Pipeline pipeline, json::object inputs,
                                  const NamespaceId& namespace_id) {
  std::vector<CollectionVersion> versions;
  for (const PinnedVersion& one : pinned) {
    versions.push_back({one.collection.id.str(), one.version});
  }
  BindAt at;
  at.pinned = versions;
  auto bound =
      services.runner.bind(std::move(pipeline), std::move(inputs), namespace_id, at);
  if (!bound) {
    // Unless one went just now, which has a better error.
    for (const PinnedVersion& one : pinned) {
      TRAWL_TRY(asked_version(services.catalog, services.corpus, one.collection,
                              one.version, one.location()));
    }
    return bound;
  }
  for (const PinnedVersion& one : pinned) {
    if (bound->may_read_others || is_bound(*bound, one.collection.id)) continue;
    return invalid_at(one.location(),
                      fmt::format("collection_versions names '{}', which the pipeline does "
                                  "not read; leave it out, or name it in "
                                  "collection_identifiers",
                                  truncate_text(one.name, 100)));
  }
  return bound;
}

std::vector<std::string> unused_version_warnings(const std::vector<PinnedVersion>& pinned,
                                                 const Execution& ran) {
  std::vector<std::string> out;
  for (const PinnedVersion& one : pinned) {
    const auto& searched = ran.collection_versions;
    if (std::any_of(searched.begin(), searched.end(), [&](const CollectionVersion& each) {
          return each.collection_id == one.collection.id.str();
        })) {
      continue;
    }
    out.push_back(
        fmt::format("collection_versions names '{}', which the run did not search",
                    truncate_text(one.name, 100)));
  }
  return out;
}

}  // namespace trawl::api
