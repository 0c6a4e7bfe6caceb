#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/strong_id.h"
#include "ledger/text_query.h"
#include "model/execution.h"
#include "model/mode_kind.h"
#include "query/filter.h"

namespace trawl {

// A document among the results of an execution, as far as they are recorded.
struct ReturnedDocument {
  std::string document_id;
  std::vector<std::string> collection_ids;  // Of one of these; empty: of any.
};

// Which executions a list is about. All conditions hold together; both ends of the time
// range are included, to the microsecond.
struct ExecutionFilter {
  NamespaceId namespace_id;
  // Of executions of these modes; those of the same kind are told apart by `where`.
  ModeKinds modes = ModeKinds::all();
  std::optional<std::string> status;
  std::optional<TimeUs> start_time;
  std::optional<TimeUs> end_time;
  std::optional<std::vector<ExecutionId>> execution_ids;  // Any of them.
  std::optional<TextQuery> query;                         // In query_summary and inputs.
  std::optional<TextQuery> error;                         // In the error's text.
  // Those that did not complete, and whose error is of this kind: what error_kind() gave.
  std::optional<std::string> error_kind;
  std::optional<ReturnedDocument> returned_document;  // It returned this one.
  std::vector<Filter> where;                          // On execution_document().

  // Whether namespace, modes, status and time range say it all.
  bool is_basic() const {
    return !execution_ids && !query && !error && !error_kind && !returned_document &&
           where.empty();
  }
};

// What `where` sees of an execution: every recorded field with kFilter, under its name in
// filters and as it is on the wire (timestamp as RFC 3339 text), but inputs as JSON where
// they are JSON. labels.NAME is one of the labels, whatever dots the name has.
json::object execution_document(const Execution& execution);

// The first parts of the paths into that object, sorted; for messages about misspelt ones.
const std::vector<std::string_view>& execution_fields();

// The texts that `query` looks at: the summary and every string and number in the inputs.
// Calls `sink` once for each; the view lives during the call.
void for_each_text(const std::optional<std::string>& query_summary,
                   const std::optional<std::string>& inputs,
                   const std::function<void(std::string_view)>& sink);

// Whether an execution matches, found out the slow and sure way: what every ledger's list
// has to agree with. Counts its work, and ends as Filter does where a text is too long for
// a pattern: call it within bounded(). Thread-safe.
bool matches(const ExecutionFilter& filter, const Execution& execution);

}  // namespace trawl
