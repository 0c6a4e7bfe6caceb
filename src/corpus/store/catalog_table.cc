#include "corpus/store/catalog_entries.h"
#include "corpus/store/feature_text.h"

namespace trawl::store {
namespace {

Result<json::object> read_definition(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) {
    return make_error(ErrorCode::storage, "the stored data is damaged",
                      "a definition is not a JSON object");
  }
  return std::move(value->get_object());
}

std::string definition_text(const json::object& definition) {
  std::string text;
  append_json(text, definition);
  return text;
}

std::string features_text(const std::vector<Feature>& features) {
  std::string text;
  append_json(text, features_to_json(features));
  return text;
}

}  // namespace

Result<std::vector<StoredNamespace>> read_namespaces(sqlite::Connection& connection) {
  TRAWL_ASSIGN(auto rows, connection.prepare(
                              "SELECT number, namespace_id, name, created_at, updated_at, "
                              "definition, revision FROM namespaces ORDER BY number"));
  std::vector<StoredNamespace> all;
  while (true) {
    TRAWL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    StoredNamespace stored;
    stored.number = rows.integer(0);
    stored.definition.id = NamespaceId(rows.string(1));
    stored.definition.name = rows.string(2);
    stored.definition.created_at = rows.integer(3);
    stored.definition.updated_at = rows.integer(4);
    TRAWL_ASSIGN(stored.definition.definition, read_definition(rows.text(5)));
    stored.definition.revision = static_cast<std::uint64_t>(rows.integer(6));
    all.push_back(std::move(stored));
  }
}

Result<std::vector<StoredCollection>> read_collections(sqlite::Connection& connection) {
  TRAWL_ASSIGN(auto rows,
               connection.prepare("SELECT number, collection_id, namespace_id, name, "
                                  "created_at, updated_at, features, definition, revision "
                                  "FROM collections ORDER BY number"));
  std::vector<StoredCollection> all;
  while (true) {
    TRAWL_ASSIGN(const bool more, rows.step());
    if (!more) return all;
    StoredCollection stored;
    stored.number = rows.integer(0);
    stored.definition.id = CollectionId(rows.string(1));
    stored.definition.namespace_id = NamespaceId(rows.string(2));
    stored.definition.name = rows.string(3);
    stored.definition.created_at = rows.integer(4);
    stored.definition.updated_at = rows.integer(5);
    TRAWL_ASSIGN(const auto features, parse_json(rows.text(6)));
    TRAWL_ASSIGN(stored.definition.features, features_from_json(features));
    TRAWL_ASSIGN(stored.definition.definition, read_definition(rows.text(7)));
    stored.definition.revision = static_cast<std::uint64_t>(rows.integer(8));
    all.push_back(std::move(stored));
  }
}

Result<std::int64_t> insert_namespace(sqlite::Connection& connection,
                                      const Namespace& added) {
  TRAWL_ASSIGN(auto insert,
               connection.prepare("INSERT INTO namespaces (namespace_id, name, created_at, "
                                  "updated_at, definition) VALUES (?, ?, ?, ?, ?)"));
  const std::string definition = definition_text(added.definition);
  TRAWL_TRY(
      insert
          .bind(added.id.str(), added.name, added.created_at, added.updated_at, definition)
          .run());
  return connection.last_insert_rowid();
}

Result<std::int64_t> insert_collection(sqlite::Connection& connection,
                                       const Collection& added) {
  TRAWL_ASSIGN(
      auto insert,
      connection.prepare("INSERT INTO collections (collection_id, namespace_id, name, "
                         "created_at, updated_at, features, definition) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?)"));
  const std::string features = features_text(added.features);
  const std::string definition = definition_text(added.definition);
  TRAWL_TRY(insert
                .bind(added.id.str(), added.namespace_id.str(), added.name,
                      added.created_at, added.updated_at, features, definition)
                .run());
  return connection.last_insert_rowid();
}

Result<void> store_namespace(sqlite::Connection& connection, std::int64_t number,
                             const Namespace& changed) {
  TRAWL_ASSIGN(auto update,
               connection.prepare("UPDATE namespaces SET name = ?, updated_at = ?, "
                                  "definition = ?, revision = ? WHERE number = ?"));
  const std::string definition = definition_text(changed.definition);
  return update
      .bind(changed.name, changed.updated_at, definition,
            static_cast<std::int64_t>(changed.revision), number)
      .run();
}

Result<void> store_collection(sqlite::Connection& connection, std::int64_t number,
                              const Collection& changed) {
  TRAWL_ASSIGN(auto update,
               connection.prepare("UPDATE collections SET name = ?, updated_at = ?, "
                                  "features = ?, definition = ?, revision = ? "
                                  "WHERE number = ?"));
  const std::string features = features_text(changed.features);
  const std::string definition = definition_text(changed.definition);
  return update
      .bind(changed.name, changed.updated_at, features, definition,
            static_cast<std::int64_t>(changed.revision), number)
      .run();
}

}  // namespace trawl::store
