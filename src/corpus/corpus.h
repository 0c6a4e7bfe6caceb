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
#include "model/version_use.h"

namespace trawl {

// The vectors that a document brings for a feature: one or more, one after the other.
struct NamedVectors {
  std::string feature_uri;
  std::vector<float> values;
};

// A document to be stored. An empty document_id asks for a new one.
struct DocumentWrite {
  std::string document_id;
  json::object fields;
  std::vector<NamedVectors> vectors = {};
};

// Of the newest version, for the newest feature of a URI. Of one whose model changes, that
// which is being made.
struct VectorProgress {
  std::uint64_t documents = 0;
  std::uint64_t with_vectors = 0;
  std::uint64_t awaited = 0;  // Have no vectors yet, and may have a text.
  // Of these, the one that came first; and of all documents, the one that came last.
  std::optional<DocumentRef> first_awaited = {};
  std::optional<DocumentRef> newest = {};
  bool is_serving = false;  // Stages can search it.
};

// A document that waits for the vectors that a model makes of its text.
struct AwaitedVectors {
  DocumentRef document = 0;
  std::string text;  // Empty: it will have none, and is to be put without values.
  std::uint64_t text_hash = 0;
  std::vector<float> known;  // Of the same text of another document, as it was stored.
};

// Vectors that a model made of the text of that hash; none where it is empty.
struct ArrivedVectors {
  DocumentRef document = 0;
  std::uint64_t text_hash = 0;
  std::vector<float> values;
};

// What an engine keeps of what the embedded one does. Who relies on one of them looks here.
struct CorpusTraits {
  // What a snapshot returns never changes, and older ones can be asked for by number.
  bool versions = true;
  // Scores are BM25 over the documents of the version, and explain() takes them apart.
  bool exact_bm25 = true;
  // What was acknowledged is in every snapshot that is taken from then on.
  bool read_your_writes = true;
  // A search ranks what its selection lets through, however little that is.
  bool filter_pushdown = true;
  // Documents have vectors, and dense features can be searched.
  bool vectors = true;
  bool local = true;  // No call waits for a network.
};

// Whether a write stores nothing unless it can store everything, or all that it can.
enum class Atomic { no, yes };

// What became of one document of a write.
struct DocumentOutcome {
  enum class Kind { created, replaced, removed, missing, refused };
  Kind kind = Kind::refused;
  std::string document_id;          // The new one where none was given.
  TimeUs created_at = 0;            // Of what was created or replaced.
  TimeUs updated_at = 0;            // Likewise.
  std::optional<Error> error = {};  // Why it was refused, with its place in the call.
};

// Older versions went.
struct VersionCut {
  TimeUs at = 0;
  std::uint64_t oldest_kept = 0;  // Versions before it went.
  bool for_room = false;          // Executions may still have wanted them.

  bool operator==(const VersionCut&) const = default;
};

// What a collection keeps so that older versions can be read.
struct KeptVersions {
  std::string collection_id;
  std::uint64_t oldest = 0;  // Version that can be asked for.
  TimeUs since = 0;          // When that one was written.
  std::uint64_t states = 0;  // Replaced and deleted documents that are kept.
  std::uint64_t bytes = 0;   // About what they take.
  std::optional<VersionCut> last_cut;
};

struct VacuumRequest {
  TimeUs now = 0;
  std::span<const VersionUse> in_use;  // By executions that may be run again.
  // The most that documents may take which are kept for those; 0: a quarter of the corpus,
  // at least 1 GiB.
  std::uint64_t replay_bytes_max = 0;
};

struct VacuumReport {
  std::uint64_t removed = 0;       // States of documents.
  std::vector<KeptVersions> kept;  // Of each collection that keeps any, or cut some.
};

// The documents of collections, which a Catalog names. Every call that writes commits one
// new version of its collection before it returns: what it wrote is durable, and searchable
// where the engine reads its writes.
// Every call may also fail with storage, and one that writes with cannot_store.
// Thread-safe; one write runs at a time, so a `change` must not write to the corpus.
class Corpus {
 public:
  virtual ~Corpus() = default;

  virtual CorpusTraits traits() const = 0;

  // The newest version of a collection, or an older one, for running a pipeline again as of
  // then.
  //   not_found    no such collection, or the version lies in the future or is no longer
  //   kept not_enabled  a version was named, and the engine keeps none
  virtual Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId& id, std::optional<std::uint64_t> version = {}) const = 0;

