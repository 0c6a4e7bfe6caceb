#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "base/result.h"
#include "corpus/corpus.h"
#include "model/collection.h"

namespace trawl::api {

// The contract's DocumentResponse: user fields at top level beside document_id,
// collection_id and _internal.
json::object document_json(const Document& document, const Collection& collection);

// Splits a client's document into its id (empty: a new one is made), its fields and its
// vectors; the names that the server gives meaning to are taken out.
//   invalid  document_id is not a string; or as read_document_vectors()
Result<DocumentWrite> read_document(const json::object& sent, const Collection& collection,
                                    const std::string& location);

// Says of what read_document() takes out of a document of a client's own; of one that this
// server gave, which is sent back, there is nothing to say.
std::vector<std::string> warn_of_left_out(const json::object& sent,
                                          const Collection& collection);

// Writes given fields over a document. With `deep`, objects are merged member by member;
// otherwise a given field replaces the old one whole. A key with dots that is not a field
// of the document sets the place that it leads to as a path (base/field_path.h). On an
// error the document is as it was. `location` is that of the update in the request.
//   invalid  a field that the server sets, a path that write_path refuses, or two keys that
//            write to one place; the location names the key
Result<void> apply_update(const json::object& update, bool deep,
                          const std::string& location, json::object& fields);

// The part of the above that no document can change.
Result<void> check_update(const json::object& update, const std::string& location);

// An update, taken apart: what is written over the fields, as above, and vectors that take
// the place of those of their features.
struct DocumentUpdate {
  json::object fields;
  std::vector<NamedVectors> vectors;
};
//   invalid  check_update() refuses it, or read_document_vectors(), or it writes to a part
//            of the vectors
Result<DocumentUpdate> read_update(const json::object& sent, const Collection& collection,
                                   const std::string& location);

// The values of a document at a path, as filters see them: its ids are found too, and are
// written to `scratch`, which must outlive the result.
PathValues document_values(const Document& document, const Collection& collection,
                           std::string_view path, json::value& scratch);

}  // namespace trawl::api
