#include "ledger/rendered.h"

#include <utility>

#include "base/json.h"
#include "model/execution_json.h"

namespace trawl {
namespace {

std::string render(const Execution& execution, bool detail) {
  return detail ? execution_detail_json(execution) : execution_row_json(execution.summary);
}

}  // namespace

Result<RenderedPage> list_json(const Ledger& ledger, const ExecutionFilter& filter,
                               const ExecutionPageRequest& page) {
  if (const PrerenderedReads* ready = ledger.prerendered()) {
    return ready->list_json(filter, page);
  }
  TRAWL_ASSIGN(const ExecutionPage found, ledger.list(filter, page));
  RenderedPage out;
  static_cast<ExecutionPageFacts&>(out) = found;
  for (const Execution& execution : found.executions) {
    if (out.row_count++ > 0) out.rows.push_back(',');
    out.rows += render(execution, page.detail);
  }
  return out;
}

Result<void> scan_json(const Ledger& ledger, const ExecutionFilter& filter,
                       const ScanRequest& request, const RenderedVisitor& visit) {
  if (const PrerenderedReads* ready = ledger.prerendered()) {
    return ready->scan_json(filter, request, visit);
  }
  return ledger.scan(filter, request, [&](const ScannedExecution& found) {
    return visit({found.key, render(found.execution, request.detail)});
  });
}

Result<std::optional<std::string>> find_json(const Ledger& ledger,
                                             const NamespaceId& namespace_id,
                                             const ExecutionId& id) {
  if (const PrerenderedReads* ready = ledger.prerendered()) {
    return ready->find_json(namespace_id, id);
  }
  TRAWL_ASSIGN(const auto found, ledger.find(namespace_id, id));
  std::optional<std::string> out;
  if (found) out = execution_detail_json(*found);
  return out;
}

Result<ExecutionPage> parse_page(const RenderedPage& page,
                                 const NamespaceId& namespace_id) {
  ExecutionPage out;
  static_cast<ExecutionPageFacts&>(out) = page;
  TRAWL_ASSIGN(const json::value rows,
               parse_json("[" + page.rows + "]", kRecordDepthMax + 1));
  out.executions.reserve(page.row_count);
  for (const json::value& row : rows.get_array()) {
    TRAWL_ASSIGN(Execution execution, parse_execution(row));
    execution.namespace_id = namespace_id;
    out.executions.push_back(std::move(execution));
  }
  return out;
}

Result<Execution> parse_rendered(const RenderedExecution& rendered,
                                 const NamespaceId& namespace_id) {
  TRAWL_ASSIGN(Execution execution, parse_stored_execution(rendered.json));
  execution.namespace_id = namespace_id;
  return execution;
}

}  // namespace trawl
