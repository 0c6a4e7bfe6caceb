#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/lexical/lexical_index.h"
#include "corpus/lexical/renumbering.h"
#include "corpus/store/place_table.h"
#include "corpus/store/places.h"
#include "corpus/store/version_history.h"
#include "model/collection.h"
#include "sqlite/connection.h"

namespace trawl::store {

// What is in memory of one collection beside its definition: which rows each version sees
// and the indexes of its features. Snapshots keep it alive when the collection is deleted.
// One thread at a time may write; reading is thread-safe.
class CollectionState {
 public:
  struct Options {
    std::string directory;  // Of its indexes.
    std::uint32_t flush_rows = 32'768;
    Numbering numbering;
  };

  // Opens the indexes of the features; the history is empty.
  //   storage, invalid  an index cannot be opened
  static Result<std::shared_ptr<CollectionState>> open(std::int64_t number,
                                                       const Collection& definition,
                                                       const Options& options);

  // Reads the history from the versions and superseded tables.
  Result<void> load_history(sqlite::Connection& connection);

  // Adds to the indexes the rows up to row_end that they lack, from the documents table.
  // Rows that were vacuumed are added without text: no version sees them.
  Result<void> index_missing_rows(sqlite::Connection& connection, std::uint32_t row_end);

  // Adds documents to the indexes; `first` is the row of the first. What fails is logged:
  // the documents are stored by now, and the next write or start tries again.
  void index_documents(sqlite::Connection& connection, std::uint32_t first,
                       const std::vector<const json::object*>& documents);

  // Writes the parts of indexes that are in memory only, for a quick next start.
  void flush();

  // The same collection with its rows numbered anew, which takes two steps. The first
  // writes most of the indexes, while others may write to the collection; its forgotten
  // rows stay what they are until the second. Nobody writes meanwhile in that one.
  struct Renumbered {
    lexical::Renumbering renumber;
    Options options;
    std::vector<std::uint32_t> done;  // Rows in its indexes.
  };
  Result<Renumbered> begin_renumbering(const std::string& name) const;
  Result<std::shared_ptr<CollectionState>> finish_renumbering(
      Renumbered& begun, const Collection& definition,
      sqlite::Connection& connection) const;

  // Takes the words of rows that no version sees any more out of the indexes, and those of
  // rows that the newest does not see out of its way.
  Result<void> tidy_indexes();

  void remove_indexes();
  // Removes the files of the collection's indexes that are not those of this state.
  void remove_other_indexes() const;

  std::int64_t number() const { return number_; }
  // Of this state among all of the process: rows are not numbered as in another.
  std::int64_t rows_id() const { return rows_id_; }
  const Places& places() const { return options_.numbering.places; }
  const std::string& directory() const { return options_.directory; }
  VersionHistory& history() { return history_; }
  const VersionHistory& history() const { return history_; }
  const std::vector<Feature>& features() const { return features_; }
  // The index of features()[i].
  const lexical::LexicalIndex& index(std::size_t i) const { return *indexes_[i]; }

  // Set when the collection is deleted: its rows are going away.
  void set_dropped() { fate_->dropped = true; }
  bool dropped() const { return fate_->dropped; }

  // Versions before this one can no longer be viewed, not by snapshots either that are
  // older than the numbers of rows.
  void forget_before(std::uint64_t version);
  //   not_found  the version is no longer kept
  Result<void> check_kept(std::uint64_t version) const;

 private:
  CollectionState(std::int64_t number, const Collection& definition, Options options)
      : number_(number),
        collection_id_(definition.id),
        features_(definition.features),
        options_(std::move(options)),
        rows_id_(next_rows_id()),
        fate_(std::make_shared<Fate>()) {}

  // What becomes of the collection, however its rows are numbered.
  struct Fate {
    std::atomic<bool> dropped = false;
    std::atomic<std::uint64_t> oldest = 0;  // Version that is kept.
  };

  static std::int64_t next_rows_id();
  static std::string index_directory(const Options& options, std::size_t i);
  std::string index_directory(std::size_t i) const { return index_directory(options_, i); }
  Result<void> open_index(std::size_t i);
  Result<void> add_rows(std::size_t i, std::span<const lexical::RowTexts> rows);

  const std::int64_t number_;
  const CollectionId collection_id_;
  const std::vector<Feature> features_;
  const Options options_;
  VersionHistory history_;
  std::vector<std::unique_ptr<lexical::LexicalIndex>> indexes_;  // As features_.
  const std::int64_t rows_id_;
  std::shared_ptr<Fate> fate_;
};

}  // namespace trawl::store
