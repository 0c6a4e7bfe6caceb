#pragma once

#include <cstdint>
#include <optional>

#include "api/executions/chosen_fields.h"
#include "api/executions/execution_list_body.h"
#include "api/services.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_shape.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "ledger/ledger.h"

namespace trawl::api {

// What one request asks for.
struct ExportRequest {
  NamespaceId namespace_id;
  ExecutionListBody body;
  ChosenFields fields;
  std::optional<ExecutionKey> after;
  std::optional<std::uint64_t> limit;
  bool csv = false;
  bool detail = false;
  bool raw = false;     // Texts in a CSV are not made safe for spreadsheets.
  bool trailer = true;  // As a last line.
  // Whether the file is compressed, where that was said.
  std::optional<bool> gzip;
};

// What an export takes: the conditions of a list in its body, the form in its query.
RequestShape export_shape();

// Reads and checks all of it; the namespace is that of the call.
//   bad_request, invalid  the query or the body, with the place
//   not_found             a collection, or the execution of `after`
Result<ExportRequest> parse_export_request(const Services& services, Call& call);

}  // namespace trawl::api
