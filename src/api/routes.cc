// The readable list of everything that the server answers to.
#include "api/aggregate.h"
#include "api/analytics.h"
#include "api/collections.h"
#include "api/docs.h"
#include "api/documents.h"
#include "api/execute.h"
#include "api/executions.h"
#include "api/executions_delete.h"
#include "api/export.h"
#include "api/imports.h"
#include "api/keys.h"
#include "api/namespaces.h"
#include "api/not_offered.h"
#include "api/operations.h"
#include "api/retention.h"
#include "api/services.h"
#include "api/tail.h"

namespace trawl::api {

void add_routes(http::Router& router, const Services& services) {
  add_execute_routes(router, services);
  add_execution_routes(router, services);
  add_execution_delete_routes(router, services);
  add_export_routes(router, services);
  add_tail_routes(router, services);
  add_aggregate_routes(router, services);
  add_analytics_routes(router, services);
  add_import_routes(router, services);
  add_namespace_routes(router, services);
  add_retention_routes(router, services);
  add_collection_routes(router, services);
  add_document_routes(router, services);
  add_key_routes(router, services);
  add_operation_routes(router, services);
  add_not_offered_routes(router, services);
  add_docs_routes(router);  // The last one: it describes the others.
  services.reserved_names.learn(router);
}

}  // namespace trawl::api
