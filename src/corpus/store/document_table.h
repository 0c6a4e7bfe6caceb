#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/collection.h"
#include "sqlite/connection.h"

namespace trawl::store {

// Reads and writes the documents table. The functions take the connection to use; what
// they return never depends on uncommitted writes of others.

// The table's key of a place (places.h) of a collection.
constexpr int kRowBits = 40;
constexpr std::int64_t row_id(std::int64_t collection, std::uint32_t place) {
  return (collection << kRowBits) | place;
}
constexpr std::uint32_t place_of(std::int64_t row_id) {
  return static_cast<std::uint32_t>(row_id & ((std::int64_t{1} << kRowBits) - 1));
}

// One row as it lies in the table; views are valid while it is visited.
struct RawDocument {
  std::uint32_t place = 0;
  std::string_view document_id;
  TimeUs created_at = 0;
  TimeUs updated_at = 0;
  std::string_view payload;  // JSON
};
Result<Document> parse_document(const RawDocument& raw);

// Visits the places [begin, end) that the table still has, in order, until an error.
Result<void> visit_rows(sqlite::Connection& connection, std::int64_t collection,
                        std::uint32_t begin, std::uint32_t end,
                        const std::function<Result<void>(const RawDocument&)>& visit);

// Visits one place; false when the table no longer has it.
Result<bool> visit_row(sqlite::Connection& connection, std::int64_t collection,
                       std::uint32_t place,
                       const std::function<Result<void>(const RawDocument&)>& visit);

// The newest state of a document among places [0, end), be it alive or not.
struct FoundRow {
  std::uint32_t place = 0;
  TimeUs created_at = 0;
};
Result<std::optional<FoundRow>> find_row(sqlite::Connection& connection,
                                         std::int64_t collection, std::uint32_t end,
                                         std::string_view document_id);

Result<void> insert_row(sqlite::Connection& connection, std::int64_t collection,
                        const RawDocument& document);

}  // namespace trawl::store
