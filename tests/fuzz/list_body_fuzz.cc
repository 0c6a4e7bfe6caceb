// The body of a list of executions: JSON from anywhere. Whatever it asks for, the answer is
// an error that says why, or the rows that looking at every execution would find.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "api/executions/execution_list_body.h"
#include "base/json.h"
#include "ledger/ledger_test_data.h"
#include "ledger/memory/memory_ledger.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "model/execution_test_data.h"

namespace {

using namespace trawl;

constexpr TimeUs kNow = 1'770'000'000'000'000;
const NamespaceId kNs("ns_x");

void require(bool holds) {
  if (!holds) std::abort();
}

// The same executions in the ledger that is served and in the one that is easy to believe;
// half of them are in the index of terms.
struct Ledgers {
  Ledgers() : served(open_sqlite_ledger(directory.file("ledger.db")).value()) {
    std::mt19937_64 random(7);
    std::vector<LedgerWrite> writes;
    for (int i = 0; i < 40; ++i) {
      Execution execution =
          i == 0 ? test::golden_execution() : test::random_execution(random);
      execution.namespace_id = kNs;
      // Close to the `now` that relative times count from, and with ties.
      execution.summary.timestamp = kNow - (i / 3) * kMicrosPerHour;
      if (i % 3 == 0) execution.inputs = R"({"query":"light tiling manager","limit":10})";
      if (i % 5 == 0) execution.summary.collection_ids = {"col_packages"};
      writes.push_back(test::finished(std::move(execution)));
      if (i % 20 != 19) continue;
      require(test::append(*served, writes).has_value());
      require(test::append(reference, writes).has_value());
      writes.clear();
      while (i < 20 && served->maintain()) {
      }
    }
  }
  test::ScratchDirectory directory;
  std::unique_ptr<SqliteLedger> served;
  MemoryLedger reference;
};

// Every name is the id of a collection.
Result<CollectionId> find_itself(std::string_view identifier) {
  return CollectionId(std::string(identifier));
}

const Ledgers& ledgers() {
  static const Ledgers both;
  return both;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return 0;
  const auto body =
      api::parse_execution_list_body(value->get_object(), kNs, kNow, find_itself);
  if (!body) {
    require(body.error().code == ErrorCode::invalid);
    require(!body.error().message.empty());
    return 0;
  }
  // A cursor's binding does not move when a client sends its own normal form.
  const auto canonical = parse_json(body->canonical);
  require(canonical && canonical->is_object());
  const auto again =
      api::parse_execution_list_body(canonical->get_object(), kNs, kNow, find_itself);
  require(again && again->canonical == body->canonical);
  require(parse_json(json::serialize(api::echo_of(*body))).has_value());

  ExecutionPageRequest request;
  request.limit = 7;
  request.sort = body->sort;
  request.ascending = body->ascending;
  request.budget_us = 60'000'000;
  for (int pages = 0; pages < 10; ++pages) {
    const auto wanted = list_json(ledgers().reference, body->filter, request).value();
    const auto found = list_json(*ledgers().served, body->filter, request).value();
    require(found.rows == wanted.rows);
    require(found.total == wanted.total && found.total_exact);
    require(found.has_more == wanted.has_more);
    require(found.last == wanted.last);
    if (!found.has_more) break;
    request.after = found.last;
  }
  return 0;
}
