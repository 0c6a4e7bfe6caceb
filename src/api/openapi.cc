#include "api/openapi.h"

#include <fmt/format.h>

#include <map>

#include "api/openapi_schemas.h"
#include "base/json.h"
#include "base/text.h"

namespace trawl::api {
namespace {

// What the router does not know about a route: its words and its bodies. A route without
// an entry is described all the same, by its path alone.
struct Operation {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  std::string_view request;   // Name of a schema; empty: no body.
  std::string_view response;  // Name of a schema; empty: any object.
};

constexpr Operation kOperations[] = {
    {"POST", "/v1/retrievers/execute", "Run a pipeline that nobody saved", "ExecuteRequest",
     "ExecuteResponse"},
    {"POST", "/v1/retrievers/executions/list", "List executions, newest first",
     "ExecutionListRequest", "ExecutionListResponse"},
    {"POST", "/v1/retrievers/executions/export",
     "Stream the executions that match, as NDJSON or CSV", "ExecutionListRequest",
     "Ndjson"},
    {"GET", "/v1/retrievers/executions/tail",
     "Stream executions as they start and end (server-sent events)", "", "EventStream"},
    {"POST", "/v1/retrievers/executions/aggregate",
     "Count executions by time and group, with error rates and latencies",
     "ExecutionAggregateRequest", "ExecutionAggregateResponse"},
    {"GET", "/v1/retrievers/executions/{execution_id}", "Show one execution, whole", "",
     "ExecutionDetail"},
    {"DELETE", "/v1/retrievers/executions/{execution_id}", "Delete one execution", "",
     "Deleted"},
    {"POST", "/v1/retrievers/executions/delete",
     "Delete the executions that match, or count them with dry_run", "ExecutionListRequest",
     "ExecutionsDeleted"},
    {"POST", "/v1/retrievers/executions/import",
     "Bring in executions from elsewhere (NDJSON)", "Ndjson", "ImportResponse"},
    {"GET", "/v1/analytics/retrievers/{retriever_id}/performance",
     "Figures of a pipeline, or of adhoc, over time", "", "RetrieverPerformance"},
    {"GET", "/v1/analytics/retrievers/{retriever_id}/stages",
     "What its stages take, of the newest executions", "", "StageBreakdown"},
    {"GET", "/v1/analytics/retrievers/{retriever_id}/slow-queries",
     "Its slowest executions", "", "SlowQueryList"},
    {"GET", "/v1/analytics/retrievers/{retriever_id}/cache-performance",
     "What the stage cache did for it", "", "CachePerformance"},
    {"GET", "/v1/analytics/namespaces/queries/slow",
     "The slowest executions of the namespace", "", "SlowQueries"},
    {"GET", "/v1/retrievers/stages", "List the stages that this server offers", "",
     "StageList"},
    {"POST", "/v1/namespaces", "Create a namespace", "NamespaceRequest", "Namespace"},
    {"GET", "/v1/namespaces", "List namespaces", "", "ObjectList"},
    {"POST", "/v1/namespaces/list", "List namespaces", "ListRequest", "ObjectList"},
    {"GET", "/v1/namespaces/{namespace}", "Show a namespace", "", "Namespace"},
    {"PATCH", "/v1/namespaces/{namespace}", "Change a namespace", "NamespaceRequest",
     "Namespace"},
    {"PUT", "/v1/namespaces/{namespace}", "Change a namespace", "NamespaceRequest",
     "Namespace"},
    {"DELETE", "/v1/namespaces/{namespace}", "Delete a namespace with all it holds", "",
     "Deleted"},
    {"GET", "/v1/namespaces/{namespace}/retention",
     "Show the retention of a namespace and its last run", "", "Retention"},
    {"POST", "/v1/namespaces/{namespace}/retention/preview",
     "Count what a retention would delete", "RetentionPolicy", "Retention"},
    {"POST", "/v1/namespaces/{namespace}/retention/run", "Apply the retention now", "",
     "Retention"},
    {"POST", "/v1/collections", "Create a collection", "CollectionRequest", "Collection"},
    {"GET", "/v1/collections", "List collections", "", "ObjectList"},
    {"POST", "/v1/collections/list", "List collections", "ListRequest", "ObjectList"},
    {"GET", "/v1/collections/{collection}", "Show a collection", "", "Collection"},
    {"PATCH", "/v1/collections/{collection}", "Change a collection", "Object",
     "Collection"},
    {"DELETE", "/v1/collections/{collection}", "Delete a collection with its documents", "",
     "Deleted"},
    {"POST", "/v1/collections/{collection}/documents", "Create a document", "Object",
     "Document"},
    {"POST", "/v1/collections/{collection}/documents/list", "List documents",
     "DocumentListRequest", "Object"},
    {"POST", "/v1/collections/{collection}/documents/batch", "Change documents", "Object",
     "Object"},
    {"DELETE", "/v1/collections/{collection}/documents/batch", "Delete documents", "Object",
     "Object"},
    {"PATCH", "/v1/collections/{collection}/documents/bulk",
     "Change all that match a filter", "Object", "Object"},
    {"POST", "/v1/collections/{collection}/documents/import", "Import documents (NDJSON)",
     "Ndjson", "ImportResponse"},
    {"GET", "/v1/collections/{collection}/documents/{document}", "Show a document", "",
     "Document"},
    {"PATCH", "/v1/collections/{collection}/documents/{document}", "Merge into a document",
     "Object", "Document"},
    {"PUT", "/v1/collections/{collection}/documents/{document}", "Set fields of a document",
     "Object", "Document"},
    {"DELETE", "/v1/collections/{collection}/documents/{document}", "Delete a document", "",
     "Deleted"},
    {"GET", "/v1/documents/{document}", "Show a document of any collection", "",
     "Document"},
    {"PATCH", "/v1/documents/{document}", "Merge into a document of any collection",
     "Object", "Document"},
    {"PUT", "/v1/documents/{document}", "Set fields of a document of any collection",
     "Object", "Document"},
    {"POST", "/v1/organizations/users/{user}/api-keys", "Make an API key", "KeyRequest",
     "Object"},
    {"GET", "/v1/organizations/users/{user}/api-keys", "List API keys", "", "Object"},
    {"DELETE", "/v1/organizations/users/{user}/api-keys/{key}", "Revoke an API key", "",
     "Deleted"},
    {"GET", "/v1/health", "Health of the parts", "", "Health"},
};

// Query parameters beyond those of every list.
struct QueryParameter {
  std::string_view path;
  std::string_view name;
  std::string_view type;
};

constexpr QueryParameter kQueryParameters[] = {
    {"/v1/retrievers/executions/export", "format", "string"},
    {"/v1/retrievers/executions/export", "detail", "boolean"},
    {"/v1/retrievers/executions/export", "gzip", "boolean"},
    {"/v1/retrievers/executions/export", "limit", "integer"},
    {"/v1/retrievers/executions/export", "cursor", "string"},
    {"/v1/retrievers/executions/export", "after", "string"},
    {"/v1/retrievers/executions/export", "trailer", "boolean"},
    {"/v1/retrievers/executions/tail", "since", "string"},
    {"/v1/retrievers/executions/tail", "filter", "string"},
    {"/v1/retrievers/executions/tail", "status", "string"},
    {"/v1/retrievers/executions/tail", "query", "string"},
    {"/v1/retrievers/executions/tail", "start_time", "string"},
    {"/v1/retrievers/executions/tail", "end_time", "string"},
};

bool needs_key(std::string_view path) {
  return path.starts_with("/v1/") && !path.starts_with("/v1/health") &&
         path != "/v1/retrievers/stages";
}

bool in_namespace(std::string_view path) {
  return needs_key(path) && !path.starts_with("/v1/namespaces") &&
         !path.starts_with("/v1/organizations");
}

json::object reference(std::string_view schema) {
  return {{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

json::object content(std::string_view type, std::string_view schema) {
  json::object media{{"schema", reference(schema)}};
  return {{json::string_view(type.data(), type.size()), std::move(media)}};
}

json::object parameter(std::string_view name, std::string_view in, bool required,
                       json::object schema) {
  return {{"name", json::string_view(name.data(), name.size())},
          {"in", json::string_view(in.data(), in.size())},
          {"required", required},
          {"schema", std::move(schema)}};
}

// "POST /v1/collections/{collection}" → "post_collections_by_collection"
std::string operation_id(std::string_view method, std::string_view path) {
  std::string out = to_lower_ascii(method);
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  for (const char c : path) {
    if (c == '/') {
      out += '_';
    } else if (c == '{') {
      out += "by_";
    } else if (c != '}') {
      out += c == '-' || c == '.' ? '_' : c;
    }
  }
  return out;
}

// What the query of the analytics may hold.
struct AnalyticsParameter {
  std::string_view path_end;
  std::string_view name;
  std::string_view schema;  // JSON
};
constexpr AnalyticsParameter kAnalyticsParameters[] = {
    {"/performance", "start_date", R"({"$ref":"#/components/schemas/Instant"})"},
    {"/performance", "end_date", R"({"$ref":"#/components/schemas/Instant"})"},
    {"/performance", "group_by",
     R"({"enum":["minute","hour","day","week","month"],"default":"hour"})"},
    {"/stages", "hours", R"({"type":"integer","minimum":1,"maximum":720,"default":24})"},
    {"/cache-performance", "hours",
     R"({"type":"integer","minimum":1,"maximum":720,"default":24})"},
    {"/slow-queries", "hours",
     R"({"type":"integer","minimum":1,"maximum":720,"default":24})"},
    {"/slow-queries", "limit",
     R"({"type":"integer","minimum":1,"maximum":1000,"default":10})"},
    {"/queries/slow", "days",
     R"({"type":"integer","minimum":1,"maximum":90,"default":30})"},
    {"/queries/slow", "latency_threshold_ms",
     R"({"type":"number","minimum":100,"maximum":10000,"default":500})"},
    {"/queries/slow", "limit",
     R"({"type":"integer","minimum":1,"maximum":500,"default":100})"},
};

json::array parameters_of(const http::Route& route) {
  json::array out;
  for (std::string_view rest = route.pattern; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    out.push_back(
        parameter(rest.substr(0, rest.find('}')), "path", true, {{"type", "string"}}));
  }
  if (in_namespace(route.pattern)) {
    out.push_back(parameter("X-Namespace", "header", false, {{"type", "string"}}));
  }
  if (route.pattern.ends_with("/executions/delete")) {
    out.push_back(parameter("all", "query", false, {{"type", "boolean"}}));
    out.push_back(parameter("dry_run", "query", false, {{"type", "boolean"}}));
  }
  if (route.pattern.ends_with("/retrievers/execute")) {
    out.push_back(parameter("X-Trawl-Labels", "header", false, {{"type", "string"}}));
  }
  if (route.pattern.starts_with("/v1/analytics/")) {
    for (const AnalyticsParameter& known : kAnalyticsParameters) {
      if (!route.pattern.ends_with(known.path_end)) continue;
      out.push_back(parameter(known.name, "query", false,
                              parse_json(known.schema).value().get_object()));
    }
  }
  if (route.pattern.ends_with("/list")) {
    out.push_back(parameter("limit", "query", false,
                            {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}}));
    out.push_back(parameter("offset", "query", false,
                            {{"type", "integer"}, {"minimum", 0}, {"maximum", 10000}}));
    out.push_back(parameter("cursor", "query", false, {{"type", "string"}}));
    out.push_back(parameter("include_total", "query", false, {{"type", "boolean"}}));
  }
  for (const QueryParameter& known : kQueryParameters) {
    if (known.path != route.pattern) continue;
    const json::string type(known.type.data(), known.type.size());
    out.push_back(parameter(known.name, "query", false, {{"type", type}}));
  }
  return out;
}

// What a successful reply is, where it is no JSON.
std::string_view reply_type(std::string_view path, std::string_view schema) {
  if (path == "/metrics") return "text/plain";
  if (schema == "Ndjson") return "application/x-ndjson";
  if (schema == "EventStream") return "text/event-stream";
  return "application/json";
}

json::object describe(const http::Route& route) {
  const auto* known = std::find_if(
      std::begin(kOperations), std::end(kOperations), [&](const Operation& operation) {
        return operation.method == route.method && operation.path == route.pattern;
      });
  const bool found = known != std::end(kOperations);
  json::object out{{"operationId", operation_id(route.method, route.pattern)},
                   {"parameters", parameters_of(route)}};
  if (found) out["summary"] = json::string(known->summary.data(), known->summary.size());
  out["security"] = needs_key(route.pattern)
                        ? json::array{json::object{{"bearer", json::array()}}}
                        : json::array();
  if (found && !known->request.empty()) {
    const bool lines = known->request == "Ndjson";
    out["requestBody"] = json::object{
        {"required", lines},
        {"content",
         content(lines ? "application/x-ndjson" : "application/json", known->request)}};
  }
  const std::string_view schema =
      found && !known->response.empty() ? known->response : "Object";
  out["responses"] = json::object{
      {"200",
       json::object{{"description", "Done"},
                    {"content", content(reply_type(route.pattern, schema), schema)}}},
      {"default", json::object{{"description", "Refused; the envelope says why"},
                               {"content", content("application/json", "Error")}}}};
  return out;
}

}  // namespace

std::string openapi_document(const http::Router& router) {
  json::object paths;
  for (const auto& route : router.routes()) {
    json::value& path = paths[route->pattern];
    if (path.is_null()) path.emplace_object();
    path.get_object()[to_lower_ascii(route->method)] = describe(*route);
  }
  json::object out{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", "Trawl"},
                            {"version", TRAWL_VERSION},
                            {"description",
                             "Ad hoc retrieval with a memory: run pipelines that "
                             "nobody saved, and list what ran."},
                            {"license", json::object{{"name", "Apache-2.0"},
                                                     {"identifier", "Apache-2.0"}}}}}};
  out["servers"] = json::array{json::object{{"url", "/"}}};
  out["paths"] = std::move(paths);
  json::object components{
      {"securitySchemes",
       json::object{{"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}};
  components["schemas"] = parse_json(kOpenapiSchemas).value();
  out["components"] = std::move(components);
  return to_json_text(out);
}

}  // namespace trawl::api
