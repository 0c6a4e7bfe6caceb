#include "corpus/store/catalog_entries.h"

#include "catalog/definition_check.h"

namespace trawl::store {

Result<CatalogEntries::NamespaceEntry> CatalogEntries::find_namespace(
    std::string_view identifier) const {
  const SharedLock lock(mutex_);
  const std::string key(identifier);
  if (const auto found = namespaces_by_id_.find(key); found != namespaces_by_id_.end()) {
    return namespaces_.at(found->second);
  }
  if (const auto found = namespaces_by_name_.find(key);
      found != namespaces_by_name_.end()) {
    return namespaces_.at(found->second);
  }
  std::vector<std::string_view> names;
  for (const auto& [number, entry] : namespaces_) names.push_back(entry.definition->name);
  return unknown_name("namespace", identifier, names);
}

Result<CatalogEntries::CollectionEntry> CatalogEntries::find_collection(
    const NamespaceId& namespace_id, std::string_view identifier) const {
  const SharedLock lock(mutex_);
  const std::string key(identifier);
  if (const auto found = collections_by_id_.find(key); found != collections_by_id_.end()) {
    const CollectionEntry& entry = collections_.at(found->second);
    if (entry.definition->namespace_id == namespace_id) return entry;
  }
  const auto begin = collections_by_name_.lower_bound({namespace_id.str(), {}});
  std::vector<std::string_view> names;
  for (auto i = begin;
       i != collections_by_name_.end() && i->first.first == namespace_id.str(); ++i) {
    if (i->first.second == key) return collections_.at(i->second);
    names.push_back(i->first.second);
  }
  return unknown_name("collection", identifier, names);
}

Result<CatalogEntries::CollectionEntry> CatalogEntries::find_collection(
    const CollectionId& id) const {
  const SharedLock lock(mutex_);
  const auto found = collections_by_id_.find(id.str());
  if (found == collections_by_id_.end()) return unknown_name("collection", id.str(), {});
  return collections_.at(found->second);
}

std::vector<CatalogEntries::NamespaceEntry> CatalogEntries::namespaces() const {
  const SharedLock lock(mutex_);
  std::vector<NamespaceEntry> entries;
  for (const auto& [number, entry] : namespaces_) entries.push_back(entry);
  return entries;
}

std::vector<CatalogEntries::CollectionEntry> CatalogEntries::collections(
    const NamespaceId& namespace_id) const {
  const SharedLock lock(mutex_);
  std::vector<CollectionEntry> entries;
  for (const auto& [number, entry] : collections_) {
    if (entry.definition->namespace_id == namespace_id) entries.push_back(entry);
  }
  return entries;
}

std::vector<CatalogEntries::CollectionEntry> CatalogEntries::collections() const {
  const SharedLock lock(mutex_);
  std::vector<CollectionEntry> entries;
  for (const auto& [number, entry] : collections_) entries.push_back(entry);
  return entries;
}

bool CatalogEntries::has_namespace_name(const std::string& name) const {
  const SharedLock lock(mutex_);
  return namespaces_by_name_.count(name) != 0;
}

bool CatalogEntries::has_collection_name(const NamespaceId& namespace_id,
                                         const std::string& name) const {
  const SharedLock lock(mutex_);
  return collections_by_name_.count({namespace_id.str(), name}) != 0;
}

void CatalogEntries::put(NamespaceEntry entry) {
  const ExclusiveLock lock(mutex_);
  NamespaceEntry& slot = namespaces_[entry.number];
  if (slot.definition) namespaces_by_name_.erase(slot.definition->name);
  slot = std::move(entry);
  namespaces_by_id_[slot.definition->id.str()] = slot.number;
  namespaces_by_name_[slot.definition->name] = slot.number;
}

void CatalogEntries::put(CollectionEntry entry) {
  const ExclusiveLock lock(mutex_);
  const std::int64_t number = entry.state->number();
  CollectionEntry& slot = collections_[number];
  if (slot.definition) {
    collections_by_name_.erase(
        {slot.definition->namespace_id.str(), slot.definition->name});
  }
  slot = std::move(entry);
  collections_by_id_[slot.definition->id.str()] = number;
  collections_by_name_[{slot.definition->namespace_id.str(), slot.definition->name}] =
      number;
}

void CatalogEntries::erase(const NamespaceEntry& entry) {
  const ExclusiveLock lock(mutex_);
  namespaces_by_id_.erase(entry.definition->id.str());
  namespaces_by_name_.erase(entry.definition->name);
  namespaces_.erase(entry.number);
}

void CatalogEntries::erase(const CollectionEntry& entry) {
  const ExclusiveLock lock(mutex_);
  collections_by_id_.erase(entry.definition->id.str());
  collections_by_name_.erase(
      {entry.definition->namespace_id.str(), entry.definition->name});
  collections_.erase(entry.state->number());
}

}  // namespace trawl::store
