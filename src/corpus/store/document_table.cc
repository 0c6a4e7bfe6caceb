#include "corpus/store/document_table.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace trawl::store {
namespace {

constexpr std::size_t kDocumentIdCharsMax = 512;

RawDocument raw_document(const sqlite::Statement& row) {
  return {row_of(row.integer(0)), row.text(1), row.integer(2), row.integer(3), row.text(4)};
}

bool nested_deeper_than(const json::value& value, std::size_t depth) {
  if (const auto* object = value.if_object()) {
    if (depth == 0) return true;
    for (const auto& field : *object) {
      if (nested_deeper_than(field.value(), depth - 1)) return true;
    }
  } else if (const auto* array = value.if_array()) {
    if (depth == 0) return true;
    for (const auto& item : *array) {
      if (nested_deeper_than(item, depth - 1)) return true;
    }
  }
  return false;
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
  document.ref = raw.row;
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
                       std::uint32_t row,
                       const std::function<Result<void>(const RawDocument&)>& visit) {
  TRAWL_ASSIGN(auto rows, connection.prepare(
                              "SELECT row_id, document_id, created_at, updated_at, payload "
                              "FROM documents WHERE row_id = ?"));
  rows.bind(row_id(collection, row));
  TRAWL_ASSIGN(const bool found, rows.step());
  if (found) TRAWL_TRY(visit(raw_document(rows)));
  return found;
}

Result<std::optional<FoundRow>> find_row(sqlite::Connection& connection,
                                         std::int64_t collection, std::uint32_t row_end,
                                         std::string_view document_id) {
  // The key of the table is part of every index on it, so this is one descent.
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT row_id, created_at FROM documents "
                                  "WHERE document_id = ? AND row_id >= ? AND row_id < ? "
                                  "ORDER BY row_id DESC LIMIT 1"));
  rows.bind(document_id, row_id(collection, 0), row_id(collection, row_end));
  TRAWL_ASSIGN(const bool found, rows.step());
  if (!found) return std::optional<FoundRow>();
  return std::optional<FoundRow>({row_of(rows.integer(0)), rows.integer(1)});
}

Result<void> insert_row(sqlite::Connection& connection, std::int64_t collection,
                        const RawDocument& document) {
  TRAWL_ASSIGN(auto insert,
               connection.prepare("INSERT INTO documents (row_id, document_id, created_at, "
                                  "updated_at, payload) VALUES (?, ?, ?, ?, ?)"));
  return insert
      .bind(row_id(collection, document.row), document.document_id, document.created_at,
            document.updated_at, document.payload)
      .run();
}

Result<void> check_document_id(std::string_view document_id, std::string location) {
  if (document_id.empty()) {
    return invalid_at(
        std::move(location),
        "document_id is empty; use 1 to 512 characters, or leave it out for a new one");
  }
  if (!is_valid_utf8(document_id)) {
    return invalid_at(std::move(location), "document_id is not valid UTF-8; send UTF-8");
  }
  if (truncate_text(document_id, kDocumentIdCharsMax) != document_id) {
    return invalid_at(std::move(location),
                      fmt::format("document_id has more than {} characters; use fewer",
                                  kDocumentIdCharsMax));
  }
  for (std::size_t i = 0; i < document_id.size(); ++i) {
    const auto byte = static_cast<unsigned char>(document_id[i]);
    // U+0080 to U+009F, the second set of control characters, are C2 80 to C2 9F.
    const bool second_set =
        byte == 0xC2 && static_cast<unsigned char>(document_id[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second_set) {
      return invalid_at(std::move(location),
                        fmt::format("document_id has a control character at byte {}; "
                                    "leave it out",
                                    i));
    }
  }
  return {};
}

Result<void> check_depth(const json::object& fields, std::string location) {
  for (const auto& field : fields) {
    if (nested_deeper_than(field.value(), kJsonDepthMax - 1)) {
      return invalid_at(
          std::move(location),
          fmt::format("'{}' is nested deeper than the {} levels a document may "
                      "have; flatten it",
                      truncate_text({field.key().data(), field.key().size()}, 64),
                      kJsonDepthMax));
    }
  }
  return {};
}

}  // namespace trawl::store
