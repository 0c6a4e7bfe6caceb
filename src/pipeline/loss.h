#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "corpus/snapshot.h"
#include "pipeline/candidate_list.h"

namespace trawl {

struct StageOutput;

// A document that a stage did not hand on, though it was given it or reads where it is.
struct LostDocument {
  // As of the version that the run sees, with all fields.
  const Document& document;
  const Snapshot& snapshot;  // Where it is.
  // What the stage was given, narrowed by its pre_filters unless it is a source; and the
  // place of the document in that, or nothing where it was not among it.
  const CandidateList& input;
  std::optional<std::size_t> position;
  const CandidateList& alone;  // The document, as it is where it comes from.
  // The config of the stage with its templates filled in: {parameters, pre_filters,
  // post_filters}.
  const json::object& config;
  const StageOutput& output;

  // What filters see of it: as the stage was given it, or as it is stored.
  PathValues values(std::string_view path, json::value& scratch) const {
    return position ? input.values(*position, path, scratch)
                    : alone.values(0, path, scratch);
  }
  const json::object& parameters() const { return config.at("parameters").get_object(); }
};

// A change that might keep a document, to be tried: a JSON patch over the config of its
// stage.
struct StageChange {
  std::string text;  // "top_k: 137"
  json::array patch;
};

// Why a stage did not hand a document on.
struct Loss {
  // One of the words of docs/insight.md, such as "filtered" or "over_group_limit".
  std::string reason;
  std::string
      sentence;  // A clause: "its 'year' is 1845, and 'year gte 1846' is asked for".
  json::object evidence;  // Values that show it.
  // To be tried in this order: the smallest first.
  std::vector<StageChange> changes;
};

inline json::object patch_operation(std::string_view op, std::string path,
                                    json::value value) {
  return {{"op", json::string(op.data(), op.size())},
          {"path", std::move(path)},
          {"value", std::move(value)}};
}

// Sets a parameter of the stage, whether it was there or not.
inline StageChange change_parameter(std::string_view name, json::value value) {
  StageChange out;
  out.text = std::string(name) + ": " + to_json_text(value);
  out.patch.push_back(
      patch_operation("add", "/parameters/" + std::string(name), std::move(value)));
  return out;
}

}  // namespace trawl
