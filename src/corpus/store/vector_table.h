#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::store {

// Reads and writes the vectors table. A document has at most one entry for a feature, which
// is known by its place among those of the collection.
struct FeatureKey {
  std::int64_t collection = 0;
  std::uint32_t feature = 0;
};

// The vectors of one document, or that its text is empty, and so has none.
struct VectorEntry {
  std::uint32_t place = 0;
  std::uint64_t version = 0;    // That they arrived in.
  std::uint64_t text_hash = 0;  // Of what a model made them of; 0: they were given.
  std::vector<float> values;
};

// Inside a transaction of the caller.
Result<void> insert_vectors(sqlite::Connection& connection, const FeatureKey& key,
                            std::uint32_t place, std::uint64_t version,
                            std::uint64_t text_hash, std::span<const float> values);
Result<void> remove_vectors(sqlite::Connection& connection, std::int64_t collection,
                            std::span<const std::uint32_t> places);

Result<std::optional<VectorEntry>> read_vectors(sqlite::Connection& connection,
                                                const FeatureKey& key, std::uint32_t place);
// Of any document that has the same text; nothing where there is none.
Result<std::optional<std::vector<float>>> find_vectors_of_text(
    sqlite::Connection& connection, const FeatureKey& key, std::uint64_t text_hash);

// Visits what arrived after a version, and in the last one or before, in the order of
// arrival, then of places.
Result<void> visit_arrivals(sqlite::Connection& connection, const FeatureKey& key,
                            std::uint64_t after, std::uint64_t last,
                            const std::function<Result<void>(const VectorEntry&)>& visit);
// Visits the places that have an entry.
Result<void> visit_settled(sqlite::Connection& connection, const FeatureKey& key,
                           const std::function<void(std::uint32_t place)>& visit);

}  // namespace trawl::store
