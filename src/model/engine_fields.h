#pragma once

#include <string_view>

// The names that mean something of the server's beside the fields of a document, at its top
// level. Where the server has nothing to say under such a name, a field of the document's
// own that is called so is read, filtered, sorted and shown like any other.
namespace trawl::engine_field {

// Always the server's. Writes leave out what a document has there.
inline constexpr std::string_view kDocumentId = "document_id";
inline constexpr std::string_view kCollectionId = "collection_id";
inline constexpr std::string_view kInternal = "_internal";

// The server's in collections with dense features: the names of those of which a document
// has vectors, and the vectors themselves, which clients send under this name too.
inline constexpr std::string_view kVectorNames = "_vectors";
inline constexpr std::string_view kVectors = "vectors";

// What a search found; hides a field of the document's own.
inline constexpr std::string_view kScore = "score";
// {uri: {"score"}}, of several searches; left out where a field of the document is in the
// way.
inline constexpr std::string_view kFeatures = "features";
// What the stage sort_relevance adds with `normalize`; hides a field of the document's own.
inline constexpr std::string_view kSortRelevance = "sort_relevance";

}  // namespace trawl::engine_field
