#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "corpus/dense/dense_index.h"
#include "corpus/lexical/lexical_index.h"
#include "corpus/lexical/renumbering.h"
#include "corpus/store/place_table.h"
#include "corpus/store/places.h"
#include "corpus/store/vector_table.h"
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

  // Adds to the dense indexes what arrived in versions that they lack, up to the newest,
  // from the vectors table.
  Result<void> index_missing_vectors(sqlite::Connection& connection, std::uint64_t newest);
  // Adds what arrived in a version; as index_documents() otherwise.
  struct Arrival {
    std::uint32_t feature = 0;  // Its place among those of the collection.
    std::uint32_t place = 0;    // Of the document.
    std::uint64_t text_hash = 0;
    std::vector<float> values;  // Empty where the text is.
  };
  void index_arrivals(sqlite::Connection& connection, std::uint64_t version,
                      std::span<const Arrival> arrivals);

  // A feature that the collection has from now on, after the others.
  Result<void> add_feature(const Feature& feature);
  // Of one that was added and not stored.
  void remove_last_feature();

  // The rows for which the vectors table says something of a feature, dead ones too. It is
  // read from there once; index_arrivals() adds to it.
  Result<Bitmap> settled_rows(sqlite::Connection& connection, std::uint32_t feature) const;

  // Writes the parts of indexes that are in memory only, for a quick next start.
  void flush();

  // The same collection with its rows numbered anew, which takes two steps. The first
  // writes most of the indexes, while others may write to the collection; its forgotten
  // rows stay what they are until the second. Nobody writes meanwhile in that one.
  struct Renumbered {
    lexical::Renumbering renumber;
    Options options;
    std::vector<std::uint64_t> done;  // Rows in its indexes, or versions in dense ones.
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
  // Of the feature at that place, which is of this kind.
  const lexical::LexicalIndex& words(std::size_t i) const { return *at(i).words; }
  const dense::DenseIndex& vectors(std::size_t i) const { return *at(i).vectors; }
  // The places of those that are dense.
  std::vector<std::uint32_t> dense_features() const;
  FeatureKey key(std::size_t i) const { return {number_, static_cast<std::uint32_t>(i)}; }

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
        options_(std::move(options)),
        rows_id_(next_rows_id()),
        fate_(std::make_shared<Fate>()) {}

  // What becomes of the collection, however its rows are numbered.
  struct Fate {
    std::atomic<bool> dropped = false;
    std::atomic<std::uint64_t> oldest = 0;  // Version that is kept.
  };

  static std::int64_t next_rows_id();
  // One of them, by the kind of the feature.
  struct FeatureIndex {
    Feature feature;
    std::unique_ptr<lexical::LexicalIndex> words;
    std::unique_ptr<dense::DenseIndex> vectors;
    mutable Mutex mutex;
    // As settled_rows() gives it; nothing before somebody asked.
    mutable std::optional<Bitmap> settled TRAWL_GUARDED_BY(mutex);
  };

  // They are only ever added, and stay where they are.
  FeatureIndex& at(std::size_t i) const;
  std::size_t feature_count() const;
  Result<void> open_vectors(std::size_t i);
  static std::string index_directory(const Options& options, std::size_t i);
  std::string index_directory(std::size_t i) const { return index_directory(options_, i); }
  Result<void> open_index(std::size_t i);
  Result<void> add_rows(std::size_t i, std::span<const lexical::RowTexts> rows);
  Result<void> add_vectors(std::size_t i, std::uint64_t version,
                           std::span<const dense::RowVectors> rows);
  // Where to go on: rows, or versions of a dense index.
  Result<std::uint64_t> copy_index(std::size_t i, const Renumbered& begun,
                                   std::uint64_t after) const;

  const std::int64_t number_;
  const CollectionId collection_id_;
  const Options options_;
  VersionHistory history_;
  mutable Mutex features_mutex_;
  mutable std::deque<FeatureIndex> indexes_ TRAWL_GUARDED_BY(features_mutex_);
  const std::int64_t rows_id_;
  std::shared_ptr<Fate> fate_;
};

}  // namespace trawl::store
