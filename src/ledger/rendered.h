#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "ledger/ledger.h"

// The history as the JSON that is served. An engine that keeps it so hands it out as it is;
// of any other it is written here.
namespace trawl {

struct RenderedPage : ExecutionPageFacts {
  // The rows' JSON objects, joined by commas: execution_row_json(), or whole records.
  std::string rows;
  std::uint32_t row_count = 0;
};

struct RenderedExecution {
  ExecutionKey key;
  std::string json;
};
// As ScanVisitor.
using RenderedVisitor = std::function<Result<bool>(const RenderedExecution&)>;

// What an engine may offer besides Ledger: the same answers, byte for byte as list_json(),
// scan_json() and find_json() would write them.
class PrerenderedReads {
 public:
  virtual Result<RenderedPage> list_json(const ExecutionFilter& filter,
                                         const ExecutionPageRequest& page) const = 0;
  virtual Result<void> scan_json(const ExecutionFilter& filter, const ScanRequest& request,
                                 const RenderedVisitor& visit) const = 0;
  virtual Result<std::optional<std::string>> find_json(const NamespaceId& namespace_id,
                                                       const ExecutionId& id) const = 0;

 protected:
  ~PrerenderedReads() = default;
};

// As the functions of Ledger.
Result<RenderedPage> list_json(const Ledger& ledger, const ExecutionFilter& filter,
                               const ExecutionPageRequest& page);
Result<void> scan_json(const Ledger& ledger, const ExecutionFilter& filter,
                       const ScanRequest& request, const RenderedVisitor& visit);
// The JSON of execution_detail_json.
Result<std::optional<std::string>> find_json(const Ledger& ledger,
                                             const NamespaceId& namespace_id,
                                             const ExecutionId& id);

// What such a page or execution says, for engines that keep nothing else.
Result<ExecutionPage> parse_page(const RenderedPage& page, const NamespaceId& namespace_id);
Result<Execution> parse_rendered(const RenderedExecution& rendered,
                                 const NamespaceId& namespace_id);

}  // namespace trawl
