#include "corpus/store/vector_table.h"

#include <bit>
#include <cstring>
#include <string>

namespace trawl::store {
namespace {

// Values are stored as they lie in memory.
static_assert(std::endian::native == std::endian::little);

Result<std::vector<float>> read_values(std::string_view data) {
  if (data.size() % sizeof(float) != 0) {
    return make_error(ErrorCode::storage, "the stored data is damaged",
                      "vectors: a part of a number");
  }
  std::vector<float> values(data.size() / sizeof(float));
  if (!data.empty()) std::memcpy(values.data(), data.data(), data.size());
  return values;
}

}  // namespace

Result<void> insert_vectors(sqlite::Connection& connection, const FeatureKey& key,
                            std::uint32_t place, std::uint64_t version,
                            std::uint64_t text_hash, std::span<const float> values) {
  TRAWL_ASSIGN(auto insert, connection.prepare(
                                "INSERT INTO vectors (collection, feature, place, version, "
                                "text_hash, data) VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(key.collection, key.feature, place, version, text_hash);
  insert.bind_blob({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  return insert.run();
}

Result<void> remove_vectors(sqlite::Connection& connection, std::int64_t collection,
                            std::span<const std::uint32_t> places) {
  TRAWL_ASSIGN(
      auto features,
      connection.prepare("SELECT DISTINCT feature FROM vectors WHERE collection = ?"));
  features.bind(collection);
  std::vector<std::int64_t> all;
  while (true) {
    TRAWL_ASSIGN(const bool found, features.step());
    if (!found) break;
    all.push_back(features.integer(0));
  }
  for (const std::int64_t feature : all) {
    TRAWL_ASSIGN(auto remove,
                 connection.prepare("DELETE FROM vectors WHERE collection = ? AND "
                                    "feature = ? AND place = ?"));
    for (const std::uint32_t place : places) {
      TRAWL_TRY(remove.bind(collection, feature, place).run());
      remove.reset();
    }
  }
  return {};
}

Result<std::optional<VectorEntry>> read_vectors(sqlite::Connection& connection,
                                                const FeatureKey& key,
                                                std::uint32_t place) {
  TRAWL_ASSIGN(auto rows, connection.prepare("SELECT version, text_hash, data FROM vectors "
                                             "WHERE collection = ? AND feature = ? AND "
                                             "place = ?"));
  rows.bind(key.collection, key.feature, place);
  TRAWL_ASSIGN(const bool found, rows.step());
  if (!found) return std::optional<VectorEntry>();
  VectorEntry entry;
  entry.place = place;
  entry.version = static_cast<std::uint64_t>(rows.integer(0));
  entry.text_hash = static_cast<std::uint64_t>(rows.integer(1));
  TRAWL_ASSIGN(entry.values, read_values(rows.text(2)));
  return std::optional(std::move(entry));
}

Result<std::optional<std::vector<float>>> find_vectors_of_text(
    sqlite::Connection& connection, const FeatureKey& key, std::uint64_t text_hash) {
  TRAWL_ASSIGN(auto rows, connection.prepare(
                              "SELECT data FROM vectors WHERE collection = ? AND "
                              "feature = ? AND text_hash = ? AND text_hash <> 0 LIMIT 1"));
  rows.bind(key.collection, key.feature, text_hash);
  TRAWL_ASSIGN(const bool found, rows.step());
  if (!found) return std::optional<std::vector<float>>();
  TRAWL_ASSIGN(auto values, read_values(rows.text(0)));
  return std::optional(std::move(values));
}

Result<void> visit_arrivals(sqlite::Connection& connection, const FeatureKey& key,
                            std::uint64_t after, std::uint64_t last,
                            const std::function<Result<void>(const VectorEntry&)>& visit) {
  TRAWL_ASSIGN(
      auto rows,
      connection.prepare("SELECT place, version, text_hash, data FROM vectors WHERE "
                         "collection = ? AND feature = ? AND version > ? AND version <= ? "
                         "ORDER BY version, place"));
  rows.bind(key.collection, key.feature, after, last);
  VectorEntry entry;
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return {};
    entry.place = static_cast<std::uint32_t>(rows.integer(0));
    entry.version = static_cast<std::uint64_t>(rows.integer(1));
    entry.text_hash = static_cast<std::uint64_t>(rows.integer(2));
    TRAWL_ASSIGN(entry.values, read_values(rows.text(3)));
    TRAWL_TRY(visit(entry));
  }
}

Result<void> visit_settled(sqlite::Connection& connection, const FeatureKey& key,
                           const std::function<void(std::uint32_t place)>& visit) {
  TRAWL_ASSIGN(auto rows, connection.prepare("SELECT place FROM vectors WHERE "
                                             "collection = ? AND feature = ?"));
  rows.bind(key.collection, key.feature);
  while (true) {
    TRAWL_ASSIGN(const bool found, rows.step());
    if (!found) return {};
    visit(static_cast<std::uint32_t>(rows.integer(0)));
  }
}

}  // namespace trawl::store
