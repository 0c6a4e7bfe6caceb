// POST /v1/namespaces/{namespace}/recording/preview: what a recording policy would leave of
// some inputs. Nothing is stored.
#include "api/namespaces/recording_preview.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/namespaces/namespaces.h"
#include "api/namespaces/recording.h"
#include "api/wire/endpoint.h"
#include "insight/json_difference.h"
#include "model/execution.h"
#include "model/execution_json.h"

namespace trawl::api {
namespace {

constexpr std::size_t kPreviewChangesMax = 200;

Result<std::shared_ptr<const RecordingPolicy>> previewed_policy(const Services& services,
                                                                const Namespace& ns,
                                                                ObjectReader& in) {
  const json::object* sent = in.object({"policy"});
  TRAWL_TRY(in.status());
  if (sent != nullptr) return services.recording_policies.compile(*sent, "policy");
  auto own = services.recording_policies.find(ns.id);
  if (own != nullptr) return own;
  return make_error(ErrorCode::storage,
                    "the recording policy of this namespace cannot be read, so that the "
                    "least is recorded; set it anew, or send one as policy");
}

// Null where none of them would be kept.
Result<json::value> kept_inputs(const RecordingPolicy& policy, const Namespace& ns,
                                const json::object& inputs) {
  Execution execution;
  execution.namespace_id = ns.id;
  execution.inputs.emplace();
  append_json(*execution.inputs, inputs);
  execution.inputs_hash = hash_inputs(inputs);
  policy.apply(execution);
  if (!execution.inputs) return json::value();
  return parse_json(*execution.inputs, kRecordDepthMax);
}

json::array changes_json(const std::vector<JsonChange>& changes) {
  json::array out;
  for (const JsonChange& change : changes) {
    if (out.size() == kPreviewChangesMax) break;
    json::object one{{"path", text_value(change.path)},
                     {"change", !change.has_after    ? "dropped"
                                : !change.has_before ? "added"
                                                     : "replaced"}};
    if (change.has_after) one["kept"] = change.after;
    out.push_back(std::move(one));
  }
  return out;
}

Result<http::Response> preview_recording(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Namespace ns, namespace_of_path(services, call));
  ObjectReader in(body, {});
  const json::object* inputs = in.object({"inputs"});
  if (in.ok() && inputs == nullptr) {
    in.fail("inputs", "is missing; send an object as that of an execution");
  }
  TRAWL_ASSIGN(const auto policy, previewed_policy(services, ns, in));
  TRAWL_ASSIGN(const json::value kept, kept_inputs(*policy, ns, *inputs));
  std::vector<JsonChange> changes;
  if (!kept.is_null()) {
    changes = json_changes(json::value(*inputs), kept, kPreviewChangesMax + 1);
  }
  json::object out{{"namespace_id", ns.id.str()}, {"namespace_name", ns.name}};
  out["recording"] = policy->to_json();
  out["inputs"] = kept;
  out["changes"] = changes_json(changes);
  out["changes_truncated"] = changes.size() > kPreviewChangesMax;
  return json_response(std::move(out));
}

}  // namespace

void add_recording_preview_routes(http::Router& router, const Services& services) {
  static const ObjectShape kPolicy = recording_shape();
  // Whoever may only read could try thousands of guesses at a hash in one request.
  http::Handler handler =
      endpoint(services, Permission::admin, Scope::whole_server,
               RequestShape(Query{}, ObjectShape{{{"policy", &kPolicy}, {"inputs"}}}),
               [&services](Call& call) { return preview_recording(services, call); });
  handler.limit_body({services.limits.query_bytes_max, "limits.query_bytes_max"});
  router.add({"POST", "/v1/namespaces/{namespace}/recording/preview", http::RunOn::worker,
              http::Body::buffered, std::move(handler)});
}

}  // namespace trawl::api
