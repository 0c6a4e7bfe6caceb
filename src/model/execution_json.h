#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/execution.h"

namespace trawl {

inline constexpr std::size_t kExecutionIdCharsMax = 200;
inline constexpr std::size_t kStatusCharsMax = 200;

// Whether a summary can have a place in the history: the id and the status are UTF-8 of 1
// to 200 characters without control characters, and the timestamp is one of the years 1
// to 9999.
//   invalid  one of them is not; the location names it
Result<void> validate_summary(const ExecutionSummary& summary);

// The row as the list serves it: the thirteen fields, in the contract's order. Numbers
// outside the contract's ranges are brought to the nearest end, and those that are no
// numbers to zero, because clients refuse a whole page for one such row.
std::string execution_row_json(const ExecutionSummary& summary);

// What the record holds beyond the row, as it is stored: not as it is served, but smaller,
// and never to be changed, since it is on people's disks. Reading what was written gives an
// equal value, where times are whole microseconds and numbers are finite.
//   invalid, bad_request  the text is not what the writer makes
std::string stages_json(const std::vector<StageRecord>& stages);
Result<std::vector<StageRecord>> parse_stages(std::string_view text);
std::string scored_ids_json(const std::vector<ScoredId>& ids);
Result<std::vector<ScoredId>> parse_scored_ids(std::string_view text);
std::string collection_versions_json(const std::vector<CollectionVersion>& versions);
Result<std::vector<CollectionVersion>> parse_collection_versions(std::string_view text);
using Labels = std::vector<std::pair<std::string, std::string>>;
std::string labels_json(const Labels& labels);
Result<Labels> parse_labels(std::string_view text);

// The whole record as GET /v1/retrievers/executions/{id} serves it: the row, `inputs` (a
// JSON string holding JSON), inputs_hash, pipeline, stages, results, collection_versions,
// error and the rest.
std::string execution_detail_json(const Execution& execution);

// Reads a list row or a detail as some server wrote it. execution_id, status and timestamp
// (or created_at: RFC 3339, or seconds or milliseconds since 1970, told apart by their
// size) are required; what else is missing stays empty, except that inputs without the key
// inputs_hash are hashed. An `inputs` string is kept byte for byte, an object or an array
// as compact JSON. Unknown fields are ignored. The namespace_id is what the text says: a
// caller that stores the execution puts its own in its place.
//   invalid  a required field is missing, or a value is of a wrong type or range; the
//            location names it
Result<Execution> parse_execution(const json::value& value);

// SHA-1 hex of the inputs: of their canonical JSON, or of the text where it is no JSON.
std::string hash_inputs(std::string_view inputs);

}  // namespace trawl
