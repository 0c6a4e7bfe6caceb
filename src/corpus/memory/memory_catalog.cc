#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "catalog/definition_check.h"
#include "corpus/memory/memory_corpus.h"

namespace trawl {
namespace {

constexpr std::size_t kIdLength = 10;

}  // namespace

Result<Namespace> MemoryCorpus::create_namespace(Namespace wanted) {
  TRAWL_TRY(check_name("namespace", wanted.name));
  const MutexLock write(write_mutex_);
  const MutexLock lock(mutex_);
  for (const Namespace& ns : namespaces_) {
    if (ns.name == wanted.name) return name_taken("namespace", wanted.name);
  }
  wanted.id = NamespaceId(make_random_id("ns_", kIdLength));
  wanted.created_at = wanted.updated_at = clock_.now();
  wanted.revision = 1;
  namespaces_.push_back(wanted);
  return wanted;
}

Result<Namespace> MemoryCorpus::find_namespace(std::string_view identifier) const {
  const MutexLock lock(mutex_);
  std::vector<std::string_view> names;
  for (const Namespace& ns : namespaces_) {
    if (ns.id.str() == identifier) return ns;
    names.push_back(ns.name);
  }
  for (const Namespace& ns : namespaces_) {
    if (ns.name == identifier) return ns;
  }
  return unknown_name("namespace", identifier, names);
}

Result<std::uint64_t> MemoryCorpus::namespace_revision(const NamespaceId& id) const {
  TRAWL_ASSIGN(const Namespace ns, find_namespace(id.str()));
  return ns.revision;
}

Result<std::vector<Namespace>> MemoryCorpus::list_namespaces() const {
  const MutexLock lock(mutex_);
  return namespaces_;
}

Result<Namespace> MemoryCorpus::update_namespace(
    std::string_view identifier, const std::function<Result<void>(Namespace&)>& change) {
  const MutexLock write(write_mutex_);
  TRAWL_ASSIGN(const Namespace before, find_namespace(identifier));
  Namespace changed = before;
  TRAWL_TRY(change(changed));
  TRAWL_TRY(check_name("namespace", changed.name));
  const MutexLock lock(mutex_);
  for (const Namespace& ns : namespaces_) {
    if (ns.name == changed.name && ns.id != before.id) {
      return name_taken("namespace", changed.name);
    }
  }
  changed.id = before.id;
  changed.created_at = before.created_at;
  changed.updated_at = std::max(clock_.now(), before.updated_at);
  changed.revision = before.revision + 1;
  for (Namespace& ns : namespaces_) {
    if (ns.id == changed.id) ns = changed;
  }
  return changed;
}

Result<void> MemoryCorpus::delete_namespace(std::string_view identifier) {
  const MutexLock write(write_mutex_);
  TRAWL_ASSIGN(const Namespace gone, find_namespace(identifier));
  const MutexLock lock(mutex_);
  std::erase_if(namespaces_, [&](const Namespace& ns) { return ns.id == gone.id; });
  std::erase_if(collections_,
                [&](const Kept& kept) { return kept.definition->namespace_id == gone.id; });
  deleted_.insert(gone.id);
  return {};
}

Result<std::vector<NamespaceId>> MemoryCorpus::deleted_namespaces() const {
  const MutexLock lock(mutex_);
  return std::vector<NamespaceId>(deleted_.begin(), deleted_.end());
}

Result<void> MemoryCorpus::forget_deleted_namespace(const NamespaceId& id) {
  const MutexLock lock(mutex_);
  deleted_.erase(id);
  return {};
}

Result<Collection> MemoryCorpus::create_collection(Collection wanted) {
  TRAWL_TRY(check_name("collection", wanted.name));
  TRAWL_TRY(check_features(wanted.features));
  const MutexLock write(write_mutex_);
  TRAWL_ASSIGN(const Namespace parent, find_namespace(wanted.namespace_id.str()));
  wanted.namespace_id = parent.id;
  const MutexLock lock(mutex_);
  for (const Kept& kept : collections_) {
    if (kept.definition->namespace_id == parent.id &&
        kept.definition->name == wanted.name) {
      return name_taken("collection", wanted.name);
    }
  }
  wanted.id = CollectionId(make_random_id("col_", kIdLength));
  wanted.created_at = wanted.updated_at = clock_.now();
  wanted.revision = 1;
  Kept kept;
  kept.definition = std::make_shared<const Collection>(wanted);
  kept.versions.push_back(std::make_shared<const Documents>());
  kept.vectors.push_back(std::make_shared<const AllVectors>());
  kept.written_at = wanted.created_at;
  collections_.push_back(std::move(kept));
  return wanted;
}

Result<Collection> MemoryCorpus::find_collection(const NamespaceId& namespace_id,
                                                 std::string_view identifier) const {
  TRAWL_ASSIGN(const std::vector<Collection> all, list_collections(namespace_id));
  std::vector<std::string_view> names;
  for (const Collection& collection : all) {
    if (collection.id.str() == identifier) return collection;
    names.push_back(collection.name);
  }
  for (const Collection& collection : all) {
    if (collection.name == identifier) return collection;
  }
  return unknown_name("collection", identifier, names);
}

Result<std::vector<Collection>> MemoryCorpus::list_collections(
    const NamespaceId& namespace_id) const {
  const MutexLock lock(mutex_);
  std::vector<Collection> all;
  for (const Kept& kept : collections_) {
    if (kept.definition->namespace_id == namespace_id) all.push_back(*kept.definition);
  }
  return all;
}

Result<Collection> MemoryCorpus::update_collection(
    const NamespaceId& namespace_id, std::string_view identifier,
    const std::function<Result<void>(Collection&)>& change) {
  const MutexLock write(write_mutex_);
  TRAWL_ASSIGN(const Collection before, find_collection(namespace_id, identifier));
  Collection changed = before;
  TRAWL_TRY(change(changed));
  TRAWL_TRY(check_name("collection", changed.name));
  TRAWL_TRY(check_same_features(before.features, changed.features));
  const MutexLock lock(mutex_);
  for (const Kept& kept : collections_) {
    if (kept.definition->namespace_id == namespace_id &&
        kept.definition->name == changed.name && kept.definition->id != before.id) {
      return name_taken("collection", changed.name);
    }
  }
  changed.id = before.id;
  changed.namespace_id = before.namespace_id;
  changed.created_at = before.created_at;
  changed.updated_at = std::max(clock_.now(), before.updated_at);
  changed.revision = before.revision + 1;
  for (Kept& kept : collections_) {
    if (kept.definition->id == changed.id) {
      kept.definition = std::make_shared<const Collection>(changed);
    }
  }
  return changed;
}

Result<void> MemoryCorpus::delete_collection(const NamespaceId& namespace_id,
                                             std::string_view identifier) {
  const MutexLock write(write_mutex_);
  TRAWL_ASSIGN(const Collection gone, find_collection(namespace_id, identifier));
  const MutexLock lock(mutex_);
  std::erase_if(collections_,
                [&](const Kept& kept) { return kept.definition->id == gone.id; });
  return {};
}

}  // namespace trawl
