#include "corpus/store/schema.h"

#include <iterator>

namespace trawl::store {
namespace {

// documents   One row for every state a document has had. row_id is the number of the
//             collection << 40 | the row's place in the collection, from 0. Rows are only
//             ever added; vacuum removes them when no kept version sees them.
// versions    Where the rows that a version knows end: it sees those before row_end that
//             are not superseded in it or earlier. Numbers are consecutive; the first that
//             is left is the oldest that can be read.
// superseded  Rows that this version replaced or deleted, until vacuum removes them.
// gone        Places [place, place_end) whose rows vacuum removed. Ranges that touch are
// one,
//             so there are never more of them than rows that are left, and one more.
// numberings, numbered_runs  Where rows were numbered anew (places.h): the name of the
// indexes
//             that count so, and which places the rows from one on have. `row_end` above
//             and all other tables know places alone.
// dropped     Deleted collections whose rows are still to be removed.
// deleted_namespaces  Whose history is still to be removed, in ledger.db.
// namespaces, collections  `revision` counts the changes of the definition.
// cuts        When older versions went: those before oldest_kept.
// vectors     Of a document for a feature (its place among those of the collection), or
// that
//             it has no text and so no vectors; `version` is the one that they arrived in.
//             text_hash is that of the text that a model made them of, 0 where they were
//             given; data is float32, one vector after the other.
// forgetting  Collections whose indexes may still have words of removed rows.
constexpr const char* kSteps[] = {R"sql(
CREATE TABLE namespaces (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  namespace_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  definition TEXT NOT NULL
) STRICT;
CREATE TABLE collections (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id TEXT NOT NULL UNIQUE,
  namespace_id TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  features TEXT NOT NULL,
  definition TEXT NOT NULL,
  UNIQUE (namespace_id, name)
) STRICT;
CREATE TABLE documents (
  row_id INTEGER PRIMARY KEY,
  document_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX documents_by_id ON documents (document_id);
CREATE TABLE versions (
  collection INTEGER NOT NULL,
  version INTEGER NOT NULL,
  row_end INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  PRIMARY KEY (collection, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE superseded (
  collection INTEGER NOT NULL,
  version INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (collection, version, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE dropped (
  number INTEGER PRIMARY KEY,
  collection_id TEXT NOT NULL
) STRICT;
)sql",
                                  R"sql(
CREATE TABLE deleted_namespaces (
  namespace_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
)sql",
                                  R"sql(
CREATE TABLE forgetting (
  collection INTEGER PRIMARY KEY
) STRICT;
-- Nobody took words out before.
INSERT INTO forgetting SELECT number FROM collections;
)sql",
                                  R"sql(
ALTER TABLE namespaces ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE collections ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
)sql",
                                  R"sql(
CREATE TABLE cuts (
  collection INTEGER NOT NULL,
  oldest_kept INTEGER NOT NULL,
  at INTEGER NOT NULL,
  for_room INTEGER NOT NULL,
  PRIMARY KEY (collection, oldest_kept)
) STRICT, WITHOUT ROWID;
)sql",
                                  R"sql(
CREATE TABLE gone (
  collection INTEGER NOT NULL,
  place INTEGER NOT NULL,
  place_end INTEGER NOT NULL,
  PRIMARY KEY (collection, place)
) STRICT, WITHOUT ROWID;
-- They stayed in `superseded` before.
CREATE TEMP TABLE oldest AS
  SELECT collection, min(version) AS version FROM versions GROUP BY collection;
INSERT INTO gone SELECT collection, min(place), max(place) + 1 FROM (
  SELECT s.collection, s.place, s.place -
    row_number() OVER (PARTITION BY s.collection ORDER BY s.place) AS island
  FROM superseded s JOIN oldest o ON o.collection = s.collection AND s.version <= o.version
) GROUP BY collection, island;
DELETE FROM superseded WHERE version <=
  (SELECT version FROM oldest o WHERE o.collection = superseded.collection);
DROP TABLE oldest;
)sql",
                                  R"sql(
CREATE TABLE numberings (
  collection INTEGER PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;
CREATE TABLE numbered_runs (
  collection INTEGER NOT NULL,
  row INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (collection, row)
) STRICT, WITHOUT ROWID;
)sql",
                                  R"sql(
CREATE TABLE vectors (
  collection INTEGER NOT NULL,
  feature INTEGER NOT NULL,
  place INTEGER NOT NULL,
  version INTEGER NOT NULL,
  text_hash INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (collection, feature, place)
) STRICT;
CREATE INDEX vectors_by_version ON vectors (collection, feature, version, place);
CREATE INDEX vectors_by_text ON vectors (collection, feature, text_hash)
  WHERE text_hash <> 0;
)sql"};

}  // namespace

Result<std::unique_ptr<sqlite::Connection>> open_database(const std::string& path) {
  sqlite::OpenOptions options;
  options.owner = true;
  options.incremental_vacuum = true;
  TRAWL_ASSIGN(auto connection, sqlite::Connection::open(path, options));
  TRAWL_TRY(sqlite::migrate(*connection, kSteps, path));
  return connection;
}

std::int64_t schema_version() {
  return static_cast<std::int64_t>(std::size(kSteps));
}

}  // namespace trawl::store
