#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "base/result.h"
#include "corpus/snapshot.h"
#include "model/execution.h"
#include "model/field_set.h"

namespace trawl {

// Documents on their way through the stages, and rows that stages made, in columns: where
// each comes from, its score, and over that what stages wrote. The fields of a document are
// read when somebody asks for them, and only those: what a stage reads is loaded before.
//
// Copies share the columns until one of them is changed. Thread-compatible; const members
// may be called from many threads.
class CandidateList {
 public:
  // Positions in a list.
  using Positions = std::vector<std::size_t>;

  std::size_t size() const { return columns_->source.size(); }
  bool empty() const { return size() == 0; }

  // The place of a snapshot among those whose documents are here; it is added where it is
  // not among them yet.
  std::uint32_t source(std::shared_ptr<const Snapshot> snapshot);
  void add(std::uint32_t source, DocumentRef document, std::optional<double> score = {});
  void add(std::uint32_t source, std::span<const DocumentRef> documents);
  // A document that was read already; `have` says how much of it.
  void add(std::uint32_t source, Document&& document, const FieldSet& have,
           std::optional<double> score = {});
  // What a stage made, such as an aggregate: it has fields, and no id.
  void add_row(json::object fields, std::optional<double> score = {});

  std::optional<double> score(std::size_t i) const;
  void set_score(std::size_t i, std::optional<double> score);
  // Of several searches; empty where there was one, which has the rank and score of the
  // list.
  const SearchParts& parts(std::size_t i) const;
  void set_parts(std::size_t i, SearchParts parts);

  // Empty for rows that a stage made.
  const std::string& collection_id(std::size_t i) const;
  // The version that the document is of; nullptr for rows that a stage made, and in a list
  // that is detached().
  const Snapshot* snapshot(std::size_t i) const;
  DocumentRef document(std::size_t i) const { return columns_->document[i]; }
  // Of documents that were loaded, with any fields; empty for rows that a stage made.
  const std::string& document_id(std::size_t i) const;
  std::uint64_t content_hash(std::size_t i) const;  // Likewise; 0 for such rows.

  // The place of a document, which is told apart by its collection and its reference in the
  // version that is here; nothing where it is not in the list.
  std::optional<std::size_t> find_document(std::string_view collection_id,
                                           DocumentRef document) const;

  // Reads what of these fields was not read yet: for all, or for those at these positions.
  // The id and the content hash come with any.
  //   errors of Snapshot::fetch()
  Result<void> load(const FieldSet& fields, const Checkpoint& check);
  Result<void> load(const FieldSet& fields, std::span<const std::size_t> positions,
                    const Checkpoint& check);
  Result<void> load_first(std::size_t count, const FieldSet& fields,
                          const Checkpoint& check);

  // The values at a dotted path, which must have been loaded. The score and the ids are
  // found too, where there are any (model/engine_fields.h), and are written to `scratch`,
  // which must outlive the result.
  PathValues values(std::size_t i, std::string_view path, json::value& scratch) const;
  // The same as one value: where the path passes through a list, the list of all.
  const json::value* find(std::size_t i, std::string_view path, json::value& scratch) const;

  // Whether the document has a field of that name itself, at its top level.
  bool has_own(std::size_t i, std::string_view name) const;
  // Writes a field over what the document has under that name at its top level.
  void write(std::size_t i, std::string_view name, json::value value);
  // What stages wrote; null where none did.
  const json::object* written(std::size_t i) const;

  // Whether any candidate has parts, or was written to.
  bool has_origins() const {
    return !columns_->written.empty() || !columns_->parts.empty();
  }

  // The document as replies carry it: user fields at top level, beside document_id,
  // collection_id and score. Where no search gave a score, that is the document's own
  // field, or else 0. All its fields must have been loaded.
  json::object to_json(std::size_t i) const;
  // Appends the text of that for `count` of them from `begin` on, with commas between, but
  // for those that come when it has grown by `bytes_max`. Returns how many it appended: at
  // least one, where there is one. What was not loaded as a whole is read now, and not
  // kept.
  //   errors of Snapshot::fetch()
  Result<std::size_t> append_json(std::string& out, std::size_t begin, std::size_t count,
                                  std::size_t bytes_max, const Checkpoint& check) const;

  // The candidates at these positions, in that order; one may be there several times.
  CandidateList picked(std::span<const std::size_t> positions) const;
  // Those from `begin` on, `count` of them at most.
  CandidateList slice(std::size_t begin, std::size_t count) const;

  // The same list without the snapshots, and with them again: for keeping it longer than
  // versions may be held. The collections, as many as there are sources.
  std::vector<std::string> source_collections() const;
  CandidateList detached() const;
  CandidateList attached(std::vector<std::shared_ptr<const Snapshot>> sources) const;

  // About what it takes in memory.
  std::size_t memory_bytes() const;

 private:
  // What was read of a document.
  struct Loaded {
    Document document;
    std::shared_ptr<const FieldSet> have;
  };
  static constexpr std::uint32_t kMade = 0xFFFFFFFF;  // The source of rows of stages.

  struct Columns {
    std::vector<std::uint32_t> source;
    std::vector<DocumentRef> document;
    std::vector<double> score;  // NaN for none.
    // These are empty, or as long as the others.
    std::vector<std::shared_ptr<const Loaded>> loaded;
    std::vector<std::shared_ptr<const json::object>> written;
    std::vector<std::shared_ptr<const SearchParts>> parts;
  };
  using Sources = std::vector<std::shared_ptr<const Snapshot>>;

  Columns& edit();
  Result<void> load_from(std::uint32_t source, std::span<const std::size_t> positions,
                         const FieldSet& fields, const Checkpoint& check);
  const Loaded* loaded(std::size_t i) const;
  bool has_all(std::size_t i) const;
  void append_held(std::string& out, std::size_t i) const;
  Result<std::size_t> append_stored(std::string& out, std::size_t begin, std::size_t end,
                                    std::size_t size_max, const Checkpoint& check) const;

  std::shared_ptr<Columns> columns_ = std::make_shared<Columns>();
  std::shared_ptr<const Sources> sources_ = std::make_shared<const Sources>();
};

}  // namespace trawl
