#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/lexical/lexical_index.h"
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

  // Takes the words of rows that no version sees any more out of the indexes, and those of
  // rows that the newest does not see out of its way.
  Result<void> tidy_indexes();

  void remove_indexes();

  std::int64_t number() const { return number_; }
  VersionHistory& history() { return history_; }
  const VersionHistory& history() const { return history_; }
  const std::vector<Feature>& features() const { return features_; }
  // The index of features()[i].
  const lexical::LexicalIndex& index(std::size_t i) const { return *indexes_[i]; }

  // Set when the collection is deleted: its rows are going away.
  void set_dropped() { dropped_ = true; }
  bool dropped() const { return dropped_; }

 private:
  CollectionState(std::int64_t number, const Collection& definition, Options options)
      : number_(number),
        collection_id_(definition.id),
        features_(definition.features),
        options_(std::move(options)) {}

  std::string index_directory(std::size_t i) const;
  Result<void> open_index(std::size_t i);
  Result<void> add_rows(std::size_t i, std::span<const lexical::RowTexts> rows);

  const std::int64_t number_;
  const CollectionId collection_id_;
  const std::vector<Feature> features_;
  const Options options_;
  VersionHistory history_;
  std::vector<std::unique_ptr<lexical::LexicalIndex>> indexes_;  // As features_.
  std::atomic<bool> dropped_ = false;
};

}  // namespace trawl::store
