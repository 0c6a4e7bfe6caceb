#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "ledger/execution_filter.h"
#include "ledger/ledger.h"

namespace trawl::api {

// What a list of executions is asked for in its body. Everything is optional, and every
// condition has to hold:
//   modes ["adhoc", "replay", "fork"]: any of these kinds; the default is adhoc alone, but
//   every kind where other conditions say which executions are meant: execution_ids,
//   request_id, parent_execution_id, or filters on these, execution_mode or relation
//   status "failed" · statuses ["failed", …] · start_time, end_time (parse_time_value)
//   query "cheap \"night flight\" os*": words of query_summary and inputs (TextQuery)
//   error "timeout": words of the error · error_kind "'…' took N ms": an error, or the kind
//   of one: the same but for quoted parts, numbers and ids · execution_ids […] (any of)
//   collection_ids […]: ids or names (any of) · returned_document "moby" or
//   {"document_id", "collection_id"?}: among the results that are recorded
//   min_duration_ms, max_duration_ms, min_credits, max_credits · returned "zero"|"nonzero"
//   cache_hit_rate 0.5 or {"min": 0, "max": 1} · every recorded field with kCondition
//   (stage_id, caller …): the exact text · labels {"team": "search"}
//   filters: the filter grammar over execution_fields(), collections by id or name there,
//   too
// and how the page is made:
//   sort "duration_ms", "-duration_ms", "+duration_ms" or {"field", "direction"}; without
//   a sign or a direction the greatest come first · fields ["status", "error", …] ·
//   budget_ms 0..60000 · count_only true: the total without rows
struct ExecutionListBody {
  ExecutionFilter filter;
  ExecutionSort sort = ExecutionSort::timestamp;
  bool ascending = false;
  std::int64_t budget_us = 2'000'000;
  bool has_budget = false;          // It was said.
  bool has_modes = false;           // Likewise.
  std::vector<std::string> fields;  // Empty: the row as it is.
  bool count_only = false;
  // Of what chooses the executions and their order, without nulls: what a cursor is bound
  // to.
  std::string canonical;
  json::object echo;  // The same, as it was understood; instants are added by echo_of().
  std::vector<std::string> warnings;  // What was asked for has no words.
  // Of collection_ids, also in filters, what is no collection: for
  // refuse_unknown_collections().
  std::vector<std::pair<std::string, Error>> unknown_collections;
};

// The id of a collection of the namespace that is called by its name or its id.
//   not_found
using FindCollectionId = std::function<Result<CollectionId>(std::string_view identifier)>;

// What `fields` may name: all that the detail of an execution shows, under these names or
// those of filters.
const std::vector<std::string_view>& field_choices();
// Where the detail has it.
std::string_view member_of_choice(std::string_view choice);

// Strict: an unknown key is refused with the nearest known one, since a misspelt filter
// that silently matches everything is worse than an error.
//   invalid  the location names the value
Result<ExecutionListBody> parse_execution_list_body(const json::object& body,
                                                    const NamespaceId& namespace_id,
                                                    TimeUs now,
                                                    const FindCollectionId& find);

// Whether what has no pages takes `fields`.
enum class FieldsKey { refused, taken };

// Refuses the keys that shape a page, where there are no pages: sort, budget_ms,
// count_only and, but where they are taken, fields.
// `what` is the request in messages: "an export".
//   invalid  one of them was sent
Result<void> refuse_page_keys(const json::object& body, std::string_view what,
                              FieldsKey fields);

// The filter as it was understood, with resolved instants.
json::object echo_of(const ExecutionListBody& body);

}  // namespace trawl::api
