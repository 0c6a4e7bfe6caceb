#pragma once

#include <string>
#include <vector>

#include "api/wire/result_page.h"
#include "http/message/message.h"
#include "model/execution.h"
#include "pipeline/pipeline_run.h"

namespace trawl::api {

// The reply to a run, as the contract's A1 has it: `documents` and its older name `results`
// are the same list. A long one is made while it is sent, from the documents as they are
// stored: a document that cannot be read by then cuts it off. With `with_vectors` each has
// `_vectors` and `vectors` (documents/document_vectors.h).
http::Response result_reply(const Execution& execution, const BudgetLimits& limits,
                            const RunResult& result, const ResultPage& page,
                            const std::vector<std::string>& warnings, bool with_vectors);

}  // namespace trawl::api
