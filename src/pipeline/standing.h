#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/field_path.h"
#include "base/json.h"
#include "corpus/snapshot.h"
#include "pipeline/candidate_list.h"

namespace trawl {

struct StageOutput;

// A document that a stage handed on.
struct KeptDocument {
  // As of the version that the run sees, with all fields.
  const Document& document;
  const Snapshot& snapshot;    // Where it is.
  const CandidateList& alone;  // The document, as it is where it comes from.
  // What the stage was given, narrowed by its pre_filters unless it is a source; and the
  // place of the document in that, or nothing where it was not among it.
  const CandidateList& input;
  std::optional<std::size_t> before;
  // What the stage made of it, before its post_filters, and its place there.
  const StageOutput& output;
  std::size_t position = 0;
  const json::object& config;  // As LostDocument::config.

  // What the stage saw of it: as it was given it, or as it is stored.
  PathValues values(std::string_view path, json::value& scratch) const {
    return before ? input.values(*before, path, scratch) : alone.values(0, path, scratch);
  }
};

// What put a document in its place.
struct Standing {
  std::string sentence;   // A clause: "the search gave it 7.31, of which 'whale' is 5.2".
  json::object evidence;  // The parts that add up to a score, or the values sorted by.
};

}  // namespace trawl
