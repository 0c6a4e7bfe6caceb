#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strong_id.h"
#include "model/collection.h"

namespace trawl {

// The namespaces and their collections: what there is, under which names. What is in a
// collection is the business of a Corpus. Names and ids are interchangeable wherever an
// argument is called `identifier`. What a call wrote is durable when it returns. Every call
// may also fail with storage, and one that writes with cannot_store. Thread-safe; one write
// runs at a time, so a `change` must not write.
class Catalog {
 public:
  virtual ~Catalog() = default;

  // Sets the id, the times and the revision.
  //   already_exists  the name is taken
  //   invalid         it is empty, or not UTF-8
  virtual Result<Namespace> create_namespace(Namespace wanted) = 0;
  //   not_found
  virtual Result<Namespace> find_namespace(std::string_view identifier) const = 0;
  // The revision alone, for those who keep what they made of a definition. Cheap.
  //   not_found
  virtual Result<std::uint64_t> namespace_revision(const NamespaceId& id) const = 0;
  // By creation time, oldest first.
  virtual Result<std::vector<Namespace>> list_namespaces() const = 0;
  // Gives the namespace to `change` and stores what that leaves behind, as the next
  // revision; id and times stay ours.
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

  // Sets the id, the times and the revision.
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
  // Adds a dense feature. One whose vectors come with the documents serves at once; one
  // with a model from the version on in which all documents have vectors, and until then
  // the one before it of the same URI does, if there is one. What it says of versions is
  // ignored.
  //   not_found
  //   invalid      it is not dense
  //   already_exists  the URI is that of a feature of another kind, or of one that is not
  //                complete yet; or there is one, and the vectors of this one come with the
  //                documents: those that are there would be lost
  //   not_enabled  the engine keeps no vectors
  virtual Result<Collection> add_feature(const NamespaceId& /*namespace_id*/,
                                         std::string_view /*identifier*/,
                                         Feature /*feature*/) {
    return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
  }
  // With all its documents.
  //   not_found
  virtual Result<void> delete_collection(const NamespaceId& namespace_id,
                                         std::string_view identifier) = 0;
};

}  // namespace trawl
