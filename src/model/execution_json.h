#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/execution.h"
#include "model/noting_writer.h"
#include "model/recorded_fields.h"

namespace trawl {

inline constexpr std::size_t kExecutionIdCharsMax = 200;
inline constexpr std::size_t kStatusCharsMax = 200;
// A record may hold a request's body of the allowed depth, inside a few levels of its own.
inline constexpr std::size_t kRecordDepthMax = kJsonDepthMax + 16;

// Whether a summary can have a place in the history: the id and the status are UTF-8 of 1
// to 200 characters without control characters, and the timestamp is one of the years 1
// to 9999.
//   invalid  one of them is not; the location names it
Result<void> validate_summary(const ExecutionSummary& summary);

// The row as the list serves it: the thirteen fields, in the contract's order. Numbers
// outside the contract's ranges are brought to the nearest end, and NaN becomes zero, or
// null for the rate, because clients refuse a whole page for one such row.
std::string execution_row_json(const ExecutionSummary& summary);

// The same row out of parts, for ledgers that store it so. `values` is what
// row_values_json() gave; the other texts are JSON.
struct ExecutionRowParts {
  std::string_view execution_id;  // JSON, without its quotes.
  std::string_view execution_mode;
  std::string_view status;
  TimeUs timestamp = 0;
  std::string_view values;
  std::string_view collection_ids;
};
// The numbers of the row in the order of the table, and query_summary, as JSON values with
// commas between. This is stored: never change it.
std::string row_values_json(const ExecutionSummary& summary);
// Appends the bytes that execution_row_json makes of the same execution.
//   storage  the values are not what row_values_json makes
Result<void> append_row_json(std::string& out, const ExecutionRowParts& parts);

// The numbers in the values, without the parse of a whole row: of kRowNumberFields.
//   storage  the values are not what row_values_json makes
struct ExecutionRowNumber {
  std::int64_t count = 0;
  double amount = 0;  // Of every other kind; NaN for a rate that is null.
};
using ExecutionRowNumbers = std::array<ExecutionRowNumber, kRowNumberFields.size()>;
Result<ExecutionRowNumbers> parse_row_numbers(std::string_view values);

// The detail in three pieces: what execution_detail_json writes behind the row and before
// the pipeline, of the pipeline, and after it. `before` and `after` are stored: fields may
// be added to them, but those that are there keep their form.
struct ExecutionDetailParts {
  std::string before;    // Kept::head
  std::string pipeline;  // Kept::definition
  std::string after;     // Kept::record
  // Where in them values lie that other executions are likely to have as well: inputs,
  // results, and candidates, metadata and parameters of stages. When something happened and
  // how long it took is in none of them.
  std::vector<TextSpan> before_values;
  std::vector<TextSpan> after_values;
};
ExecutionDetailParts execution_detail_parts(const Execution& execution);
// `row` is the row's JSON object. The pieces are members without braces.
std::string join_detail_json(std::string_view row, std::string_view before,
                             std::string_view pipeline, std::string_view after);
// The piece `pipeline` alone, of the three fields that it is made of.
std::string pipeline_members_json(const Execution& execution);

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
// What a ledger stored: text of execution_detail_json or execution_row_json. Also
// fails as parse_json() does for want of memory.
//   storage  the text is something else
Result<Execution> parse_stored_execution(std::string_view text);

// SHA-1 hex of the inputs: of their canonical JSON, or of the text where it is not JSON.
std::string hash_inputs(std::string_view inputs);
std::string hash_inputs(const json::object& inputs);

}  // namespace trawl
