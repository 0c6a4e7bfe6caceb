#include "corpus/store/document_table.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"

namespace trawl::store {
namespace {

RawDocument raw_document(const sqlite::Statement& row) {
  return {place_of(row.integer(0)), row.text(1), row.integer(2), row.integer(3),
          row.text(4)};
}

}  // namespace

Result<Document> parse_document(const RawDocument& raw) {
  auto payload = parse_json(raw.payload);
  if (!payload || !payload->is_object()) {
    return make_error(ErrorCode::internal,
                      fmt::format("the stored document '{}' is damaged", raw.document_id),
                      payload ? "not an object" : payload.error().message);
  }
  Document document;
  document.ref = raw.place;
  document.document_id = raw.document_id;
  document.created_at = raw.created_at;
  document.updated_at = raw.updated_at;
  document.fields = std::move(payload->get_object());
  document.content_hash = content_hash(raw.payload);
  return document;
}

Result<void> visit_rows(sqlite::Connection& connection, std::int64_t collection,
                        std::uint32_t begin, std::uint32_t end,
                        const std::function<Result<void>(const RawDocument&)>& visit) {
  TRAWL_ASSIGN(auto rows, connection.prepare(
                              "SELECT row_id, document_id, created_at, updated_at, payload "
                              "FROM documents WHERE row_id >= ? AND row_id < ? "
                              "ORDER BY row_id"));
  rows.bind(row_id(collection, begin), row_id(collection, end));
  while (true) {
    TRAWL_ASSIGN(const bool more, rows.step());
    if (!more) return {};
    TRAWL_TRY(visit(raw_document(rows)));
  }
}

Result<bool> visit_row(sqlite::Connection& connection, std::int64_t collection,
                       std::uint32_t place,
                       const std::function<Result<void>(const RawDocument&)>& visit) {
  TRAWL_ASSIGN(auto rows, connection.prepare(
                              "SELECT row_id, document_id, created_at, updated_at, payload "
                              "FROM documents WHERE row_id = ?"));
  rows.bind(row_id(collection, place));
  TRAWL_ASSIGN(const bool found, rows.step());
  if (found) TRAWL_TRY(visit(raw_document(rows)));
  return found;
}

Result<std::optional<FoundRow>> find_row(sqlite::Connection& connection,
                                         std::int64_t collection, std::uint32_t end,
                                         std::string_view document_id) {
  // The key of the table is part of every index on it, so this is one descent.
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT row_id, created_at FROM documents "
                                  "WHERE document_id = ? AND row_id >= ? AND row_id < ? "
                                  "ORDER BY row_id DESC LIMIT 1"));
  rows.bind(document_id, row_id(collection, 0), row_id(collection, end));
  TRAWL_ASSIGN(const bool found, rows.step());
  if (!found) return std::optional<FoundRow>();
  return std::optional<FoundRow>({place_of(rows.integer(0)), rows.integer(1)});
}

Result<void> insert_row(sqlite::Connection& connection, std::int64_t collection,
                        const RawDocument& document) {
  TRAWL_ASSIGN(auto insert,
               connection.prepare("INSERT INTO documents (row_id, document_id, created_at, "
                                  "updated_at, payload) VALUES (?, ?, ?, ?, ?)"));
  return insert
      .bind(row_id(collection, document.place), document.document_id, document.created_at,
            document.updated_at, document.payload)
      .run();
}

}  // namespace trawl::store