  // Stores documents; one with the id of another replaces it, also within the call. What
  // became of each, in order; those that are stored are stored in one version. Vectors that
  // a model makes come later (awaited_vectors()), unless the text that they are made of is
  // that of the document before. Refused are
  //   invalid    an id that is not 1 to 512 characters of UTF-8 without control characters,
  //              fields that are nested too deeply, or vectors for what is no dense feature
  //              of the collection, or whose values check_vectors() refuses
  // and with Atomic::yes the call fails with the first of these. Otherwise it fails with
  //   not_found  no such collection
  virtual Result<std::vector<DocumentOutcome>> put(const CollectionId& id,
                                                   std::vector<DocumentWrite> documents,
                                                   Atomic atomic) = 0;
  // As put, but a document_id that is taken is refused with already_exists.
  virtual Result<std::vector<DocumentOutcome>> insert(const CollectionId& id,
                                                      std::vector<DocumentWrite> documents,
                                                      Atomic atomic) = 0;
  // Reads a document, gives its fields to `change` and stores what that leaves behind, with
  // the vectors that it was given, of which those that `change` adds to the empty list take
  // the place; where nothing changed there is no new version.
  //   not_found  no such collection or document
  //   invalid    the fields are now nested too deeply, or vectors as in put()
  //   and what `change` returns
  using ChangeDocument =
      std::function<Result<void>(json::object& fields, std::vector<NamedVectors>& vectors)>;
  virtual Result<Document> update(const CollectionId& id, const std::string& document_id,
                                  const ChangeDocument& change) = 0;
  // The same for many in one version; for each id whether it was there, which is no error.
  // An error stores nothing. `change` is given the place of the id in `document_ids`.
  using ChangeDocuments = std::function<Result<void>(
      std::size_t index, json::object& fields, std::vector<NamedVectors>& vectors)>;
  virtual Result<std::vector<bool>> update_many(const CollectionId& id,
                                                std::span<const std::string> document_ids,
                                                const ChangeDocuments& change) = 0;
  // Each is removed, or was missing, which is no error; all in one version. An id that is
  // given twice is removed twice.
  //   not_found  no such collection
  virtual Result<std::vector<DocumentOutcome>> remove(
      const CollectionId& id, std::span<const std::string> document_ids) = 0;

  // Some of the documents of the newest version that wait for the vectors of a feature with
  // a model, those that came first; `after` is the last one of the call before.
  //   not_found    no such collection or feature
  //   not_enabled  the engine keeps no vectors
  virtual Result<std::vector<AwaitedVectors>> awaited_vectors(
      const CollectionId& /*id*/, const std::string& /*feature_uri*/,
      std::optional<DocumentRef> /*after*/, std::size_t /*count*/) const {
    return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
  }
  // Stores vectors that a model made, in a new version of the collection: those of
  // documents that are gone by now, or say something else, are left out.
  //   not_found    no such collection or feature
  //   invalid      check_vectors() refuses them
  //   not_enabled  the engine keeps no vectors
  virtual Result<void> put_vectors(const CollectionId& /*id*/,
                                   const std::string& /*feature_uri*/,
                                   std::vector<ArrivedVectors> /*arrived*/) {
    return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
  }

  // How far the vectors of a feature with a model are, in the newest version.
  //   not_found    no such collection or feature
  //   not_enabled  the engine keeps no vectors
  virtual Result<VectorProgress> vector_progress(const CollectionId& /*id*/,
                                                 const std::string& /*feature_uri*/) const {
    return make_error(ErrorCode::not_enabled, "this corpus keeps no vectors");
  }

  // Removes what was replaced or deleted longer ago than the corpus keeps it, except what a
  // version in use still sees; then, oldest first, of that too, where it takes more room
  // than it may. Versions that saw what is removed can no longer be asked for. Call it now
  // and then; other calls may run meanwhile.
  virtual Result<VacuumReport> vacuum(const VacuumRequest& /*request*/) {
    return VacuumReport();
  }
  // What a collection keeps of older versions, as the last vacuum found it.
  //   not_found
  virtual Result<KeptVersions> kept_versions(const CollectionId& /*id*/) const {
    return KeptVersions();
  }
  // When and why a version was removed; nothing where that is not known, or it is kept.
  virtual Result<std::optional<VersionCut>> cut_of(const CollectionId& /*id*/,
                                                   std::uint64_t /*version*/) const {
    return std::optional<VersionCut>();
  }

  // When a version was written.
  //   not_found    no such collection or version, or it is no longer kept
  //   not_enabled  the engine keeps no versions
  virtual Result<TimeUs> version_time(const CollectionId& /*id*/,
                                      std::uint64_t /*version*/) const {
    return make_error(ErrorCode::not_enabled, "this corpus keeps no versions");
  }
  // The newest version that was written by then.
  //   not_found    no such collection, or it is not kept, or was not made yet
  //   not_enabled  the engine keeps no versions
  virtual Result<std::uint64_t> version_at(const CollectionId& /*id*/,
                                           TimeUs /*time*/) const {
    return make_error(ErrorCode::not_enabled, "this corpus keeps no versions");
  }

  // Whether the store answers, for health checks.
  virtual Result<void> ping() const = 0;
  // Writes something that changes nothing, to see whether the store can be written again
  // after a failure.
  //   cannot_store, storage  it cannot
  virtual Result<void> try_write() { return {}; }
};

}  // namespace trawl
