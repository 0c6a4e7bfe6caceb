#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/field_path.h"
#include "base/json.h"

namespace trawl {

// A document on its way through the stages. Copies share the fields; a stage that changes
// them calls edit(), which copies once.
struct Candidate {
  std::string collection_id;
  std::string document_id;  // Empty for rows that a stage made, such as aggregates.
  std::optional<double> score;
  TimeUs created_at = 0;  // Of the document; 0 without one.
  TimeUs updated_at = 0;
  std::shared_ptr<const json::object> fields = std::make_shared<json::object>();

  json::object& edit();

  // The values at a dotted path. The score, the ids and _internal are found too, where
  // there are any (model/engine_fields.h), and are written to `scratch`, which must outlive
  // the result.
  PathValues values(std::string_view path, json::value& scratch) const;
  // The same as one value: where the path passes through a list, the list of all.
  const json::value* find(std::string_view path, json::value& scratch) const;
};

// The document as replies carry it: user fields at top level, beside document_id,
// collection_id and score. Where no search gave a score, that is the document's own field,
// or else 0.
json::object to_json(const Candidate& candidate);

}  // namespace trawl
