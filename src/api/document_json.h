#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "corpus/corpus.h"
#include "model/collection.h"

namespace trawl::api {

// The contract's DocumentResponse: user fields at top level beside document_id,
// collection_id and _internal.
json::object document_json(const Document& document, const Collection& collection);

// Splits a client's document into its id (empty: a new one is made) and its fields; the
// names that the server gives meaning to are taken out.
//   invalid  document_id is no string
Result<DocumentWrite> read_document(const json::object& sent, const std::string& location);

// Writes given fields over a document: dotted keys set nested values. With `deep`, objects
// are merged member by member; otherwise a given field replaces the old one whole.
Result<void> apply_update(const json::object& update, bool deep, json::object& fields);

}  // namespace trawl::api
