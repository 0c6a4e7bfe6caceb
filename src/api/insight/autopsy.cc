#include "api/insight/autopsy.h"

#include "base/json.h"
#include "insight/autopsy.h"

namespace trawl::api {
namespace {

void write_vital(JsonWriter& out, const Vital& vital) {
  out.begin_object();
  out.key("value").number(vital.value);
  out.key("p50");
  vital.p50 ? out.number(*vital.p50) : out.null();
  out.key("p99");
  vital.p99 ? out.number(*vital.p99) : out.null();
  out.end_object();
}

}  // namespace

Result<void> add_autopsy(const Services& services, const NamespaceId& ns,
                         const ExecutionId& id, std::string& detail) {
  TRAWL_ASSIGN(const auto execution, services.ledger.find(ns, id));
  if (!execution || detail.empty()) return {};
  TRAWL_ASSIGN(const auto peers, find_peers(services.ledger, *execution));
  const Autopsy autopsy = compare_with_peers(*execution, peers);
  detail.pop_back();
  detail += R"(,"autopsy":)";
  JsonWriter out(detail);
  out.begin_object();
  out.key("sentence").string(autopsy.sentence);
  out.key("peers").unsigned_integer(autopsy.peers);
  out.key("unlike");
  autopsy.unlike ? out.unsigned_integer(*autopsy.unlike) : out.null();
  out.key("stages").begin_array();
  for (const StageVitals& stage : autopsy.stages) {
    out.begin_object();
    out.key("stage_name").string(stage.stage_name);
    out.key("stage_id").string(stage.stage_id);
    write_vital(out.key("duration_ms"), stage.duration_ms);
    write_vital(out.key("input_count"), stage.input_count);
    write_vital(out.key("output_count"), stage.output_count);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  detail += '}';
  return {};
}

}  // namespace trawl::api
