#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "cli/context.h"

namespace trawl::cli {

// How far the vectors are that models make of a collection's documents, as the server shows
// it; of several features the one that is behind the others.
struct VectorState {
  bool has_model = false;
  std::int64_t documents = 0;
  std::int64_t awaited = 0;
  std::string hindrance;  // Why those that are awaited do not come now, or empty.
};
VectorState vector_state(const json::object& collection);

// "98 %", never 100 before the last one is there; "—" where no model makes vectors.
std::string share_text(const VectorState& state);
// What a person reads of each feature of a collection, by its URI: "words of title ×3,
// text, stemmed in the language of each text", or "vectors by MODEL of every text, 384
// numbers, cosine: 98 %, 40 of 2,000 documents are awaited; it is paused".
json::object feature_facts(const json::object& collection);

// Asks until the documents of a collection have their vectors, with a bar on a terminal.
//   refused  they do not come, or no model makes any
Outcome<VectorState> wait_for_vectors(Context& context, const std::string& collection);

}  // namespace trawl::cli
