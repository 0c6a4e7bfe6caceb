#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "corpus/snapshot.h"
#include "model/collection.h"

namespace trawl {

// A document to be stored. An empty document_id asks for a new one.
struct DocumentWrite {
  std::string document_id;
  json::object fields;
};

// Namespaces, collections and their documents. Every call that writes commits one new
// version of its collection before it returns: what it wrote is durable and searchable.
// Names and ids are interchangeable wherever an argument is called `identifier`. Every call
// may also fail with storage, and one that writes with cannot_store. Thread-safe; one write
// runs at a time, so a `change` must not write to the corpus.
class Corpus {
 public:
  virtual ~Corpus() = default;

  // Sets the id and the times.
  //   already_exists  the name is taken
  //   invalid         it is empty, or not UTF-8
  virtual Result<Namespace> create_namespace(Namespace wanted) = 0;
  //   not_found
  virtual Result<Namespace> find_namespace(std::string_view identifier) const = 0;
  // By creation time, oldest first.
  virtual Result<std::vector<Namespace>> list_namespaces() const = 0;
  // Gives the namespace to `change` and stores what that leaves behind; id and times stay
  // ours.
  //   not_found
  //   already_exists, invalid  as in create_namespace()
  //   and what `change` returns
  virtual Result<Namespace> update_namespace(
      std::string_view identifier,
      const std::function<Result<void>(Namespace&)>& change) = 0;
  // With all its collections.
  //   not_found
  virtual Result<void> delete_namespace(std::string_view identifier) = 0;
  // Deleted namespaces of which others may still keep something, such as their history. A
  // namespace is noted here as it is deleted, in one step, until the others have followed.
  virtual Result<std::vector<NamespaceId>> deleted_namespaces() const = 0;
  virtual Result<void> forget_deleted_namespace(const NamespaceId& id) = 0;

  // Sets the id and the times.
  //   not_found       no such namespace
  //   already_exists  the name is taken in it
  //   invalid         a name or the URI of a feature is empty, or two features share one
  virtual Result<Collection> create_collection(Collection wanted) = 0;
  //   not_found
  virtual Result<Collection> find_collection(const NamespaceId& namespace_id,
                                             std::string_view identifier) const = 0;
  // By creation time, oldest first; none where there is no such namespace.
  virtual Result<std::vector<Collection>> list_collections(
      const NamespaceId& namespace_id) const = 0;
  // As update_namespace(); features cannot be changed (invalid).
  virtual Result<Collection> update_collection(
      const NamespaceId& namespace_id, std::string_view identifier,
      const std::function<Result<void>(Collection&)>& change) = 0;
  //   not_found
  virtual Result<void> delete_collection(const NamespaceId& namespace_id,
                                         std::string_view identifier) = 0;

  // The newest version of a collection, or an older one, for running a pipeline again as of
  // then.
  //   not_found  no such collection, or the version lies in the future or is no longer kept
  virtual Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t> version = {}) const = 0;

  // Stores documents, all or none; one with the id of another replaces it, also within the
  // call. Returns the ids in order.
  //   not_found  no such collection
  //   invalid    an id is not 1 to 512 characters of UTF-8 without control characters, or
  //              the fields are nested too deeply
  virtual Result<std::vector<std::string>> put(const CollectionId& id,
                                               std::vector<DocumentWrite> documents) = 0;
  // As put, but a document_id that is taken is refused with already_exists.
  virtual Result<std::vector<std::string>> insert(const CollectionId& id,
                                                  std::vector<DocumentWrite> documents) = 0;
  // Reads a document, gives its fields to `change` and stores what that leaves behind;
  // where nothing changed there is no new version.
  //   not_found  no such collection or document
  //   invalid    the fields are now nested too deeply
  //   and what `change` returns
  virtual Result<Document> update(
      const CollectionId& id, const std::string& document_id,
      const std::function<Result<void>(json::object&)>& change) = 0;
  // The same for many in one version; for each id whether it was there, which is no error.
  // An error stores nothing. `change` is given the place of the id in `document_ids`.
  virtual Result<std::vector<bool>> update_many(
      const CollectionId& id, std::span<const std::string> document_ids,
      const std::function<Result<void>(std::size_t index, json::object&)>& change) = 0;
  // For each id whether it was there.
  //   not_found  no such collection
  virtual Result<std::vector<bool>> remove(const CollectionId& id,
                                           std::span<const std::string> document_ids) = 0;

  // Removes what was replaced or deleted longer ago than the corpus keeps it; versions that
  // still saw it can no longer be asked for. Returns how many states of documents it
  // removed. Call it now and then; other calls may run meanwhile.
  virtual Result<std::uint64_t> vacuum(TimeUs /*now*/) { return std::uint64_t{0}; }

  // Whether the store answers, for health checks.
  virtual Result<void> ping() const = 0;
  // Writes something that changes nothing, to see whether the store can be written again
  // after a failure.
  //   cannot_store, storage  it cannot
  virtual Result<void> try_write() { return {}; }
};

}  // namespace trawl
