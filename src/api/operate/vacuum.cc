#include "api/operate/vacuum.h"

#include "api/wire/endpoint.h"

namespace trawl::api {

json::object kept_versions_json(const KeptVersions& kept) {
  json::value cut;
  if (kept.last_cut) {
    cut = json::object{{"at", format_time(kept.last_cut->at)},
                       {"oldest_kept", kept.last_cut->oldest_kept},
                       {"reason", kept.last_cut->for_room ? "room" : "age"}};
  }
  return {{"oldest_version", kept.oldest},
          {"since", format_time(kept.since)},
          {"superseded_documents", kept.states},
          {"superseded_bytes", kept.bytes},
          {"last_cut", std::move(cut)}};
}

namespace {

Result<http::Response> vacuum(const Services& services) {
  TRAWL_ASSIGN(const VacuumReport report, services.vacuum());
  json::array collections;
  for (const KeptVersions& kept : report.kept) {
    json::object one{{"collection_id", kept.collection_id}};
    for (auto& member : kept_versions_json(kept)) {
      one[member.key()] = std::move(member.value());
    }
    collections.push_back(std::move(one));
  }
  return json_response(json::object{{"success", true},
                                    {"removed_documents", report.removed},
                                    {"collections", std::move(collections)}});
}

}  // namespace

void add_vacuum_routes(http::Router& router, const Services& services) {
  router.add({"POST", "/v1/vacuum", http::RunOn::worker, http::Body::buffered,
              endpoint(services, Permission::admin, Scope::whole_server, {},
                       [&services](Call&) { return vacuum(services); })});
}

}  // namespace trawl::api
