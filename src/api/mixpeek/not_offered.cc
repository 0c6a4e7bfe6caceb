#include "api/mixpeek/not_offered.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/wire/endpoint.h"

namespace trawl::api {
namespace {

constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

// Everything under a path, as deep as clients go, but what is served.
struct Family {
  std::string_view path;
  std::string_view name;
  std::string_view remedy;
};

constexpr std::string_view kNoFiles =
    "this server takes documents, not files: POST "
    "/v1/collections/{collection}/documents, or …/documents/import for many";
constexpr std::string_view kNoModels =
    "no model of this server groups documents or labels them";

constexpr Family kFamilies[] = {
    {"/v1/retrievers", "saved retrievers",
     "send the pipeline itself to POST /v1/retrievers/execute"},
    {"/v1/buckets", "buckets", kNoFiles},
    {"/v1/objects", "buckets", kNoFiles},
    {"/v1/batches", "batches", kNoFiles},
    {"/v1/tasks", "tasks", "every write is done when its reply arrives"},
    {"/v1/taxonomies", "taxonomies", kNoModels},
    {"/v1/clusters", "clusters", kNoModels},
    {"/v1/alerts", "alerts", "follow executions with GET /v1/retrievers/executions/tail"},
    {"/v1/features", "feature extraction",
     "search with a feature_search stage in POST /v1/retrievers/execute"},
    {"/v1/search", "direct search",
     "search with a feature_search stage in POST /v1/retrievers/execute"},
};

// Single operations beside others that are served.
struct Operation {
  std::string_view method;
  std::string_view pattern;
  std::string_view name;
  std::string_view remedy;
};

// The last segment is a parameter where a name in its place would hide a thing that is
// called so: a document "aggregate", a namespace "standalone".
constexpr Operation kOperations[] = {
    {"POST", "/v1/documents/{document}", "searching or listing a whole namespace",
     "search with a feature_search stage in POST /v1/retrievers/execute, or list "
     "collections one by one: POST /v1/collections/{collection}/documents/list"},
    {"POST", "/v1/documents/{document}/{part}", "listing in batches",
     "list collections one by one: POST /v1/collections/{collection}/documents/list"},
    {"POST", "/v1/collections/{collection}/documents/{document}", "aggregating directly",
     "use an aggregate stage in POST /v1/retrievers/execute"},
    {"PATCH", "/v1/collections/{collection}/documents/{document}/acl",
     "access lists of documents", "confine an API key to a namespace"},
    {"GET", "/v1/collections/{collection}/features", "describing features by models",
     "GET /v1/collections/{collection} lists its features"},
    {"POST", "/v1/collections/{collection}/clone", "cloning a collection",
     "create another one and import into it"},
    {"POST", "/v1/collections/{collection}/trigger", "processing files", kNoFiles},
    {"POST", "/v1/collections/{collection}/import", "importing from other services",
     "POST /v1/collections/{collection}/documents/import takes lines of JSON"},
    {"POST", "/v1/collections/{collection}/export", "exporting documents",
     "follow the cursor of POST /v1/collections/{collection}/documents/list"},
    {"POST", "/v1/namespaces/stats/batch", "counts of many namespaces",
     "GET /v1/namespaces/{namespace}/stats, or POST /v1/namespaces/list"},
    {"POST", "/v1/namespaces/{namespace}/clone", "cloning a namespace",
     "trawl backup copies a whole server"},
    {"POST", "/v1/namespaces/{namespace}/promote", "promoting a namespace",
     "POST /v1/collections/{collection}/features adds features that a model makes"},
    {"POST", "/v1/namespaces/{namespace}/snapshots", "snapshots of a namespace",
     "trawl backup copies a whole server"},
    {"GET", "/v1/analytics/retrievers/{retriever_id}/signals", "signals",
     "nothing collects them"},
    {"POST", "/v1/organizations/users/{user}/api-keys/{key}/rotate", "rotating a key",
     "make another one and revoke this one"},
};

constexpr int kSegmentsMax = 5;  // Segments below the path of a family.

struct NotOffered {
  std::string method;
  std::string pattern;
  std::string message;
};

std::string message_of(std::string_view name, std::string_view remedy) {
  return fmt::format("this server does not offer {}; {}", name, remedy);
}

const std::vector<NotOffered>& not_offered() {
  static const std::vector<NotOffered> kAll = [] {
    std::vector<NotOffered> all;
    for (const Operation& one : kOperations) {
      all.push_back({std::string(one.method), std::string(one.pattern),
                     message_of(one.name, one.remedy)});
    }
    for (const Family& family : kFamilies) {
      std::string pattern(family.path);
      for (int depth = 0; depth <= kSegmentsMax; ++depth) {
        if (depth > 0) pattern += fmt::format("/{{part_{}}}", depth);
        for (const std::string_view method : kMethods) {
          all.push_back(
              {std::string(method), pattern, message_of(family.name, family.remedy)});
        }
      }
    }
    return all;
  }();
  return kAll;
}

}  // namespace

void add_not_offered_routes(http::Router& router, const Services& services) {
  for (const NotOffered& one : not_offered()) {
    router.add(
        {one.method, one.pattern, http::RunOn::io, http::Body::buffered,
         endpoint(services, Permission::read, Scope::whole_server, RequestShape::anything(),
                  [&one](Call&) -> Result<http::Response> {
                    return make_error(ErrorCode::not_enabled, one.message);
                  }),
         false});
  }
}

}  // namespace trawl::api
