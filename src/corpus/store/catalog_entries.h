#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "corpus/store/collection_state.h"
#include "model/collection.h"
#include "sqlite/connection.h"

namespace trawl::store {

// The namespaces and collections, in memory. Thread-safe; what it returns stays as it is
// when the catalog changes.
class CatalogEntries {
 public:
  struct NamespaceEntry {
    std::int64_t number = 0;
    std::shared_ptr<const Namespace> definition;
  };
  struct CollectionEntry {
    std::shared_ptr<CollectionState> state;
    std::shared_ptr<const Collection> definition;
  };

  // By id, or by name where no id is like it.
  //   not_found
  Result<NamespaceEntry> find_namespace(std::string_view identifier) const;
  Result<CollectionEntry> find_collection(const NamespaceId& namespace_id,
                                          std::string_view identifier) const;
  Result<CollectionEntry> find_collection(const CollectionId& id) const;

  // Oldest first.
  std::vector<NamespaceEntry> namespaces() const;
  std::vector<CollectionEntry> collections(const NamespaceId& namespace_id) const;
  std::vector<CollectionEntry> collections() const;

  bool has_namespace_name(const std::string& name) const;
  bool has_collection_name(const NamespaceId& namespace_id, const std::string& name) const;

  // Add, or replace what has the same number.
  void put(NamespaceEntry entry);
  void put(CollectionEntry entry);
  void erase(const NamespaceEntry& entry);
  void erase(const CollectionEntry& entry);

 private:
  using NameKey = std::pair<std::string, std::string>;  // Namespace id and name.

  mutable SharedMutex mutex_;
  // By number, which is the order of creation.
  std::map<std::int64_t, NamespaceEntry> namespaces_ TRAWL_GUARDED_BY(mutex_);
  std::map<std::int64_t, CollectionEntry> collections_ TRAWL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::int64_t> namespaces_by_id_ TRAWL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::int64_t> namespaces_by_name_
      TRAWL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::int64_t> collections_by_id_ TRAWL_GUARDED_BY(mutex_);
  std::map<NameKey, std::int64_t> collections_by_name_ TRAWL_GUARDED_BY(mutex_);
};

// Their tables (catalog_table.cc). The functions run inside a transaction of the caller, or
// alone.
struct StoredNamespace {
  std::int64_t number = 0;
  Namespace definition;
};
struct StoredCollection {
  std::int64_t number = 0;
  Collection definition;
};
Result<std::vector<StoredNamespace>> read_namespaces(sqlite::Connection& connection);
Result<std::vector<StoredCollection>> read_collections(sqlite::Connection& connection);
// Returns the number of what was added.
Result<std::int64_t> insert_namespace(sqlite::Connection& connection,
                                      const Namespace& added);
Result<std::int64_t> insert_collection(sqlite::Connection& connection,
                                       const Collection& added);
Result<void> store_namespace(sqlite::Connection& connection, std::int64_t number,
                             const Namespace& changed);
Result<void> store_collection(sqlite::Connection& connection, std::int64_t number,
                              const Collection& changed);

}  // namespace trawl::store
